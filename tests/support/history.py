"""A store with a past: many jobs that are copies of one that really ran."""

import sqlite3


def add_history(stack, job_id, count):
    """`count` copies of an ended job, its metrics and result too, in a store of SQLite."""
    with sqlite3.connect(stack.environment["DB_NAME"], timeout=60) as db:
        for table in ("jobs", "job_metrics", "job_results"):
            columns = [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
            others = ", ".join(name for name in columns if name != "job_id")
            db.execute(f"""
                WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
                INSERT INTO {table} (job_id, {others})
                SELECT {job_id} + n.i, {others} FROM n, {table} WHERE job_id = {job_id}""")
