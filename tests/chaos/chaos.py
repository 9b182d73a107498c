"""Breaks the platform while people use it, drains it, and counts what was kept of its promises.

    python3 tests/chaos/chaos.py --flavour sqlite|fleet [--seed N] [--faults N] [--history FILE]

Every kind of fault is injected once, then as many more by chance as --faults asks for. The same
seed gives the same order of faults and jobs; what they hit depends on the moment. Prints TAP lines
(a fault was injected, a counter is 0), and all counters. The history, one JSON object a line, and
the logs stay when something was found, or when --keep is given.
"""

import argparse
import hashlib
import json
import pickle
import random
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from faults import FAULTS  # noqa: E402
from judge import MUST_BE_ZERO, judge, model_of  # noqa: E402
from load import History, Load  # noqa: E402
from stack import PATIENCE, FLAVOURS, Stack, TimedOut, make_data, wait_until  # noqa: E402

OPEN = "status NOT IN ('completed', 'failed')"


class Run:
    lease_seconds = 3

    def __init__(self, options):
        self.flavour, self.options = options.flavour, options
        self.rng = random.Random(options.seed)
        self.stack = Stack(self.flavour, workers=2 if self.flavour == "sqlite" else 0, environment={
            "LEASE_SECONDS": str(self.lease_seconds), "STOP_GRACE_SECONDS": "2",
            "LOG_LEVEL": "debug"})
        self.history = History(options.history or self.stack.room.directory / "history.jsonl")
        self._names = Counter()
        try:
            self._prepare()
        except BaseException:
            self.stack.close()
            raise

    def _prepare(self):
        if self.flavour == "fleet":
            for _ in range(2):
                self.stack.start_worker()
        medium = make_data(self.stack.data_root / "medium", rows=300000, users=4000, items=3000)
        clients = [self.stack.client(), self.stack.add_user("ann@example.com")]
        self.tokens = [client.post("/api/v1/tokens", json={
            "name": "chaos", "scope": "write", "days": None}).json()["token"] for client in clients]
        self.token_of = dict(zip(
            (client.get("/api/v1/me").json()["user_id"] for client in clients), self.tokens))
        self.load = Load(self.stack.url, self.tokens, {
            "small": str(self.stack.data), "medium": str(medium)}, self.history, self.options.seed)

    # ---- for the faults ----

    def new_name(self, stem):
        self._names[stem] += 1
        return f"{stem}-{self._names[stem]}"

    def query(self, sql):
        """Rows of the store; none while it cannot be asked."""
        try:
            return self.stack.query(sql)
        except Exception:
            return []

    def wait_for(self, condition, seconds=25):
        """What a fault waits for, with everything up that should be; None where it does not come."""
        def mended():
            self.mend()
            return condition()
        try:
            return wait_until(mended, seconds, pause=0.03)
        except TimedOut:
            return None

    def roots(self):
        """The processes that start workers."""
        return self.stack.workers if self.flavour == "fleet" else [self.stack.server]

    def mend(self):
        """Start again what ended, as a process manager would."""
        if not self.stack.server.is_running():
            self.stack.start_server(wait=False)
        for worker in list(self.stack.workers):
            if not worker.is_running():
                self.stack.workers.remove(worker)
                self.stack.start_worker()

    # ---- the run ----

    def inject(self, name):
        function, arguments, _ = FAULTS[name]
        begun = time.monotonic()
        hit = function(self, *arguments)
        found = hit is not None and hit is not False
        self.history.add("fault", fault=name, found=found, took=round(time.monotonic() - begun, 2),
                         **(hit or {}))
        print(f"# {name}: {hit if found else 'found no moment'}", flush=True)
        self.mend()
        return found

    def break_things(self):
        """Each fault once, then by chance; what did not find its moment is tried again."""
        deck = [name for name, (_, _, flavours) in FAULTS.items() if self.flavour in flavours]
        self.rng.shuffle(deck)
        names = list(deck)
        deck += self.rng.choices(names, k=max(0, self.options.faults - len(deck)))
        done = Counter()
        self.load.start()
        for name in deck:
            for _ in range(3):
                if self.inject(name):
                    done[name] += 1
                    break
            time.sleep(self.rng.uniform(0, 0.5))
        self.load.stopping.set()
        self.wait_for(lambda: self.stack.anonymous().get("/health/live").status == 200)
        self.load.stop()
        return names, done

    def drain(self):
        """Everything is up again: wait until no job is open and no file is left over."""
        self.mend()
        self.stack.wait_for_server()
        self.wait_for(lambda: self.query("SELECT count(*) FROM jobs") and not self.query(
            f"SELECT job_id FROM jobs WHERE {OPEN} LIMIT 1"), PATIENCE * 3)
        # What dead attempts left behind goes with the next round of the garbage collection.
        self.wait_for(lambda: not self.orphans(), PATIENCE)

    def orphans(self):
        named = {row[0] for row in self.query("SELECT path FROM models")}
        return [path for path in self.files_below() if model_of(str(path)) not in named]

    def files_below(self):
        return [path for path in self.stack.models.rglob("*")
                if path.is_file() and path.parent.name != "logs"]

    def read_store(self):
        jobs = ("job_id", "name", "status", "error_code", "error_message", "attempt", "deaths",
                "metrics")
        events = ("event_id", "job_id", "kind", "message")
        models = ("job_id", "path", "sha256", "size_bytes")
        tables = {"jobs": jobs, "job_events": events, "models": models}
        numbers = ("job_id", "event_id", "attempt", "deaths", "size_bytes")
        return {table.removeprefix("job_"): [
            {name: int(cell) if name in numbers else cell for name, cell in zip(columns, row)}
            for row in self.stack.query(f"SELECT {', '.join(columns)} FROM {table}")]
            for table, columns in tables.items()}

    def read_files(self):
        found = {}
        for path in self.files_below():
            content = path.read_bytes()
            try:
                opens = "model" in pickle.loads(content)
            except Exception:
                opens = False
            found[str(path)] = (len(content), hashlib.sha256(content).hexdigest(), opens)
        return found

    def stale_writes(self):
        """Lines of the logs that tell of a write that was refused by its epoch."""
        return sum(log.read_text(errors="replace").count("fenced")
                   for log in self.stack.room.directory.glob("*.log"))


