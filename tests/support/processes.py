"""Processes that a test starts: each dies with the test, whatever becomes of it, and its output is
kept in a file. Standard library only.

    with Room() as room:
        echo = room.start("echo", ["/bin/sleep", "60"])
        wait_until(echo.is_running, 5, "sleep runs")
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)

# Two cores, shared with whatever else runs: a wait ends as soon as it can, so a long limit costs
# nothing where all is well.
PATIENCE = float(os.environ.get("RECTRAIN_TEST_PATIENCE", "60"))

# A fit that is still running when one looks, on any machine that we know of.
LONG = {"iterations": 1000, "factors": 256}


class TimedOut(AssertionError):
    """What was waited for did not come true."""


def wait_until(condition, seconds=PATIENCE, what="", pause=0.05):
    """The first true value of condition(), asked again until `seconds` are over."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimedOut(f"after {seconds:.0f} s: {what or condition}")
        time.sleep(pause)


# Ports that connections out of this machine do not use, so that nobody takes one between our
# looking and the server's listening. Each process begins elsewhere.
_next_port = 20000 + os.getpid() * 37 % 12000


def free_port():
    """A port of 127.0.0.1 that nobody listens on, and that this process did not give out before."""
    global _next_port
    for _ in range(2000):
        port = _next_port
        _next_port = _next_port + 1 if _next_port < 32000 else 20000
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


def port_answers(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def children_of(pid):
    """The pids of a process's children, those of all its threads."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, task.read_text().split())
        except OSError:
            pass
    return found


def descendants_of(pid):
    """Those, and theirs, and so on."""
    below = children_of(pid)
    return below + [each for child in below for each in descendants_of(child)]


def is_alive(pid):
    """Whether the process is there and no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Process:
    """One program in a session of its own; its output goes to the end of `log`."""

    def __init__(self, name, command, log, environment=None, directory=None, user=None):
        self.name, self.log = name, Path(log)

        def die_with_parent():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

        as_user = {}
        if user is not None and os.geteuid() == 0:
            as_user = {"user": user, "group": user, "extra_groups": []}
        with open(self.log, "ab") as output:
            self.popen = subprocess.Popen(
                [str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, env=environment, cwd=directory, start_new_session=True,
                preexec_fn=die_with_parent, **as_user)

    @property
    def pid(self):
        return self.popen.pid

    def is_running(self):
        return self.popen.poll() is None

    def send(self, number):
        """To this process alone; False when it is gone."""
        if not self.is_running():
            return False
        self.popen.send_signal(number)
        return True

    def send_to_group(self, number):
        """To this process and all that it started, also where it is gone itself."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass

    def wait(self, seconds=PATIENCE):
        return self.popen.wait(seconds)

    def stop(self, number=signal.SIGTERM, seconds=PATIENCE):
        """Ask it to end, kill what does not; returns the exit status."""
        self.send(signal.SIGCONT)
        self.send(number)
        try:
            self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            pass
        self.kill()
        return self.popen.returncode

    def kill(self):
        """SIGKILL to all of it, at once."""
        self.send_to_group(signal.SIGKILL)
        self.popen.wait()

    def output(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def tail(self, lines=40):
        return "\n".join(self.output().splitlines()[-lines:])


class Room:
    """A directory for one test, and the processes that it started there. Start from the main
    thread: a process dies with the thread that started it."""

    def __init__(self, prefix="rectrain-test-"):
        self.directory = Path(tempfile.mkdtemp(prefix=prefix))
        self.directory.chmod(0o755)  # other users' processes pass through
        self.processes = []
        self._counts = {}

    def start(self, name, command, environment=None, directory=None, user=None):
        process = Process(name, command, self.directory / f"{name}.log", environment,
                          directory or self.directory, user)
        self.processes.append(process)
        return process

    def new_name(self, stem):
        """stem, stem2, stem3 …"""
        self._counts[stem] = self._counts.get(stem, 0) + 1
        count = self._counts[stem]
        return stem if count == 1 else f"{stem}{count}"

    def logs(self, lines=40):
        """The end of every log, for the message of a failed test."""
        return "\n".join(f"--- {log.name}\n" + "\n".join(
            log.read_text(errors="replace").splitlines()[-lines:])
            for log in sorted(self.directory.glob("*.log")))

    def close(self):
        for process in reversed(self.processes):
            process.kill()
        self.processes.clear()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
