"""training_example.py with a real server: each of its methods, and the errors that people meet."""

import hashlib
import os
import pickle
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from processes import LONG
from shared import shared_text
from stack import DEMO_EMAIL, DEMO_PASSWORD, StackTest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
import training_example as te  # noqa: E402


class WithServer(StackTest):
    def setUp(self):
        self.client = te.TrainingClient(self.stack.url)
        self.client.login(DEMO_EMAIL, DEMO_PASSWORD)
        self.addCleanup(self.client.logout)
        self.data = str(self.stack.data)

    def trained(self, model_type="popular", **parameters):
        job_id = self.client.start_training(model_type, self.data, **parameters)
        return job_id, self.client.wait_for_completion(job_id, timeout=120)

    def test_login_tells_who_it_is_and_logout_ends_the_session(self):
        client = te.TrainingClient(self.stack.url)
        self.assertEqual(client.login(DEMO_EMAIL, DEMO_PASSWORD)["email"], DEMO_EMAIL)
        token = client._token
        client.logout()
        with self.assertRaises(te.NotLoggedIn):
            te.TrainingClient(self.stack.url, token=token).whoami()

    def test_a_wrong_password_and_no_login_are_not_logged_in(self):
        with self.assertRaises(te.NotLoggedIn):
            te.TrainingClient(self.stack.url).login(DEMO_EMAIL, "wrong")
        with self.assertRaises(te.NotLoggedIn):
            te.TrainingClient(self.stack.url).status(1)

    def test_leaving_the_context_ends_the_session(self):
        with te.TrainingClient(self.stack.url) as client:
            client.login(DEMO_EMAIL, DEMO_PASSWORD)
            token = client._token
        with self.assertRaises(te.NotLoggedIn):
            te.TrainingClient(self.stack.url, token=token).whoami()

    def test_an_api_token_does_as_well_as_a_login(self):
        self.stack.add_user("token@example.com")
        token = self.stack.run("user", "token", "token@example.com").stdout.strip()
        client = te.TrainingClient(self.stack.url, token=token)
        self.assertEqual(client.whoami()["email"], "token@example.com")
        job_id = client.start_training("popular", self.data)
        self.assertEqual(client.wait_for_completion(job_id)["status"], "completed")
        with self.assertRaises(te.NotFound):
            self.client.status(job_id)

    def test_a_job_from_start_to_model(self):
        seen = []
        job_id = self.client.start_training("als", self.data, iterations=3, factors=4, seed=7,
                                            name="From a program")
        result = self.client.wait_for_completion(job_id, on_update=seen.append)
        self.assertEqual(seen[-1]["status"], "completed")
        self.assertGreater(result["metrics"]["f1_at_k"], 0)
        job = self.client.job(job_id)
        self.assertEqual((job["name"], job["params"]["factors"]), ("From a program", 4))
        self.assertEqual([step for step, _ in self.client.series(job_id)["loss"]], [1, 2, 3])
        self.assertIn("completed", [event["kind"] for event in self.client.events(job_id)])
        self.assertTrue(self.client.log(job_id))
        path = self.client.download_model(job_id, str(self.stack.room.directory))
        self.addCleanup(os.unlink, path)
        self.assertEqual(os.path.basename(path), job["model"]["file_name"])
        content = Path(path).read_bytes()
        self.assertEqual(hashlib.sha256(content).hexdigest(), job["model"]["sha256"])
        self.assertEqual(pickle.loads(content)["model"]["item_factors"].shape[1], 4)
        self.assertIn(job_id, [model["job_id"] for model in self.client.models()])

    def test_a_model_recommends_explains_and_is_compared(self):
        refs = []
        for factors in (4, 6):
            job_id, _ = self.trained("als", iterations=2, factors=factors)
            refs.append(self.client.job(job_id)["model"]["model_id"])
        ref, user = refs[0], next(self.client.known_users(refs[0]))
        told = self.client.recommend(ref, user, k=5, deny={1, 2})
        self.assertEqual((told["user"], told["basis"], len(told["items"])), (user, "user", 5))
        self.assertEqual(told["model"]["model_id"], ref)
        self.assertEqual(self.client.recommend(ref, "nobody")["basis"], "popular")
        users = list(self.client.known_users(ref))
        lists = list(self.client.recommend_many(ref, users + [10 ** 9], k=3))
        self.assertEqual([one["user"] for one in lists], users + [10 ** 9])
        self.assertEqual(lists[0]["items"], self.client.recommend(ref, user, k=3)["items"])
        history = {one["item"]: one["count"] for one in self.client.user_history(ref, user)}
        folded = self.client.recommend(ref, items=history)
        self.assertEqual(folded["basis"], "history")
        self.assertFalse({one["item"] for one in folded["items"]} & set(history))
        best = folded["items"][0]["item"]
        why = self.client.explain(ref, best, items=history, reasons=1000)
        self.assertAlmostEqual(sum(one["part"] for one in why["reasons"]), why["score"])
        self.assertEqual(why["rank"], 1)
        self.assertEqual(self.client.explain(ref, next(iter(history)), user)["kept_out"], "seen")
        alike = [one["item"] for one in self.client.similar(ref, best, k=3)["items"]]
        self.assertEqual((len(alike), best in alike), (3, False))
        both = self.client.compare(ref, refs[1], user, k=5)
        self.assertEqual([both[side]["model"]["model_id"] for side in ("left", "right")], refs)
        with self.assertRaises(ValueError):
            self.client.recommend(ref, user, items=[1])
        with self.assertRaises(te.NotFound) as caught:
            self.client.similar(ref, "nothing")
        self.assertEqual(caught.exception.code, "item_unknown")

    def test_versions_are_promoted_moved_back_and_exported(self):
        client = self.client
        for _ in range(2):
            self.trained("als", iterations=1, factors=2, model_name="shelf")
        self.assertEqual([one["ref"] for one in client.models(name="shelf")],
                         ["shelf:2", "shelf:1"])
        self.assertIn("shelf", [one["name"] for one in client.model_names()])
        client.promote("shelf", 1, reason="a beginning", override=True)
        self.assertEqual(client.verdict("shelf:2")["outcome"], "within_noise")
        with self.assertRaises(te.Conflict):
            client.promote("shelf", 2)
        self.assertFalse(client.set_gate("shelf", gate=False)["gate"])
        client.promote("shelf", 2)
        self.assertEqual(client.undo_promotion("shelf", reason="slow")["to_version"], 1)
        self.assertEqual([one["kind"] for one in client.alias_history("shelf", "champion")],
                         ["undo", "move", "move"])
        self.assertEqual(client.aliases_at("shelf", "2100-01-31"), {"champion": 1})
        self.assertEqual(client.edit_model("shelf:2", note="kept", tags=["a"])["tags"], ["a"])
        with tempfile.TemporaryDirectory() as directory:
            path = client.export_model("shelf:2", directory)
            self.assertTrue(client.export_model("shelf:2", directory, "npz").endswith(".npz"))
            hits = str(self.stack.models / client.model("shelf:2")["file_name"].replace(
                ".pkl", ".hits.json"))
            self.assertEqual(client.import_model(path, "shelf", hits=hits)["ref"], "shelf:3")
        self.assertEqual(client.verdict("shelf:3", against="shelf:2")["outcome"], "within_noise")
        client.remove_model("shelf:3")
        self.assertEqual(client.remove_alias("shelf", "champion")["kind"], "remove")

    def test_a_prediction_from_start_to_file(self):
        job_id, _ = self.trained("als", iterations=2, factors=4)
        ref = self.client.job(job_id)["model"]["model_id"]
        seen = []
        made = self.client.start_prediction(ref, users=[3, 5], k=2, format="csv", name="two")
        done = self.client.wait_for_prediction(made, timeout=60, on_update=seen.append)
        self.assertEqual((done["name"], done["file"]["users"]), ("two", 2))
        self.assertEqual(seen[-1], done)
        with tempfile.TemporaryDirectory() as directory:
            path = self.client.download_prediction(made, directory)
            self.assertEqual(os.path.basename(path), done["file"]["file_name"])
            lines = Path(path).read_text().splitlines()
            with self.assertRaises(FileExistsError):
                self.client.download_prediction(made, directory)
        self.assertEqual(lines[0], "cookie,node,rank,score")
        self.assertEqual([int(line.split(",")[0]) for line in lines[1:]], [3, 3, 5, 5])
        rows = self.client.preview_prediction(made, limit=1)
        self.assertEqual([str(value) for value in rows[0][:3]], lines[1].split(",")[:3])
        again = self.client.retry_prediction(made)
        self.assertEqual(self.client.wait_for_prediction(again, timeout=60)["source_id"], made)
        self.assertEqual([one["prediction_id"] for one in self.client.predictions(model=ref)],
                         [again, made])
        with self.assertRaises(te.Conflict):
            self.client.cancel_prediction(made)
        self.client.delete_prediction(made)
        with self.assertRaises(te.NotFound):
            self.client.prediction(made)
        with self.assertRaises(te.InvalidRequest) as caught:
            self.client.start_prediction("nobody", k=0)
        self.assertEqual({error["field"] for error in caught.exception.errors}, {"model", "k"})
        strangers = self.client.start_prediction(ref, users=[10 ** 9])
        with self.assertRaises(te.JobFailed) as caught:
            self.client.wait_for_prediction(strangers, timeout=60)
        self.assertEqual(caught.exception.code, "users_unknown")

    def test_the_same_key_starts_one_job(self):
        ids = {self.client.start_training("popular", self.data, idempotency_key="once")
               for _ in range(3)}
        self.assertEqual(len(ids), 1)

    def test_jobs_are_listed_filtered_and_counted_over_pages(self):
        self.addCleanup(setattr, te, "PAGE", te.PAGE)
        ids = [self.trained()[0] for _ in range(3)]
        te.PAGE = 2
        listed = [job["job_id"] for job in self.client.list_jobs(status="completed",
                                                                 model_type="popular")]
        self.assertEqual(listed, sorted(listed, reverse=True))
        self.assertLessEqual(set(ids), set(listed))
        self.assertEqual(len(self.client.list_jobs(limit=2)), 2)

    def test_cancel_retry_clone_and_delete(self):
        job_id = self.client.start_training("als", self.data, **LONG)
        self.client.cancel(job_id)
        with self.assertRaises(te.JobCancelled):
            self.client.wait_for_completion(job_id, timeout=60)
        with self.assertRaises(te.Conflict):
            self.client.cancel(job_id)
        clone = self.client.clone(job_id, iterations=2, factors=4)
        self.assertEqual(self.client.wait_for_completion(clone)["status"], "completed")
        again = self.client.retry(clone)
        self.assertEqual(self.client.job(again)["params"]["factors"], 4)
        self.client.wait_for_completion(again)
        for one in (job_id, clone, again):
            self.client.delete(one)
            with self.assertRaises(te.NotFound):
                self.client.status(one)

    def test_what_is_wrong_is_told_field_by_field(self):
        with self.assertRaises(te.InvalidRequest) as caught:
            self.client.start_training("als", self.data, factors=0, iterations=-1)
        self.assertEqual({error["field"] for error in caught.exception.errors},
                         {"factors", "iterations"})
        with self.assertRaises(te.InvalidRequest) as caught:
            self.client.start_training("popular", "/etc")
        self.assertIn("data_path", {error["field"] for error in caught.exception.errors})

    def test_data_is_checked_before_a_job(self):
        report = self.client.check_data(self.data)
        self.assertEqual(report["rows"], 20000)
        self.assertIn(self.data, [os.path.abspath(source["path"])
                                  for source in self.client.data_sources()])
        with self.assertRaises(te.InvalidRequest) as caught:
            self.client.check_data(self.data, user_column="nobody")
        self.assertEqual(caught.exception.code, "column_missing")

    def test_a_job_that_fails_raises_its_reason(self):
        job_id = self.client.start_training("popular", self.data, item_column="nothing")
        with self.assertRaises(te.JobFailed) as caught:
            self.client.wait_for_completion(job_id)
        self.assertEqual(caught.exception.code, "column_missing")
        self.assertIn("nothing", str(caught.exception))
        with self.assertRaises(te.Conflict):
            self.client.download_model(job_id)

    def test_the_kinds_of_models_are_listed_with_their_parameters(self):
        kinds = {kind["name"]: kind for kind in self.client.model_types()}
        self.assertIn("factors", [param["name"] for param in kinds["als"]["params"]])

    def test_the_brief_s_example_runs_with_the_address_from_the_environment(self):
        # Word by word it runs in fleet_test.py, where there is a /data.
        example = Path(__file__).with_name("brief_example.py").read_text()
        self.assertIn('data_path="/data"', example)
        done = subprocess.run(
            [sys.executable, "-B", "-c", example.replace('"/data"', repr(self.data))], cwd=ROOT,
            env={"RECTRAIN_URL": self.stack.url, "PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            capture_output=True, text=True, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^F1@40: 0\.\d{4}\n$")

    def test_the_script_prints_metrics_and_says_what_is_wrong(self):
        def script(*words):
            return subprocess.run([sys.executable, "-B", ROOT / "training_example.py", "--url",
                                   self.stack.url, *words], capture_output=True, text=True,
                                  timeout=300, check=False)
        done = script("--data-path", self.data, "--factors", "4", "--iterations", "2")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"recall_at_k +0\.\d+")
        self.assertIn("completed", done.stderr)
        done = script("--password", "wrong")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, r"^training_example.py: 401 login_wrong: ")
        self.assertNotIn("Traceback", done.stderr)


class Brief(unittest.TestCase):
    def test_our_copy_of_the_example_is_the_brief_s_own(self):
        block = shared_text("product-brief.md").split("```python\n")[1].split("```")[0]
        self.assertEqual(block, Path(__file__).with_name("brief_example.py").read_text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