class Report:
    def __init__(self):
        self.failures = 0

    def check(self, good, sentence, *notes):
        print(f"{'ok' if good else 'not ok'} - {sentence}")
        for note in notes if not good else ():
            print(f"# {note}")
        self.failures += not good


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flavour", choices=FLAVOURS, default="sqlite")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--faults", type=int, default=0)
    parser.add_argument("--history")
    parser.add_argument("--keep", action="store_true", help="leave logs and history there")
    options = parser.parse_args()
    print(f"# flavour {options.flavour}, seed {options.seed}", flush=True)
    report, begun = Report(), time.monotonic()
    run = Run(options)
    try:
        names, done = run.break_things()
        run.drain()
        verdict = judge(run.history.records, run.read_store(), run.read_files(), run.stale_writes())
        for name in names:
            report.check(done[name] > 0, f"{name} was injected")
        for name, value in verdict.counters.items():
            if name in MUST_BE_ZERO:
                report.check(value == 0, f"{name} is 0", f"{name} is {value}", *[
                    text for text in verdict.findings if text.startswith(name)])
        report.check(verdict.counters["completed"] > 0, "jobs were completed all the same")
        report.check(verdict.counters["stale_writes_rejected"] > 0,
                     "what a frozen worker wrote late was rejected")
        print("# " + ", ".join(f"{name} {value}" for name, value in verdict.counters.items()))
        print(f"# {sum(done.values())} faults, {time.monotonic() - begun:.0f} s")
        if report.failures or options.keep:
            kept = Path(f"/tmp/rectrain-chaos-{options.flavour}-{options.seed}")
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir()
            for file in run.stack.room.directory.glob("*.*l*"):
                if file.is_file() and file.suffix in (".log", ".jsonl"):
                    shutil.copy(file, kept)
            (kept / "store.json").write_text(json.dumps(run.read_store(), indent=1))
            print(f"# kept: {kept}")
    finally:
        run.stack.close()
        run.history.close()
    return report.failures > 0


if __name__ == "__main__":
    sys.exit(main())
