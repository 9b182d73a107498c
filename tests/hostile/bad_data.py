"""Every bad table of data_tables.py and data_files.py through the API's look at data, which is a
child in its sandbox as for a job: a clear answer that names the file, or rightly none; never a
crash, never a fault of ours, and nothing that grows.

    bad_data.py                        all cases
    bad_data.py --only "a footer"      the cases whose name has these words, with their answers
    bad_data.py --write                write bad_data.txt anew, to be read before it is kept

bad_data.txt has the answer to each case: `accepted`, or the code of the problem. RECTRAIN names the
program, RECTRAIN_BUILD its build directory, PYTHONPATH the directory tests/support.
"""

import argparse
import os
import queue
import shutil
import sys
import threading
from pathlib import Path

import data_files
import data_tables
from duck import Duck
from processes import wait_until
from stack import Stack
from watch import descriptors, memory_bytes

ANSWERS = Path(__file__).with_suffix(".txt")
LANES = 2  # checks at once: the server refuses a fourth
JOB_MEMORY = "1GB"
GROWTH_BYTES = 16 << 20
# Faults of ours, or of a child that was not stopped in time. `crashed`: the reading engine died on
# the file, in a process that had only that to lose; known for files whose damage no check of ours
# can see.
NEVER = ("internal", "nomem", "time_limit", "overloaded", "unavailable", "io", "busy")


class Kit:
    def __init__(self):
        self.duck = Duck()


class Lanes:
    """Checks on a few threads; what each came to is kept by name."""

    def __init__(self, stack):
        self.stack, self.answers, self.faults = stack, {}, []
        self.todo = queue.Queue(LANES * 4)
        self.threads = [threading.Thread(target=self._work, daemon=True) for _ in range(LANES)]
        for thread in self.threads:
            thread.start()

    def _work(self):
        client = self.stack.client()
        while (item := self.todo.get()) is not None:
            name, place, keep = item
            try:
                self.answers[name], message = look(client, place)
                if keep:
                    print(f"{name}: {self.answers[name]}: {message}", flush=True)
            except (AssertionError, OSError) as fault:
                self.faults.append(f"{name}: {fault}")
            shutil.rmtree(place, ignore_errors=True)

    def finish(self):
        for _ in self.threads:
            self.todo.put(None)
        for thread in self.threads:
            thread.join()


def look(client, place):
    """(code, message) of the API's answer, which must be a good one."""
    answer = client.post("/api/v1/data_sources/check", json={
        "data_path": str(place), "model_type": "popular", "eval_days": 1})
    if answer.status == 200:
        return "accepted", ""
    assert answer.status == 422, answer
    problem = answer.json()
    code, message = problem["code"], problem["detail"]
    assert problem["errors"][0]["field"] == "data_path", problem
    judge_refusal(code, message, str(place))
    return code, message


def judge_refusal(code, message, *places):
    """No fault of ours, in words that name a place."""
    assert code not in NEVER, f"{code}: {message}"
    assert 20 < len(message) <= 512, message
    assert "/proc/" not in message and "pending query" not in message, message
    named = ("clickstream", "events", "parts", "row", "user", "item", "event", "time", *places)
    assert code == "crashed" or any(word in message for word in named), message


def all_cases():
    yield from data_tables.cases()
    yield from data_files.cases()


def run_cases(stack, only, keep):
    kit, lanes = Kit(), Lanes(stack)
    for number, (name, fill) in enumerate(all_cases()):
        if only not in name:
            continue
        place = stack.data_root / f"case{number}"
        place.mkdir()
        fill(place, kit)
        lanes.todo.put((name, place, keep))
    lanes.finish()
    return lanes


def read_answers():
    lines = (line.rsplit(" = ", 1) for line in ANSWERS.read_text().splitlines())
    return {name: code for name, code in lines}


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def say(self, right, name, why=""):
        self.count += 1
        self.failed += not right
        print(f"{'ok' if right else 'not ok'} {self.count} - {name}{why and ': ' + why}", flush=True)


def judge(tap, answers, lanes):
    faults = dict(fault.split(": ", 1) for fault in lanes.faults)
    for name, wanted in answers.items():
        got = lanes.answers.get(name)
        tap.say(got == wanted, name, "" if got == wanted
                else faults.get(name, f"wanted {wanted}, got {got}"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--only", default=None)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with Stack("sqlite", workers=0, data=False, environment={
            "JOB_MEMORY": JOB_MEMORY, "LOG_LEVEL": "error"}) as stack:
        os.chdir(stack.room.directory)
        if options.only is not None or options.write:
            lanes = run_cases(stack, options.only or "", True)
            print("\n".join(lanes.faults))
            if options.write and not lanes.faults:
                names = [name for name, _ in all_cases()]
                ANSWERS.write_text("".join(f"{name} = {lanes.answers[name]}\n" for name in names))
            return bool(lanes.faults)
        return run_all(stack)


def run_all(stack):
    tap, answers, pid = Tap(), read_answers(), stack.server.pid
    names = [name for name, _ in all_cases()]
    tap.say(sorted(names) == sorted(answers) and len(set(names)) == len(names) >= 300,
            f"there are {len(names)} cases, each with its answer in {ANSWERS.name}")
    stack.client().get("/api/v1/data_sources")
    memory, held = memory_bytes(pid), descriptors(pid)
    judge(tap, answers, run_cases(stack, "", False))
    wait_until(lambda: descriptors(pid) <= held + 8, what="descriptors are given back")
    grown = memory_bytes(pid) - memory
    tap.say(grown < GROWTH_BYTES, "the server's memory does not grow", f"{grown >> 20} MiB")
    tap.say(stack.server.is_running(), "the server is alive")
    print(f"1..{tap.count}")
    return tap.failed > 0


if __name__ == "__main__":
    sys.exit(main())
