"""Real PostgreSQL and real RabbitMQ for one test: own directory, own ports of 127.0.0.1, gone
afterwards. Both can be killed and started again on the same data."""

import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess

from processes import PATIENCE, free_port, wait_until


def _newest(pattern, package):
    found = sorted(glob.glob(pattern))
    if not found:
        raise FileNotFoundError(f"{pattern} is not there: script/bootstrap --dev installs {package}")
    return found[-1]


class Postgres:
    """PostgreSQL, on a port and on a Unix socket in its directory; as root, run by "postgres"."""

    def __init__(self, room, name="postgres", port=None):
        self.room, self.name = room, name
        self.port = port or free_port()
        self.directory = room.directory / name
        self.user = "postgres" if os.geteuid() == 0 else None
        self.environment = {"PATH": os.defpath, "LC_ALL": "C"}
        self.directory.mkdir()
        if self.user:
            owner = pwd.getpwnam(self.user)
            os.chown(self.directory, owner.pw_uid, owner.pw_gid)
        self.process = None
        made = subprocess.run(
            self._as_user([self._tool("initdb"), "-D", self.directory / "data", "-U", "postgres",
                           "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]),
            capture_output=True, text=True, cwd="/", timeout=PATIENCE * 3)
        if made.returncode != 0:
            raise RuntimeError(f"initdb: {made.stderr}")
        self.start()

    @staticmethod
    def _tool(name):
        return _newest(f"/usr/lib/postgresql/*/bin/{name}", "postgresql-15")

    def _as_user(self, command):
        if self.user:
            command = ["setpriv", f"--reuid={self.user}", f"--regid={self.user}", "--clear-groups",
                       *command]
        return [str(part) for part in command]

    @property
    def url(self):
        return f"postgresql://postgres@127.0.0.1:{self.port}/postgres"

    def start(self):
        self.process = self.room.start(
            self.name, [self._tool("postgres"), "-D", self.directory / "data", "-p", self.port,
                        "-k", self.directory, "-c", "listen_addresses=127.0.0.1",
                        "-c", "max_connections=200"],
            environment=self.environment, user=self.user)
        wait_until(self._is_ready, PATIENCE * 2, f"PostgreSQL is ready\n{self.process.tail()}", 0.1)

    def _is_ready(self):
        if not self.process.is_running():
            raise RuntimeError(f"PostgreSQL ended\n{self.process.tail()}")
        return subprocess.run(
            [self._tool("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)],
            check=False).returncode == 0

    def stop_immediately(self):
        """As `pg_ctl stop -m immediate`: no checkpoint, all sessions are cut."""
        self.process.stop(signal.SIGQUIT)

    def stop(self):
        self.process.stop(signal.SIGINT)

    def query(self, sql):
        """Rows as lists of texts, by psql; NULL is None."""
        done = subprocess.run(
            [self._tool("psql"), "-X", "-A", "-t", "-F", "\x1f", "-R", "\x1e", "-P", "null=\x1d",
             "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port), "-U", "postgres",
             "-c", sql, "postgres"], capture_output=True, text=True, timeout=PATIENCE, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"psql: {done.stderr}")
        text = done.stdout.removesuffix("\n")
        return [[None if cell == "\x1d" else cell for cell in row.split("\x1f")]
                for row in text.split("\x1e")] if text else []


class RabbitMQ:
    """RabbitMQ with a node name, an epmd and a database of its own; the user is the sample's."""

    user, password, vhost = "rmuser", "rmpassword", "/"

    def __init__(self, room, name="rabbitmq", management=False, port=None, management_port=None,
                 user=None, password=None):
        self.room, self.name = room, name
        self.user, self.password = user or self.user, password or self.password
        self.directory = room.directory / name
        self.directory.mkdir()
        self.port, self.epmd_port, self.dist_port = port or free_port(), free_port(), free_port()
        self.management_port = (management_port or free_port()) if management else None
        self.node = f"rectrain{self.port}@localhost"
        config = [f"listeners.tcp.1 = 127.0.0.1:{self.port}", f"default_user = {self.user}",
                  f"default_pass = {self.password}", "loopback_users = none",
                  "disk_free_limit.absolute = 50MB", "log.console = true",
                  "log.console.level = info", "log.file = false"]
        if management:
            config += ["management.tcp.ip = 127.0.0.1",
                       f"management.tcp.port = {self.management_port}"]
        (self.directory / "rabbitmq.conf").write_text("\n".join(config) + "\n")
        (self.directory / "enabled_plugins").write_text(
            "[rabbitmq_management].\n" if management else "[].\n")
        self.process = None
        self.epmd = None
        self.start()

    def _environment(self):
        return {
            "PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8",
            "HOME": str(self.directory),
            "RABBITMQ_NODENAME": self.node, "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_DIST_PORT": str(self.dist_port),
            "RABBITMQ_MNESIA_BASE": str(self.directory / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.directory / "log"),
            "RABBITMQ_CONFIG_FILE": str(self.directory / "rabbitmq"),
            "RABBITMQ_CONF_ENV_FILE": "/dev/null",
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.directory / "enabled_plugins"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
                "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +S 2:2",
            "ERL_EPMD_PORT": str(self.epmd_port), "ERL_EPMD_ADDRESS": "127.0.0.1",
        }

    @staticmethod
    def _tool(name):
        return _newest(f"/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/{name}", "rabbitmq-server")

    def start(self):
        if self.epmd is None:
            self.epmd = self.room.start(
                f"{self.name}-epmd", [shutil.which("epmd") or "/usr/bin/epmd", "-port",
                                      self.epmd_port, "-address", "127.0.0.1"],
                environment=self._environment())
        self.process = self.room.start(self.name, [self._tool("rabbitmq-server")],
                                       environment=self._environment())
        wait_until(self._is_ready, PATIENCE * 3, f"RabbitMQ is ready\n{self.process.tail()}", 0.2)

    def _is_ready(self):
        if not self.process.is_running():
            raise RuntimeError(f"RabbitMQ ended\n{self.process.tail()}")
        try:
            with socket.create_connection(("127.0.0.1", self.port), 2) as link:
                link.sendall(b"AMQP\x00\x00\x09\x01")
                return link.recv(7)[:1] == b"\x01"  # the frame of Connection.Start
        except OSError:
            return False

    def kill(self):
        """kill -9 of the whole node; epmd stays."""
        self.process.kill()

    def stop(self):
        """An orderly stop, which keeps every message."""
        self.ctl("stop")
        self.process.wait(PATIENCE)
        self.process.kill()

    def ctl(self, *arguments):
        """rabbitmqctl, which takes some seconds; its output."""
        done = subprocess.run(
            [self._tool("rabbitmqctl"), "-q", *arguments], env=self._environment(),
            capture_output=True, text=True, timeout=PATIENCE * 2, cwd=self.directory, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"rabbitmqctl {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def queues(self):
        """Messages by the name of the queue, ready and unacknowledged."""
        table = self.ctl("list_queues", "--no-table-headers", "name", "messages")
        return {name: int(count) for name, count in
                (line.split("\t") for line in table.splitlines() if "\t" in line)}

    @property
    def environment(self):
        """What rectrain is told."""
        return {"RABBITMQ_HOST": "127.0.0.1", "RABBITMQ_PORT": str(self.port),
                "RABBITMQ_USER": self.user, "RABBITMQ_PASSWORD": self.password,
                "RABBITMQ_VHOST": self.vhost}
