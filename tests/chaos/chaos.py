"""Breaks the platform while people use it, drains it, and counts what was kept of its promises.

    python3 tests/chaos/chaos.py --flavour sqlite|fleet [--seed N] [--faults N] [--quick]
    python3 tests/chaos/chaos.py --flavour fleet --seed 100 --rounds 20 --results FILE
    python3 tests/chaos/chaos.py --totals FILE

Every fault is injected once, then as many more by chance as --faults asks for (fewer where it is
less); --quick takes the small set, --groups some kinds only. The same seed gives the same order of
faults and jobs; what they hit depends on the moment. Prints TAP lines (a fault was injected, a
counter is 0), and all counters. With --rounds that many seeds follow each other, each with its line
in --results; seeds that stand there already are not run again. --totals adds such a file up. The
history, one JSON object a line, and the logs stay when something was found, or with --keep.
"""

import argparse
import json
import shutil
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import results  # noqa: E402
from faults import GROUPS, deck  # noqa: E402
from judge import MUST_BE_ZERO, judge  # noqa: E402
from run import Run  # noqa: E402
from stack import FLAVOURS  # noqa: E402


class Report:
    def __init__(self):
        self.failures = 0

    def check(self, good, sentence, *notes):
        print(f"{'ok' if good else 'not ok'} - {sentence}")
        for note in notes if not good else ():
            print(f"# {note}")
        self.failures += not good


def judge_run(run, done, report):
    """The counters of a drained run; each fault and each promise is a line of the report."""
    store = run.read_store()
    verdict = judge(run.history.records, store, run.read_files(), run.stale_writes())
    for name, count in done.items():
        report.check(count > 0, f"{name} was injected")
    for name, value in verdict.counters.items():
        if name in MUST_BE_ZERO:
            report.check(value == 0, f"{name} is 0", f"{name} is {value}", *[
                text for text in verdict.findings if text.startswith(name)])
    for task, what in (("train", "trainings"), ("predict", "predictions")):
        ends = [job["status"] for job in store["jobs"] if job["task"] == task]
        if ends or not run.old:
            report.check("completed" in ends, f"{what} were completed all the same")
    if any(name.startswith("freeze") for name in done):
        report.check(verdict.counters["stale_writes_rejected"] > 0,
                     "what a frozen worker wrote late was rejected")
    return verdict.counters, run.restarts(store)


def keep(run, place):
    """Logs, history and store, for whoever asks why."""
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for file in run.stack.room.directory.glob("*.*l*"):
        if file.is_file() and file.suffix in (".log", ".jsonl"):
            shutil.copy(file, place)
    (place / "store.json").write_text(json.dumps(run.read_store(), indent=1))
    print(f"# kept: {place}")


def one_round(options, seed, again):
    """A run with one seed; how many checks failed."""
    print(f"# flavour {options.flavour}, seed {seed}", flush=True)
    report, begun = Report(), time.monotonic()
    names = options.only or deck(options.flavour, options.groups, options.quick)
    run = Run(options.flavour, seed, options.history,
              machine=any(name in GROUPS["machine"] for name in names), old=options.old)
    try:
        done = run.break_things(names, options.faults)
        run.drain()
        counters, seconds = judge_run(run, done, report)
        record = {"flavour": options.flavour, "seed": seed, "faults": sum(done.values()),
                  "kills": run.kills, "seconds": round(time.monotonic() - begun),
                  "failures": report.failures, "counters": counters, "restarts": seconds,
                  "done": dict(done), "at": time.strftime("%Y-%m-%d")}
        print("# " + ", ".join(f"{name} {value}" for name, value in counters.items()))
        print(f"# {record['faults']} faults, {run.kills} kills, {record['seconds']} s; restarts: "
              f"{results.quantiles(seconds)}")
        if options.results:
            results.append(options.results, record)
        if report.failures or options.keep:
            keep(run, Path(f"/tmp/rectrain-chaos-{options.flavour}-{seed}"))
    finally:
        run.close()
    if report.failures:
        print(f"# to repeat it: {again}", flush=True)
    return report.failures


def command_of(options, seed):
    """The command that repeats a round."""
    words = ["PYTHONPATH=tests/support RECTRAIN=build/rectrain python3 tests/chaos/chaos.py",
             f"--flavour {options.flavour} --seed {seed}"]
    words += [f"--faults {options.faults}"] if options.faults else []
    words += ["--quick"] if options.quick else []
    words += [f"--old {options.old}"] if options.old else []
    words += [f"--groups {' '.join(options.groups)}"] if options.groups else []
    words += [f"--only {' '.join(options.only)}"] if options.only else []
    return " ".join([*words, "--keep"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--flavour", choices=FLAVOURS, default="sqlite")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--rounds", type=int, default=1, help="as many seeds, one after the other")
    parser.add_argument("--faults", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="the small set of faults")
    parser.add_argument("--groups", nargs="+", choices=GROUPS)
    parser.add_argument("--only", nargs="+", metavar="FAULT")
    parser.add_argument("--old", metavar="PROGRAM", help="an older version to begin with")
    parser.add_argument("--results", help="a file to which each round adds its line")
    parser.add_argument("--totals", nargs="+", metavar="FILE", help="add such files up, run nothing")
    parser.add_argument("--history")
    parser.add_argument("--keep", action="store_true", help="leave logs and history there")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(143))  # clears up on its way
    if options.totals:
        print(results.table(results.read_all(options.totals)))
        return 0
    known = results.seeds(options.results, options.flavour) if options.results else set()
    failures = 0
    for seed in range(options.seed, options.seed + options.rounds):
        if options.rounds > 1 and seed in known:
            print(f"# seed {seed} stands in the results", flush=True)
            continue
        failures += one_round(options, seed, command_of(options, seed))
    return failures > 0


if __name__ == "__main__":
    sys.exit(main())
