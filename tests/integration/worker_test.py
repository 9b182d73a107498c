"""Workers on a store of SQLite and the built-in queue: what becomes of jobs, whatever dies."""

import hashlib
import json
import os
import pickle
import signal
import time
import unittest

from processes import LONG, children_of, is_alive, wait_until
from worker_rig import WorkerRig, stop

CHILD_POINTS = ("phase_load", "phase_split", "phase_train", "iteration_first", "iteration_middle",
                "iteration_last", "phase_evaluate", "phase_save", "tmp_written")
PARENT_POINTS = ("claimed", "spawned", "result", "renamed", "committed")
RESTART_SECONDS = 5
CANCEL_SECONDS = 2


class WorkerTest(unittest.TestCase):
    def setUp(self):
        self.rig = WorkerRig()
        self.addCleanup(self.rig.close)

    def assert_completed(self, job, row):
        """Promise P3: the file is there, its sum is the row's, and it loads."""
        self.assertEqual(row["status"], "completed", self.rig.log(job))
        models = self.rig.rows("SELECT path, sha256, size_bytes FROM models WHERE job_id = ?", job)
        self.assertEqual(len(models), 1)
        path, sha256, size = models[0]
        with open(path, "rb") as file:
            content = file.read()
        self.assertEqual(hashlib.sha256(content).hexdigest(), sha256)
        self.assertEqual(len(content), size)
        hits = os.path.basename(path).replace(".pkl", ".hits.json")
        self.assertIn(hits, self.rig.files())
        return path


class Runs(WorkerTest):
    def test_a_job_is_trained_recorded_and_logged(self):
        job = self.rig.add_job("als", iterations=4, factors=8)
        self.rig.start_worker()
        row = self.rig.wait_for_end(job)
        path = self.assert_completed(job, row)
        self.assertRegex(os.path.basename(path), rf"^als_model_{job}_\d{{8}}_\d{{6}}\.pkl$")
        metrics = json.loads(row["metrics"])
        self.assertGreater(metrics["recall_at_k"], 0)
        self.assertEqual((row["attempt"], row["deaths"], row["iteration"], row["progress"]),
                         (1, 0, 4, 1))
        points = self.rig.rows("SELECT name, step FROM job_points WHERE job_id = ?", job)
        for name in ("loss", "seconds", "recall_at_k"):
            self.assertEqual(sorted(step for n, step in points if n == name), [1, 2, 3, 4])
        events = [kind if kind != "status" else message for kind, message in self.rig.rows(
            "SELECT kind, message FROM job_events WHERE job_id = ? ORDER BY event_id", job)]
        self.assertEqual(events, ["claimed", "load", "split", "train", "evaluate", "save",
                                  "completed"])
        result = json.loads(self.rig.rows("SELECT result FROM job_results WHERE job_id = ?",
                                          job)[0][0])
        self.assertEqual(result["model_path"], path)
        self.assertEqual(result["hits_path"], path.replace(".pkl", ".hits.json"))
        self.assertEqual(self.rig.files(), sorted([os.path.basename(path), os.path.basename(
            result["hits_path"])]))
        log = self.rig.log(job)
        self.assertIn("info sandbox: limits, capabilities, no new privileges, system calls", log)
        self.assertIn("info iteration 4 of 4: loss", log)
        wait_until(lambda: self.rig.rows("SELECT count(*) FROM outbox") == [(0,)],
                   what="the message is acked")

    def test_the_model_loads_in_python(self):
        job = self.rig.add_job("popular")
        self.rig.start_worker()
        path = self.assert_completed(job, self.rig.wait_for_end(job))
        with open(path, "rb") as file:
            self.assertEqual(pickle.load(file)["model"]["type"], "popular")

    def test_faults_of_the_data_end_the_job_with_their_code(self):
        self.rig.start_worker()
        empty = self.rig.data_root / "empty"
        empty.mkdir()
        bad = self.rig.data_root / "bad"
        bad.mkdir()
        (bad / "clickstream.pq").write_bytes(b"PAR1" + b"x" * 100 + b"PAR1")
        (bad / "events.pq").write_bytes(b"PAR1")
        cases = {empty: "file_missing", self.rig.data_root / "nowhere": "path_missing",
                 "/etc": "path_outside_roots", bad: "parquet_footer"}
        for path, code in cases.items():
            with self.subTest(code):
                job = self.rig.add_job("popular", path=path)
                row = self.rig.wait_for_end(job)
                known = row["error_code"]
                self.assertEqual(row["status"], "failed")
                self.assertIn(known, (code, "denied"), row["error_message"])
                self.assertIn(str(path), row["error_message"].replace("clickstream.pq", str(path)))
                self.assertNotIn("/proc/self", row["error_message"])
        self.assertEqual(self.rig.files(), [])

    def test_several_workers_share_the_jobs(self):
        jobs = [self.rig.add_job("popular") for _ in range(8)]
        self.rig.start_worker(WORKERS="3")
        for job in jobs:
            self.assert_completed(job, self.rig.wait_for_end(job))
        owners = self.rig.rows("SELECT DISTINCT message FROM job_events WHERE kind = 'claimed'")
        self.assertGreater(len(owners), 1)


