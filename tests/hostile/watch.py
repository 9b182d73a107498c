"""What a process holds: memory, descriptors, threads. Standard library only."""

import os
from pathlib import Path


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def memory_bytes(pid):
    """Anonymous memory that is in use: what a leak would make grow. Files that are mapped (DuckDB's
    library, the store) come and go."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"no RssAnon of {pid}")
