"""Files of data with one byte changed. By the thousand through the code of a job's process
(bad_bytes.c, where a process looks at many); some all the way through the API, where each has a
process and a sandbox of its own. Each is rightly taken, or refused by a message that names a place;
none is a fault of ours, or takes more time or memory than it may.

    bad_bytes.py                                        as the ordinary tests run it
    bad_bytes.py --looks 200000 --whole-way 2000        the large size
    bad_bytes.py --looks 5000 --first 100000            from that number on

RECTRAIN names the program, RECTRAIN_BUILD its build directory, PYTHONPATH the directory
tests/support.
"""

import argparse
import collections
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import data_files
from bad_data import JOB_MEMORY, Kit, Lanes, Tap, judge_refusal
from duck import BUILD
from processes import wait_until
from stack import Stack
from watch import descriptors, memory_bytes

GROWTH_BYTES = 16 << 20
RSS_MAX = 400 << 20


def make_file(place):
    place.mkdir(exist_ok=True)
    data_files.GOOD(place, Kit())


# ---- by the thousand ----

def look_at(first, end):
    """Lines of bad_bytes for [first, end), by as many processes as there are processors."""
    lanes = os.cpu_count()
    edges = [first + (end - first) * lane // lanes for lane in range(lanes + 1)]
    with tempfile.TemporaryDirectory() as top:
        running = []
        for lane, (low, high) in enumerate(zip(edges, edges[1:])):
            place = Path(top) / str(lane)
            make_file(place)
            running.append(subprocess.Popen(
                [BUILD / "tests" / "bad_bytes", place, str(low), str(high)], stdout=subprocess.PIPE))
        for one in running:
            output = one.communicate()[0]
            assert one.returncode == 0, one.returncode
            yield from output.decode(errors="surrogateescape").split("\n")[:-1]


def run_looks(tap, first, count):
    counts, faults, rss = collections.Counter(), [], 0
    for line in look_at(first, first + count):
        number, code, *message = line.split(" ", 2)
        if number == "rss":
            rss = max(rss, int(code))
            continue
        counts[code] += 1
        try:
            assert code not in ("crashed", "hung"), line
            if code != "accepted":
                judge_refusal(code, message[0])
        except AssertionError as fault:
            faults.append(f"{number}: {fault}")
    print("# " + ", ".join(f"{code} {many}" for code, many in counts.most_common()))
    print(f"# the most memory of a process: {rss / 1e6:.0f} MB")
    tap.say(not faults and sum(counts.values()) == count,
            f"{count} files with one byte changed are taken or refused, and crash nothing",
            "; ".join(faults[:3]))
    tap.say(0 < rss < RSS_MAX, "within their memory", f"{rss >> 20} MiB")


# ---- all the way ----

def changed(whole, number):
    """As bad_bytes.c changes it."""
    step = number * 7919
    at, change = step % len(whole), 1 + (step // len(whole) * 97 + number * 31) % 255
    return whole[:at] + bytes([whole[at] ^ change]) + whole[at + 1:]


def run_whole_way(tap, stack, count):
    pid = stack.server.pid
    make_file(stack.data_root / "good")
    whole = (stack.data_root / "good" / "clickstream.pq").read_bytes()
    events = (stack.data_root / "good" / "events.pq").read_bytes()
    stack.client().get("/api/v1/data_sources")
    memory, held = memory_bytes(pid), descriptors(pid)
    lanes = Lanes(stack)
    for number in range(count):
        place = stack.data_root / f"changed{number}"
        place.mkdir()
        (place / "clickstream.pq").write_bytes(changed(whole, number))
        (place / "events.pq").write_bytes(events)
        lanes.todo.put((number, place, False))
    lanes.finish()
    tap.say(not lanes.faults and len(lanes.answers) == count,
            f"{count} of them are taken or refused by the API", "; ".join(lanes.faults[:3]))
    wait_until(lambda: descriptors(pid) <= held + 8, what="descriptors are given back")
    grown = memory_bytes(pid) - memory
    tap.say(grown < GROWTH_BYTES, "whose memory does not grow", f"{grown >> 20} MiB")
    tap.say(stack.server.is_running(), "and which is alive")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--looks", type=int, default=300)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--whole-way", type=int, default=20)
    options = parser.parse_args()
    tap = Tap()
    run_looks(tap, options.first, options.looks)
    with Stack("sqlite", workers=0, data=False, environment={
            "JOB_MEMORY": JOB_MEMORY, "LOG_LEVEL": "error"}) as stack:
        os.chdir(stack.room.directory)
        run_whole_way(tap, stack, options.whole_way)
    print(f"1..{tap.count}")
    return tap.failed > 0


if __name__ == "__main__":
    sys.exit(main())
