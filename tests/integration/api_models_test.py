"""Models, the tables of what can be trained, data and the System page's numbers, by the API."""

import hashlib
import shutil
import unittest

from client import Client
from jobs_case import QUICK, Jobs
from processes import LONG


class ModelsTest(Jobs):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.jobs = []
        for number in range(3):
            job_id = cls.stack.start_job(cls.owner, "als", name=f"model {number}", **QUICK)["job_id"]
            cls.jobs.append(cls.stack.wait_for_job(cls.owner, job_id))

    def path_of(self, job):
        return f"/api/v1/models/{job['model']['model_id']}"

    def file_of(self, job):
        return self.stack.models / job["model"]["file_name"]

    def test_a_model_tells_what_it_is(self):
        job = self.jobs[0]
        model = self.owner.get(self.path_of(job)).json()
        self.assertEqual(model["job_id"], job["job_id"])
        self.assertEqual((model["job_name"], model["k"]), ("model 0", job["run"]["k"]))
        self.assertEqual(model["metrics"], job["metrics"])
        self.assertEqual(model["size_bytes"], self.file_of(job).stat().st_size)
        digest = hashlib.sha256(self.file_of(job).read_bytes()).hexdigest()
        self.assertEqual(model["sha256"], digest)

    def test_models_come_by_pages_the_newest_first(self):
        seen, cursor = [], None
        while cursor != 0:
            page = self.owner.get("/api/v1/models?limit=2" + (f"&cursor={cursor}" if cursor else
                                                              "")).json()
            seen += [model["model_id"] for model in page["models"]]
            cursor = page["next"] or 0
        self.assertEqual(seen, sorted(seen, reverse=True))
        self.assertLessEqual({job["model"]["model_id"] for job in self.jobs[:2]}, set(seen))
        self.assert_problem(self.owner.get("/api/v1/models?cursor=x"), 400, "parameter_range")

    def test_a_model_is_downloaded_whole_or_in_part(self):
        job = self.jobs[0]
        path, content = self.path_of(job) + "/download", self.file_of(job).read_bytes()
        whole = self.owner.get(path)
        self.assertEqual((whole.status, whole.body), (200, content))
        self.assertEqual(whole.headers["ETag"], f'"{job["model"]["sha256"]}"')
        self.assertIn(job["model"]["file_name"], whole.headers["Content-Disposition"])
        self.assertIn("attachment", whole.headers["Content-Disposition"])
        half = len(content) // 2
        rest = self.owner.get(path, headers={"Range": f"bytes={half}-",
                                             "If-Range": whole.headers["ETag"]})
        self.assertEqual((rest.status, rest.body), (206, content[half:]))
        changed = self.owner.get(path, headers={"Range": "bytes=0-9", "If-Range": '"another"'})
        self.assertEqual((changed.status, len(changed.body)), (200, len(content)))
        known = self.owner.get(path, headers={"If-None-Match": whole.headers["ETag"]})
        self.assertEqual((known.status, known.body), (304, b""))
        head = self.owner.request("HEAD", path)
        self.assertEqual((head.status, int(head.headers["Content-Length"])), (200, len(content)))

    def test_a_file_that_vanished_is_told_as_such(self):
        job = self.jobs[1]
        kept = self.file_of(job).with_suffix(".kept")
        self.file_of(job).rename(kept)
        self.addCleanup(kept.rename, self.file_of(job))
        self.assert_problem(self.owner.get(self.path_of(job) + "/download"), 410,
                            "model_file_missing")

    def test_a_file_that_became_a_link_is_not_sent(self):
        job = self.jobs[1]
        kept = self.file_of(job).with_suffix(".kept")
        self.file_of(job).rename(kept)
        self.addCleanup(kept.rename, self.file_of(job))
        self.file_of(job).symlink_to("/etc/passwd")
        self.addCleanup(self.file_of(job).unlink)
        self.assert_problem(self.owner.get(self.path_of(job) + "/download"), 410,
                            "model_file_missing")

    def test_a_file_of_another_size_is_not_sent_as_the_model(self):
        job = self.jobs[1]
        content = self.file_of(job).read_bytes()
        self.addCleanup(self.file_of(job).write_bytes, content)
        self.file_of(job).write_bytes(content[:-1])
        self.assert_problem(self.owner.get(self.path_of(job) + "/download"), 410,
                            "model_file_changed")

    def test_a_removed_model_leaves_its_job_without_one(self):
        job = self.jobs[2]
        path = self.path_of(job)
        hits = self.file_of(job).with_name(self.file_of(job).stem + ".hits.json")
        self.assertTrue(hits.exists())
        self.assertEqual(self.owner.delete(path).status, 204)
        self.assertFalse(self.file_of(job).exists() or hits.exists())
        self.assert_problem(self.owner.get(path), 404, "no_such_model")
        self.assert_problem(self.owner.delete(path), 404, "no_such_model")
        left = self.owner.get(f"/api/v1/jobs/{job['job_id']}").json()
        self.assertEqual((left["status"], left["model_path"], left["model"]),
                         ("completed", None, None))