class Cancelled(WorkerTest):
    def test_a_job_is_stopped_in_each_status_within_two_seconds(self):
        """Even where its process does not answer: it is halted at that point."""
        for point in ("phase_load", "phase_split", "phase_train", "phase_evaluate", "phase_save"):
            with self.subTest(point):
                worker = self.rig.start_worker(RECTRAIN_FAIL_POINTS=f"{point}:1:1:stop")
                try:
                    self.stop_in(point.removeprefix("phase_"))
                finally:
                    stop(worker)

    def stop_in(self, phase):
        job = self.rig.add_job("als", iterations=3, factors=8)
        self.rig.wait_for(job, lambda row: row["phase"] == phase)
        begin = time.monotonic()
        self.rig.cancel(job)
        row = self.rig.wait_for_end(job)
        took = time.monotonic() - begin
        self.assertEqual((row["status"], row["error_code"]), ("failed", "cancelled"))
        self.assertLess(took, CANCEL_SECONDS)
        wait_until(lambda: self.rig.files() == [], what="no model is left")

    def test_a_running_fit_stops_by_itself(self):
        self.rig.start_worker()
        job = self.rig.add_job("als", **LONG)
        self.rig.wait_for(job, lambda row: row["iteration"] > 2)
        begin = time.monotonic()
        self.rig.cancel(job)
        row = self.rig.wait_for_end(job)
        self.assertLess(time.monotonic() - begin, CANCEL_SECONDS)
        self.assertEqual(row["error_code"], "cancelled")
        wait_until(lambda: self.rig.files() == [], what="no model is left")


class Killed(WorkerTest):
    def die_at(self, point):
        """Killed there in the first attempt, the job is done in the second, soon after."""
        worker = self.rig.start_worker(RECTRAIN_FAIL_POINTS=f"{point}:1:1")
        job = self.rig.add_job("als", iterations=3, factors=8)
        row = self.rig.wait_for_end(job)
        self.assert_completed(job, row)
        deaths, attempts = row["deaths"], row["attempt"]
        if point == "committed":  # all was done before it died
            self.assertEqual((deaths, attempts), (0, 1))
        else:
            self.assertEqual((deaths, attempts), (1, 2))
            claims = self.rig.rows("SELECT at_ms FROM job_events WHERE job_id = ? AND kind IN"
                                   " ('claimed', 'worker_died') ORDER BY event_id", job)
            self.assertLess((claims[2][0] - claims[1][0]) / 1000, RESTART_SECONDS)
        stop(worker)
        named = [name for name in self.rig.files() if f"_model_{job}_" in name]
        self.assertEqual(len(named), 2, "the model and its hits, and no orphan of attempt 1")
        self.assertFalse([name for name in self.rig.files() if name.startswith(".attempt")])

    def test_a_child_that_is_killed_at_any_point_costs_one_attempt(self):
        for point in CHILD_POINTS:
            with self.subTest(point):
                self.die_at(point)

    def test_a_worker_that_is_killed_at_any_point_costs_one_attempt(self):
        for point in PARENT_POINTS:
            with self.subTest(point):
                self.die_at(point)

    def test_the_child_dies_with_its_worker_and_the_job_is_soon_running_again(self):
        worker = self.rig.start_worker()
        job = self.rig.add_job("als", **LONG)
        self.rig.wait_for(job, lambda row: row["iteration"] > 0)
        slot = self.rig.slots(worker)[0]
        child = children_of(slot)[0]
        begin = time.monotonic()
        os.kill(slot, signal.SIGKILL)
        self.rig.wait_for(job, lambda row: row["attempt"] == 2 and row["iteration"] > 0)
        self.assertLess(time.monotonic() - begin, RESTART_SECONDS)
        self.assertFalse(is_alive(child))
        self.rig.cancel(job)
        self.rig.wait_for_end(job)

    def test_a_job_that_kills_its_process_each_time_is_failed_after_three(self):
        self.rig.start_worker(RECTRAIN_FAIL_POINTS="phase_train:1:9")
        poison = self.rig.add_job("als", iterations=3, factors=8)
        row = self.rig.wait_for_end(poison)
        self.assertEqual((row["status"], row["error_code"], row["attempt"]),
                         ("failed", "worker_died", 3))
        self.assertIn("killed by signal 9", row["error_message"])
        self.assertEqual(self.rig.files(), [])

    def test_with_its_keeper_killed_a_worker_ends(self):
        worker = self.rig.start_worker()
        slot = self.rig.slots(worker)[0]
        wait_until(lambda: self.rig.rows("SELECT count(*) FROM workers") == [(1,)])
        os.kill(worker.popen.pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(slot), 10, "the process ends")


