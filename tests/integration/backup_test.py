"""Backup and restore as docs/operations.md says: copied in the middle of jobs, put into a fresh place,
checked, and gone on with. And its alerts: every metric that they name is told."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from processes import wait_until
from services import Postgres
from stack import Stack

ROOT = Path(__file__).resolve().parents[2]
JOBS = 3


def suffixes_off(names):
    return {re.sub(r"_(bucket|sum|count)$", "", name) for name in names}


class Restored:
    """What both databases must do alike; `backup` and `restore` are theirs."""

    flavour = None

    def setUp(self):
        self.copy = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.copy)
        self.data = self.copy / "data"

    def start_workers(self, stack):
        if self.flavour == "fleet":
            stack.start_worker()

    def test_a_copy_made_in_the_middle_of_jobs_goes_on_in_a_fresh_place(self):
        with Stack(self.flavour) as old:
            self.start_workers(old)
            shutil.copytree(old.data_root, self.data)
            client = old.client()
            done = old.wait_for_job(client, old.start_job(client, "als", iterations=3)["job_id"])
            open_jobs = [old.start_job(client, "als", iterations=150, factors=32)["job_id"]
                         for _ in range(JOBS)]
            old.wait_for_job(client, open_jobs[0], ("loading_data", "preprocessing", "training"))
            self.backup(old)
            subprocess.run(["cp", "-a", old.models, self.copy / "ml_models"], check=True)
            self.check_alerts(client.get("/metrics").text)
            root = old.data_root
        self.assertFalse(root.exists())  # nothing is left that the new place could lean on

        with Stack(self.flavour, data=False, start=False) as new:
            self.restore(new)
            shutil.rmtree(new.models)
            shutil.copytree(self.copy / "ml_models", new.models)
            root.parent.mkdir()  # the jobs name their data by its path
            self.addCleanup(shutil.rmtree, root.parent)
            shutil.copytree(self.data, root)
            new.environment["DATA_ROOTS"] = str(root)
            new.run("db", "migrate")
            new.start_server()
            self.start_workers(new)
            client = new.client()
            for job_id in open_jobs:
                job = new.wait_for_job(client, job_id)
                self.assertEqual(job["status"], "completed", job)
            kept = client.get(f"/api/v1/jobs/{done['job_id']}").json()
            self.assertEqual(kept["metrics"], done["metrics"])
            models = client.get("/api/v1/models").json()["models"]
            self.assertEqual(len(models), 1 + JOBS)
            self.assertEqual(int(new.query("SELECT count(*) FROM models")[0][0]), 1 + JOBS)
            for model in models:
                lists = client.get(f"/api/v1/models/{model['model_id']}/recommend?user=1&k=3")
                self.assertEqual(lists.status, 200, lists)
            new_job = new.wait_for_job(client, client.post("/start_training/", form={
                "model_type": "popular", "data_path": str(root / "small")}).json()["job_id"])
            self.assertEqual(new_job["status"], "completed")
            checked = wait_until(lambda: self.is_well(new), what="the store is well")
            self.assertTrue(checked)

    def is_well(self, stack):
        return stack.run("db", "check", check=False).returncode == 0

    def check_alerts(self, metrics):
        told = set(re.findall(r"^# TYPE (\S+)", metrics, re.MULTILINE))
        self.assertGreater(len(told), 20)
        for name, pattern in (("deploy/alerts.yml", r"\b(rectrain_[a-z_]+)"),
                              ("docs/limits.md", r"`(rectrain_[a-z_]+)"),
                              ("docs/operations.md", r"`(rectrain_[a-z_]+)")):
            named = suffixes_off(re.findall(pattern, (ROOT / name).read_text()))
            self.assertTrue(named, name)
            missing = named - told - (set() if self.flavour == "fleet" else self.of_the_broker(named))
            self.assertEqual(missing, set(), name)

    @staticmethod
    def of_the_broker(names):
        return {name for name in names if "queue" in name}


class Sqlite(Restored, unittest.TestCase):
    flavour = "sqlite"

    def backup(self, stack):
        stack.run("db", "backup", str(self.copy / "ml_results.db"))

    def restore(self, stack):
        shutil.copy(self.copy / "ml_results.db", stack.environment["DB_NAME"])


class PostgreSql(Restored, unittest.TestCase):
    flavour = "fleet"

    def tool(self, name, *arguments):
        subprocess.run([Postgres._tool(name), *map(str, arguments)], check=True, timeout=120)

    def backup(self, stack):
        self.tool("pg_dump", "--format=custom", f"--file={self.copy}/rectrain.dump",
                  stack.environment["DATABASE_URL"])

    def restore(self, stack):
        self.tool("pg_restore", "--clean", "--if-exists", "--exit-on-error",
                  f"--dbname={stack.environment['DATABASE_URL']}", self.copy / "rectrain.dump")


if __name__ == "__main__":
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    unittest.main(verbosity=2)
