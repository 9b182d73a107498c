"""script/demo after its table: the page, the login, the first jobs, Ctrl-C, and all of it found again
by the next start."""

import os
import pty
import re
import select
import signal
import sys
import time
import unittest
from pathlib import Path

from processes import PATIENCE, Room, free_port, is_alive
from stack import make_data

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
from training_example import TrainingClient, TrainingError  # noqa: E402


class Demo:
    """The script on a terminal of its own, as a person starts it."""

    def __init__(self, environment, data):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execve(ROOT / "script/demo", ["demo", str(data)], environment)
        self.shown = ""

    def read_until(self, words, seconds=PATIENCE * 10):
        deadline = time.monotonic() + seconds
        while words not in self.shown:
            if time.monotonic() > deadline:
                raise AssertionError(f"no {words!r} in\n{self.shown}")
            if select.select([self.terminal], [], [], 1)[0]:
                try:
                    self.shown += os.read(self.terminal, 4096).decode(errors="replace")
                except OSError:
                    raise AssertionError(f"it ended without {words!r}:\n{self.shown}") from None

    def press_ctrl_c(self):
        """The exit status."""
        os.write(self.terminal, b"\x03")
        for _ in range(int(PATIENCE * 20)):
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.terminal)
                return os.waitstatus_to_exitcode(status)
            if select.select([self.terminal], [], [], 0.05)[0]:
                try:
                    self.shown += os.read(self.terminal, 4096).decode(errors="replace")
                except OSError:
                    time.sleep(0.05)
        os.kill(self.pid, signal.SIGKILL)
        raise AssertionError(f"Ctrl-C did not end it\n{self.shown}")

    def found(self, pattern):
        return re.search(pattern, self.shown, re.MULTILINE)[1].strip()


def processes_in(directory):
    """Those whose command line or environment names the directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            text = (path / "cmdline").read_bytes() + (path / "environ").read_bytes()
        except OSError:
            continue
        if str(directory).encode() in text and int(path.name) != os.getpid() \
                and is_alive(int(path.name)):
            found.append(int(path.name))
    return found


class DemoServes(unittest.TestCase):
    def setUp(self):
        self.room = Room("rectrain-demo-")
        self.addCleanup(self.room.close)
        directory = self.room.directory
        self.data = make_data(directory / "data")
        self.environment = os.environ | {
            "RECTRAIN_MODELS": str(directory / "models"), "DB_NAME": str(directory / "demo.db"),
            "LISTEN": f"127.0.0.1:{free_port()}", "TMPDIR": str(directory)}

    def test_its_page_runs_its_jobs_and_the_next_start_finds_them(self):
        demo = Demo(self.environment, self.data)
        demo.read_until("Ctrl-C ends it")
        self.assertRegex(demo.shown, r"\| Model +\| Recall@40 ")
        self.assertRegex(demo.shown, r"test@example.com, password 123")
        url = demo.found(r"export RECTRAIN_URL=(\S+)")
        self.assertEqual(url, f"http://{self.environment['LISTEN']}")
        self.assertEqual(url, demo.found(r"^Open +(\S+)"))
        client = TrainingClient(url)
        client.login("test@example.com", "123")
        jobs = client.list_jobs(sort="created")
        self.assertEqual([job["model_type"] for job in jobs], ["popular", "als"])
        for job in jobs:
            self.assertIn("f1_at_k", client.wait_for_completion(job["job_id"])["metrics"])
        self.assertEqual(demo.press_ctrl_c(), 0)
        self.assertEqual(processes_in(self.room.directory), [])
        with self.assertRaises(TrainingError):
            TrainingClient(url, retries=0).status(1)

        again = Demo(self.environment, self.data)
        again.read_until("Ctrl-C ends it")
        client = TrainingClient(url)
        client.login("test@example.com", "123")
        self.assertEqual([job["job_id"] for job in client.list_jobs(sort="created")],
                         [job["job_id"] for job in jobs])
        self.assertEqual(again.press_ctrl_c(), 0)
        self.assertEqual(processes_in(self.room.directory), [])
        self.assertEqual(list(self.room.directory.glob("tmp.*")), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