class Stopped(WorkerTest):
    def test_an_idle_worker_stops_at_once(self):
        worker = self.rig.start_worker()
        wait_until(lambda: self.rig.rows("SELECT count(*) FROM workers") == [(1,)])
        self.assertLess(stop(worker), 2)
        self.assertEqual(self.rig.rows("SELECT count(*) FROM workers"), [(0,)])

    def test_after_its_grace_a_worker_gives_its_job_back_uncounted(self):
        worker = self.rig.start_worker(STOP_GRACE_SECONDS="1")
        job = self.rig.add_job("als", **LONG)
        self.rig.wait_for(job, lambda row: row["iteration"] > 0)
        self.assertGreater(stop(worker), 0.9)
        row = self.rig.job(job)
        self.assertEqual((row["status"], row["attempt"], row["deaths"]), ("pending", 0, 0))
        self.assertEqual(self.rig.files(), [])
        self.assertEqual(self.rig.rows("SELECT count(*) FROM outbox WHERE job_id = ?", job),
                         [(1,)])

    def test_a_second_signal_gives_the_job_back_at_once(self):
        worker = self.rig.start_worker(STOP_GRACE_SECONDS="600")
        job = self.rig.add_job("als", **LONG)
        self.rig.wait_for(job, lambda row: row["iteration"] > 0)
        worker.send(signal.SIGTERM)
        wait_until(lambda: "worker_asked_to_stop" in worker.tail(), what="the first is heard")
        self.assertLess(stop(worker), 3)
        self.assertEqual(self.rig.job(job)["status"], "pending")

    def test_within_its_grace_a_worker_ends_its_job(self):
        worker = self.rig.start_worker(RECTRAIN_FAIL_POINTS="phase_train:1:1:stop",
                                       STOP_GRACE_SECONDS="60")
        job = self.rig.add_job("als", iterations=3, factors=8)
        self.rig.wait_for(job, lambda row: row["phase"] == "train")
        child = children_of(self.rig.slots(worker)[0])[0]
        worker.send(signal.SIGTERM)
        wait_until(lambda: "worker_asked_to_stop" in worker.tail(), what="it is heard")
        os.kill(child, signal.SIGCONT)
        self.assert_completed(job, self.rig.wait_for_end(job))
        worker.wait(10)


class Fenced(WorkerTest):
    def test_a_worker_that_slept_too_long_changes_nothing(self):
        sleeper = self.rig.start_worker(RECTRAIN_FAIL_POINTS="phase_train:1:1:stop")
        job = self.rig.add_job("als", iterations=3, factors=8)
        self.rig.wait_for(job, lambda row: row["phase"] == "train")
        slot = self.rig.slots(sleeper)[0]
        os.kill(slot, signal.SIGSTOP)
        self.rig.give_to_others(job)
        self.rig.start_worker()
        row = self.rig.wait_for_end(job)
        path = self.assert_completed(job, row)
        os.kill(slot, signal.SIGCONT)
        wait_until(lambda: " fenced " in sleeper.tail(), what="it hears of it")
        wait_until(lambda: not children_of(slot), what="its child is gone")
        self.assertEqual(self.rig.job(job), row)
        self.assertEqual(self.rig.files(), sorted([
            os.path.basename(path), os.path.basename(path).replace(".pkl", ".hits.json")]))


if __name__ == "__main__":
    unittest.main()
