"""docker-compose.yaml without Docker: the same services, commands, environment, mounts, ports and
health checks, read from the file and started as processes on this machine, with a real PostgreSQL
and a real RabbitMQ.

    if __name__ == "__main__":
        enter_network()          # this process again, in a network of its own: port 80 is free
        unittest.main()

The network is a namespace with nothing but a loopback interface, where the services' names are
127.0.0.1, so that the file's hosts and ports hold as they stand. Each of our own services runs as in
its container: a root file system of its own that is read-only, the user of the Dockerfile, no
capabilities, a host name of its own. Needs root, as Docker does.
"""

import fcntl
import os
import re
import shlex
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import yaml

from processes import PATIENCE, Room, port_answers, wait_until
from services import Postgres, RabbitMQ

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yaml"
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
INSIDE = "RECTRAIN_IN_OWN_NETWORK"
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def enter_network(names=("app", "training-worker", "prediction-worker", "rabbitmq", "postgres")):
    """Begin this program again in a network and a mount namespace of its own; there, return."""
    if os.environ.get(INSIDE) != "1":
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--net", "--mount", "--propagation", "private",
                              sys.executable, "-B", *sys.argv])
    with socket.socket() as any_socket:
        request = struct.pack("16sh22x", b"lo", 0)
        flags = struct.unpack("16sh22x", fcntl.ioctl(any_socket, SIOCGIFFLAGS, request))[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", "/mnt"], check=True)
    hosts = Path("/mnt/hosts")
    hosts.write_text(f"127.0.0.1 localhost {' '.join(names)}\n")
    subprocess.run(["mount", "--bind", hosts, "/etc/hosts"], check=True)


def read_file(**environment):
    """The compose file as docker-compose understands it, without any .env of this machine."""
    with tempfile.NamedTemporaryFile() as nothing:
        shown = subprocess.run(
            ["docker-compose", "--env-file", nothing.name, "-f", FILE, "config"],
            env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
            | environment, capture_output=True, text=True, check=False, timeout=PATIENCE)
    if shown.returncode != 0:
        raise AssertionError(f"docker-compose config: {shown.stderr}")
    return yaml.safe_load(shown.stdout)


def dockerfile_words(instruction):
    """The arguments of the last stage's instructions of one kind, in their order."""
    text = re.sub(r"\\\n", " ", DOCKERFILE.read_text())
    stage = re.split(r"^FROM .*$", text, flags=re.MULTILINE)[-1]
    return re.findall(rf"^{instruction} +(.*)$", stage, re.MULTILINE)


def seconds_of(text):
    """Of "10s", "1m30s"."""
    units = {"h": 3600, "m": 60, "s": 1}
    return sum(float(number) * units[unit]
               for number, unit in re.findall(r"([\d.]+)([hms])", str(text)))


def _unescape(value):
    """docker-compose config writes $ as $$."""
    return value.replace("$$", "$")


class _Forwarder:
    """A published port: connections to one port of 127.0.0.1 go to another, as Docker's proxy does."""

    def __init__(self, published, target):
        self.target = target
        self.listener = socket.create_server(("127.0.0.1", published))
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                left, _ = self.listener.accept()
            except OSError:
                return
            try:
                right = socket.create_connection(("127.0.0.1", self.target))
            except OSError:
                left.close()
                continue
            threading.Thread(target=self._join, args=(left, right), daemon=True).start()

    def _join(self, left, right):
        back = threading.Thread(target=self._pump, args=(right, left), daemon=True)
        back.start()
        self._pump(left, right)
        back.join()
        left.close()
        right.close()

    @staticmethod
    def _pump(source, sink):
        try:
            while block := source.recv(65536):
                sink.sendall(block)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self.listener.close()


class Fleet:
    """What `docker-compose up -d` starts. `data`: becomes ./data; `environment`: as in .env."""

    def __init__(self, rectrain, data, **environment):
        self.file = read_file(**environment)
        self.services = self.file["services"]
        self.rectrain = Path(rectrain).resolve()
        self.room = Room("rectrain-fleet-")
        self.room.directory.chmod(0o755)
        self.data = Path(data)
        self.processes, self.forwarders, self.started = {}, [], []
        self.postgres = self.rabbitmq = None
        self.uid = re.search(r"--uid (\d+)", " ".join(dockerfile_words("RUN")))[1]
        self.models = self.room.directory / "ml_models"
        self.models.mkdir()
        os.chown(self.models, int(self.uid), int(self.uid))

    # ---- starting ----

    def up(self):
        """All services, each after those that it depends on are healthy."""
        while len(self.started) < len(self.services):
            ready = [name for name, service in self.services.items() if name not in self.started
                     and all(other in self.started for other in service.get("depends_on", {}))]
            if not ready:
                raise AssertionError("the services depend on each other in a circle")
            for name in ready:
                self.start(name)
            for name in ready:
                self.wait_until_healthy(name)
                self.started.append(name)

    def start(self, name):
        service = self.services[name]
        if name == "postgres":
            self._start_postgres(service["environment"])
        elif name == "rabbitmq":
            self._start_rabbitmq(service)
        else:
            self._start_own(name, service)
        for port in service.get("ports", []):
            published, target = self.port_of(port)
            if published != target:
                self.forwarders.append(_Forwarder(published, target))

    @staticmethod
    def port_of(text):
        """"127.0.0.1:80:8080/tcp" → (80, 8080)"""
        published, target = text.partition("/")[0].split(":")[-2:]
        return int(published), int(target)

    def _start_postgres(self, environment):
        user, name = environment["POSTGRES_USER"], environment["POSTGRES_DB"]
        self.postgres = Postgres(self.room, port=5432)
        self.postgres.query(f"CREATE ROLE {user} LOGIN PASSWORD "
                            f"'{environment['POSTGRES_PASSWORD']}'")
        self.postgres.query(f"CREATE DATABASE {name} OWNER {user}")
        (self.postgres.directory / "data" / "pg_hba.conf").write_text(
            "host all postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        self.postgres.query("SELECT pg_reload_conf()")

    def _start_rabbitmq(self, service):
        environment = service["environment"]
        (management,) = [self.port_of(port)[0] for port in service["ports"]]
        self.rabbitmq = RabbitMQ(self.room, management="management" in service["image"], port=5672,
                                 management_port=management,
                                 user=environment["RABBITMQ_DEFAULT_USER"],
                                 password=environment["RABBITMQ_DEFAULT_PASS"])

    def _start_own(self, name, service):
        script = self._container(name, service, service["command"])
        self.processes[name] = self.room.start(
            name, ["unshare", "--mount", "--uts", "--pid", "--fork", "--kill-child", "sh", "-ec",
                   script], environment={"PATH": os.defpath + ":/usr/sbin:/sbin"})

    def _container(self, name, service, command):
        """A shell script that becomes the service's command, in what its container is to it."""
        root = self.room.directory / f"root-{name}"
        workdir = dockerfile_words("WORKDIR")[-1]
        image = dict(word.partition("=")[::2] for word in dockerfile_words("ENV"))
        variables = image | {"HOME": workdir} | service["environment"]
        lines = [f"hostname {name}", f"mkdir -p {root}",
                 f"mount -t tmpfs -o mode=755 none {root}", f"cd {root}",
                 "mkdir -p usr etc proc dev tmp app/ml_models data opt/rectrain/bin"]
        for top in ("bin", "sbin", "lib", "lib64"):
            lines.append(f"[ ! -e /{top} ] || ln -s usr/{top} {top}")
        lines += ["mount --rbind /usr usr", "mount --rbind /etc etc", "mount --rbind /dev dev",
                  "mount -t proc proc proc",
                  f"mount --bind {shlex.quote(str(self.rectrain.parent))} opt/rectrain/bin"]
        for place in service.get("tmpfs", []):
            lines.append(f"mount -t tmpfs -o mode=1777 none .{place}")
        for volume in service["volumes"]:
            lines += self._mount(volume)
        if service.get("read_only"):
            lines.append("mount -o remount,bind,ro .")
        words = " ".join(shlex.quote(f"{key}={value}") for key, value in variables.items())
        limits = "--no-new-privs" if "no-new-privileges:true" in service["security_opt"] else ""
        if service.get("cap_drop") == ["ALL"]:
            limits += " --bounding-set=-all --inh-caps=-all"
        lines.append(
            f"exec chroot . /usr/bin/setpriv --reuid={self.uid} --regid={self.uid} --clear-groups "
            f"{limits} /usr/bin/env -i -C {workdir} {words} {shlex.join(command)}")
        return "\n".join(lines)

    def _mount(self, volume):
        source, place, mode = volume.split(":")
        held = {"ml_models": self.models, str(ROOT / "data"): self.data}[source]
        lines = [f"mount --bind {held} .{place}"]
        return lines + ([f"mount -o remount,bind,ro .{place}"] if mode == "ro" else [])

    # ---- health ----

    def health(self, name):
        """The exit status and output of the service's own health check."""
        service = self.services[name]
        kind, *words = service["healthcheck"]["test"]
        command = list(map(_unescape, words))
        if kind == "CMD-SHELL":
            command = ["sh", "-c", *command]
        if name in self.processes:
            script = self._container(name, service, command)
            command = ["unshare", "--mount", "--uts", "--pid", "--fork", "sh", "-ec", script]
            environment = {"PATH": os.defpath + ":/usr/sbin:/sbin"}
        else:
            environment = {name: _unescape(value) for name, value in service["environment"].items()}
            environment["PATH"] = ":".join(map(str, self._tools())) + ":" + os.defpath
            if name == "rabbitmq":
                environment |= self.rabbitmq._environment() | {"PATH": environment["PATH"]}
        return subprocess.run(command, env=environment, capture_output=True, text=True,
                              timeout=PATIENCE * 2, check=False, cwd="/")

    def _tools(self):
        return [Path(Postgres._tool("pg_isready")).parent,
                Path(RabbitMQ._tool("rabbitmq-diagnostics")).parent]

    def wait_until_healthy(self, name):
        def is_healthy():
            process = self.processes.get(name)
            if process is not None and not process.is_running():
                raise AssertionError(f"{name} ended\n{process.tail()}")
            last[0] = self.health(name)
            return last[0].returncode == 0
        last = [None]
        wait_until(is_healthy, PATIENCE * 2, f"{name} is healthy: {last}", 0.2)

    def exec(self, name, *command, given=None):
        """`docker-compose exec -T NAME COMMAND …`"""
        script = self._container(name, self.services[name], command)
        return subprocess.run(
            ["unshare", "--mount", "--uts", "--pid", "--fork", "sh", "-ec", script], input=given,
            env={"PATH": os.defpath + ":/usr/sbin:/sbin"}, capture_output=True, text=True,
            timeout=PATIENCE * 2, check=False)

    def logs(self, name):
        """`docker-compose logs NAME`"""
        return self.processes[name].output()

    def restart(self, name):
        """`docker-compose restart NAME`, within its stop_grace_period. Returns the seconds that the
        stop took."""
        start = time.monotonic()
        grace = seconds_of(self.services[name]["stop_grace_period"])
        self._stop(name, grace)
        took = time.monotonic() - start
        self._start_own(name, self.services[name])
        self.wait_until_healthy(name)
        return took

    def _stop(self, name, grace):
        process = self.processes[name]
        # The service is the child of unshare; the signal is its own, as Docker sends it to init.
        for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            os.kill(int(pid), 15)
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{name} did not stop within {grace} s\n{process.tail()}") from None

    def down(self):
        for name in reversed([name for name in self.started if name in self.processes]):
            if self.processes[name].is_running():
                self._stop(name, seconds_of(self.services[name]["stop_grace_period"]))
        self.close()

    def close(self):
        for forwarder in self.forwarders:
            forwarder.close()
        self.room.close()
        shutil.rmtree(self.room.directory, ignore_errors=True)

    def all_logs(self):
        return self.room.logs()


__all__ = ["Fleet", "enter_network", "read_file", "dockerfile_words", "port_answers"]
