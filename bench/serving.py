"""What recommendations on demand cost: `rectrain serve` on SQLite, asked over HTTP at a fixed rate.

    python3 bench/serving.py [NAME …] [--rate 3000] [--seconds 10] [--model FILE.pkl]

NAME: demand, swap, ready; all of them if none is given. RECTRAIN is the program (build/rectrain). FILE
is a large model for `ready`, made by `rectrain train`; without it the one of the others is taken. Needs
h2load (Debian's nghttp2-client) and Python's standard library. Look at `uptime` first: on a busy
machine the figures say nothing, since what asks takes a processor of its own.
"""

import argparse
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests/support"))
from stack import RECTRAIN, Stack, make_data  # noqa: E402

CONNECTIONS = 30
ROUNDS = 5
USERS, ITEMS, FACTORS = 20_000, 10_000, 60


def report(name, value, bar, holds):
    print(f"{name:<58} {value:>30}   {bar:<20} {'' if holds else 'NOT REACHED'}", flush=True)


def memory_mb(pid):
    """Resident, and what of it is no page of a file, which the system takes back when it wants."""
    text = Path(f"/proc/{pid}/status").read_text()
    rss, of_files = (int(re.search(rf"{name}:\s+(\d+)", text)[1]) / 1024 for name in
                     ("VmRSS", "RssFile"))
    return rss, rss - of_files


def at_rate(stack, client, paths, rate, seconds):
    """Ask these paths in turn at a fixed rate, whatever the answers take. The milliseconds of each
    answer, ascending; any that is no 200 ends the run."""
    with tempfile.TemporaryDirectory() as directory:
        uris, log = Path(directory, "uris"), Path(directory, "log")
        uris.write_text("".join(f"{stack.url}{path}\n" for path in paths))
        said = subprocess.run(
            ["h2load", "--h1", "-t1", f"-c{CONNECTIONS}", f"--rps={rate / CONNECTIONS}",
             f"-D{seconds}", f"-i{uris}", f"--log-file={log}",
             "-H", f"Cookie: access_token={client.cookie('access_token')}"],
            capture_output=True, text=True, check=True).stdout
        rows = [line.split("\t") for line in log.read_text().splitlines()]
    if not rows or any(row[1] != "200" for row in rows):
        raise SystemExit(f"answers that are none:\n{said}")
    return sorted(int(row[2]) / 1000 for row in rows)


def paths_of(reference, users, count=20000):
    """So many questions about users in no order."""
    chosen = random.Random(1)
    return [f"/api/v1/models/{reference}/recommend?user={chosen.choice(users)}&k=40"
            for _ in range(count)]


def users_of(client, reference):
    users, after = [], ""
    while after is not None and len(users) < USERS:
        page = client.get(f"/api/v1/models/{reference}/users?limit=1000{after}").json()
        users += page["users"]
        after = None if page["next"] is None else f"&after={page['next']}"
    return users


def train(stack, client, **fields):
    answer = client.post("/api/v1/jobs", json={
        "model_type": "als", "data_path": str(stack.data), "factors": FACTORS, "iterations": 2,
        "eval_every": 0, **fields})
    job = stack.wait_for_job(client, answer.json()["job_id"], seconds=600)
    if job["status"] != "completed":
        raise SystemExit(f"the job failed: {job}")
    return job["model"]


def share(times, part):
    return times[min(len(times) - 1, int(part * len(times)))]


def bench_demand(stack, client, model, arguments):
    """One user on demand: how long at a fixed rate, and does memory stay where it was?"""
    reference = model["model_id"]
    paths = paths_of(reference, users_of(client, reference))
    at_rate(stack, client, paths, arguments.rate, 2)
    before, own_before = memory_mb(stack.server.popen.pid)
    times = at_rate(stack, client, paths, arguments.rate, arguments.seconds)
    after, own_after = memory_mb(stack.server.popen.pid)
    reached = len(times) / arguments.seconds
    p99 = share(times, 0.99)
    report(f"recommend, one user of {ITEMS:,} items, p99 at {reached:,.0f}/s",
           f"{p99:.1f} ms (median {share(times, 0.5):.2f}, worst {times[-1]:.0f})",
           "at most 20 ms", p99 <= 20 and reached >= 0.98 * arguments.rate)
    report(f"memory of the server over {len(times):,} answers",
           f"{before:.0f} → {after:.0f} MB (own {own_before:.0f} → {own_after:.0f})",
           "at most 2 MB more", own_after - own_before <= 2)


