#!/usr/bin/env python3
"""Recall and loss over seeds beside implicit's, on real data.

    bench/quality.py build/rectrain ../shared/data

Runs `rectrain train` for every line of tests/golden/als_quality.json (implicit's mean and standard
deviation over seeds) and prints a JSON line and a table row for each, with the relative difference
of the means and its standard error.
"""
import json
import math
import pathlib
import statistics
import subprocess
import sys
import tempfile


def train(program, data, case, seed, output):
    command = [program, "train", "--model", "als", "--data", str(data), "--json",
               "--alpha", str(case["alpha"]), "--solver", case["solver"], "--seed", str(seed),
               "--output", output]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def main():
    program, data = sys.argv[1], pathlib.Path(sys.argv[2])
    golden = pathlib.Path(__file__).parent.parent / "tests/golden/als_quality.json"
    print("| data | alpha | solver | seeds | implicit Recall@40 (sd) | rectrain Recall@40 (sd) |"
          " difference ± s.e. | loss difference |", file=sys.stderr)
    print("|---|---|---|---|---|---|---|---|", file=sys.stderr)
    for case in json.loads(golden.read_text()):
        with tempfile.TemporaryDirectory() as output:
            runs = [train(program, data / case["data"], case, seed, output)
                    for seed in range(case["seeds"])]
        recalls = [run["metrics"]["recall_at_k"] for run in runs]
        losses = [run["iterations"][-1]["loss"] for run in runs]
        mean, sd = statistics.mean(recalls), statistics.stdev(recalls)
        wanted = case["recall_at_40"]
        error = math.hypot(sd, case["recall_sd"]) / math.sqrt(case["seeds"])
        line = {**case, "rectrain_recall": mean, "rectrain_sd": sd,
                "relative": mean / wanted - 1, "relative_error": error / wanted,
                "loss_relative": statistics.mean(losses) / case["loss"] - 1}
        print(json.dumps(line), flush=True)
        print(f"| {case['data']} | {case['alpha']} | {case['solver']} | {case['seeds']} "
              f"| {wanted:.5f} ({case['recall_sd']:.5f}) | {mean:.5f} ({sd:.5f}) "
              f"| {100 * line['relative']:+.2f} % ± {100 * line['relative_error']:.2f} "
              f"| {100 * line['loss_relative']:+.3f} % |", file=sys.stderr)


if __name__ == "__main__":
    main()