class TablesTest(Jobs):
    workers = 0

    def test_every_kind_with_its_defaults_can_be_started(self):
        tables = self.owner.get("/api/v1/model_types").json()
        self.assertEqual([kind["name"] for kind in tables["model_types"]], ["popular", "als"])
        for kind in tables["model_types"]:
            params = [*kind["params"], *tables["run_params"]]
            fields = {one["name"]: one["default"] for one in params if one["default"] is not None}
            job = self.owner.post("/api/v1/jobs", json={
                "model_type": kind["name"], "data_path": self.data, **fields})
            self.assertEqual(job.status, 202, job)
            for one in params:
                told = {**job.json()["params"], **job.json()["run"]}[one["name"]]
                self.assertEqual(told, one["default"], one["name"])

    def test_ranges_and_choices_are_those_that_are_checked(self):
        tables = self.owner.get("/api/v1/model_types").json()
        params = [*tables["model_types"][1]["params"], *tables["run_params"]]
        for one in params:
            wrong = []
            if one["min"] is not None:
                wrong = [one["min"] - 1, one["max"] + 1]
                if one["above_min"]:
                    wrong.append(one["min"])
            elif one["choices"]:
                wrong = ["none of " + one["choices"][0]]
            for value in wrong:
                answer = self.owner.post("/api/v1/jobs", json={
                    "model_type": "als", "data_path": self.data, one["name"]: value})
                self.assertEqual(self.fields_of(answer), [one["name"]], value)

    def test_metrics_are_described(self):
        metrics = self.owner.get("/api/v1/model_types").json()["metrics"]
        self.assertIn("recall_at_k", [one["name"] for one in metrics])
        for one in metrics:
            self.assertNotIn("%", one["title"])
            self.assertTrue(one["help"])

    def test_tables_that_did_not_change_are_not_sent_again(self):
        tag = self.owner.get("/api/v1/model_types").headers["ETag"]
        again = self.owner.get("/api/v1/model_types", headers={"If-None-Match": tag})
        self.assertEqual(again.status, 304)


