"""Recommendations on demand: what the API answers is what Python computes from the model's file."""

import os
import pickle
import re
import unittest

import numpy as np

from client import Client
from jobs_case import Jobs
from processes import wait_until
from stack import make_data

USERS = 10_000  # of whom each gets their list checked
AT_ONCE = 500
K = 40


class File:
    """A model file as Python opens it, and the plain computations from it."""

    def __init__(self, path):
        with open(path, "rb") as file:
            content = pickle.load(file)
        self.x = content["model"]["user_factors"].astype(np.float64)
        self.y = content["model"]["item_factors"].astype(np.float64)
        self.users = content["mappings"]["users"]
        self.items = content["mappings"]["items"]
        self.popularity = content["popularity"]
        matrix = content["matrix"]
        self.indptr, self.indices, self.counts = (matrix[key] for key in
                                                  ("indptr", "indices", "data"))
        self.alpha = content["params"]["alpha"]
        self.penalty = content["params"]["regularization"]
        self.gram = self.y.T @ self.y + self.penalty * np.eye(self.y.shape[1])
        self.index_of_item = {int(id_): i for i, id_ in enumerate(self.items)}

    def history(self, user):
        row = slice(self.indptr[user], self.indptr[user + 1])
        return self.indices[row], self.counts[row].astype(np.float64)

    def fold(self, items, counts):
        """The exact solution for somebody who did just that, against these item factors."""
        confidence = self.alpha * counts
        y = self.y[items]
        a = self.gram + y.T @ ((confidence - 1)[:, None] * y)
        return np.linalg.solve(a, y.T @ confidence), a


