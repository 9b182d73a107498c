"""What becomes of predictions when a worker is killed at any point, and on the fleet."""

import hashlib
import os
import signal
import time
import unittest

from processes import children_of, is_alive, wait_until
from stack import Stack

CHILD_POINTS = ("phase_load", "phase_evaluate", "phase_save", "tmp_written")
PARENT_POINTS = ("claimed", "spawned", "result", "renamed", "committed")
CANCEL_SECONDS = 2


class Deaths(unittest.TestCase):
    """A server without workers, and one prediction worker that is killed where a test says."""

    def setUp(self):
        self.stack = Stack(workers=1)
        self.addCleanup(self.stack.close)
        self.client = self.stack.client()
        job = self.stack.start_job(self.client, "als", iterations=2, factors=4)
        self.stack.wait_for_job(self.client, job["job_id"])
        self.stack.server.stop()
        self.stack.start_server(WORKERS="0")
        self.directory = self.stack.models / "predictions"

    def start(self, **fields):
        body = {"model": "als", "k": 10, "format": "csv", **fields}
        return self.client.post("/api/v1/predictions", json=body).json()["prediction_id"]

    def files(self):
        return sorted(one.name for one in self.directory.iterdir()) if self.directory.exists() \
            else []

    def assert_whole(self, done):
        """Completed, with the one file that its record names, and that is what it says."""
        self.assertEqual(done["status"], "completed", done)
        # What an attempt left that was killed before it could record it goes just after the end.
        wait_until(lambda: self.files() == [done["file"]["file_name"]], what="one file is left")
        content = (self.directory / done["file"]["file_name"]).read_bytes()
        self.assertEqual(hashlib.sha256(content).hexdigest(), done["file"]["sha256"])
        self.assertEqual(content.count(b"\n"), done["file"]["rows"] + 1)
        wait_until(lambda: not list(self.stack.models.glob(".attempt_*")),
                   what="the attempts' directories go")

    def test_killed_at_any_point_it_is_made_by_the_next_attempt(self):
        for point in (*CHILD_POINTS, *PARENT_POINTS):
            with self.subTest(point):
                worker = self.stack.start_predict_worker(RECTRAIN_FAIL_POINTS=f"{point}:1:1")
                prediction = self.start()
                done = self.stack.wait_for_prediction(self.client, prediction)
                self.assert_whole(done)
                self.assertEqual(done["attempt"], 1 if point == "committed" else 2)
                worker.stop()
                self.client.delete(f"/api/v1/predictions/{prediction}")
                self.assertEqual(self.files(), [])

    def test_killed_at_every_attempt_it_fails_and_its_message_is_laid_aside(self):
        self.stack.start_predict_worker(RECTRAIN_FAIL_POINTS="phase_evaluate:1:9")
        prediction = self.start()
        done = self.stack.wait_for_prediction(self.client, prediction)
        self.assertEqual((done["status"], done["error"]["code"]), ("failed", "worker_died"))
        self.assertIsNone(done["file"])
        self.assertEqual(self.files(), [])
        wait_until(lambda: self.client.get("/api/v1/system").json()["prediction_queue"]["dead"]
                   == 1, what="the dead letter")
        self.assertEqual(self.client.get("/api/v1/system").json()["queue"]["dead"], 0)

    def test_a_worker_killed_by_its_id_loses_nothing(self):
        worker = self.stack.start_predict_worker(RECTRAIN_FAIL_POINTS="phase_evaluate:1:1:stop")
        prediction = self.start()
        self.stack.wait_for_prediction(self.client, prediction, ("predicting",))
        slot = children_of(worker.popen.pid)[0]
        os.kill(slot, signal.SIGKILL)
        wait_until(lambda: not is_alive(slot), what="it is gone")
        self.assert_whole(self.stack.wait_for_prediction(self.client, prediction))

    def test_one_that_runs_is_stopped_in_two_seconds(self):
        """Even where its process does not answer: it is halted at that point."""
        self.stack.start_predict_worker(RECTRAIN_FAIL_POINTS="phase_evaluate:1:1:stop")
        prediction = self.start()
        self.stack.wait_for_prediction(self.client, prediction, ("predicting",))
        begun = time.monotonic()
        answer = self.client.post(f"/api/v1/predictions/{prediction}/cancel")
        self.assertEqual(answer.status, 202, answer)
        done = self.stack.wait_for_prediction(self.client, prediction)
        self.assertLess(time.monotonic() - begun, CANCEL_SECONDS)
        self.assertEqual((done["status"], done["error"]["code"]), ("cancelled", "cancelled"))
        self.assertEqual(self.files(), [])
        wait_until(lambda: not list(self.stack.models.glob(".attempt_*")),
                   what="the attempt's directory goes")

    def test_one_that_waits_is_cancelled_at_once(self):
        prediction = self.start()
        answer = self.client.post(f"/api/v1/predictions/{prediction}/cancel")
        self.assertEqual((answer.status, answer.json()["status"]), (202, "cancelled"))
        again = self.client.post(f"/api/v1/predictions/{prediction}/cancel")
        self.assertEqual((again.status, again.json()["code"]), (409, "job_ended"))

    def test_without_its_model_it_fails_with_the_reason(self):
        prediction = self.start()
        model = self.client.get("/api/v1/models").json()["models"][0]
        answer = self.client.get(f"/api/v1/predictions/{prediction}/download")
        self.assertEqual((answer.status, answer.json()["code"]), (409, "prediction_not_finished"))
        self.assertEqual(self.client.delete(f"/api/v1/models/{model['model_id']}").status, 204)
        self.stack.start_predict_worker()
        done = self.stack.wait_for_prediction(self.client, prediction)
        self.assertEqual((done["status"], done["error"]["code"]), ("failed", "model_gone"))
        self.assertIsNone(done["model"])
        answer = self.client.post(f"/api/v1/predictions/{prediction}/retry")
        self.assertEqual((answer.status, answer.json()["code"]), (409, "model_gone"))

    def test_a_damaged_model_is_refused_by_its_checksum(self):
        model = self.client.get("/api/v1/models").json()["models"][0]
        path = self.stack.models / model["file_name"]
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        self.stack.start_predict_worker()
        done = self.stack.wait_for_prediction(self.client, self.start())
        self.assertEqual((done["status"], done["error"]["code"]),
                         ("failed", "model_file_corrupt"))
        path.write_bytes(content[:-10])
        done = self.stack.wait_for_prediction(self.client, self.start())
        self.assertEqual(done["error"]["code"], "model_file_changed")

    def test_a_training_worker_does_not_take_predictions(self):
        self.stack.start_worker()
        prediction = self.start()
        time.sleep(1)
        self.assertEqual(self.client.get(f"/api/v1/predictions/{prediction}").json()["status"],
                         "pending")
        self.stack.start_predict_worker()
        self.assert_whole(self.stack.wait_for_prediction(self.client, prediction))

    def test_a_worker_that_is_told_to_stop_gives_it_back(self):
        worker = self.stack.start_predict_worker(RECTRAIN_FAIL_POINTS="phase_evaluate:1:1:stop",
                                                 STOP_GRACE_SECONDS="0")
        prediction = self.start()
        self.stack.wait_for_prediction(self.client, prediction, ("predicting",))
        worker.stop()
        self.stack.wait_for_prediction(self.client, prediction, ("pending",))
        self.stack.start_predict_worker()
        done = self.stack.wait_for_prediction(self.client, prediction)
        self.assert_whole(done)
        self.assertEqual(done["attempt"], 1)

    def test_what_nobody_names_is_found_and_removed(self):
        self.directory.mkdir()
        prediction = self.start()
        self.client.post(f"/api/v1/predictions/{prediction}/cancel")
        orphan = self.directory / f"predictions_{prediction}_20260102_030405.csv"
        foreign = self.directory / "predictions_987654_20260102_030405.csv"
        for file in (orphan, foreign):
            file.write_text("cookie,node,rank,score\n")
        report = self.stack.run("db", "check", check=False)
        self.assertIn(orphan.name, report.stdout + report.stderr)
        self.stack.run("db", "check", "--repair", check=False)
        self.assertFalse(orphan.exists())
        self.assertTrue(foreign.exists())


