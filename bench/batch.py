#!/usr/bin/env python3
"""Lists for all users as a file, end to end, beside the plain product of the same scores.

    bench/batch.py [--users 100000] [--items 20000] [--factors 60] [--k 40] [--threads 2] [--pairs 5]

A clickstream of that many users and items is made, and ALS trained on it. Then
`rectrain recommend --output` opens the model, finds the best k for each user and writes the Parquet
file, timed from start to end of its process; bench_topk makes OpenBLAS's sgemm of as many items and
factors, and throws the scores away. They take turns, and the ratio is the median of the pairs' ratios
of users a second. RECTRAIN is the program (build/rectrain), with bench/bench_topk beside it. Prints
one JSON object; ends with 1 where the ratio lies below the bar of 0.6.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RECTRAIN = Path(os.environ.get("RECTRAIN",
                               Path(__file__).resolve().parents[1] / "build/rectrain"))
BAR = 0.6
ROWS_EACH = 90  # interactions a user of the clickstream
ALPHA = 20


def run(program, *words):
    """What it prints as JSON; any failure ends the benchmark with its words."""
    done = subprocess.run([program, *map(str, words)], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{program} {words[0]}: {done.stderr}")
    return json.loads(done.stdout)


def make_model(arguments, directory):
    run(RECTRAIN, "synth", "--rows", arguments.users * ROWS_EACH, "--users", arguments.users,
        "--items", arguments.items, "--output", directory, "--quiet", "--json")
    return run(RECTRAIN, "train", "--model", "als", "--data", directory, "--output", directory,
               "--factors", arguments.factors, "--iterations", 5, "--alpha", ALPHA, "--quiet",
               "--json")


def end_to_end(arguments, model, directory):
    """Users a second from the start of the process to its end, and what it tells of the file."""
    start = time.perf_counter()
    told = run(RECTRAIN, "recommend", model["model_path"], "--output",
               Path(directory, "lists.parquet"), "--k", arguments.k, "--threads",
               arguments.threads, "--overwrite", "--quiet", "--json")
    return told["users"] / (time.perf_counter() - start), told


def sgemm(arguments, items):
    """Users a second of the plain product alone."""
    told = run(RECTRAIN.parent / "bench/bench_topk", "--users", 20000, "--items", items,
               "--factors", arguments.factors, "--k", arguments.k, "--threads", arguments.threads,
               "--repeats", 1)
    return told["sgemm_users_per_second"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, value in (("users", 100000), ("items", 20000), ("factors", 60), ("k", 40),
                        ("threads", 2), ("pairs", 5)):
        parser.add_argument(f"--{name}", type=int, default=value)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rectrain-bench-") as directory:
        model = make_model(arguments, directory)
        items = model["funnel"]["items"]
        pairs = []
        for _ in range(arguments.pairs):
            plain = sgemm(arguments, items)
            rate, told = end_to_end(arguments, model, directory)
            pairs.append((rate, plain))
    ratio = statistics.median(rate / plain for rate, plain in pairs)
    print(json.dumps({
        "users": told["users"], "items": items, "factors": arguments.factors, "k": arguments.k,
        "threads": arguments.threads, "rows": told["rows"], "bytes": told["bytes"],
        "scored_share": round(told["scored_share"], 4),
        "users_per_second": round(statistics.median(rate for rate, _ in pairs)),
        "sgemm_users_per_second": round(statistics.median(plain for _, plain in pairs)),
        "ratios": [round(rate / plain, 3) for rate, plain in pairs], "ratio": round(ratio, 3),
        "bar": BAR}))
    sys.exit(0 if ratio >= BAR else 1)


if __name__ == "__main__":
    main()
