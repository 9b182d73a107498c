"""Workers without a server: a store of SQLite with jobs put in by SQL, and `rectrain worker`
processes on it. For what only a test close to the worker can see. Standard library only.

    rig = WorkerRig()
    job = rig.add_job("als", iterations=5)
    rig.start_worker()
    rig.wait_for_end(job)
"""

import json
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

from processes import PATIENCE, Room, children_of, wait_until
from stack import RECTRAIN, make_data, run_rectrain

TERMINAL = ("completed", "failed")


class WorkerRig:
    """One directory with data, models and a store."""

    def __init__(self, rows=20000):
        self.room = Room()
        top = self.room.directory
        self.data_root, self.models = top / "data", top / "models"
        self.data_root.mkdir()
        self.store = top / "store.db"
        self.environment = {"DB_NAME": str(self.store), "MODEL_DIR": str(self.models),
                            "DATA_ROOTS": str(self.data_root), "WORKERS": "1", "PATH": "/usr/bin"}
        self.data = make_data(self.data_root / "small", rows=rows)
        run_rectrain("db", "migrate", environment=self.environment)
        self.database = sqlite3.connect(self.store, timeout=10, isolation_level=None)
        self.user = self.database.execute(
            "INSERT INTO users (email, password_hash, created_ms) VALUES ('a@example.com', 'x', 0)"
        ).lastrowid

    def close(self):
        self.database.close()
        self.room.close()

    def add_job(self, model="als", path=None, **params):
        now = int(time.time() * 1000)
        run = {"eval_every": 1} | params.pop("run", {})
        self.database.execute("BEGIN IMMEDIATE")
        job = self.database.execute(
            "INSERT INTO jobs (user_id, model_type, data_path, params, run, turn, created_ms,"
            " queued_ms, updated_ms, status) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'pending')",
            (self.user, model, str(path or self.data), json.dumps(params), json.dumps(run), now,
             now, now, now)).lastrowid
        self.database.execute("INSERT INTO outbox (job_id, created_ms) VALUES (?, ?)", (job, now))
        self.database.execute("COMMIT")
        return job

    def cancel(self, job):
        """As the API does for a job that a worker has."""
        self.database.execute("UPDATE jobs SET cancel_requested = 1 WHERE job_id = ?", (job,))

    def give_to_others(self, job):
        """As the reaper does when a lease is over."""
        self.database.execute("BEGIN IMMEDIATE")
        self.database.execute(
            "UPDATE jobs SET status = 'pending', phase = NULL, progress = 0, lease_until_ms = 0,"
            " deaths = deaths + 1 WHERE job_id = ?", (job,))
        self.database.execute("INSERT INTO outbox (job_id, created_ms) VALUES (?, 0)", (job,))
        self.database.execute("COMMIT")

    def job(self, job):
        """The row, as a dict."""
        rows = self.database.execute("SELECT * FROM jobs WHERE job_id = ?", (job,))
        return dict(zip([column[0] for column in rows.description], rows.fetchone()))

    def rows(self, query, *arguments):
        return self.database.execute(query, arguments).fetchall()

    def wait_for(self, job, condition, seconds=PATIENCE, what=""):
        def look():
            row = self.job(job)
            return row if condition(row) else None
        return wait_until(look, seconds, what or f"job {job}", pause=0.01)

    def wait_for_end(self, job, seconds=PATIENCE):
        return self.wait_for(job, lambda row: row["status"] in TERMINAL, seconds,
                             f"job {job} ends")

    def start_worker(self, **settings):
        return self.room.start(self.room.new_name("worker"), [RECTRAIN, "worker"],
                               environment=self.environment | settings)

    @staticmethod
    def slots(worker):
        """The pids of a worker's processes, once they are there."""
        return wait_until(lambda: children_of(worker.popen.pid), what="a worker's process")

    def files(self):
        """Names in MODEL_DIR, without the logs."""
        if not self.models.exists():
            return []
        return sorted(entry.name for entry in self.models.iterdir() if entry.name != "logs")

    def log(self, job):
        return Path(self.models / "logs" / f"job_{job}.log").read_text()


def stop(worker, seconds=15):
    """SIGTERM, and how long it took."""
    begin = time.monotonic()
    worker.send(signal.SIGTERM)
    try:
        worker.wait(seconds)
    except subprocess.TimeoutExpired as late:
        raise AssertionError(f"the worker did not stop within {seconds} s") from late
    return time.monotonic() - begin
