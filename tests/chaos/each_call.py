"""Each call of the system that a command makes fails once, one after the other: what writes must say
so and leave nothing half done, and the same again without a fault must work. Needs strace.

    each_call.py                       all that writes: the disk is full, or fails
    each_call.py --all                 more errors, and what reads, maps memory and starts threads
    each_call.py --only train write    one scenario and call; --number N one of its calls

RECTRAIN names the program, PYTHONPATH the directory tests/support.
"""

import argparse
import collections
import concurrent.futures
import functools
import os
import pickle
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import numpy  # noqa: E402, F401 (a model opens with it)

from stack import RECTRAIN, make_data, run_rectrain  # noqa: E402

MOST = 2000
WRITES = {"write": "ENOSPC", "pwrite64": "ENOSPC", "fsync": "EIO", "fdatasync": "EIO",
          "ftruncate": "EIO", "linkat": "EIO", "renameat2": "EIO", "unlink": "EIO", "mkdir": "ENOSPC",
          "sync_file_range": "ENOSPC", "fallocate": "ENOSPC"}
# Of these the program's loader makes most: they begin where it is done.
OTHERS = {"openat": "EMFILE", "openat2": "EMFILE", "read": "EIO", "pread64": "EIO", "mmap": "ENOMEM",
          "mprotect": "ENOMEM", "close": "EIO", "newfstatat": "EACCES", "clone3": "EAGAIN",
          "fcntl": "ENOLCK", "getrandom": "EINTR"}
MORE = {"write": "EIO", "pwrite64": "EIO", "fdatasync": "ENOSPC"}
MEMORY = ("mmap", "mprotect")  # without it a library that is loaded may end the process
LOADER_FAILED = 127  # a library could not be loaded: the loader says so
UNTOLD = "cannot write to stdout"  # all was done, but the words about it could not be written


class Scenario:
    """A command that makes `product` in its directory, from what `prepare` put there."""

    given = None

    def __init__(self, top):
        self.top = top

    def command(self, place):
        raise NotImplementedError

    def environment(self, place):
        return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "DB_NAME": str(place / "store.db"),
                "MODEL_DIR": str(place)}

    def prepare(self, place):
        pass

    def judge(self, place, status):
        """Asserts that what is there is all or nothing, as `status` says."""
        raise NotImplementedError


class Train(Scenario):
    """A model and its hits, or nothing."""

    def command(self, place):
        return ["train", "--model", "als", "--iterations", "1", "--factors", "4", "--data",
                self.top / "data", "--output", place, "--quiet"]

    def judge(self, place, status):
        found = sorted(path.name for path in place.iterdir())
        if status != 0:
            assert not found, f"{found} is left"
            return
        models = [name for name in found if name.endswith(".pkl")]
        assert len(found) == 2 and len(models) == 1, f"{found} was made"
        assert "model" in pickle.loads((place / models[0]).read_bytes())


class File(Scenario):
    """One file that is always the same, byte for byte."""

    arguments, name = (), ""

    def __init__(self, top):
        super().__init__(top)
        place = top / f"whole-{type(self).__name__}"
        place.mkdir()
        run_rectrain(*self.command(place), environment=self.environment(place))
        self.whole = (place / self.name).read_bytes()

    def command(self, place):
        return [*(str(one).replace("MODEL", str(self.top / "model.pkl")) for one in self.arguments),
                "--output", place / self.name, "--quiet"]

    def judge(self, place, status):
        found = sorted(path.name for path in place.iterdir())
        assert found == ([self.name] if status == 0 else []), f"{found} is left, status {status}"
        if status == 0:
            assert (place / self.name).read_bytes() == self.whole, "other bytes than ever"


class Export(File):
    arguments, name = ("export", "MODEL", "--format", "npz"), "factors.npz"


class Csv(File):
    arguments, name = ("recommend", "MODEL", "--k", "5"), "lists.csv"


class Parquet(File):
    arguments, name = ("recommend", "MODEL", "--k", "5"), "lists.parquet"


class Store(Scenario):
    """What writes to the store: it is whole after, and knows what was said to be done."""

    def judge(self, place, status):
        self.check(place, "PRAGMA integrity_check", [("ok",)])
        done = run_rectrain("db", "check", environment=self.environment(place), check=False)
        assert done.returncode == 0, f"db check: {done.stdout}{done.stderr}"

    @staticmethod
    def check(place, sql, wanted):
        with sqlite3.connect(place / "store.db") as db:
            found = db.execute(sql).fetchall()
        assert found == wanted, f"{sql}: {found}"


class UserAdd(Store):
    given = "a long pass phrase\n"

    def prepare(self, place):
        shutil.copy(self.top / "store.db", place)

    def command(self, place):
        return ["user", "add", "ann@example.com"]

    def judge(self, place, status):
        super().judge(place, status)
        if status == 0:
            self.check(place, "SELECT email FROM users", [("ann@example.com",)])


