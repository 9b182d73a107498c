"""A queue of tiny jobs: people start so many trainings as fast as they can, four workers do them. None
may be lost, done twice or tried again; how many ended a second is printed.

    tiny_jobs.py                    500 jobs
    tiny_jobs.py --jobs 10000       the large size
    tiny_jobs.py --flavour fleet    by PostgreSQL and RabbitMQ
"""

import argparse
import os
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

import remains  # noqa: E402
from judge import MUST_BE_ZERO, judge  # noqa: E402
from stack import FLAVOURS, PATIENCE, Stack, make_data, wait_until  # noqa: E402

WORKERS, PEOPLE = 4, 4


def submit(stack, data, numbers, history):
    client = stack.client()
    for number in numbers:
        name = f"tiny-{number}"
        history.append({"kind": "submit", "name": name, "expect": "completed"})
        answer = client.post("/api/v1/jobs", json={"model_type": "popular", "data_path": data,
                                                   "name": name})
        assert answer.status in (201, 202), answer
        history.append({"kind": "ack", "name": name, "job_id": answer.json()["job_id"]})


def submit_all(stack, data, count):
    """The records of all submissions, as judge.py takes them."""
    history = []
    people = [threading.Thread(target=submit, args=(stack, data, range(one, count, PEOPLE), history))
              for one in range(PEOPLE)]
    for each in people:
        each.start()
    for each in people:
        each.join()
    return history


def drained(stack):
    return stack.query("SELECT count(*) FROM jobs WHERE status NOT IN ('completed', 'failed')") in (
        [[0]], [["0"]])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--flavour", choices=FLAVOURS, default="sqlite")
    options = parser.parse_args()
    with Stack(options.flavour, workers=WORKERS if options.flavour == "sqlite" else 0, data=False,
               environment={"MAX_JOBS_PER_USER": "1000000", "LOG_LEVEL": "warning"}) as stack:
        if options.flavour == "fleet":
            stack.start_worker(WORKERS=str(WORKERS))
        data = str(make_data(stack.data_root / "tiny", rows=2000, users=50, items=60))
        begin = time.monotonic()
        history = submit_all(stack, data, options.jobs)
        submitted = time.monotonic() - begin
        wait_until(lambda: drained(stack), max(PATIENCE, options.jobs), "all jobs ended", pause=0.2)
        store = remains.read_store(stack)
        took = (max(e["at_ms"] for e in store["events"]) - min(e["at_ms"] for e in store["events"])) / 1e3
        verdict = judge(history, store, remains.read_files(stack.models))
    print(f"# {options.jobs} tiny jobs, {WORKERS} workers, {os.cpu_count()} processors: submitted in "
          f"{submitted:.1f} s, ended within {took:.1f} s: {options.jobs / took:.1f} a second")
    checks = [(f"{name} is 0", verdict.counters[name] == 0) for name in MUST_BE_ZERO]
    checks += [(f"{name} is {options.jobs}", verdict.counters[name] == options.jobs)
               for name in ("attempted", "acknowledged", "completed")]
    checks.append(("no job was tried twice", verdict.counters["redelivered"] == 0))
    for sentence, good in checks:
        print(f"{'ok' if good else 'not ok'} - {sentence}")
    for finding in verdict.findings[:20]:
        print(f"# {finding}")
    return not all(good for _, good in checks)


if __name__ == "__main__":
    sys.exit(main())
