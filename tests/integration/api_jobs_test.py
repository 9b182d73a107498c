"""Jobs by the API, against a real server with a real worker: started, listed, read, changed and
removed; and what must not happen to them."""

import concurrent.futures
import csv
import io
import unittest

from jobs_case import Jobs
from processes import LONG
from stack import Stack

BRIEF_KEYS = ["job_id", "status", "metrics", "model_path", "created_at", "updated_at"]
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


class StartTest(Jobs):
    workers = 0

    def test_the_briefs_form_starts_a_job(self):
        answer = self.owner.post("/start_training/", form={
            "model_type": "als", "data_path": self.data, "iterations": 15, "factors": 80})
        self.assertEqual(answer.status, 202, answer)
        job = answer.json()
        self.assertEqual(list(job)[:6], BRIEF_KEYS)
        self.assertEqual(job["status"], "pending")
        self.assertIsNone(job["metrics"])
        self.assertRegex(job["created_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$")
        self.assertEqual(answer.headers["Location"], f"/api/v1/jobs/{job['job_id']}")
        params = self.owner.get(answer.headers["Location"]).json()["params"]
        self.assertEqual((params["iterations"], params["factors"]), (15, 80))

    def test_json_starts_one_with_the_runs_parameters_too(self):
        answer = self.owner.post("/api/v1/jobs", json={
            "model_type": "als", "data_path": self.data, "name": "mine", "params": {"factors": 8},
            "eval_days": 7, "seed": 5, "item_column": "node"})
        self.assertEqual(answer.status, 202, answer)
        job = answer.json()
        self.assertEqual((job["name"], job["params"]["factors"]), ("mine", 8))
        self.assertEqual((job["run"]["eval_days"], job["run"]["seed"]), (7, 5))
        self.assertEqual(job["run"]["eval_every"], 1)  # people watch

    def test_a_browser_without_scripts_gets_the_page(self):
        form = {"model_type": "als", "data_path": self.data, "iterations": "3", "factors": "4",
                "name": ""}
        answer = self.owner.post("/start_training/", form=form, headers=HTML)
        self.assertEqual(answer.status, 303, answer)
        self.assertRegex(answer.headers["Location"], r"^/training/\?started=\d+$")
        self.assertEqual(self.owner.get(answer.headers["Location"], headers=HTML).status, 200)

    def test_a_browsers_faulty_form_comes_back_with_what_was_typed(self):
        form = {"model_type": "als", "data_path": "/nowhere/<x>", "iterations": "0"}
        answer = self.owner.post("/start_training/", form=form, headers=HTML)
        self.assertEqual((answer.status, answer.type), (422, "text/html"))
        self.assertIn("/nowhere/&lt;x&gt;", answer.text)
        self.assertNotIn("/nowhere/<x>", answer.text)
        self.assertIn("iterations is 0", answer.text)

    def test_every_wrong_field_is_told_at_once(self):
        form = {"model_type": "als", "data_path": "/etc", "iterations": "0", "factors": "many",
                "k": "-1", "colour": "red"}
        told = {"iterations", "factors", "k", "colour", "data_path"}
        for path in ("/start_training/", "/api/v1/jobs"):
            self.assertEqual(set(self.fields_of(self.owner.post(path, form=form))), told)
            self.assertEqual(set(self.fields_of(self.owner.post(path, json=form))), told)

    def test_a_path_that_is_no_data_is_told_at_its_field(self):
        root = self.stack.data_root
        for path in ("/etc", f"{root}/..", f"{root}/nothing", "", f"{root}/small/events.pq",
                     "/proc/self/root/etc", f"{root}/small/../../..", "x" * 5000, "a\tb"):
            with self.subTest(path=path):
                answer = self.owner.post("/start_training/", form={
                    "model_type": "popular", "data_path": path})
                self.assertEqual(self.fields_of(answer), ["data_path"])

    def test_a_link_out_of_the_roots_is_not_followed(self):
        link = self.stack.data_root / "link"
        link.symlink_to("/etc")
        self.addCleanup(link.unlink)
        answer = self.owner.post("/start_training/", form={
            "model_type": "popular", "data_path": str(link)})
        self.assertEqual(self.fields_of(answer), ["data_path"])

    def test_a_body_that_cannot_be_read_is_told(self):
        cases = [("application/json", b'{"model_type":', 400, "json_malformed"),
                 ("application/json", b"[1]", 400, "json_malformed"),
                 ("application/json", b'{"k": 1, "k": 2}', 400, "json_malformed"),
                 ("application/x-www-form-urlencoded", b"k=%GG", 400, "form_malformed"),
                 ("application/x-www-form-urlencoded", b"k=1&k=2", 400, "form_malformed"),
                 ("text/plain", b"model_type=als", 415, "media_type")]
        for kind, body, status, code in cases:
            with self.subTest(body=body):
                self.assert_problem(self.owner.post("/start_training/", body=body, headers={
                    "Content-Type": kind}), status, code)
        self.assertEqual(self.fields_of(self.owner.post("/start_training/")),
                         ["model_type", "data_path"])

    def test_no_login_no_job(self):
        answer = self.stack.anonymous().post("/start_training/", form={})
        self.assert_problem(answer, 401, "login_required")


class KeyTest(Jobs):
    workers = 0

    def post(self, key, client=None, path="/start_training/", **fields):
        return (client or self.owner).post(path, headers={"Idempotency-Key": key}, form={
            "model_type": "popular", "data_path": self.data, **fields})

    def test_the_same_key_makes_one_job(self):
        first, again = self.post("one"), self.post("one")
        self.assertEqual((first.status, again.status), (202, 202))
        self.assertEqual(first.json()["job_id"], again.json()["job_id"])
        self.assertNotEqual(self.post("two").json()["job_id"], first.json()["job_id"])

    def test_a_key_with_another_body_is_refused(self):
        self.post("body", k=10)
        self.assert_problem(self.post("body", k=11), 422, "key_reused")
        self.assert_problem(self.post("body", path="/api/v1/jobs", k=10), 422, "key_reused")

    def test_a_key_is_its_users(self):
        mine, theirs = self.post("shared"), self.post("shared", client=self.other)
        self.assertNotEqual(mine.json()["job_id"], theirs.json()["job_id"])

    def test_a_key_still_gives_its_job_when_the_data_is_gone(self):
        data = self.stack.data_root / "brief"
        data.mkdir()
        first = self.post("gone", data_path=str(data))
        data.rmdir()
        again = self.post("gone", data_path=str(data))
        self.assertEqual((first.status, again.status), (202, 202), again)
        self.assertEqual(first.json()["job_id"], again.json()["job_id"])

    def test_a_key_of_no_characters_is_refused(self):
        for key in ('""', "a b", "x" * 200):
            self.assert_problem(self.post(key), 400, "header_malformed")

    def test_many_at_once_with_one_key_make_one_job(self):
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: self.post("race"), range(16)))
        self.assertEqual({answer.status for answer in answers}, {202})
        self.assertEqual(len({answer.json()["job_id"] for answer in answers}), 1)

    def test_retry_and_clone_honour_it_too(self):
        job_id = self.start()
        self.owner.post(f"/api/v1/jobs/{job_id}/cancel")
        for verb in ("retry", "clone"):
            path, key = f"/api/v1/jobs/{job_id}/{verb}", {"Idempotency-Key": verb}
            answers = [self.owner.post(path, headers=key).json() for _ in range(2)]
            self.assertEqual(answers[0]["job_id"], answers[1]["job_id"])
            self.assertNotEqual(answers[0]["job_id"], job_id)
        self.assert_problem(self.owner.post(f"/api/v1/jobs/{job_id}/clone", headers={
            "Idempotency-Key": "retry"}), 422, "key_reused")


