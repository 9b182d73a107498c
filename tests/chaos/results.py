"""The results of rounds, one JSON object a line, and their totals as a table of the manual."""

import json
from collections import Counter
from pathlib import Path

from judge import MUST_BE_ZERO

_SHOWN = ("attempted", "acknowledged", "completed", "failed", "cancelled", "recovered",
          "redelivered", "stale_writes_rejected", *MUST_BE_ZERO)


def append(path, record):
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def read_all(paths):
    return [json.loads(line) for path in paths for line in Path(path).read_text().splitlines()]


def seeds(path, flavour):
    """Those that need not run again."""
    if not Path(path).exists():
        return set()
    return {record["seed"] for record in read_all([path]) if record["flavour"] == flavour}


def quantiles(seconds):
    """Of an ascending list."""
    if not seconds:
        return "none"
    return (f"{len(seconds)}, half within {seconds[len(seconds) // 2]:.2f} s, 99 of 100 within "
            f"{seconds[min(len(seconds) - 1, len(seconds) * 99 // 100)]:.2f} s, "
            f"the longest {seconds[-1]:.2f} s")


def table(records):
    """A column for each flavour and one for all, in Markdown."""
    flavours = sorted({record["flavour"] for record in records}, reverse=True)
    groups = {name: [one for one in records if one["flavour"] == name] for name in flavours}
    groups["both"] = records
    lines = [f"| | {' | '.join(groups)} |", "|---" * (len(groups) + 1) + "|"]

    def row(name, value):
        lines.append(f"| {name} | " + " | ".join(str(value(group)) for group in groups.values()) + " |")

    for name in ("rounds", "faults", "kills", "seconds"):
        row(name, lambda group, name=name: sum(1 if name == "rounds" else one[name] for one in group))
    for name in _SHOWN:
        row(name.replace("_", " "),
            lambda group, name=name: sum(one["counters"][name] for one in group))
    row("restarts after a death",
        lambda group: quantiles(sorted(second for one in group for second in one["restarts"])))
    kinds = Counter()
    for one in records:
        kinds.update(one["done"])
    lines += ["", "Faults: " + ", ".join(f"{name} {count}" for name, count in sorted(kinds.items()))]
    return "\n".join(lines)