class DataTest(Jobs):
    workers = 0

    def check(self, **fields):
        return self.owner.post("/api/v1/data_sources/check", json=fields)

    def test_sources_are_listed(self):
        partial = self.stack.data_root / "partial"
        partial.mkdir()
        self.addCleanup(shutil.rmtree, partial)
        shutil.copy(self.stack.data / "clickstream.pq", partial)
        answer = self.owner.get("/api/v1/data_sources").json()
        self.assertEqual(answer["roots"], [str(self.stack.data_root)])
        found = {one["path"]: one["is_complete"] for one in answer["sources"]}
        self.assertEqual(found, {self.data: True, str(partial): False})
        self.assertEqual(answer["files"], [])
        (partial / "users.csv").write_text("cookie\n1\n")
        (partial / "notes.txt").write_text("none")
        (partial / "linked.csv").symlink_to(partial / "users.csv")
        files = self.owner.get("/api/v1/data_sources").json()["files"]
        self.assertEqual([(one["path"], one["size_bytes"]) for one in files],
                         [(str(partial / "users.csv"), 9)])

    def test_good_data_is_reported_on(self):
        report = self.check(data_path=self.data).json()
        self.assertEqual(report["rows"], 20000)
        self.assertEqual(report["funnel"]["rows"], 20000)
        self.assertGreater(report["holdout"]["pairs"], 0)
        self.assertGreater(report["estimate"]["memory_bytes"], 0)
        form = self.owner.post("/api/v1/data_sources/check", form={
            "model_type": "als", "data_path": self.data, "sample_users": "0.5", "factors": ""})
        self.assertEqual(form.status, 200, form)
        self.assertLess(form.json()["users"], report["users"])

    def test_faults_of_the_data_have_their_code(self):
        answer = self.check(data_path=self.data, item_column="nothing")
        problem = self.assert_problem(answer, 422, "column_missing")
        self.assertEqual([one["field"] for one in problem["errors"]], ["data_path"])
        broken = self.stack.data_root / "broken"
        broken.mkdir()
        self.addCleanup(shutil.rmtree, broken)
        self.assert_problem(self.check(data_path=str(broken)), 422, "file_missing")
        shutil.copy(self.stack.data / "events.pq", broken)
        (broken / "clickstream.pq").write_bytes(b"PAR1" + bytes(100) + b"PAR1")
        self.assertEqual(self.check(data_path=str(broken)).status, 422)

    def test_wrong_fields_are_told_as_for_a_job(self):
        self.assertEqual(self.fields_of(self.check(data_path="/etc", k=0)), ["k", "data_path"])
        self.assertEqual(self.fields_of(self.check()), ["data_path"])


class SystemTest(Jobs):
    def test_it_tells_what_runs_and_hides_others_jobs(self):
        admin = self.stack.add_user("admin@example.com", admin=True)
        job_id = self.start(model_type="als", **LONG)
        self.addCleanup(self.owner.post, f"/api/v1/jobs/{job_id}/cancel")
        self.stack.wait_for_job(self.owner, job_id, statuses=("training",))
        self.start()

        def busy(client):
            workers = client.get("/api/v1/system").json()["workers"]
            return next((one for one in workers if one["is_busy"]), None)
        mine, theirs, told = busy(self.owner), busy(self.other), busy(admin)
        self.assertEqual((mine["job_id"], mine["is_mine"]), (job_id, True))
        self.assertEqual((theirs["job_id"], theirs["is_mine"]), (None, False))
        self.assertEqual((told["job_id"], told["is_mine"]), (job_id, False))
        system = self.other.get("/api/v1/system").json()
        self.assertEqual(system["counts"]["pending"], 1)
        self.assertGreater(system["oldest_pending_seconds"], 0)
        self.assertEqual((system["store"]["kind"], system["queue"]["kind"]),
                         ("sqlite", "built_in"))
        self.assertGreater(system["disk"]["models_bytes_free"], 0)


class TokenTest(Jobs):
    workers = 0

    def test_a_token_that_may_read_changes_nothing(self):
        secret = self.owner.post("/api/v1/tokens", json={
            "name": "reader", "scope": "read", "days": 1}).json()["token"]
        reader = Client(self.stack.url, bearer=secret)
        job_id = self.start()
        path = f"/api/v1/jobs/{job_id}"
        self.assertEqual(reader.get(path).status, 200)
        form = {"model_type": "popular", "data_path": self.data}
        for method, place in (("POST", "/start_training/"), ("POST", "/api/v1/jobs"),
                              ("DELETE", path), ("POST", path + "/cancel"),
                              ("POST", path + "/retry"), ("POST", path + "/clone")):
            self.assert_problem(reader.request(method, place, form=form), 403, "scope")
        self.assertEqual(self.owner.get(path).json()["status"], "pending")
        checked = reader.post("/api/v1/data_sources/check", form=form)
        self.assertEqual(checked.status, 200, checked)


if __name__ == "__main__":
    unittest.main()