class LimitTest(Jobs):
    workers = 0
    environment = {"MAX_JOBS_PER_USER": "2"}

    def test_no_more_jobs_than_allowed_are_open(self):
        first = self.start()
        self.start()
        form = {"model_type": "popular", "data_path": self.data}
        self.assert_problem(self.owner.post("/start_training/", form=form), 429, "too_many_jobs")
        self.start(client=self.other)
        self.owner.post(f"/api/v1/jobs/{first}/cancel")
        self.assertEqual(self.owner.post("/start_training/", form=form).status, 202)
        self.assert_problem(self.owner.post(f"/api/v1/jobs/{first}/retry"), 429, "too_many_jobs")


class ListTest(Jobs):
    workers = 0

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.ids = [cls.stack.start_job(cls.owner, "als" if i % 2 else "popular",
                                       name=f"job {i:02}")["job_id"] for i in range(20)]
        for job_id in cls.ids[:5]:
            cls.owner.post(f"/api/v1/jobs/{job_id}/cancel")
        cls.stack.start_job(cls.other, "popular", name="not yours")

    def setUp(self):
        self.extra = []
        self.addCleanup(self.remove_extra)

    def remove_extra(self):
        for job_id in self.extra:
            self.owner.post(f"/api/v1/jobs/{job_id}/cancel")
            self.owner.delete(f"/api/v1/jobs/{job_id}")

    def jobs(self, query=""):
        answer = self.owner.get("/api/v1/jobs" + query)
        self.assertEqual(answer.status, 200, answer)
        return [job["job_id"] for job in answer.json()["jobs"]]

    def test_a_page_holds_the_newest_and_says_how_many_there_are(self):
        answer = self.owner.get("/api/v1/jobs?limit=3").json()
        self.assertEqual([job["job_id"] for job in answer["jobs"]], self.ids[:-4:-1])
        self.assertEqual(answer["total"], 20)
        self.assertNotIn("result", answer["jobs"][0])

    def test_filters(self):
        self.assertEqual(set(self.jobs("?status=cancelled")), set(self.ids[:5]))
        self.assertEqual(len(self.jobs("?status=pending,cancelled")), 20)
        self.assertEqual(set(self.jobs("?model_type=als")), set(self.ids[1::2]))
        self.assertEqual(self.jobs("?q=JOB%2007"), [self.ids[7]])
        self.assertEqual(self.jobs("?q=not%20yours"), [])
        self.assertEqual(self.jobs("?status=&q=&model_type="), self.ids[::-1])
        answer = self.owner.get("/api/v1/jobs?status=cancelled&limit=2").json()
        self.assertEqual(answer["total"], 5)

    def test_orders(self):
        self.assertEqual(self.jobs("?sort=created"), self.ids)
        self.assertEqual(self.jobs("?sort=name"), self.ids)
        self.assertEqual(self.jobs("?sort=-name"), self.ids[::-1])
        self.assertEqual(set(self.jobs("?sort=status")[:5]), set(self.ids[:5]))
        self.assertEqual(len(self.jobs("?sort=-metric:recall_at_k")), 20)

    def test_what_cannot_be_asked_is_told(self):
        for query in ("?limit=0", "?limit=1001", "?limit=x", "?sort=size", "?sort=metric:",
                      "?status=done", "?status=pending,x", "?format=xml", "?ids=1,x", "?ids=0"):
            with self.subTest(query=query):
                self.assert_problem(self.owner.get("/api/v1/jobs" + query), 400, "parameter_range")
        self.assert_problem(self.owner.get("/api/v1/jobs?colour=red"), 400, "parameter_unknown")
        for cursor in ("x", "n:1:1", "i:-1", "t:zz:1", "i:1:2"):
            self.assert_problem(self.owner.get(f"/api/v1/jobs?cursor={cursor}"), 400, "cursor")

    def test_pages_lead_from_one_to_the_next(self):
        for sort in ("created", "-created", "name", "-status", "-updated", "metric:recall_at_k"):
            seen, path = [], f"/api/v1/jobs?limit=3&q=job&sort={sort}"
            while path:
                answer = self.owner.get(path)
                seen += [job["job_id"] for job in answer.json()["jobs"]]
                link = answer.headers.get("Link")
                self.assertEqual(link is None, answer.json()["next"] is None)
                path = link and link.split(">")[0].lstrip("<")
            self.assertEqual(sorted(seen), self.ids, sort)

    def test_jobs_that_come_and_go_between_pages_shift_nothing(self):
        seen, cursor = [], None
        doomed = [self.start(name="doomed") for _ in range(2)]
        self.owner.post(f"/api/v1/jobs/{doomed[1]}/cancel")
        while cursor != "":
            answer = self.owner.get("/api/v1/jobs?limit=4" + (f"&cursor={cursor}" if cursor else
                                                              "")).json()
            seen += [job["job_id"] for job in answer["jobs"]]
            cursor = answer["next"] or ""
            self.extra.append(self.start(name="new"))
            if doomed:  # what was shown already goes away
                job_id = doomed.pop()
                self.owner.post(f"/api/v1/jobs/{job_id}/cancel")
                self.assertEqual(self.owner.delete(f"/api/v1/jobs/{job_id}").status, 204)
        self.assertEqual([job_id for job_id in seen if job_id in self.ids], self.ids[::-1])
        self.assertEqual(len(seen), len(set(seen)))

    def test_some_by_their_ids(self):
        wanted = [self.ids[3], 10 ** 9, self.ids[1]]
        answer = self.owner.get(f"/api/v1/jobs?ids={','.join(map(str, wanted))}").json()
        self.assertEqual([job["job_id"] for job in answer["jobs"]], [wanted[0], wanted[2]])
        self.assertEqual(answer["total"], 2)
        theirs = self.other.get("/api/v1/jobs").json()["jobs"][0]["job_id"]
        self.assertEqual(self.jobs(f"?ids={theirs}"), [])

    def test_a_list_that_did_not_change_is_not_sent_again(self):
        first = self.owner.get("/api/v1/jobs?limit=2")
        again = self.owner.get("/api/v1/jobs?limit=2",
                               headers={"If-None-Match": first.headers["ETag"]})
        self.assertEqual((again.status, again.body), (304, b""))
        self.extra.append(self.start())
        again = self.owner.get("/api/v1/jobs?limit=2",
                               headers={"If-None-Match": first.headers["ETag"]})
        self.assertEqual(again.status, 200)

    def test_csv_has_a_line_for_each_job_and_no_formulas(self):
        self.extra.append(self.start(name='=HYPERLINK("x"), "y"'))
        answer = self.owner.get("/api/v1/jobs", headers={"Accept": "text/csv"})
        self.assertEqual(answer.type, "text/csv", answer)
        self.assertIn("jobs.csv", answer.headers["Content-Disposition"])
        rows = list(csv.DictReader(io.StringIO(answer.text)))
        self.assertEqual([int(row["job_id"]) for row in rows], [self.extra[-1], *self.ids[::-1]])
        self.assertEqual(rows[0]["name"], '\'=HYPERLINK("x"), "y"')
        self.assertEqual(rows[1]["iterations"], "10")
        self.assertEqual(rows[2]["iterations"], "")  # popular has none
        self.assertEqual(rows[-1]["status"], "cancelled")
        some = self.owner.get("/api/v1/jobs?format=csv&status=cancelled&limit=2")
        self.assertEqual(len(list(csv.DictReader(io.StringIO(some.text)))), 2)


