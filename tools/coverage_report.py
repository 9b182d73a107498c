#!/usr/bin/env python3
"""A table of the lines and branches that tests reached, by room, from gcov's data of a build directory.

    tools/coverage_report.py DIRECTORY [--files]      --files: each file too, the least covered first

Exits with 1 where a floor is not reached: 90 % of lines and 80 % of branches of all, 95 % of the lines
of the store, the queue, the logins and the parsers."""

import concurrent.futures
import gzip
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LINES_MIN, BRANCHES_MIN, PRECIOUS_MIN = 90, 80, 95
LOGINS = ("identity", "login", "login_cache", "login_routes", "password", "password_check", "secret", "throttle",
          "tokens", "me")
PARSERS = ("http/form", "http/headers", "http/accept", "http/percent", "http/target", "base/json", "base/text",
           "queue/message", "worker/protocol", "worker/protocol_line", "worker/data_path", "model/pickle_read",
           "model/pickle_json", "model/file_check", "data/csv_ids", "data/id_list", "jobs/request",
           "jobs/model_ref", "config/config")


def gcov(data):
    """What gcov tells of one object file."""
    with tempfile.TemporaryDirectory() as room:
        subprocess.run(["gcov", "--json-format", "--branch-probabilities", str(data)], cwd=room, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return [json.load(gzip.open(path)) for path in Path(room).glob("*.gcov.json.gz")]


def read_all(directory):
    """{file: ({line: hits}, {(line, place of the branch): hits})}, summed over all programs."""
    files = defaultdict(lambda: (defaultdict(int), defaultdict(int)))
    notes = [path for path in directory.rglob("*.gcno") if "/src/" in str(path)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for told in pool.map(gcov, notes):
            for report in told:
                for file in report["files"]:
                    path = (directory / file["file"]).resolve()
                    if not path.is_relative_to(ROOT / "src"):
                        continue
                    lines, branches = files[str(path.relative_to(ROOT / "src"))]
                    for line in file["lines"]:
                        lines[line["line_number"]] += line["count"]
                        for place, branch in enumerate(line["branches"]):
                            branches[line["line_number"], place] += branch["count"]
    return files


def share(counts):
    counts = list(counts)
    return 100 * sum(count > 0 for count in counts) / max(1, len(counts)), len(counts)


def row(name, files):
    lines, line_count = share(count for each, _ in files for count in each.values())
    branches, branch_count = share(count for _, each in files for count in each.values())
    print(f"| {name} | {line_count} | {lines:.1f} % | {branch_count} | {branches:.1f} % |")
    return lines, branches


def main():
    directory = Path(sys.argv[1]).resolve()
    files = {name: counts for name, counts in read_all(directory).items() if name.endswith(".c")}
    print("| room | lines | reached | branches | reached |\n|---|---|---|---|---|")
    for room in sorted({name.split("/")[0] for name in files}):
        row(f"`{room}/`", [counts for name, counts in files.items() if name.startswith(room + "/")])
    groups = {
        "store": lambda name: name.startswith("store/"), "queue": lambda name: name.startswith("queue/"),
        "logins": lambda name: name.startswith("api/") and Path(name).stem in LOGINS,
        "parsers": lambda name: name.removesuffix(".c") in PARSERS}
    reached = []
    for group, belongs in groups.items():
        lines, _ = row(f"*{group}*", [counts for name, counts in files.items() if belongs(name)])
        reached.append((f"{group}: lines", lines, PRECIOUS_MIN))
    lines, branches = row("**all**", list(files.values()))
    reached += [("all: lines", lines, LINES_MIN), ("all: branches", branches, BRANCHES_MIN)]
    if "--files" in sys.argv:
        for name in sorted(files, key=lambda name: share(files[name][0].values())[0]):
            row(name, [files[name]])
    for name, value, floor in reached:
        print(f"{'ok' if value >= floor else 'not ok'} - {name} {value:.1f} %, floor {floor} %")
    missed = sum(value < floor for _, value, floor in reached)
    print(f"{len(reached) - missed} passed, {missed} failed")
    return missed > 0


if __name__ == "__main__":
    sys.exit(main())
