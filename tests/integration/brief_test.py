"""The manual that the platform was built by, section by section, against a running server: each
test is named after the section that it follows. What a section shows in a browser is in tests/e2e,
what it shows with RabbitMQ and PostgreSQL in fleet_test.py, its client in client_test.py, its
extensions in extending_test.py, its benchmark table in demo_test.sh."""

import datetime
import pickle
import re
import unittest

from stack import StackTest, make_data, wait_until

SIX = {"pending", "loading_data", "preprocessing", "training", "completed", "failed"}
KEYS = {"job_id", "status", "metrics", "model_path", "created_at", "updated_at"}


class Brief(StackTest):
    workers = 1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = cls.stack.client()

    def status_of(self, job_id):
        answer = self.client.get(f"/training_status/{job_id}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def train(self, model_type, **fields):
        """A training to its end, as /training_status tells it."""
        job_id = self.stack.start_job(self.client, model_type, **fields)["job_id"]
        wait_until(lambda: self.status_of(job_id)["status"] in ("completed", "failed"), 120)
        return self.status_of(job_id)

    def test_overview_both_models_can_be_trained(self):
        for model_type in ("popular", "als"):
            self.assertEqual(self.train(model_type)["status"], "completed", model_type)

    def test_features_background_processing_answers_at_once(self):
        job = self.stack.start_job(self.client, "als")
        self.assertIn(job["status"], ("pending", "loading_data"))
        self.stack.wait_for_job(self.client, job["job_id"])

    def test_features_model_versioning_keeps_each_training_apart(self):
        paths = {self.train("als", factors=4, iterations=1)["model_path"] for _ in range(2)}
        self.assertEqual(len(paths), 2)
        files = {model["file_name"] for model in self.client.get("/api/v1/models").json()["models"]}
        self.assertLessEqual({path.rsplit("/", 1)[1] for path in paths}, files)

    def test_features_metrics_tracking_has_recall_precision_and_f1(self):
        metrics = self.train("als", factors=8)["metrics"]
        recall, precision = metrics["recall_at_k"], metrics["precision_at_k"]
        self.assertGreater(recall, 0)
        self.assertAlmostEqual(metrics["f1_at_k"], 2 * recall * precision / (recall + precision),
                               places=9)

    def test_features_hyperparameters_change_the_model(self):
        one, two = (self.train("als", factors=factors, iterations=2) for factors in (4, 12))
        for status, factors in ((one, 4), (two, 12)):
            with open(self.stack.room.directory / status["model_path"], "rb") as file:
                model = pickle.load(file)
            self.assertEqual(model["model"]["item_factors"].shape[1], factors)

    def test_quick_start_2_the_page_asks_for_the_login_and_has_model_training(self):
        stranger = self.stack.anonymous(headers={"Accept": "text/html"})
        self.assertIn("/auth/login", stranger.get("/", follow=True).url)
        page = self.client.get("/", follow=True, headers={"Accept": "text/html"})
        self.assertEqual(page.status, 200)
        self.assertIn("Model Training", page.text)

    def test_quick_start_3_the_form_of_a_browser_starts_a_training(self):
        answer = self.client.post(
            "/start_training/", headers={"Accept": "text/html"},
            form={"model_type": "als", "data_path": str(self.stack.data), "iterations": "2",
                  "factors": "4"})
        self.assertEqual(answer.status, 303, answer)
        started = re.search(r"started=(\d+)", answer.headers["Location"]).group(1)
        self.stack.wait_for_job(self.client, started, ("completed",))

    def test_quick_start_4_history_and_details_show_the_training(self):
        status = self.train("als", factors=4, iterations=1)
        history = self.client.get("/training/", headers={"Accept": "text/html"}).text
        self.assertIn(f"/training/{status['job_id']}", history)
        details = self.client.get(f"/training/{status['job_id']}",
                                  headers={"Accept": "text/html"}).text
        self.assertIn(status["model_path"].rsplit("/", 1)[1], details)

    def test_data_requirements_are_checked_before_a_training(self):
        empty = self.stack.data_root / "empty"
        empty.mkdir(exist_ok=True)
        answer = self.client.post("/api/v1/data_sources/check", json={"data_path": str(empty)})
        self.assertEqual(answer.status, 422, answer)
        self.assertIn("clickstream.pq", answer.text)
        good = self.client.post("/api/v1/data_sources/check",
                                json={"data_path": str(self.stack.data)}).json()
        self.assertEqual(good["rows"], 20000)

    def test_model_types_have_the_defaults_of_the_manual(self):
        kinds = {kind["name"]: kind for kind in
                 self.client.get("/api/v1/model_types").json()["model_types"]}
        defaults = {param["name"]: param["default"] for param in kinds["als"]["params"]}
        self.assertEqual((defaults["iterations"], defaults["factors"]), (10, 60))
        self.assertNotIn("iterations", {param["name"] for param in kinds["popular"]["params"]})

    def test_api_start_training_takes_the_form_of_the_manual(self):
        answer = self.client.post(
            "/start_training/", headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=f"model_type=als&data_path={self.stack.data}&iterations=15&factors=8".encode())
        self.assertEqual(answer.status, 202, answer)
        job = answer.json()
        self.assertEqual(answer.headers["Location"], f"/api/v1/jobs/{job['job_id']}")
        done = self.stack.wait_for_job(self.client, job["job_id"], ("completed",))
        self.assertEqual((done["params"]["iterations"], done["params"]["factors"]), (15, 8))

    def test_api_training_status_has_the_keys_of_the_manual(self):
        done = self.train("als", factors=4, iterations=1)
        self.assertLessEqual(KEYS, set(done))
        self.assertLessEqual({"recall_at_k", "precision_at_k", "f1_at_k"}, set(done["metrics"]))
        for key in ("created_at", "updated_at"):
            self.assertRegex(done[key], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$")
            moment = datetime.datetime.fromisoformat(done[key])
            self.assertLess(abs(datetime.datetime.utcnow() - moment),
                            datetime.timedelta(minutes=10))
        self.assertIsInstance(done["job_id"], int)

    def test_data_flow_every_status_is_one_of_the_six_and_never_goes_back(self):
        order = ["pending", "loading_data", "preprocessing", "training", "completed"]
        medium = make_data(self.stack.data_root / "medium", rows=300000, users=4000, items=3000)
        job_id = self.stack.start_job(self.client, "als", data_path=str(medium),
                                      iterations=15)["job_id"]
        seen = []
        wait_until(lambda: seen.append(self.status_of(job_id)["status"]) or seen[-1] == "completed",
                   120, pause=0.005)
        self.assertLessEqual(set(seen), SIX)
        places = [order.index(status) for status in seen]
        self.assertEqual(places, sorted(places))
        self.assertIn("training", seen)
        early = self.stack.start_job(self.client, "als", data_path=str(medium), iterations=300)
        first = self.status_of(early["job_id"])
        self.assertIsNone(first["metrics"])
        self.assertIsNone(first["model_path"])
        self.client.post(f"/api/v1/jobs/{early['job_id']}/cancel")
        self.stack.wait_for_job(self.client, early["job_id"], ("cancelled",))
        self.assertEqual(self.status_of(early["job_id"])["status"], "failed")

    def test_model_storage_names_kind_job_and_time(self):
        done = self.train("popular")
        name = done["model_path"].rsplit("/", 1)[1]
        self.assertRegex(name, rf"^popular_model_{done['job_id']}_\d{{8}}_\d{{6}}\.pkl$")
        self.assertTrue((self.stack.models / name).is_file())

    def test_model_storage_holds_the_model_and_the_mappings(self):
        done = self.train("als", factors=4, iterations=1)
        with open(self.stack.models / done["model_path"].rsplit("/", 1)[1], "rb") as file:
            content = pickle.load(file)
        self.assertEqual(content["model"]["user_factors"].shape[0],
                         len(content["mappings"]["users"]))

    def test_monitoring_logs_tell_of_a_training(self):
        done = self.train("popular")
        log = self.client.get(f"/api/v1/jobs/{done['job_id']}/log")
        self.assertEqual((log.status, log.type), (200, "text/plain"))
        self.assertRegex(log.text, r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
        self.assertIn(f"{done['job_id']}", self.stack.server.output())

    def test_troubleshooting_data_not_found_is_told_at_once(self):
        for path in (str(self.stack.data_root / "nothing"), "/etc", "relative"):
            answer = self.client.post("/start_training/",
                                      form={"model_type": "popular", "data_path": path})
            self.assertIn(answer.status, (400, 422), answer)
            errors = answer.json()["errors"]
            self.assertIn("data_path", [error.get("field") or error.get("name") for error in errors])

    def test_troubleshooting_a_failed_training_says_why(self):
        job_id = self.stack.start_job(self.client, "popular", time_column="no_such")["job_id"]
        done = self.stack.wait_for_job(self.client, job_id)
        self.assertEqual(done["status"], "failed")
        self.assertEqual(done["error"]["code"], "column_missing")
        self.assertIn("no_such", done["error"]["message"])

    def test_performance_tips_window_and_sample_can_be_set(self):
        done = self.train("als", factors=4, iterations=1, eval_days=7, sample_users=0.5)
        self.assertEqual(done["status"], "completed", done)
        run = self.client.get(f"/api/v1/jobs/{done['job_id']}").json()["run"]
        self.assertEqual((run["eval_days"], run["sample_users"]), (7, 0.5))

    def test_security_jobs_belong_to_their_user(self):
        job_id = self.train("popular")["job_id"]
        other = self.stack.add_user("somebody@example.com")
        for path in (f"/training_status/{job_id}", f"/api/v1/jobs/{job_id}", f"/training/{job_id}"):
            self.assertEqual(other.get(path).status, 404, path)
            self.assertEqual(self.stack.anonymous().get(path).status, 401, path)
        self.assertEqual(self.stack.anonymous().post("/start_training/", form={}).status, 401)


if __name__ == "__main__":
    unittest.main()