class OneTest(Jobs):
    def test_a_completed_job_tells_everything(self):
        job = self.done(name="whole")
        self.assertEqual(job["progress"], 1)
        self.assertGreater(job["metrics"]["recall_at_k"], 0)
        self.assertEqual(set(job["popular_metrics"]), set(job["metrics"]))
        self.assertEqual(job["result"]["metrics"], job["metrics"])
        self.assertIsNone(self.done(model_type="popular")["popular_metrics"])
        self.assertEqual(job["model"]["path"], job["model_path"])
        self.assertGreater(job["log_bytes"], 0)
        status = self.owner.get(f"/training_status/{job['job_id']}").json()
        self.assertEqual(status["metrics"], job["metrics"])
        self.assertEqual(status["model_path"], job["model_path"])

    def test_the_status_is_sent_again_only_when_it_changed(self):
        job_id = self.start()
        path = f"/training_status/{job_id}"
        self.stack.wait_for_job(self.owner, job_id)
        first = self.owner.get(path)
        again = self.owner.get(path, headers={"If-None-Match": first.headers["ETag"]})
        self.assertEqual((again.status, again.body), (304, b""))
        head = self.owner.request("HEAD", path)
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(head.headers["ETag"], first.headers["ETag"])

    def test_what_is_no_job_is_not_found(self):
        for job_id in ("999999", "0", "-1", "x", "1.5", "%31%00", "99999999999999999999"):
            with self.subTest(job_id=job_id):
                answer = self.owner.get(f"/training_status/{job_id}")
                self.assertIn(answer.status, (404, 400), answer)

    def test_a_job_gets_a_name_unless_it_changed_meanwhile(self):
        path = f"/api/v1/jobs/{self.done()['job_id']}"
        tag = self.owner.get(path).headers["ETag"]
        answer = self.owner.patch(path, json={"name": "first"}, headers={"If-Match": tag})
        self.assertEqual((answer.status, answer.json()["name"]), (200, "first"), answer)
        self.assertNotEqual(answer.headers["ETag"], tag)
        self.assert_problem(self.owner.patch(path, json={"name": "x"}, headers={"If-Match": tag}),
                            412, "precondition")
        answer = self.owner.patch(path, json={"name": None})
        self.assertIsNone(answer.json()["name"])
        self.assertEqual(self.owner.patch(path, json={"name": "y"},
                                          headers={"If-Match": "*"}).status, 200)
        for body in ({"name": "x" * 201}, {"name": "a\nb"}, {"name": 1}, {}):
            self.assertEqual(self.fields_of(self.owner.patch(path, json=body)), ["name"])
        self.assertEqual(self.fields_of(self.owner.patch(path, json={"name": "z", "status": "x"})),
                         ["status"])
        self.assert_problem(self.owner.patch(path, form={"name": "z"}), 415, "media_type")
        self.assertEqual(self.owner.get(path).json()["name"], "y")

    def test_a_removed_job_leaves_no_file(self):
        job = self.done()
        path = f"/api/v1/jobs/{job['job_id']}"
        model = self.stack.models / job["model"]["file_name"]
        files = [model, model.with_name(model.stem + ".hits.json"),
                 self.stack.models / "logs" / f"job_{job['job_id']}.log"]
        self.assertEqual([one.exists() for one in files], [True] * 3, files)
        self.assertEqual(self.owner.delete(path).status, 204)
        self.assertEqual([one.exists() for one in files], [False] * 3)
        for gone in (path, f"/training_status/{job['job_id']}", path + "/events", path + "/log",
                     path + "/metrics", f"/api/v1/models/{job['model']['model_id']}"):
            code = "no_such_model" if "/models/" in gone else "not_found"
            self.assert_problem(self.owner.get(gone), 404, code)
        self.assert_problem(self.owner.delete(path), 404, "not_found")