class Fleet(unittest.TestCase):
    """PostgreSQL and RabbitMQ: the queue prediction_tasks, and workers of their own."""

    def test_predictions_go_through_their_queue(self):
        stack = Stack("fleet", workers=0, management=False)
        self.addCleanup(stack.close)
        client = stack.client()
        stack.start_worker()
        job = stack.start_job(client, "als", iterations=2, factors=4)
        self.assertEqual(stack.wait_for_job(client, job["job_id"])["status"], "completed")
        made = [client.post("/api/v1/predictions", json={"model": "als", "k": 5}).json()
                for _ in range(3)]
        wait_until(lambda: client.get("/api/v1/system").json()["prediction_queue"]["messages"]
                   == 3, what="the messages wait in the broker")
        killed = stack.start_predict_worker(RECTRAIN_FAIL_POINTS="phase_evaluate:1:1")
        for one in made:
            done = stack.wait_for_prediction(client, one["prediction_id"])
            self.assertEqual((done["status"], done["attempt"]), ("completed", 2), done)
        killed.stop()
        system = client.get("/api/v1/system").json()
        self.assertEqual(system["queue"]["dead"], 0)
        wait_until(lambda: client.get("/api/v1/system").json()["prediction_queue"]["messages"]
                   == 0, what="the queue is empty")

if __name__ == "__main__":
    unittest.main()