class Case(Jobs):
    """A model of enough users, trained once for a class."""

    rows, users, items = 400_000, 12_000, 1_500
    factors = 24

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.stack.data = make_data(cls.stack.data_root / "many", rows=cls.rows, users=cls.users,
                                   items=cls.items)
        job_id = cls.stack.start_job(cls.owner, "als", factors=cls.factors,
                                     iterations=3)["job_id"]
        job = cls.stack.wait_for_job(cls.owner, job_id)
        cls.model_id = job["model"]["model_id"]
        cls.path = f"/api/v1/models/{cls.model_id}"
        cls.file = File(cls.stack.models / job["model"]["file_name"])

    def ask(self, path, client=None, **query):
        pairs = "&".join(f"{name}={value}" for name, value in query.items())
        answer = (client or self.owner).get(f"{self.path}/{path}?{pairs}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def tell(self, path="recommend", **body):
        answer = self.owner.post(f"{self.path}/{path}", json=body)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def assert_best(self, items, scores, seen, k=K, rounding=2e-6):
        """The list is the k best of the scores that are not among `seen`, in their order. Two
        whose scores differ by less than float's rounding may stand in either order."""
        scores = np.array(scores)
        size = np.abs(scores).max() * rounding
        scores[list(seen)] = -np.inf
        found = [self.file.index_of_item[one["item"]] for one in items]
        self.assertEqual(len(found), min(k, np.isfinite(scores).sum()))
        self.assertEqual(len(set(found)), len(found))
        best = np.sort(scores)[::-1][:len(found)]
        np.testing.assert_allclose(scores[found], best, atol=size, rtol=0)
        np.testing.assert_allclose([one["score"] for one in items], scores[found],
                                   atol=size, rtol=0)
        told = [(-one["score"], one["item"]) for one in items]
        self.assertEqual(told, sorted(told))


class ListsTest(Case):
    def test_ten_thousand_users_get_what_python_computes_from_the_file(self):
        file = self.file
        self.assertGreaterEqual(len(file.users), USERS)
        for start in range(0, USERS, AT_ONCE):
            ids = [int(id_) for id_ in file.users[start:start + AT_ONCE]]
            lists = self.tell(users=ids, k=K)["lists"]
            self.assertEqual([one["user"] for one in lists], ids)
            scores = file.x[start:start + AT_ONCE] @ file.y.T
            for place, one in enumerate(lists):
                self.assertEqual(one["basis"], "user")
                self.assert_best(one["items"], scores[place], file.history(start + place)[0])

    def test_one_user_gets_the_same_alone_as_among_many(self):
        ids = [int(self.file.users[user]) for user in (0, 17, 4000, len(self.file.users) - 1)]
        lists = self.tell(users=ids, k=7)["lists"]
        for one in lists:
            alone = self.ask("recommend", user=one["user"], k=7)
            self.assertEqual({key: alone[key] for key in one}, one)
            self.assertEqual(alone["model"]["model_id"], self.model_id)

    def test_bounds_hold(self):
        user = 5
        id_, (seen, _) = int(self.file.users[user]), self.file.history(user)
        scores = self.file.y @ self.file.x[user]
        with_seen = self.ask("recommend", user=id_, k=K, exclude_seen="false")["items"]
        self.assert_best(with_seen, scores, [])
        allowed = sorted({int(item) for item in self.file.items[::7]})
        denied = [one["item"] for one in with_seen[:5]]
        bounded = self.ask("recommend", user=id_, k=9, allow=",".join(map(str, allowed)),
                           deny=",".join(map(str, denied)))["items"]
        kept_out = {i for i, item in enumerate(self.file.items)
                    if int(item) not in allowed or int(item) in denied} | set(map(int, seen))
        self.assert_best(bounded, scores, kept_out, 9)
        body = self.tell(users=[id_], k=9, allow=allowed, deny=denied)["lists"][0]["items"]
        self.assertEqual(body, bounded)
        self.assertEqual(self.tell(users=[id_], allow=[])["lists"][0]["items"], [])
        everything = self.ask("recommend", user=id_, k=10000)["items"]
        self.assertEqual(len(everything), len(self.file.items) - len(seen))

    def test_a_stranger_gets_the_popular_list_marked_as_such(self):
        for stranger in (987654321, "nobody", "-5"):
            told = self.ask("recommend", user=stranger, k=12)
            self.assertEqual((told["basis"], told["user"]), (
                "popular", stranger if stranger == "nobody" else int(stranger)))
            items = [self.file.index_of_item[one["item"]] for one in told["items"]]
            best = sorted(range(len(self.file.items)), key=lambda i: (-self.file.popularity[i], i))
            self.assertEqual(items, best[:12])
            self.assertEqual([one["score"] for one in told["items"]],
                             [float(self.file.popularity[i]) for i in items])

    def test_wrong_questions_are_told_what_is_wrong(self):
        refuse = self.assert_problem
        refuse(self.owner.get(f"{self.path}/recommend"), 400, "parameter_missing")
        refuse(self.owner.get(f"{self.path}/recommend?user=1&k=0"), 400, "parameter_range")
        refuse(self.owner.get(f"{self.path}/recommend?user=1&usr=2"), 400, "parameter_unknown")
        refuse(self.owner.get(f"{self.path}/recommend?user=1&exclude_seen=x"), 400,
               "parameter_range")
        for body, fields in (({}, ["users"]), ({"users": [1], "items": [2]}, ["items"]),
                             ({"users": []}, ["users"]), ({"users": [[1]]}, ["users"]),
                             ({"users": [1], "k": 1.5, "n": 1}, ["n", "k"]),
                             ({"users": list(range(1000)), "k": 401}, ["k"]),
                             ({"items": [{"item": 1, "count": -1}]}, ["items"]),
                             ({"items": [{"count": 1}]}, ["items"]),
                             ({"items": [1], "deny": [None]}, ["deny"]),
                             ({"items": [1], "allow": 5}, ["allow"])):
            answer = self.owner.post(f"{self.path}/recommend", json=body)
            self.assertEqual(self.fields_of(answer), fields, body)
        many = {"items": [{"item": int(self.file.items[0])}] * 30000}
        self.assertEqual(self.owner.post(f"{self.path}/recommend", json=many).status, 200)

    def test_what_is_not_one_s_own_is_not_there(self):
        for path in ("recommend?user=1", "similar?item=1", "explain?user=1&item=1", "users",
                     "items", "history?user=1", f"compare?user=1&with={self.model_id}"):
            answer = self.other.get(f"{self.path}/{path}")
            self.assertEqual(answer.status, 404, answer)
            self.assertEqual(Client(self.stack.url).get(f"{self.path}/{path}").status, 401)


class FoldTest(Case):
    def test_a_training_user_s_own_history_gives_the_exact_solution(self):
        for user in range(0, len(self.file.users), 97):
            items, counts = self.file.history(user)
            x, _ = self.file.fold(items, counts)
            told = self.tell(k=K, items=[{"item": int(self.file.items[item]), "count": float(count)}
                                         for item, count in zip(items, counts)])
            self.assertEqual((told["basis"], told["unknown_items"]), ("history", 0))
            self.assert_best(told["items"], self.file.y @ x, items, rounding=5e-6)

    def test_a_new_user_s_items_may_come_in_any_order_and_twice(self):
        ids = [int(id_) for id_ in self.file.items[[700, 3, 41]]]
        told = self.tell(items=[ids[0], ids[1], {"item": str(ids[2]), "count": 2}, ids[0],
                                999999999], k=5)
        self.assertEqual(told["unknown_items"], 1)
        x, _ = self.file.fold(np.array([3, 41, 700]), np.array([1.0, 2.0, 2.0]))
        self.assert_best(told["items"], self.file.y @ x, [3, 41, 700], 5, 5e-6)

    def test_a_history_of_what_nobody_knows_gives_the_popular_list(self):
        for items in ([], [999999999], ["none such"]):
            told = self.tell(items=items, k=3)
            self.assertEqual((told["basis"], told["unknown_items"]), ("popular", len(items)))
            self.assertEqual(told["items"], self.ask("recommend", user="nobody", k=3)["items"])


class ReasonsTest(Case):
    def explain(self, user, item, **query):
        return self.ask("explain", user=int(self.file.users[user]),
                        item=int(self.file.items[item]), **query)

    def test_the_parts_add_up_to_the_exact_score(self):
        for user in range(0, len(self.file.users), 601):
            items, counts = self.file.history(user)
            x, a = self.file.fold(items, counts)
            for item in (0, 11, 500):
                why = self.explain(user, item, reasons=10000)
                parts = {self.file.index_of_item[one["item"]]: one["part"]
                         for one in why["reasons"]}
                wanted = self.alphas(counts) * (
                    self.file.y[items] @ np.linalg.solve(a, self.file.y[item]))
                np.testing.assert_allclose([parts[i] for i in items], wanted, atol=1e-6)
                self.assertAlmostEqual(sum(parts.values()), why["score"], places=9)
                self.assertAlmostEqual(why["score"], float(self.file.y[item] @ x), places=5)
                self.assertAlmostEqual(why["list_score"],
                                       float(self.file.y[item] @ self.file.x[user]), places=5)
                self.assertEqual((why["reasons_total"], why["rest"]), (len(items), 0))
                told = [one["part"] for one in why["reasons"]]
                self.assertEqual(told, sorted(told, reverse=True))

    def alphas(self, counts):
        return self.file.alpha * counts

    def test_what_is_not_shown_is_in_the_rest(self):
        user = int(np.argmax(np.diff(self.file.indptr)))
        whole, few = self.explain(user, 3, reasons=10000), self.explain(user, 3, reasons=2)
        self.assertEqual(few["reasons"], whole["reasons"][:2])
        self.assertAlmostEqual(sum(one["part"] for one in few["reasons"]) + few["rest"],
                               whole["score"], places=9)

    def test_each_place_is_that_of_the_list_and_what_keeps_an_item_out_is_told(self):
        user = 23
        id_ = int(self.file.users[user])
        whole = [one["item"] for one in self.ask("recommend", user=id_, k=10000)["items"]]
        for place in (1, 40, 41, len(whole)):
            why = self.ask("explain", user=id_, item=whole[place - 1])
            self.assertEqual((why["rank"], why["kept_out"]), (place, "below" if place > 40
                                                               else None))
            self.assertIn(f"place {place}", why["words"])
        seen = int(self.file.items[self.file.history(user)[0][0]])
        why = self.ask("explain", user=id_, item=seen)
        self.assertEqual((why["rank"], why["kept_out"]), (None, "seen"))
        why = self.ask("explain", user=id_, item=seen, exclude_seen="false", k=10000)
        self.assertIsNone(why["kept_out"])
        for bound, code in (({"deny": whole[0]}, "denied"), ({"allow": whole[1]}, "not_allowed")):
            why = self.ask("explain", user=id_, item=whole[0], **bound)
            self.assertEqual((why["rank"], why["kept_out"]), (None, code))
        why = self.ask("explain", user=id_, item=999999999)
        self.assertEqual((why["rank"], why["kept_out"], why["reasons"], why["score"]),
                         (None, "unknown_item", [], None))

    def test_a_history_explains_as_the_user_who_did_it(self):
        user = 31
        items, counts = self.file.history(user)
        history = [{"item": int(self.file.items[item]), "count": float(count)}
                   for item, count in zip(items, counts)]
        told = self.tell("explain", items=history, item=int(self.file.items[9]), reasons=10000)
        own = self.explain(user, 9, reasons=10000)
        self.assertEqual((told["user"], told["basis"]), (None, "history"))
        self.assertEqual((told["score"], told["reasons"]), (own["score"], own["reasons"]))
        answer = self.owner.post(f"{self.path}/explain", json={"reasons": -1})
        self.assertEqual(self.fields_of(answer), ["items", "item", "reasons"])

    def test_a_stranger_is_told_the_place_in_the_popular_list(self):
        best = self.ask("recommend", user="nobody", k=3)["items"]
        why = self.ask("explain", user="nobody", item=best[2]["item"])
        self.assertEqual((why["basis"], why["rank"], why["reasons"], why["score"]),
                         ("popular", 3, [], best[2]["score"]))

    def test_similar_items_are_those_of_the_greatest_cosine(self):
        y = self.file.y
        length = np.linalg.norm(y, axis=1)
        for item in (0, 77, 900):
            told = self.ask("similar", item=int(self.file.items[item]), k=15)
            cosines = y @ y[item] / np.maximum(length * length[item], 1e-30)
            self.assert_best(told["items"], cosines, [item], 15)
        answer = self.owner.get(f"{self.path}/similar?item=999999999")
        self.assert_problem(answer, 404, "item_unknown")

    def test_what_the_model_knows_is_told(self):
        ids, after = [], ""
        while after is not None:
            page = self.ask("users", limit=1000, **({"after": after} if after else {}))
            ids += page["users"]
            after = page["next"]
        self.assertEqual(ids, [int(id_) for id_ in self.file.users])
        self.assertEqual(self.ask("items", limit=2)["items"],
                         [int(id_) for id_ in self.file.items[:2]])
        user = 12
        items, counts = self.file.history(user)
        told = self.ask("history", user=int(self.file.users[user]))
        self.assertEqual({one["item"]: one["count"] for one in told["items"]},
                         {int(self.file.items[i]): float(c) for i, c in zip(items, counts)})
        self.assertEqual((told["is_known"], told["total"]), (True, len(items)))
        often = [one["count"] for one in told["items"]]
        self.assertEqual(often, sorted(often, reverse=True))
        self.assertFalse(self.ask("history", user=999999999)["is_known"])


class TwoModelsTest(Jobs):
    def test_two_versions_side_by_side(self):
        left, right = (self.done(factors=factors)["model"]["model_id"] for factors in (4, 12))
        user = self.owner.get(f"/api/v1/models/{left}/users?limit=1").json()["users"][0]
        both = self.owner.get(f"/api/v1/models/{left}/compare?with={right}&user={user}&k=10").json()
        ranks = {}
        for side, model in (("left", left), ("right", right)):
            alone = self.owner.get(f"/api/v1/models/{model}/recommend?user={user}&k=10").json()
            self.assertEqual(both[side]["model"], alone["model"])
            self.assertEqual([{"item": one["item"], "score": one["score"]}
                              for one in both[side]["items"]], alone["items"])
            ranks[side] = {one["item"]: one["rank"] for one in both[side]["items"]}
            self.assertEqual(sorted(ranks[side].values()), list(range(1, 11)))
        moves = {one["item"]: (one["left_rank"], one["right_rank"]) for one in both["moves"]}
        self.assertEqual(moves, {item: (ranks["left"].get(item), ranks["right"].get(item))
                                 for item in ranks["left"] | ranks["right"]})
        common = len(set(ranks["left"]) & set(ranks["right"]))
        self.assertEqual(both["overlap"], common / 10)
        missing = self.owner.get(f"/api/v1/models/{left}/compare?with=99999&user={user}")
        self.assert_problem(missing, 404, "no_such_model")

    def test_a_popular_model_has_one_list_for_everybody(self):
        model = self.done(model_type="popular")["model"]["model_id"]
        path = f"/api/v1/models/{model}"
        users = self.owner.get(f"{path}/users?limit=2").json()["users"]
        lists = [self.owner.get(f"{path}/recommend?user={user}&k=5&exclude_seen=0").json()
                 for user in users]
        self.assertEqual(lists[0]["items"], lists[1]["items"])
        self.assertEqual({one["basis"] for one in lists}, {"popular"})
        told = self.owner.post(f"{path}/recommend", json={"items": [lists[0]["items"][0]["item"]],
                                                          "k": 4}).json()
        self.assertEqual((told["basis"], told["items"]), ("popular", lists[0]["items"][1:5]))
        answer = self.owner.get(f"{path}/similar?item={lists[0]['items'][0]['item']}")
        self.assert_problem(answer, 400, "kind_without_factors")


class FilesTest(Jobs):
    def test_a_file_that_is_gone_or_changed_is_told_and_served_again_when_it_is_back(self):
        job = self.done()
        path = f"/api/v1/models/{job['model']['model_id']}/recommend?user=1"
        file = self.stack.models / job["model"]["file_name"]
        content = file.read_bytes()
        kept = file.with_suffix(".kept")
        file.rename(kept)
        self.assert_problem(self.owner.get(path), 410, "model_file_missing")
        changed = bytearray(content)
        changed[2048] ^= 1  # the last bits of a factor
        file.write_bytes(changed)
        problem = self.assert_problem(self.owner.get(path), 410, "model_file_changed")
        self.assertIn("SHA-256", problem["detail"])
        file.write_bytes(content[:-1])
        self.assert_problem(self.owner.get(path), 410, "model_file_changed")
        file.unlink()
        kept.rename(file)
        self.assertEqual(self.owner.get(path).status, 200)

    def test_a_removed_model_answers_no_more(self):
        model = self.done()["model"]
        path = f"/api/v1/models/{model['model_id']}"
        self.assertEqual(self.owner.get(f"{path}/recommend?user=1").status, 200)
        self.assertEqual(self.owner.delete(path).status, 204)
        self.assert_problem(self.owner.get(f"{path}/recommend?user=1"), 404, "no_such_model")
        job = self.done()
        path = f"/api/v1/models/{job['model']['model_id']}"
        self.assertEqual(self.owner.get(f"{path}/recommend?user=1").status, 200)
        self.assertEqual(self.owner.delete(f"/api/v1/jobs/{job['job_id']}").status, 204)
        self.assert_problem(self.owner.get(f"{path}/recommend?user=1"), 404, "no_such_model")


class CacheTest(Jobs):
    """What the server keeps open, by its own counters."""

    environment = {"MODEL_CACHE_BYTES": "0"}  # whatever is asked is the only one that stays

    def counted(self):
        text = self.owner.get("/metrics").text
        return {name: int(float(re.search(rf"^rectrain_{name} (\S+)", text, re.M)[1])) for name in
                ("open_models", "open_model_bytes", "model_loads_total", "model_evictions_total",
                 "model_verifications_total", "model_load_failures_total")}

    def test_a_budget_closes_models_and_none_is_verified_twice(self):
        models = [self.done(factors=factors)["model"] for factors in (3, 5, 7)]
        first = {}
        for _ in range(4):
            for model in models:
                path = f"/api/v1/models/{model['model_id']}/recommend?user=7&k=9"
                told = self.owner.get(path)
                self.assertEqual(told.status, 200, told)
                self.assertEqual(first.setdefault(model["model_id"], told.json()), told.json())
        counted = self.counted()
        self.assertEqual(counted, {
            "open_models": 1, "open_model_bytes": models[-1]["size_bytes"],
            "model_loads_total": 12, "model_evictions_total": 11, "model_verifications_total": 3,
            "model_load_failures_total": 0})
        # Nor by a server that is started anew, while the file is the same.
        self.stack.server.stop()
        self.stack.start_server()
        path = f"/api/v1/models/{models[0]['model_id']}/recommend?user=7&k=9"
        self.assertEqual(self.owner.get(path).json(), first[models[0]["model_id"]])
        file = self.stack.models / models[1]["file_name"]
        os.utime(file)
        self.owner.get(f"/api/v1/models/{models[1]['model_id']}/recommend?user=7")
        self.assertEqual(self.counted()["model_verifications_total"], 1)
        self.assertEqual(self.counted()["model_loads_total"], 2)


class QuickTest(Jobs):
    def test_a_model_that_is_asked_often_answers_the_same_when_it_was_made_quick(self):
        model = self.done(factors=9)["model"]
        path = f"/api/v1/models/{model['model_id']}"
        history = {"items": [3, {"item": 5, "count": 2}], "k": 12}

        def ask():
            return [self.owner.get(f"{path}/recommend?user=7&k=12&deny=4").json(),
                    self.owner.post(f"{path}/recommend", json=history).json()]

        def bytes_open():
            text = self.owner.get("/metrics").text
            return int(float(re.search(r"^rectrain_open_model_bytes (\S+)", text, re.M)[1]))
        before = ask()
        self.assertEqual(bytes_open(), model["size_bytes"])

        def is_quick():
            self.assertEqual(ask(), before)
            return bytes_open() > model["size_bytes"]
        wait_until(is_quick, 20)
        self.assertEqual(ask(), before)

if __name__ == "__main__":
    unittest.main()
