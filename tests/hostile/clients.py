"""Clients that wait on purpose, and clients that measure: five hundred that send a byte now and then,
while others are served; sixty-four that log in again and again, likewise; and how long a login takes
of who is known and who is not.

    clients.py                                          the ordinary size
    clients.py --seconds 60 --storm 20 --tries 200      the size of a release, on a quiet machine

The bars are wide, for machines that are busy with other things; the figures are printed. RECTRAIN
names the program, PYTHONPATH the directory tests/support.
"""

import argparse
import multiprocessing
import os
import resource
import statistics
import sys
import time

from bad_data import Tap
from client import Client
from crowd import Crowd
from raw import Connection
from stack import DEMO_EMAIL, DEMO_PASSWORD, Stack
from watch import descriptors, memory_bytes

SLOW = 500
OTHERS_WORST_S = 5
GROWTH_BYTES = 64 << 20
STORM = 64  # clients
HASH_BYTES = 19 << 20
# Of the mean of one login: a hash that is left out for who is unknown would make it one half and more.
DIFFERENCE = 0.35
BEGINNINGS = (  # what a slow client sends of its request
    b"", b"G", b"GET /health/live HTTP/1.1\r\n", b"GET /health/live HTTP/1.1\r\nHost: h\r\nX: a",
    b"POST /token HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 60000\r\n\r\nusername=a")


def drip(connections):
    """One byte more on each that is still open; how many are."""
    left = 0
    for connection in connections:
        try:
            connection.socket.send(b"a")
            left += 1
        except OSError:
            pass
    return left


