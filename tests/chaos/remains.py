"""What a platform left at the end, as judge.py takes it: the tables of its store and the files of its
model directory."""

import hashlib
import pickle

import numpy  # noqa: F401 (a model opens with it: missing, none would)

_COLUMNS = {
    "jobs": ("job_id", "task", "name", "status", "error_code", "error_message", "attempt", "deaths",
             "metrics"),
    "job_events": ("event_id", "job_id", "kind", "message", "at_ms"),
    "models": ("job_id", "path", "sha256", "size_bytes"),
    "predictions": ("job_id", "file_path", "file_sha256", "file_bytes", "file_rows"),
}
_NUMBERS = ("job_id", "event_id", "at_ms", "attempt", "deaths", "size_bytes", "file_bytes",
            "file_rows")


def read_store(stack):
    return {table.removeprefix("job_"): [
        {name: int(cell) if name in _NUMBERS else cell for name, cell in zip(columns, row)}
        for row in stack.query(f"SELECT {', '.join(columns)} FROM {table}")]
        for table, columns in _COLUMNS.items()}


def files_below(models):
    """All in the model directory but the logs of jobs."""
    return [path for path in models.rglob("*") if path.is_file() and path.parent.name != "logs"]


def read_files(models):
    found = {}
    for path in files_below(models):
        content = path.read_bytes()
        found[str(path)] = (len(content), hashlib.sha256(content).hexdigest(),
                            opens(path.suffix, content))
    return found


def opens(suffix, content):
    """Whether a file is whole; of a CSV how many rows it has."""
    if suffix == ".csv":
        return content.count(b"\n") - 1 if content.endswith(b"\n") else False
    if suffix == ".parquet":
        return content[:4] == content[-4:] == b"PAR1"
    try:
        return "model" in pickle.loads(content)
    except Exception:
        return False