class Migrate(Store):
    def command(self, place):
        return ["db", "migrate"]

    def judge(self, place, status):
        if status != 0:  # it may be of no version yet
            run_rectrain("db", "migrate", environment=self.environment(place))
        super().judge(place, status)


class Backup(Store):
    def prepare(self, place):
        shutil.copy(self.top / "store.db", place)

    def command(self, place):
        return ["db", "backup", place / "copy.db"]

    def judge(self, place, status):
        super().judge(place, status)
        copy = place / "copy.db"
        assert copy.exists() == (status == 0), f"{copy.name} {'is' if copy.exists() else 'is not'} there"
        if copy.exists():
            with sqlite3.connect(copy) as db:
                assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


SCENARIOS = {"train": Train, "export": Export, "csv": Csv, "parquet": Parquet, "user": UserAdd,
             "migrate": Migrate, "backup": Backup}


def run_once(scenario, call, error, number):
    """(whether the call was reached, what is wrong or None, exit status)"""
    with tempfile.TemporaryDirectory(dir=scenario.top) as top:
        place, log = Path(top) / "place", Path(top) / "strace"
        place.mkdir()
        scenario.prepare(place)
        command = [RECTRAIN, *map(str, scenario.command(place))]
        traced = ["strace", "-f", "-qqq", "--seccomp-bpf", "-o", str(log), "-e", f"trace={call}",
                  "-e", f"inject={call}:error={error}:when={number}"]
        done = subprocess.run([*traced, *command], capture_output=True, text=True, check=False,
                              errors="replace", env=scenario.environment(place),
                              input=scenario.given, timeout=300)
        if "(INJECTED)" not in log.read_text(errors="replace"):
            return False, None, done.returncode
        try:
            if call not in MEMORY or done.returncode >= 0:
                assert done.returncode in (0, 1, 2, 3, LOADER_FAILED), f"it died: {done.stderr}"
                assert done.returncode == 0 or done.stderr.strip(), "it says nothing"
            scenario.judge(place, 0 if UNTOLD in done.stderr else done.returncode)
            if done.returncode != 0:  # the next one works
                shutil.rmtree(place)
                place.mkdir()
                scenario.prepare(place)
                again = subprocess.run(command, capture_output=True, text=True, check=False,
                                       env=scenario.environment(place), input=scenario.given,
                                       timeout=300)
                assert again.returncode == 0, f"and then: {again.stderr}"
        except (AssertionError, sqlite3.Error) as fault:
            return True, f"{fault} ({done.stderr.strip()[:300]})", done.returncode
    return True, None, done.returncode


@functools.cache
def loading(call):
    """How many of them a program makes that does next to nothing."""
    with tempfile.NamedTemporaryFile() as log:
        subprocess.run(["strace", "-f", "-qqq", "-o", log.name, "-e", f"trace={call}", RECTRAIN,
                        "--version"], capture_output=True, check=True)
        return len(Path(log.name).read_text().splitlines())


def sweep(scenario, call, error, pool):
    """Every number until none is reached; how each ended, and what is wrong."""
    ends, wrong, width = collections.Counter(), [], 8
    for first in range(loading(call) + 1 if call in OTHERS else 1, MOST, width):
        tried = list(pool.map(lambda number: run_once(scenario, call, error, number),
                              range(first, first + width)))
        for number, (reached, fault, status) in enumerate(tried, first):
            ends[status] += reached
            if fault:
                wrong.append(f"{call}:{error}:{number}: {fault}")
        if not any(reached for reached, _, _ in tried):
            break
    return ends, wrong


def prepare(top):
    make_data(top / "data", rows=2000, users=50, items=60)
    models = top / "models"
    models.mkdir()
    run_rectrain("train", "--model", "als", "--iterations", 1, "--factors", 4, "--data", top / "data",
                 "--output", models, "--quiet")
    next(models.glob("*.pkl")).rename(top / "model.pkl")
    run_rectrain("db", "migrate", environment={"DB_NAME": str(top / "store.db")})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", nargs="+", metavar="SCENARIO|CALL", default=[])
    parser.add_argument("--number", type=int)
    options = parser.parse_args()
    calls = list(WRITES.items())
    if options.all or options.only:
        calls += [*MORE.items(), *OTHERS.items()]
    names = [one for one in SCENARIOS if one in options.only] or list(SCENARIOS)
    named = [(call, error) for call, error in calls if call in options.only]
    failed = total = 0
    with tempfile.TemporaryDirectory() as directory, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        top = Path(directory)
        prepare(top)
        for name in names:
            scenario = SCENARIOS[name](top)
            for call, error in named or calls:
                if options.number:
                    print(run_once(scenario, call, error, options.number))
                    continue
                ends, wrong = sweep(scenario, call, error, pool)
                if not ends.total():
                    continue
                total += ends.total()
                failed += bool(wrong)
                print(f"{'not ok' if wrong else 'ok'} - {name}: each of {ends.total()} {call} fails with "
                      f"{error}, {ends[0]} of them unharmed", flush=True)
                for fault in wrong[:10]:
                    print(f"# {fault}", flush=True)
    print(f"# {total} calls failed")
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