def bench_swap(stack, client, model, arguments):
    """The same while an alias moves twice a second: does any answer wait for it?"""
    other = train(stack, client, seed=2)
    name = client.get(f"/api/v1/models/{model['model_id']}").json()["name"]
    alias = f"/api/v1/registry/{name}/aliases/bench"
    stop, moves = threading.Event(), []

    def move():
        while not stop.wait(0.5):
            target = (model, other)[len(moves) % 2]["model_id"]
            moves.append(client.put(alias, json={"model_id": target}).status)
    client.put(alias, json={"model_id": other["model_id"]})
    paths = paths_of(f"{name}@bench", users_of(client, model["model_id"]))
    at_rate(stack, client, paths, arguments.rate, 2)
    still = at_rate(stack, client, paths, arguments.rate, arguments.seconds)
    mover = threading.Thread(target=move)
    mover.start()
    try:
        times = at_rate(stack, client, paths, arguments.rate, arguments.seconds)
    finally:
        stop.set()
        mover.join()
    if set(moves) != {200}:
        raise SystemExit(f"moves of the alias were refused: {moves}")
    p99, before = share(times, 0.99), share(still, 0.99)
    report(f"recommend by an alias, {len(moves)} moves of it, p99",
           f"{p99:.1f} ms (without {before:.1f}, worst {times[-1]:.0f})", "at most 20 ms", p99 <= 20)


def bench_ready(stack, client, model, arguments):
    """The first answer of a server that was started anew, by a model that was verified before."""
    if arguments.model:
        name = "/api/v1/models/import?name=large"
        answer = client.post(name, body=Path(arguments.model).read_bytes(), timeout=600,
                             headers={"Content-Type": "application/octet-stream"})
        if answer.status != 201:
            raise SystemExit(f"{arguments.model}: {answer}")
        model = answer.json()
    path = f"/api/v1/models/{model['model_id']}/recommend?user="
    client.get(path + "1")  # verified, if that was not done
    times = []
    for turn in range(ROUNDS):
        stack.server.stop()
        stack.start_server()
        client = stack.client()
        client.get("/api/v1/me")
        start = time.monotonic()
        answer = client.get(f"{path}{turn + 2}")
        times.append(1000 * (time.monotonic() - start))
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer}")
    bytes_ = client.get(f"/api/v1/models/{model['model_id']}").json()["size_bytes"]
    worst = max(times)
    report(f"first answer by a verified model of {bytes_ / 1e6:,.0f} MB, worst of {ROUNDS}",
           f"{worst:.0f} ms (best {min(times):.0f})", "at most 100 ms", worst <= 100)


BENCHES = {"demand": bench_demand, "swap": bench_swap, "ready": bench_ready}


def main():
    parser = argparse.ArgumentParser(description="What recommendations on demand cost.")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHES))
    parser.add_argument("--rate", type=int, default=3000, help="questions a second")
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--model", help="a large model for ready")
    arguments = parser.parse_args()
    for name in arguments.names:
        if name not in BENCHES:
            parser.error(f"{name} is none of {', '.join(BENCHES)}")
    print(f"{RECTRAIN}, load average {os.getloadavg()[0]:.1f}")
    with Stack("sqlite", environment={
            "MAX_CONNECTIONS_PER_ADDRESS": "1000", "LOGINS_PER_MINUTE": "1000"}) as stack:
        stack.data = make_data(stack.data_root / "demand", rows=1_000_000, users=USERS, items=ITEMS)
        client = stack.client()
        model = train(stack, client)
        for name, bench in BENCHES.items():
            if not arguments.names or name in arguments.names:
                bench(stack, client, model, arguments)


if __name__ == "__main__":
    main()