def serve_others(tap, client, seconds, beside, meanwhile):
    """What somebody else sees who asks again and again, `meanwhile` before each; the median, in
    seconds."""
    took, failed, end = [], 0, time.monotonic() + seconds
    while time.monotonic() < end:
        meanwhile(len(took))
        begin = time.monotonic()
        answer = client.get(("/health/live", "/api/v1/jobs", "/training/")[len(took) % 3])
        took.append(time.monotonic() - begin)
        failed += answer.status != 200
        time.sleep(0.02)
    took.sort()
    p99 = took[int(len(took) * 0.99)]
    print(f"# {len(took)} requests beside {beside}: p50 {took[len(took) // 2] * 1e3:.1f} ms, "
          f"p99 {p99 * 1e3:.1f} ms, worst {took[-1] * 1e3:.1f} ms")
    tap.say(failed == 0 and took[-1] < OTHERS_WORST_S, f"{beside} hold up nobody",
            f"{failed} failed, worst {took[-1]:.1f} s")
    return took[len(took) // 2]


def check_slow(tap, stack, seconds):
    pid = stack.server.pid
    client = stack.client()
    client.get("/api/v1/jobs")
    memory, held = memory_bytes(pid), descriptors(pid)
    slow = [Connection(stack.port) for _ in range(SLOW)]
    for number, connection in enumerate(slow):
        connection.send(BEGINNINGS[number % len(BEGINNINGS)])
    serve_others(tap, client, seconds, f"{SLOW} slow clients",
                 lambda number: drip(slow[number % 10::10]))
    tap.say(memory_bytes(pid) - memory < GROWTH_BYTES, "they cost little memory",
            f"{(memory_bytes(pid) - memory) >> 20} MiB")
    deadline = time.monotonic() + 120  # a head has ten seconds, a body one a kilobyte beyond those
    while descriptors(pid) > held + 8 and time.monotonic() < deadline:
        drip(slow)
        time.sleep(0.5)
    tap.say(descriptors(pid) <= held + 8, "all of them are cut, however steadily they send",
            f"{descriptors(pid)} descriptors, {held} before")
    for connection in slow:
        connection.close()


def storm(url, done, refused, ending):
    """A process of its own, so that it does not hold up who measures."""
    crowd = Crowd()

    def log_in():
        client = Client(url)
        while not crowd.stopping.is_set():
            answer = client.post("/token", form={"username": DEMO_EMAIL, "password": DEMO_PASSWORD})
            counter = done if answer.status == 200 else refused
            with counter.get_lock():
                counter.value += 1
    for number in range(STORM):
        crowd.add(f"login {number}", log_in)
    crowd.start()
    ending.wait()
    crowd.stop()


def check_storm(tap, stack, seconds, one_login):
    pid, client = stack.server.pid, stack.client()
    done, refused, ending = (multiprocessing.Value("q"), multiprocessing.Value("q"),
                             multiprocessing.Event())
    before, held = memory_bytes(pid), []
    people = multiprocessing.Process(target=storm, args=(stack.url, done, refused, ending))
    people.start()
    try:
        time.sleep(1)  # until all have come
        first, begin = done.value, time.monotonic()
        median = serve_others(tap, client, seconds, f"{STORM} clients that log in",
                              lambda number: held.append(memory_bytes(pid) - before))
        logins, took = done.value - first, time.monotonic() - begin
    finally:
        ending.set()
        people.join()
    rate, most_rate = logins / took, os.cpu_count() / one_login
    print(f"# {rate:.1f} logins a second on {os.cpu_count()} processors, {rate / most_rate:.2f} of what "
          f"they could hash one by one; the server held at most {max(held) / 2**20:.0f} MiB more")
    tap.say(median < one_login / 2, "and whom the others do not wait for",
            f"half of them took {median * 1e3:.1f} ms and more, a login {one_login * 1e3:.1f} ms")
    tap.say(logins > 0 and refused.value == 0, "all of whom get in", f"{refused.value} did not")
    most = os.cpu_count() * HASH_BYTES
    tap.say(max(held) < most + GROWTH_BYTES // 4, "their hashes take memory for each processor",
            f"{max(held) >> 20} MiB, of {most >> 20}")


def check_logins(tap, stack, tries):
    """The two in turn, so that whatever else the machine does slows both. Seconds of one."""
    anybody, took = stack.anonymous(), {"known": [], "unknown": []}
    for number in range(tries):
        for who, email in (("known", DEMO_EMAIL), ("unknown", f"nobody{number}@example.com")):
            begin = time.monotonic()
            answer = anybody.post("/token", form={"username": email, "password": "not this"})
            took[who].append(time.monotonic() - begin)
            assert answer.status == 401, answer
            text = answer.text.replace(answer.json()["instance"], "")
            took.setdefault("texts", set()).add(text)
    known, unknown = (statistics.median(took[who]) * 1e3 for who in ("known", "unknown"))
    means = [statistics.fmean(took[who]) * 1e3 for who in ("known", "unknown")]
    print(f"# a wrong login, {tries} tries each: known {known:.2f} ms, unknown {unknown:.2f} ms "
          f"(medians; means {means[0]:.2f} and {means[1]:.2f})")
    tap.say(abs(known - unknown) < max(2, DIFFERENCE * known),
            "a login takes as long for who is unknown", f"{known:.2f} and {unknown:.2f} ms")
    tap.say(len(took["texts"]) == 1, "and is answered by the same words", str(took["texts"]))
    return means[0] / 1e3


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--storm", type=float, default=5)
    parser.add_argument("--tries", type=int, default=60)
    options = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 4096)), hard))
    tap = Tap()
    with Stack("sqlite", workers=0, data=False, environment={
            "LOGINS_PER_MINUTE": "1000000", "LOGIN_FAILURES": "1000000", "LOG_LEVEL": "error"}) as stack:
        one_login = check_logins(tap, stack, options.tries)
        check_storm(tap, stack, options.storm, one_login)
        check_slow(tap, stack, options.seconds)
        tap.say(stack.server.is_running(), "the server is alive")
    print(f"1..{tap.count}")
    return tap.failed > 0


if __name__ == "__main__":
    sys.exit(main())
