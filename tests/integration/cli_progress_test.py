"""The progress bar, as a terminal shows it: on a pseudo-terminal of a given width.

RECTRAIN is the program.
"""

import fcntl
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import time
import unittest

RECTRAIN = os.path.abspath(os.environ["RECTRAIN"])
PHASES = ["Load", "Split", "Train", "Evaluate", "Save"]


class Terminal:
    """What a program wrote to a terminal of so many columns."""

    def __init__(self, columns, *words, env=None, stop_after=None):
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        settings = {"PATH": os.environ.get("PATH", ""), "TERM": "xterm", "LC_ALL": "C.UTF-8",
                    **{name: value for name, value in os.environ.items() if "SAN_" in name},
                    **(env or {})}
        process = subprocess.Popen([RECTRAIN, *words], stdin=slave, stdout=subprocess.DEVNULL,
                                   stderr=slave, env=settings)
        os.close(slave)
        begin = time.monotonic()
        written = b""
        try:
            while chunk := os.read(master, 65536):
                written += chunk
                if stop_after is not None and stop_after in written:
                    stop_after = None
                    process.send_signal(signal.SIGINT)
                if time.monotonic() - begin > 120:
                    process.kill()
        except OSError:
            pass  # the other side is closed: the program has ended
        os.close(master)
        self.status = process.wait()
        self.text = written.decode()
        # What stands on each line at the end: \r goes back to its begin, and later text covers
        # what was there.
        self.lines = [self.show(line) for line in self.text.split("\r\n")]
        self.widest = max(len(part) for part in re.split(r"[\r\n]", self.text))

    @staticmethod
    def show(line):
        shown = ""
        for part in line.split("\r"):
            shown = part + shown[len(part):]
        return shown.rstrip()


class Bar(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.room = tempfile.mkdtemp(prefix="rectrain_bar_")
        cls.data = os.path.join(cls.room, "data")
        done = subprocess.run([RECTRAIN, "synth", "--rows", "100000", "--output", cls.data],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.room)

    def train(self, columns, *words, model="als", **more):
        return Terminal(columns, "train", "--model", model, "--data", self.data, "--output",
                        os.path.join(self.room, "out"), *words, **more)

    def test_each_phase_has_one_line_that_ends_at_100_percent(self):
        for model in ("als", "popular"):
            shown = self.train(80, model=model)
            self.assertEqual(shown.status, 0, shown.text)
            self.assertEqual([line.split()[0] for line in shown.lines if line], PHASES)
            for line in shown.lines[:-1]:
                self.assertIn(" 100 % ", line)
            self.assertTrue(shown.text.endswith("\r\n"))

    def test_no_line_wraps_at_any_width(self):
        for columns in (20, 40, 60, 80, 120, 300):
            shown = self.train(columns, "--eval-every", "1", "--iterations", "3")
            self.assertLess(shown.widest, columns)
            self.assertEqual([line.split()[0] for line in shown.lines if line], PHASES)

    def test_loss_and_recall_are_shown_where_there_is_room(self):
        line = self.train(80, "--eval-every", "1", "--iterations", "3").lines[2]
        self.assertRegex(line, r"^Train +█+ 100 %  \S+ m?s  loss 0\.\d+  recall 0\.\d{4}$|"
                               r"^Train +█+ 100 %  \S+ m?s  \S+ m?s each  loss 0\.\d+  "
                               r"recall 0\.\d{4}$")

    def test_the_bar_writes_no_escape_codes(self):
        self.assertNotIn("\x1b", self.train(80).text)

    def test_a_warning_has_its_own_line_and_color_only_where_wanted(self):
        for env, color in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False),
                           ({"NO_COLOR": ""}, True)):
            shown = self.train(80, "--k", "10000", "--iterations", "1", env=env)
            plain = [re.sub(r"\x1b\[\d*m", "", line) for line in shown.lines]
            self.assertEqual(sum(line.startswith("warning: k is 10000") for line in plain), 1,
                             shown.text)
            self.assertEqual("\x1b" in shown.text, color)
            self.assertEqual([line.split()[0] for line in plain if line[:1].isupper()], PHASES)

    def test_without_utf8_the_bar_is_ascii(self):
        self.assertTrue(self.train(80, env={"LC_ALL": "C"}).text.isascii())

    def test_quiet_shows_nothing(self):
        self.assertEqual(self.train(80, "--quiet").text, "")

    def test_ctrl_c_ends_the_line_before_the_message(self):
        shown = self.train(80, "--iterations", "1000", "--factors", "128", stop_after=b"Train")
        self.assertEqual(shown.status, 4)
        self.assertRegex(shown.lines[2], r"^Train +.* \d+ %")
        self.assertNotIn("100 %", shown.lines[2])
        self.assertRegex(shown.lines[3], r"^rectrain train: .*cancelled")


if __name__ == "__main__":
    unittest.main()
