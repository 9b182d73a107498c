#!/usr/bin/env python3
"""A soak: mixed load on a real server with its workers, while memory, descriptors and files of its
processes are watched. Fails for an answer of 5xx, memory or descriptors that keep growing, a
write-ahead log above its bound, or a job that does not end. Prints its figures as a table.

    soak.py --seconds 300        40 s unless given: that is the size of the ordinary tests
"""

import argparse
import json
import os
import re
import statistics
import sys
import time
from pathlib import Path

from history import add_history
from load import BEFORE, TERMINAL, Visitors
from processes import PATIENCE, children_of, wait_until
from stack import Stack

WAL_MAX = 64 << 20
DESCRIPTORS_MORE = 6  # open streams and connections come and go
MEMORY_MORE = 24 << 20  # of a short run: caches fill
SLOPE_MAX = 1 << 20  # bytes an hour, of a run that is long enough to tell
SLOPE_FROM = 1200  # seconds
HISTORY = 5000  # jobs of before, some 15 MB
RING_EVENTS = 4096  # that the server keeps for streams that come back (http/hub.h)


def memory_of(pid):
    """Resident bytes that are the process's own: model files that are mapped do not count."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("RssAnon:")[1].split()[0]) << 10


def descriptors_of(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def size_of(path):
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


def disk_of(directory):
    total = 0
    for place, _, names in os.walk(directory):
        total += sum(size_of(os.path.join(place, name)) for name in names)
    return total


def supervisors_of(server):
    """The processes that stay: the server's own children, not those of single jobs."""
    return [pid for pid in children_of(server) if b"child" not in
            Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")]


def events_published(client):
    text = client.get("/metrics").text
    return int(float(re.search(r"^rectrain_events_published_total (\S+)$", text, re.MULTILINE).group(1)))


def watch(stack, seconds):
    """Samples of the run, evenly spread; the last one is of its end."""
    client = stack.client()
    samples, begin = [], time.monotonic()
    pause = max(0.5, seconds / 600)
    while True:
        at = time.monotonic() - begin
        pids = [stack.server.pid, *supervisors_of(stack.server.pid)]
        samples.append({
            "at": at, "events": events_published(client), "memory": sum(map(memory_of, pids)),
            "descriptors": sum(map(descriptors_of, pids)),
            "wal": size_of(stack.environment["DB_NAME"] + "-wal"),
            "store": size_of(stack.environment["DB_NAME"]),
            "disk": disk_of(stack.models)})
        if at >= seconds:
            return samples
        time.sleep(pause)


def by_minute(samples):
    """The least memory of each minute: a password's hash takes 19 MB for a moment. What a minute that
    only began has is left out."""
    minutes = {}
    for sample in samples:
        minutes.setdefault(int(sample["at"] / 60), []).append(sample["memory"])
    most = max(map(len, minutes.values()), default=0)
    return sorted((minute, min(each)) for minute, each in minutes.items() if len(each) > most / 2)


def slope_per_hour(samples):
    least = by_minute(samples)
    if len(least) < 3:
        return 0.0
    return 60 * statistics.linear_regression([at for at, _ in least], [bytes_ for _, bytes_ in least]).slope


def judge(samples, visitors, seconds):
    """What is wrong, in words; and the figures. The first third is for caches and pools to fill; of a
    run that is long enough for a slope at least ten minutes, and until the ring of events is full."""
    warm = seconds / 3
    if seconds >= SLOPE_FROM:
        warm = max(600, warm, next((s["at"] for s in samples if s["events"] > RING_EVENTS), 0))
    rest = [s for s in samples if s["at"] >= warm]
    half = len(rest) // 2
    before, after = rest[:half], rest[half:]
    median = {name: [statistics.median(s[name] for s in part) for part in (before, after)]
              for name in ("memory", "descriptors")}
    figures = {
        "seconds": round(samples[-1]["at"]), **dict(sorted(visitors.counts.items())),
        "faults": len(visitors.faults), "events_published": samples[-1]["events"], "judged_from": round(warm),
        "memory_mb_first_half": round(median["memory"][0] / 1e6, 1),
        "memory_mb_second_half": round(median["memory"][1] / 1e6, 1),
        "memory_mb_per_hour": round(slope_per_hour(rest) / 1e6, 2),
        "descriptors_first_half": median["descriptors"][0],
        "descriptors_second_half": median["descriptors"][1],
        "wal_mb_max": round(max(s["wal"] for s in samples) / 1e6, 1),
        "store_mb": round(samples[-1]["store"] / 1e6, 1),
        "models_mb": round(samples[-1]["disk"] / 1e6, 1)}
    wrong = visitors.faults[:20]
    if median["descriptors"][1] > median["descriptors"][0] + DESCRIPTORS_MORE:
        wrong.append(f"descriptors grow: {median['descriptors']}")
    if seconds >= SLOPE_FROM and samples[-1]["at"] - warm < 600:
        wrong.append("less than ten minutes are left for the slope of memory: a longer run tells")
    if seconds >= SLOPE_FROM and slope_per_hour(rest) > SLOPE_MAX:
        wrong.append(f"memory grows by {figures['memory_mb_per_hour']} MB an hour")
    if median["memory"][1] > median["memory"][0] + MEMORY_MORE:
        wrong.append(f"memory grows: {median['memory']}")
    if max(s["wal"] for s in samples) > WAL_MAX:
        wrong.append(f"the write-ahead log has {figures['wal_mb_max']} MB")
    for name in ("reads", "trainings", "recommendations", "streams", "logins"):
        if not visitors.counts.get(name):
            wrong.append(f"no {name} were made: this was no soak")
    return wrong, figures


def drain(stack, visitors):
    """The jobs that were not waited for while the load ran."""
    client = stack.client()
    for path, name in visitors.unfinished:
        def has_ended():
            answer = client.get(path)
            return answer.status == 404 or answer.json()["status"] in TERMINAL
        try:
            wait_until(has_ended, 4 * PATIENCE, f"the end of {name}")
        except AssertionError as fault:
            visitors.faults.append(str(fault))


def fill(stack):
    """A store that is larger than the page caches of its connections: they fill at once then, rather
    than as it grows."""
    client = stack.client()
    job_id = stack.start_job(client, name=BEFORE)["job_id"]
    stack.wait_for_job(client, job_id)
    add_history(stack, job_id, HISTORY)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--seconds", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--samples", help="a file for the samples, one JSON object a line")
    options = parser.parse_args()
    with Stack("sqlite", environment={"LOG_LEVEL": "warning"}) as stack:
        fill(stack)
        visitors = Visitors(stack, options.seed)
        visitors.start()
        samples = watch(stack, options.seconds)
        visitors.stop()
        drain(stack, visitors)
        wrong, figures = judge(samples, visitors, options.seconds)
        if wrong:
            print(stack.room.logs())
    if options.samples:
        Path(options.samples).write_text("".join(json.dumps(s) + "\n" for s in samples))
    for name, value in figures.items():
        print(f"{name:24} {value}")
    for text in wrong:
        print(f"not ok - {text}")
    if not wrong:
        print(f"ok - {options.seconds} s of mixed load leave nothing behind")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
