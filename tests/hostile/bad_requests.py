"""Every bad request of request_cases.py against the real server: the status that it deserves, a
problem where a body is due, the connection as it must be, and nothing that piles up.

    bad_requests.py                       all; as the ordinary tests run it
    bad_requests.py -k JSON_in_UTF        those whose name matches
    bad_requests.py --mutants 1000000 --seed 7    that many random changes of them (release size)

RECTRAIN names the program, PYTHONPATH the directory tests/support.
"""

import argparse
import json
import random
import re
import sys
import time
import unittest

from processes import wait_until
from raw import Connection
from request_cases import CASES, LOGIN
from stack import Stack
from watch import descriptors, memory_bytes

PIECES = (b"\0", b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b";", b",", b"=", b"%", b"&", b"/", b"?",
          b"#", b'"', b"\\", b"{", b"}", b"\x7f", b"\xff", b"0", b"a", b".", b"%00", b"%2e",
          b"9999999999", b"Content-Length: 1\r\n", b"Transfer-Encoding: chunked\r\n")
BATCH = 50  # connections at once
GROWTH_BYTES = 16 << 20


class Platform:
    """One server for all, with somebody logged in."""

    def __init__(self):
        self.stack = Stack("sqlite", workers=0, data=False, environment={
            "LOGINS_PER_MINUTE": "1000000", "LOG_LEVEL": "error"})
        cookie = self.stack.client().cookie("access_token")
        self.login = f"Cookie: access_token={cookie}\r\n".encode()
        self.port, self.pid = self.stack.port, self.stack.server.pid

    def connect(self):
        return Connection(self.port)


class BadRequests(unittest.TestCase):
    def check(self, case):
        with PLATFORM.connect() as connection:
            connection.send(case.data.replace(LOGIN, PLATFORM.login))
            answer = connection.glance() if 0 in case.statuses else connection.reply()
            self.assertIn(answer.status, case.statuses, answer)
            if answer.status == 0:
                return
            if not answer.field("Content-Type"):
                self.check_library(connection, answer)
                return
            self.check_problem(answer)
            if case.after == "closed":
                self.assertEqual(connection.rest(), b"", answer)
            elif case.after == "open":
                connection.send(b"GET /health/live HTTP/1.1\r\nHost: h\r\n\r\n")
                self.assertEqual(connection.reply().status, 200)


    def check_problem(self, answer):
        self.assertTrue(answer.field("Content-Type").startswith("application/problem+json"), answer)
        self.assertEqual(answer.field("X-Content-Type-Options"), "nosniff")
        problem = json.loads(answer.body[:answer.length])
        self.assertEqual(problem["status"], answer.status)
        self.assertTrue(problem["code"] and problem["title"], problem)

    def check_library(self, connection, answer):
        """What libmicrohttpd refuses before it asks us has a short page of its own, and ends the
        connection always. (0.9.75 sends the head of some of these twice.)"""
        self.assertEqual(answer.field("Connection"), "close", answer)
        rest = answer.body + connection.rest()
        self.assertIn(b"<html><head><title>", rest)
        self.assertNotIn(b"HTTP/1.1 2", rest)


class Afterwards(unittest.TestCase):
    """What all of it leaves behind."""

    def test_there_are_as_many_cases_as_promised(self):
        self.assertGreaterEqual(len(CASES), 150)
        self.assertEqual(len(CASES), len({case.name for case in CASES}))

    def test_nothing_grows(self):
        send_all(2)  # until pools and caches are as large as they become
        memory, held = memory_bytes(PLATFORM.pid), descriptors(PLATFORM.pid)
        send_all(6)
        wait_for_descriptors(held)
        self.assertLess(memory_bytes(PLATFORM.pid) - memory, GROWTH_BYTES)
        self.assertTrue(PLATFORM.stack.server.is_running())

    def test_random_damage_is_never_the_servers_fault(self):
        run_mutants(ARGUMENTS.mutants, ARGUMENTS.seed)


def wait_for_descriptors(held):
    """Bodies that do not come are waited for, ten seconds long; then nothing may be left."""
    wait_until(lambda: descriptors(PLATFORM.pid) <= held + 8, what="descriptors are given back")


def send_all(rounds):
    for _ in range(rounds):
        for case in (one for one in CASES if 0 not in one.statuses):
            with PLATFORM.connect() as connection:
                connection.send(case.data.replace(LOGIN, PLATFORM.login))
                connection.reply()


def mutant(source):
    """A request of the table, one to three places of it changed, doubled or left out."""
    data = bytearray(source.choice(CASES).data[:4096].replace(LOGIN, PLATFORM.login))
    for _ in range(source.randint(1, 3)):
        at = source.randrange(len(data) + 1)
        if source.random() < 0.3:
            del data[at:at + source.randint(1, 8)]
        elif source.random() < 0.2:
            data[at:at] = data[at:at + source.randint(1, 64)]
        else:
            end = at if source.random() < 0.5 else at + 1
            data[at:end] = source.choice(PIECES)
    return bytes(data)


def run_mutants(count, seed):
    """Each number is a seed of its own, so that one can be sent again alone."""
    held = descriptors(PLATFORM.pid)
    for first in range(0, count, BATCH):
        sent = [(number, mutant(random.Random(seed * 1_000_000_007 + number)), PLATFORM.connect())
                for number in range(first, min(first + BATCH, count))]
        for _, data, connection in sent:
            connection.send(data)
            connection.end()
        time.sleep(0.05)
        for number, data, connection in sent:
            with connection:
                answer = connection.glance(0.002)
            if answer.status >= 500 and answer.status not in (501, 505):
                raise AssertionError(f"mutant {number} of seed {seed}: {answer}\n{data!r}")
        if first % 100_000 == 0 and first > 0:
            print(f"{first:,} mutants, {memory_bytes(PLATFORM.pid) >> 20} MiB", flush=True)
    wait_for_descriptors(held)
    if not PLATFORM.stack.server.is_running():
        raise AssertionError("the server has ended")


def add_cases():
    for case in CASES:
        name = "test_" + re.sub(r"\W+", "_", case.name)
        setattr(BadRequests, name, lambda self, case=case: self.check(case))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--mutants", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    ARGUMENTS, rest = parser.parse_known_args()
    PLATFORM = Platform()
    try:
        add_cases()
        program = unittest.main(argv=[sys.argv[0], *rest], exit=False)
    finally:
        PLATFORM.stack.close()
    sys.exit(not program.result.wasSuccessful())
