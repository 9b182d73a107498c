"""The progress bar, as a terminal shows it: on a pseudo-terminal of a given width. And what a terminal
is not shown: what a file's texts would tell it to do.

RECTRAIN is the program.
"""

import fcntl
import json
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
    """What a program wrote to a terminal of so many columns; `shows_output`: its output too, not
    its messages alone."""

    def __init__(self, columns, *words, env=None, stop_after=None, shows_output=False):
        master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        settings = {"PATH": os.environ.get("PATH", ""), "TERM": "xterm", "LC_ALL": "C.UTF-8",
                    **{name: value for name, value in os.environ.items() if "SAN_" in name},
                    **(env or {})}
        process = subprocess.Popen([RECTRAIN, *words], stdin=slave, stderr=slave, env=settings,
                                   stdout=slave if shows_output else subprocess.DEVNULL)
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


class Hostile(unittest.TestCase):
    """Ids and columns that are escape sequences."""

    ITEM = "\x1b[2Jitem"

    @classmethod
    def setUpClass(cls):
        cls.place = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.place)
        rows = [f"u{user},{cls.ITEM}{(user + day) % 4},{10 if day == 8 else 17},2025-01-0{day}"
                for user in range(8) for day in (1, 2, 8)]
        for name, header in (("good", "event_date"), ("bad", "\x1b]0;title\x07")):
            os.mkdir(f"{cls.place}/{name}")
            with open(f"{cls.place}/{name}/clickstream.csv", "w", encoding="utf-8") as file:
                file.write("\n".join([f"cookie,node,event,{header}", *rows, ""]))
            with open(f"{cls.place}/{name}/events.csv", "w", encoding="utf-8") as file:
                file.write("event,is_contact\n10,1\n17,0\n")
        made = subprocess.run([RECTRAIN, "train", "--model", "popular", "--eval-days", "1", "--data",
                               f"{cls.place}/good", "--output", cls.place, "--json", "--quiet"],
                              capture_output=True, text=True, check=True)
        cls.model = json.loads(made.stdout)["model_path"]

    def test_an_id_is_shown_without_what_a_terminal_obeys(self):
        words = ("recommend", self.model, "--user", "u1", "--with-seen")
        shown = Terminal(80, *words, shows_output=True)
        self.assertEqual(shown.status, 0, shown.text)
        self.assertNotIn("\x1b", shown.text)
        self.assertIn("?[2Jitem", shown.text)
        kept = subprocess.run([RECTRAIN, *words], capture_output=True, text=True, check=True)
        self.assertIn(self.ITEM, kept.stdout)

    def test_so_is_a_column_in_a_message(self):
        told = Terminal(80, "train", "--model", "popular", "--data", f"{self.place}/bad", "--output",
                        self.place)
        self.assertEqual(told.status, 3, told.text)
        self.assertNotIn("\x1b", told.text)
        self.assertIn("?]0;title?", told.text)


if __name__ == "__main__":
    unittest.main()