class ChangeTest(Jobs):
    def long_job(self):
        """A job that runs long enough to be looked at."""
        return self.start(model_type="als", **LONG, eval_every=1)

    def test_a_pending_job_is_cancelled_at_once(self):
        running = self.long_job()
        job_id = self.start()
        answer = self.owner.post(f"/api/v1/jobs/{job_id}/cancel")
        self.assertEqual(answer.status, 202, answer)
        self.assertEqual(answer.json()["status"], "cancelled")
        status = self.owner.get(f"/training_status/{job_id}").json()
        self.assertEqual((status["status"], status["error"]["code"]), ("failed", "cancelled"))
        self.assert_problem(self.owner.post(f"/api/v1/jobs/{job_id}/cancel"), 409, "job_ended")
        self.owner.post(f"/api/v1/jobs/{running}/cancel")
        self.stack.wait_for_job(self.owner, running)

    def test_a_running_job_stops_and_leaves_no_model(self):
        job_id = self.long_job()
        self.stack.wait_for_job(self.owner, job_id, statuses=("training",))
        self.assert_problem(self.owner.delete(f"/api/v1/jobs/{job_id}"), 409, "job_running")
        self.assert_problem(self.owner.post(f"/api/v1/jobs/{job_id}/retry"), 409, "job_running")
        answer = self.owner.post(f"/api/v1/jobs/{job_id}/cancel")
        self.assertTrue(answer.json()["cancel_requested"] or
                        answer.json()["status"] == "cancelled", answer)
        job = self.stack.wait_for_job(self.owner, job_id)
        self.assertEqual(job["status"], "cancelled", job)
        self.assertIsNone(job["model"])
        self.assertEqual(list(self.stack.models.glob(f"*_model_{job_id}_*")), [])

    def test_an_ended_job_is_tried_again_as_it_was(self):
        job = self.done(name="again", seed=3, k=20)
        answer = self.owner.post(f"/api/v1/jobs/{job['job_id']}/retry")
        self.assertEqual(answer.status, 202, answer)
        new = answer.json()
        self.assertEqual(answer.headers["Location"], f"/api/v1/jobs/{new['job_id']}")
        self.assertEqual(new["source_id"], job["job_id"])
        for key in ("name", "model_type", "data_path", "params", "run"):
            self.assertEqual(new[key], job[key])
        again = self.stack.wait_for_job(self.owner, new["job_id"])
        self.assertEqual(again["metrics"], job["metrics"])  # equal seeds, equal models

    def test_a_job_whose_data_is_gone_is_not_tried_again(self):
        data = self.stack.data_root / "short-lived"
        data.mkdir()
        job_id = self.start(data_path=str(data))
        self.assertEqual(self.stack.wait_for_job(self.owner, job_id)["status"], "failed")
        data.rmdir()
        answer = self.owner.post(f"/api/v1/jobs/{job_id}/retry")
        self.assertEqual(self.fields_of(answer), ["data_path"])

    def test_a_clone_differs_in_what_is_named(self):
        job = self.done(k=20)
        path = f"/api/v1/jobs/{job['job_id']}/clone"
        new = self.owner.post(path, json={"name": "wider", "factors": 6, "run": {"seed": 9}}).json()
        self.assertEqual((new["name"], new["source_id"]), ("wider", job["job_id"]))
        self.assertEqual(new["params"], {**job["params"], "factors": 6})
        self.assertEqual(new["run"], {**job["run"], "seed": 9})
        plain = self.owner.post(path).json()
        self.assertEqual((plain["params"], plain["run"]), (job["params"], job["run"]))
        other = self.owner.post(path, form={"model_type": "popular"}).json()
        self.assertEqual((other["model_type"], other["run"]["k"]), ("popular", 20))
        self.assertEqual(set(self.fields_of(self.owner.post(path, json={
            "factors": 0, "data_path": "/etc", "x": 1}))), {"factors", "data_path", "x"})


