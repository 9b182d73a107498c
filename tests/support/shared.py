"""Texts of the directory RECTRAIN_SHARED, which no clone brings along. That one is missing is a
failure: nothing is skipped in silence."""

import os
from pathlib import Path


def shared_text(name):
    path = Path(os.environ.get("RECTRAIN_SHARED", "")) / name
    if not path.is_file():
        raise AssertionError(f"{path} is not there: tell where it lies by"
                             f" cmake -DRECTRAIN_SHARED=DIRECTORY, the one that holds {name}")
    return path.read_text(encoding="utf-8")
