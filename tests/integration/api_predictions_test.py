"""Predictions through the API, by real workers: for all users, for those of the evaluation and for
lists."""

import csv
import hashlib
import io
import json
import os
import pickle
import threading
import time
import unittest

import numpy

from processes import wait_until
from stack import StackTest, events_of


def recommend(model, user, k, exclude_seen=True):
    """The plain computation from the model file: (item, score), the best first, then by id."""
    users, items = model["mappings"]["users"], model["mappings"]["items"]
    row = int(numpy.searchsorted(users, user))
    matrix = model["matrix"]
    if model["model"]["type"] == "popular":
        scores = numpy.asarray(model["popularity"], "f8").copy()
    else:
        factors = model["model"]
        scores = factors["item_factors"].astype("f8") @ factors["user_factors"][row].astype("f8")
    if exclude_seen:
        seen = matrix["indices"][matrix["indptr"][row]:matrix["indptr"][row + 1]]
        scores[seen] = -numpy.inf
    order = numpy.lexsort((items, -scores))[:k]
    return [(int(items[i]), float(scores[i])) for i in order if numpy.isfinite(scores[i])]


class Predictions(StackTest):
    """One platform for all cases, with a model of each kind."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = cls.stack.client()
        for kind, fields in (("als", {"iterations": 3, "factors": 8}), ("popular", {})):
            job = cls.stack.start_job(cls.client, kind, **fields)
            done = cls.stack.wait_for_job(cls.client, job["job_id"])
            assert done["status"] == "completed", done

    def model(self, name="als"):
        models = self.client.get(f"/api/v1/models?name={name}").json()["models"]
        with open(self.stack.models / models[0]["file_name"], "rb") as file:
            return pickle.load(file)

    def start(self, **fields):
        answer = self.client.post("/api/v1/predictions", json={"model": "als", **fields})
        self.assertEqual(answer.status, 202, answer)
        made = answer.json()
        self.assertEqual(answer.headers["Location"],
                         f"/api/v1/predictions/{made['prediction_id']}")
        return made

    def finish(self, **fields):
        made = self.start(**fields)
        done = self.stack.wait_for_prediction(self.client, made["prediction_id"])
        self.assertEqual(done["status"], "completed", done)
        return done

    def download(self, done):
        answer = self.client.get(f"/api/v1/predictions/{done['prediction_id']}/download")
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(len(answer.body), done["file"]["size_bytes"])
        self.assertEqual(hashlib.sha256(answer.body).hexdigest(), done["file"]["sha256"])
        return answer

    def rows(self, done):
        text = self.download(done).text
        rows = list(csv.reader(io.StringIO(text)))
        self.assertEqual(rows[0], ["cookie", "node", "rank", "score"])
        self.assertEqual(len(rows) - 1, done["file"]["rows"])
        return [(int(u), int(i), int(r), float(s)) for u, i, r, s in rows[1:]]

    def lists(self, rows):
        lists = {}
        for user, item, rank, score in rows:
            lists.setdefault(user, []).append((item, score))
            self.assertEqual(rank, len(lists[user]))
        return lists

    def assert_lists(self, rows, model, k, **options):
        """Equal to the plain computation; where two scores are as good as equal they may change
        places."""
        lists = self.lists(rows)
        for user, have in lists.items():
            want = recommend(model, user, k, **options)
            self.assertEqual(len(have), len(want), user)
            self.assertEqual(len({item for item, _ in have}), len(have))
            for (item, score), (other, wanted) in zip(have, want):
                self.assertAlmostEqual(score, wanted, delta=1e-4 * max(1, abs(wanted)))
                if item != other:
                    near = dict(want).get(item, wanted)
                    self.assertAlmostEqual(near, wanted, delta=1e-4)
        return lists

    # ---- whom for ----

    def test_all_users_get_what_the_file_says(self):
        model = self.model()
        rows = self.rows(self.finish(k=10, format="csv"))
        lists = self.assert_lists(rows, model, 10)
        self.assertEqual(sorted(lists), [int(u) for u in model["mappings"]["users"]])
        self.assertEqual(len(rows), len({(u, i) for u, i, _, _ in rows}))

    def test_what_was_touched_can_be_left_in(self):
        rows = self.rows(self.finish(k=5, format="csv", exclude_seen=False))
        self.assert_lists(rows, self.model(), 5, exclude_seen=False)

    def test_the_popular_list_is_for_everybody_without_what_they_touched(self):
        rows = self.rows(self.finish(model="popular", k=4, format="csv"))
        self.assert_lists(rows, self.model("popular"), 4)

    def test_parquet_holds_the_same_as_csv(self):
        done = self.finish(k=6)
        answer = self.download(done)
        self.assertEqual((answer.body[:4], answer.body[-4:]), (b"PAR1", b"PAR1"))
        self.assertRegex(done["file"]["file_name"], r"^predictions_\d+_\d{8}_\d{6}\.parquet$")
        shown = self.client.get(
            f"/api/v1/predictions/{done['prediction_id']}/preview?limit=100").json()
        self.assertEqual(shown["columns"], ["cookie", "node", "rank", "score"])
        self.assertEqual(shown["total"], done["file"]["rows"])
        wanted = self.rows(self.finish(k=6, format="csv"))[:100]
        for have, want in zip(shown["rows"], wanted):
            self.assertEqual(have[:3], list(want[:3]))
            self.assertAlmostEqual(have[3], want[3], places=5)
        self.assertEqual(len(shown["rows"]), 100)

    def test_a_list_of_a_file_may_be_the_output_of_another_prediction(self):
        """Parquet as the worker writes it is read as a list of users by it."""
        done = self.finish(k=1, user_ids=[0, 1, 2])
        (self.stack.data_root / "again.parquet").write_bytes(self.download(done).body)
        rows = self.rows(self.finish(users_path="again.parquet", k=2, format="csv"))
        self.assertEqual(sorted(self.lists(rows)), [0, 1, 2])
        rows = self.rows(self.finish(users_path="again.parquet", users_column="rank", k=2,
                                     format="csv"))
        self.assertEqual(sorted(self.lists(rows)), [1])

    def test_those_that_the_model_was_judged_on(self):
        done = self.finish(users="evaluation", k=40, format="csv")
        model = self.model()
        lists = self.lists(self.rows(done))
        self.assertEqual(done["file"]["users"], model["data"]["funnel"]["eval_users"])
        self.assertEqual(len(lists), done["file"]["users"])
        name = next(self.stack.models.glob("als_model_*.hits.json"))
        judged = json.loads(name.read_text())["users"]
        self.assertEqual(sorted(lists), [int(model["mappings"]["users"][u]) for u in judged])

    def test_a_list_that_was_pasted_keeps_its_order_and_leaves_strangers_out(self):
        done = self.finish(user_ids="5, 3\n99999999\n5;7", k=3, format="csv")
        self.assertEqual(done["users"], "list")
        rows = self.rows(done)
        self.assertEqual(list(self.lists(rows)), [5, 3, 7])
        self.assertEqual(done["file"]["users"], 3)
        log = self.client.get(f"/api/v1/predictions/{done['prediction_id']}/log").text
        self.assertIn("Left out 1 of the list", log)
        events = self.client.get(f"/api/v1/predictions/{done['prediction_id']}/events").json()
        self.assertTrue(any("Left out 1" in (one["message"] or "") for one in events["events"]))

    def test_lists_in_csv_files(self):
        lists = self.stack.data_root / "lists"
        lists.mkdir(exist_ok=True)
        cases = {
            "plain": "cookie\n3\n5\n", "bare": "3\n5\n", "more": "x;cookie\n1;3\n2;5\n",
            "quoted": '\ufeff"cookie","note"\r\n"3","a ""b"", c"\r\n"5",""\r\n',
            "tabs": "note\tcookie\na\t3\nb\t5",
        }
        for name, text in cases.items():
            with self.subTest(name):
                (lists / f"{name}.csv").write_text(text)
                rows = self.rows(self.finish(users_path=f"lists/{name}.csv", k=2, format="csv"))
                self.assertEqual(list(self.lists(rows)), [3, 5])

    def test_lists_that_cannot_be_read_say_why(self):
        lists = self.stack.data_root / "lists"
        lists.mkdir(exist_ok=True)
        cases = {
            "other.csv": ("a,b\n1,2\n", "column_missing"),
            "short.csv": ("a,cookie\n1\n", "csv_row"),
            "open.csv": ('cookie\n"3\n', "csv_row"),
            "hole.csv": ("a,cookie\n1,\n", "null_values"),
            "strangers.csv": ("cookie\n88888888\n", "users_unknown"),
            "names.csv": ("cookie\n", "users_empty"),
            "not.parquet": ("PAR1 not really", "parquet_truncated"),
            "nothing.csv": ("", "file_empty"),
        }
        for name, (text, code) in cases.items():
            with self.subTest(name):
                (lists / name).write_text(text)
                made = self.start(users_path=f"lists/{name}", format="csv")
                done = self.stack.wait_for_prediction(self.client, made["prediction_id"])
                self.assertEqual((done["status"], done["error"]["code"]), ("failed", code), done)
                self.assertIsNone(done["file"])
                self.assertNotIn("/proc/self", done["error"]["message"])

    # ---- what is refused at once ----

    def refused(self, **fields):
        answer = self.client.post("/api/v1/predictions", json=fields)
        self.assertEqual(answer.status, 422, answer)
        return {one["field"] for one in answer.json()["errors"]}

    def test_every_wrong_field_is_told(self):
        self.assertEqual(self.refused(), {"model"})
        self.assertEqual(self.refused(model="als@nobody"), {"model"})
        self.assertEqual(self.refused(model="nobody", k=0, format="xml", foo=1,
                                      users_path="nowhere.csv"),
                         {"model", "k", "format", "foo", "users_path"})
        self.assertEqual(self.refused(model="als", users="list"), {"user_ids"})
        self.assertEqual(self.refused(model="als", users="all", user_ids=[1]), {"user_ids"})
        self.assertEqual(self.refused(model="als", user_ids=[1], users_path="small/events.pq"),
                         {"users_path"})
        self.assertEqual(self.refused(model="als", user_ids=[1, None]), {"user_ids"})
        self.assertEqual(self.refused(model="als", user_ids=["a,b"]), {"user_ids"})
        for path in ("/etc/passwd.csv", "../secret.csv", "small", "lists.txt"):
            self.assertEqual(self.refused(model="als", users_path=path), {"users_path"}, path)
        os.symlink("/etc/passwd", self.stack.data_root / "link.csv")
        self.assertEqual(self.refused(model="als", users_path="link.csv"), {"users_path"})

    def test_a_form_starts_one_too(self):
        answer = self.client.post("/api/v1/predictions", form={
            "model": "als:1", "users": "list", "user_ids": "1\r\n2\r\n", "k": "3",
            "format": "csv", "exclude_seen": "on", "users_path": "", "name": "from a form"})
        self.assertEqual(answer.status, 202, answer)
        done = self.stack.wait_for_prediction(self.client, answer.json()["prediction_id"])
        self.assertEqual((done["name"], done["model"]["ref"]), ("from a form", "als:1"))
        self.assertEqual(list(self.lists(self.rows(done))), [1, 2])

    def test_a_key_makes_one_prediction(self):
        headers = {"Idempotency-Key": "once"}
        body = {"model": "als", "user_ids": [1]}
        first = self.client.post("/api/v1/predictions", json=body, headers=headers).json()
        again = self.client.post("/api/v1/predictions", json=body, headers=headers).json()
        self.assertEqual(first["prediction_id"], again["prediction_id"])
        other = self.client.post("/api/v1/predictions", json=body | {"k": 3}, headers=headers)
        self.assertEqual((other.status, other.json()["code"]), (422, "key_reused"))

    # ---- whose, and what becomes of it ----

    def test_predictions_and_trainings_do_not_answer_for_each_other(self):
        done = self.finish(user_ids=[1])
        prediction, job = done["prediction_id"], 1
        for path in (f"/api/v1/jobs/{prediction}", f"/training_status/{prediction}",
                     f"/api/v1/jobs/{prediction}/events", f"/api/v1/jobs/{prediction}/log",
                     f"/api/v1/jobs/{prediction}/metrics", f"/api/v1/predictions/{job}",
                     f"/api/v1/predictions/{job}/log", f"/api/v1/predictions/{job}/download"):
            self.assertEqual(self.client.get(path).status, 404, path)
        for path in (f"/api/v1/jobs/{prediction}", f"/api/v1/predictions/{job}"):
            self.assertEqual(self.client.delete(path).status, 404, path)
        listed = self.client.get("/api/v1/jobs?limit=100").json()
        self.assertNotIn(prediction, [one["job_id"] for one in listed["jobs"]])
        self.assertEqual(listed["total"], 2)

    def test_others_see_nothing_of_it(self):
        done = self.finish(user_ids=[1])
        other = self.stack.add_user(f"other{time.time_ns()}@example.com")
        path = f"/api/v1/predictions/{done['prediction_id']}"
        for tail in ("", "/download", "/preview", "/events", "/log"):
            self.assertEqual(other.get(path + tail).status, 404, tail)
        for tail in ("/cancel", "/retry"):
            self.assertEqual(other.post(path + tail).status, 404, tail)
        self.assertEqual(other.delete(path).status, 404)
        self.assertEqual(other.get("/api/v1/predictions").json()["predictions"], [])
        answer = other.post("/api/v1/predictions", json={"model": done["model"]["model_id"]})
        self.assertEqual(answer.status, 422, answer)

    def test_the_list_goes_by_pages_by_status_and_by_model(self):
        ids = [self.finish(user_ids=[1])["prediction_id"] for _ in range(3)]
        page = self.client.get("/api/v1/predictions?limit=2&status=completed").json()
        found = [one["prediction_id"] for one in page["predictions"]]
        self.assertEqual(found, sorted(ids)[:0:-1])
        page = self.client.get(f"/api/v1/predictions?limit=1&cursor={page['next']}").json()
        self.assertEqual(page["predictions"][0]["prediction_id"], min(ids))
        only = self.client.get("/api/v1/predictions?model=popular&limit=999").json()
        self.assertTrue(all(one["model"]["name"] == "popular" for one in only["predictions"]))
        self.assertEqual(self.client.get("/api/v1/predictions?status=done").status, 400)
        self.assertEqual(self.client.get("/api/v1/predictions?model=nobody").status, 404)

    def test_a_removed_one_leaves_nothing(self):
        done = self.finish(user_ids=[1])
        path = f"/api/v1/predictions/{done['prediction_id']}"
        file = self.stack.models / "predictions" / done["file"]["file_name"]
        self.assertTrue(file.exists())
        self.assertEqual(self.client.delete(path).status, 204)
        self.assertFalse(file.exists())
        self.assertFalse((self.stack.models / f"logs/job_{done['prediction_id']}.log").exists())
        self.assertEqual(self.client.get(path).status, 404)

    def test_a_file_that_is_gone_is_told(self):
        done = self.finish(user_ids=[1])
        (self.stack.models / "predictions" / done["file"]["file_name"]).unlink()
        answer = self.client.get(f"/api/v1/predictions/{done['prediction_id']}/download")
        self.assertEqual((answer.status, answer.json()["code"]), (410, "prediction_file_missing"))

    def test_retry_makes_a_new_one_with_the_same_users(self):
        done = self.finish(user_ids="2,4", k=3, format="csv", name="twice")
        answer = self.client.post(f"/api/v1/predictions/{done['prediction_id']}/retry")
        self.assertEqual(answer.status, 202, answer)
        again = self.stack.wait_for_prediction(self.client, answer.json()["prediction_id"])
        self.assertEqual((again["source_id"], again["name"]), (done["prediction_id"], "twice"))
        self.assertEqual(self.rows(again), self.rows(done))

    def test_the_life_of_one_comes_by_events(self):
        statuses, removed = [], []
        with self.client.stream("/api/v1/events") as stream:
            def read():
                for event in events_of(stream):
                    if event.get("event") == "prediction":
                        statuses.append(json.loads(event["data"]))
                    if event.get("event") == "prediction_removed":
                        removed.append(json.loads(event["data"])["prediction_id"])
                        return
            reader = threading.Thread(target=read, daemon=True)
            reader.start()
            done = self.finish(k=20)
            mine = done["prediction_id"]
            wait_until(lambda: any(one["prediction_id"] == mine and one["status"] == "completed"
                                   for one in statuses), what="its end comes")
            self.client.delete(f"/api/v1/predictions/{mine}")
            reader.join(10)
        told = [one for one in statuses if one["prediction_id"] == mine]
        self.assertIn(told[0]["status"], ("pending", "loading_data"))  # it may begin at once
        self.assertEqual(told[-1]["file"], done["file"])
        self.assertIn(mine, removed)

    def test_the_system_page_knows_both_kinds_of_workers(self):
        system = self.client.get("/api/v1/system").json()
        self.assertEqual(sorted(one["task"] for one in system["workers"]), ["predict", "train"])
        self.assertGreater(system["prediction_counts"]["completed"], 0)
        self.assertEqual(system["prediction_queue"]["consumers"], 1)
        metrics = self.client.get("/metrics").text
        self.assertIn('rectrain_predictions{status="completed"}', metrics)

if __name__ == "__main__":
    unittest.main()