class HistoryTest(Jobs):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        job_id = cls.stack.start_job(cls.owner, "als", iterations=4, factors=4)["job_id"]
        cls.job = cls.stack.wait_for_job(cls.owner, job_id)
        cls.path = f"/api/v1/jobs/{job_id}"

    def test_events_tell_the_life_of_a_job(self):
        events = self.owner.get(self.path + "/events").json()
        kinds = [event["kind"] for event in events["events"]]
        self.assertEqual((kinds[0], kinds[1], kinds[-1]), ("created", "claimed", "completed"))
        self.assertIsNone(events["next"])
        ids, after = [], 0
        while after is not None:
            page = self.owner.get(f"{self.path}/events?limit=2&after={after}").json()
            ids += [event["event_id"] for event in page["events"]]
            after = page["next"]
        self.assertEqual(ids, [event["event_id"] for event in events["events"]])
        self.assert_problem(self.owner.get(self.path + "/events?limit=0"), 400, "parameter_range")

    def test_curves_have_a_point_for_each_iteration(self):
        curves = self.owner.get(self.path + "/metrics").json()
        self.assertEqual(curves["attempt"], 1)
        series = {one["name"]: one["points"] for one in curves["series"]}
        self.assertLessEqual({"loss", "seconds", "recall_at_k"}, set(series))
        self.assertEqual([step for step, _ in series["loss"]], [1, 2, 3, 4])
        told = [one["loss"] for one in self.job["result"]["iterations"]]
        self.assertEqual([value for _, value in series["loss"]], told)

    def test_a_job_that_has_not_begun_has_neither_curves_nor_log(self):
        blocker = self.start(model_type="als", **LONG)
        job_id = self.start()
        path = f"/api/v1/jobs/{job_id}"
        self.assertEqual(self.owner.get(path + "/metrics").json(),
                         {"attempt": None, "series": []})
        self.assertEqual(self.owner.get(path + "/log").text, "")
        for one in (job_id, blocker):
            self.owner.post(f"/api/v1/jobs/{one}/cancel")
        self.stack.wait_for_job(self.owner, blocker)

    def test_the_log_is_read_whole_or_in_part(self):
        whole = self.owner.get(self.path + "/log")
        self.assertEqual((whole.status, whole.type), (200, "text/plain"))
        self.assertEqual(len(whole.body), self.job["log_bytes"])
        self.assertRegex(whole.text, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \w+ ")
        part = self.owner.get(self.path + "/log", headers={"Range": "bytes=5-9"})
        self.assertEqual((part.status, part.body), (206, whole.body[5:10]))
        tail = self.owner.get(self.path + "/log", headers={"Range": "bytes=-4"})
        self.assertEqual(tail.body, whole.body[-4:])
        beyond = self.owner.get(self.path + "/log", headers={"Range": "bytes=9999999-"})
        self.assert_problem(beyond, 416, "range_unsatisfiable")
        self.assertIsNone(whole.headers.get("Content-Disposition"))
        saved = self.owner.get(self.path + "/log?download=1")
        self.assertIn(f"job_{self.job['job_id']}.log", saved.headers["Content-Disposition"])


class OwnerTest(Jobs):
    def test_anothers_job_is_not_found_whatever_is_asked(self):
        job = self.done()
        path, model = f"/api/v1/jobs/{job['job_id']}", f"/api/v1/models/{job['model']['model_id']}"
        asked = [("GET", f"/training_status/{job['job_id']}"), ("GET", path), ("DELETE", path),
                 ("GET", path + "/events"), ("GET", path + "/log"), ("GET", path + "/metrics"),
                 ("POST", path + "/cancel"), ("POST", path + "/retry"), ("POST", path + "/clone"),
                 ("GET", model), ("DELETE", model), ("GET", model + "/download")]
        for method, place in asked:
            with self.subTest(method=method, place=place):
                code = "no_such_model" if "/models/" in place else "not_found"
                self.assert_problem(self.other.request(method, place), 404, code)
        self.assert_problem(self.other.patch(path, json={"name": "mine"}), 404, "not_found")
        self.assertEqual(self.other.get("/api/v1/jobs").json()["jobs"], [])
        self.assertEqual(self.other.get("/api/v1/models").json()["models"], [])
        self.assertEqual(self.owner.get(path).status, 200)


class RestartTest(unittest.TestCase):
    def test_a_job_survives_its_server(self):
        with Stack("sqlite", workers=0) as stack:
            client = stack.client()
            job_id = stack.start_job(client, "popular")["job_id"]
            stack.server.kill()
            stack.start_server(WORKERS="1")
            job = stack.wait_for_job(client, job_id)
            self.assertEqual(job["status"], "completed", job)


if __name__ == "__main__":
    unittest.main()
