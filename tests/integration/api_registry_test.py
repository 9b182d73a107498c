"""The registry as people use it: train twice, see the verdict, promote, go back, import, export; over
HTTP and from the shell."""

import hashlib
import io
import json
import socket
import unittest
import zipfile
from urllib.parse import urlsplit

from stack import Stack, events_of

CHAMPION = "/api/v1/registry/homepage/aliases/champion"


class RegistryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = Stack("sqlite", workers=1)
        cls.owner = cls.stack.client()
        cls.other = cls.stack.add_user("other@example.com")
        # The second is far better on this data, the third an image of the first.
        cls.ids = []
        for fields in ({"iterations": 1, "factors": 2}, {"iterations": 5, "factors": 8},
                       {"iterations": 1, "factors": 2}):
            job = cls.stack.start_job(cls.owner, "als", model_name="homepage", **fields)
            done = cls.stack.wait_for_job(cls.owner, job["job_id"])
            assert done["status"] == "completed", done
            assert done["model_name"] == "homepage", done
            cls.ids.append(done["model"]["model_id"])

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def setUp(self):
        self.owner.delete(CHAMPION)
        self.owner.patch("/api/v1/registry/homepage", json={"gate": True, "margin": 0})

    def move(self, version, status=200, **fields):
        answer = self.owner.put(CHAMPION, json={"version": version} | fields)
        self.assertEqual(answer.status, status, answer)
        return answer.json()

    def verdict(self, ref, **query):
        words = "&".join(f"{key}={value}" for key, value in query.items())
        answer = self.owner.get(f"/api/v1/models/{ref}/verdict?{words}")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def shell(self, *words, status=0):
        done = self.stack.run("model", *words, "--user", "test@example.com", check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def test_moves_are_told_as_they_happen(self):
        # An alias of its own: what others moved just before may still be told.
        told_alias = CHAMPION.replace("champion", "told")
        with self.owner.stream("/api/v1/events") as stream:
            self.owner.put(told_alias, json={"version": 2})
            self.owner.delete(told_alias)
            moves = (json.loads(event["data"]) for event in events_of(stream)
                     if event.get("event") == "alias")
            told = (move for move in moves if move["alias"] == "told")
            seen = [next(told), next(told)]
        self.assertEqual([(one["name"], one["kind"], one["to_version"]) for one in seen],
                         [("homepage", "move", 2), ("homepage", "remove", None)])
        kept = self.owner.get("/api/v1/registry/homepage/history?alias=told").json()["moves"]
        self.assertEqual(kept, seen[::-1])

    # ---- verdict and gate ----

    def test_the_first_champion_has_to_beat_popular(self):
        found = self.verdict("homepage:1")
        self.assertEqual((found["outcome"], found["champion"]), ("no_champion", None))
        self.assertEqual(found["passes"], found["beats_popular"])
        self.assertEqual(found["popular"], self.owner.get("/api/v1/models/homepage:1").json()
                         ["popular_metrics"]["recall_at_k"])

    def test_the_interval_is_that_of_the_users_hits(self):
        """The difference of the means, and an interval around it, from the files themselves."""
        files = []
        for ref in ("homepage:2", "homepage:1"):
            name = self.owner.get(f"/api/v1/models/{ref}").json()["file_name"]
            files.append(json.loads((self.stack.models / name.replace(".pkl", ".hits.json"))
                                    .read_text()))
        better, worse = files
        differences = [(a - b) / t for a, b, t in
                       zip(better["hits"], worse["hits"], better["targets"])]
        mean = sum(differences) / len(differences)
        error = (sum((d - mean) ** 2 for d in differences) / len(differences) ** 2) ** 0.5
        found = self.verdict("homepage:2", against="homepage:1")
        self.assertEqual(found["users"], len(differences))
        self.assertAlmostEqual(found["difference"], mean, places=12)
        self.assertAlmostEqual(found["low"], mean - 1.96 * error, delta=0.4 * error)
        self.assertAlmostEqual(found["high"], mean + 1.96 * error, delta=0.4 * error)
        self.assertEqual(self.verdict("homepage:2", against="homepage:1"), found)
        turned = self.verdict("homepage:1", against="homepage:2")
        self.assertAlmostEqual(turned["low"], -found["high"], delta=0.2 * error)

    def test_equal_models_are_within_noise_and_do_not_pass(self):
        self.move(1, override=True, reason="a beginning")
        found = self.verdict("homepage:3")
        self.assertEqual((found["outcome"], found["passes"]), ("within_noise", False))
        self.assertIn("within noise", found["words"])
        refused = self.move(3, status=409)
        self.assertEqual(refused["code"], "gate_refused")
        self.assertEqual(refused["verdict"]["outcome"], "within_noise")
        self.assertIn("within noise", refused["detail"])
        self.assertEqual(self.move(3, status=422, override=True)["errors"][0]["field"], "reason")
        moved = self.move(3, override=True, reason="we know better")
        self.assertTrue(moved["overridden"])
        self.assertEqual(moved["reason"], "we know better")
        self.assertFalse(moved["verdict"]["passes"])

    def test_without_the_gate_any_version_may_be_champion(self):
        changed = self.owner.patch("/api/v1/registry/homepage", json={"gate": False})
        self.assertFalse(changed.json()["gate"])
        self.move(2)
        moved = self.move(1)
        self.assertEqual((moved["overridden"], moved["verdict"]), (False, None))

    def test_a_margin_asks_for_more(self):
        self.owner.patch("/api/v1/registry/homepage", json={"margin": 0.9})
        self.move(1, override=True, reason="a beginning")
        found = self.verdict("homepage:2")
        self.assertFalse(found["passes"])
        self.assertEqual(found["margin"], 0.9)
        self.assertEqual(self.move(2, status=409)["verdict"]["margin"], 0.9)

    def test_other_holdouts_and_lists_are_not_comparable(self):
        job = self.stack.start_job(self.owner, "als", model_name="elsewhere", iterations=1,
                                   factors=2, k=10)
        self.assertEqual(self.stack.wait_for_job(self.owner, job["job_id"])["status"], "completed")
        found = self.verdict("elsewhere:1", against="homepage:1")
        self.assertEqual((found["outcome"], found["why"]), ("not_comparable", "other_k"))
        job = self.stack.start_job(self.owner, "als", model_name="elsewhere", iterations=1,
                                   factors=2, eval_days=3)
        self.assertEqual(self.stack.wait_for_job(self.owner, job["job_id"])["status"], "completed")
        found = self.verdict("elsewhere:2", against="homepage:1")
        self.assertEqual((found["outcome"], found["why"]), ("not_comparable", "other_holdout"))
        self.assertIn("other holdout", found["words"])
        self.assertIsNone(found["low"])

    # ---- moves ----

    def test_a_champion_goes_forth_and_back_and_the_history_tells(self):
        self.owner.patch("/api/v1/registry/homepage", json={"gate": False})
        self.move(1)
        self.move(2, reason="the weekly run")
        undone = self.owner.post(f"{CHAMPION}/undo", json={"reason": "too slow"})
        self.assertEqual(undone.status, 200, undone)
        self.assertEqual((undone.json()["from_version"], undone.json()["to_version"]), (2, 1))
        again = self.owner.post(f"{CHAMPION}/undo")
        self.assertEqual(again.json()["to_version"], 2)
        page = self.owner.get("/api/v1/registry/homepage/history?alias=champion&limit=2").json()
        self.assertEqual([one["kind"] for one in page["moves"]], ["undo", "undo"])
        older = self.owner.get("/api/v1/registry/homepage/history?alias=champion&limit=1"
                               f"&cursor={page['next']}").json()["moves"][0]
        self.assertEqual((older["reason"], older["by"]), ("the weekly run", "test@example.com"))
        then = self.owner.get("/api/v1/registry/homepage/history?at=2020-01-31").json()
        self.assertEqual((then["moves"], then["then"]), ([], {}))
        now = self.owner.get("/api/v1/registry/homepage/history?at=2100-01-31").json()
        self.assertEqual(now["then"]["champion"], 2)
        bad = self.owner.get("/api/v1/registry/homepage/history?at=tomorrow")
        self.assertEqual((bad.status, bad.json()["code"]), (400, "parameter_range"))

    def test_what_is_champion_answers_and_is_not_removed(self):
        self.owner.patch("/api/v1/registry/homepage", json={"gate": False})
        self.move(1)
        asked = self.owner.get("/api/v1/models/homepage@champion/recommend?user=1&k=3").json()
        self.assertEqual(asked["model"]["version"], 1)
        self.move(2)
        asked = self.owner.get("/api/v1/models/homepage@champion/recommend?user=1&k=3").json()
        self.assertEqual(asked["model"]["version"], 2)
        refused = self.owner.delete("/api/v1/models/homepage:2")
        self.assertEqual((refused.status, refused.json()["code"]), (409, "model_has_alias"))
        renamed = self.owner.patch("/api/v1/models/homepage:2", json={"name": "sidebar"})
        self.assertEqual((renamed.status, renamed.json()["code"]), (409, "model_has_alias"))

    def test_notes_and_tags_are_kept_and_found(self):
        changed = self.owner.patch("/api/v1/models/homepage:3",
                                   json={"note": "an image", "tags": ["weekly", "small"]})
        self.assertEqual(changed.status, 200, changed)
        self.assertEqual(changed.json()["tags"], ["small", "weekly"])
        found = self.owner.get("/api/v1/models?tag=weekly").json()["models"]
        self.assertEqual([one["ref"] for one in found], ["homepage:3"])
        cleared = self.owner.patch("/api/v1/models/homepage:3", json={"note": None, "tags": []})
        self.assertEqual((cleared.json()["note"], cleared.json()["tags"]), ("", []))
        for wrong in ({"tags": ["two words"]}, {"tags": "weekly"}, {"name": "Not A Name"},
                      {"note": 7}):
            answer = self.owner.patch("/api/v1/models/homepage:3", json=wrong)
            self.assertIn(answer.status, (400, 422), wrong)

    # ---- files ----

    def file(self, ref="homepage:1", form="pkl"):
        answer = self.owner.get(f"/api/v1/models/{ref}/download?format={form}")
        self.assertEqual(answer.status, 200, answer)
        return answer

    def send(self, body, query="", client=None, **headers):
        return (client or self.owner).post(f"/api/v1/models/import{query}", body=body, headers={
            "Content-Type": "application/octet-stream"} | headers)

    def files(self):
        return sorted(path.name for path in self.stack.models.iterdir())

    def test_a_model_is_sent_in_three_formats(self):
        with zipfile.ZipFile(io.BytesIO(self.file(form="npz").body)) as archive:
            self.assertIn("item_factors.npy", archive.namelist())
        tensors = self.file(form="safetensors").body
        head = json.loads(tensors[8:8 + int.from_bytes(tensors[:8], "little")])
        self.assertIn("matrix_indptr", head)
        own = self.file()
        self.assertEqual(own.headers["ETag"].strip('"'), hashlib.sha256(own.body).hexdigest())
        wrong = self.owner.get("/api/v1/models/homepage:1/download?format=onnx")
        self.assertEqual((wrong.status, wrong.json()["code"]), (400, "parameter_range"))
        self.assertFalse([name for name in self.files() if name.startswith(".")])

    def test_an_imported_model_is_one_like_the_others(self):
        body = self.file().body
        answer = self.send(body, "?name=imported&note=from%20elsewhere")
        self.assertEqual(answer.status, 201, answer)
        model = answer.json()
        self.assertEqual((model["ref"], model["source"], model["note"]),
                         ("imported:1", "import", "from elsewhere"))
        self.assertEqual(model["sha256"], hashlib.sha256(body).hexdigest())
        trained = self.owner.get("/api/v1/models/homepage:1").json()
        for key in ("params", "metrics", "k", "seed", "data", "holdout_sha256", "program_version"):
            self.assertEqual(model[key], trained[key], key)
        self.assertEqual(answer.headers["Location"], f"/api/v1/models/{model['model_id']}")
        path = "/{}/recommend?user=1&k=5"
        self.assertEqual(self.owner.get("/api/v1/models" + path.format("imported")).json()["items"],
                         self.owner.get("/api/v1/models" + path.format("homepage:1")).json()
                         ["items"])
        found = self.verdict("imported:1", against="homepage:1")
        self.assertEqual((found["why"], found["beats_popular"]), ("no_hits", None))
        self.assertEqual(self.owner.get(f"/api/v1/jobs/{model['job_id']}").status, 404)
        self.assertEqual(self.owner.delete("/api/v1/models/imported:1").status, 204)
        self.assertNotIn(model["file_name"], self.files())
        self.assertEqual(self.stack.run("db", "check").returncode, 0)

    def hits_of(self, ref):
        """What lies beside a model that was trained here."""
        name = self.owner.get(f"/api/v1/models/{ref}").json()["file_name"]
        return (self.stack.models / name.replace(".pkl", ".hits.json")).read_bytes()

    def send_hits(self, ref, body, client=None):
        return (client or self.owner).request("PUT", f"/api/v1/models/{ref}/hits", body=body)

    def test_an_imported_model_is_weighed_by_its_hits(self):
        first = self.send(self.owner.get("/api/v1/models/homepage:2/download").body, "?name=weighed")
        self.assertEqual(self.verdict("weighed:1", against="homepage:1")["why"], "no_hits")
        before = self.files()
        for wrong, code in (
                (b"", "hits_corrupt"), (b"no hits", "hits_corrupt"), (b"[]", "hits_corrupt"),
                (self.hits_of("homepage:2")[:-20], "hits_corrupt"),
                (self.hits_of("homepage:1"), "hits_mismatch"),
                (self.hits_of("homepage:2").replace(b'"k"', b'"j"'), "hits_corrupt")):
            refused = self.send_hits("weighed:1", wrong)
            self.assertEqual((refused.status, refused.json()["code"]), (422, code), refused)
        self.assertIn("recall_at_k", self.send_hits("weighed:1", self.hits_of("homepage:1")).text)
        self.assertEqual(self.files(), before)
        self.assertEqual(self.send_hits("weighed:1", b"{}", self.other).status, 404)
        sent = self.send_hits("weighed:1", self.hits_of("homepage:2"))
        self.assertEqual(sent.status, 204, sent)
        found = self.verdict("weighed:1", against="homepage:1")
        trained = self.verdict("homepage:2", against="homepage:1")
        self.assertEqual(found | {"candidate": 0}, trained | {"candidate": 0})
        self.assertTrue(found["passes"] and found["beats_popular"], found)
        again = self.send_hits("weighed:1", self.hits_of("homepage:2"))
        self.assertEqual((again.status, again.json()["code"]), (409, "hits_exist"), again)
        self.assertEqual(self.owner.delete(f"/api/v1/models/{first.json()['model_id']}").status, 204)
        self.assertEqual(self.files(), [name for name in before if name != first.json()["file_name"]])

    def test_the_shell_takes_hits_in_with_their_model(self):
        here = self.stack.room.directory
        for version in (1, 2):
            (here / f"{version}.pkl").write_bytes(
                self.owner.get(f"/api/v1/models/homepage:{version}/download").body)
            (here / f"{version}.hits.json").write_bytes(self.hits_of(f"homepage:{version}"))
        self.shell("import", here / "2.pkl", "--name", "by-shell", "--hits", here / "2.hits.json")
        self.assertEqual(self.verdict("by-shell:1", against="homepage:1")["outcome"], "better")
        wrong = self.shell("import", here / "2.pkl", "--name", "by-shell", "--hits",
                           here / "1.hits.json", status=3)
        self.assertIn("by-shell:2 was imported without hits: these are the hits of another model",
                      wrong.stderr)
        for version in (1, 2):
            self.assertEqual(self.owner.delete(f"/api/v1/models/by-shell:{version}").status, 204)

    def test_a_file_that_is_no_model_leaves_nothing(self):
        before, body = self.files(), self.file().body
        flipped = bytearray(body)
        flipped[len(body) // 2] ^= 1
        for wrong in (b"", b"hello", body[:-1], body + b"x", bytes(flipped)):
            answer = self.send(wrong)
            self.assertEqual((answer.status, answer.json()["code"]), (422, "model_file_corrupt"),
                             answer)
            self.assertNotIn("/proc", answer.text)
        answer = self.send(body, "?name=Not%20A%20Name")
        self.assertEqual((answer.status, answer.json()["errors"][0]["field"]), (422, "name"))
        self.assertEqual(self.files(), before)

    def test_a_body_comes_in_only_from_who_is_logged_in(self):
        before = self.files()
        self.assertEqual(self.send(self.file().body, client=self.stack.anonymous()).status, 401)
        evil = self.send(self.file().body, Origin="https://evil.example")
        self.assertEqual((evil.status, evil.json()["code"]), (403, "cross_site"))
        # Who is refused hears of it before the body is sent.
        place = urlsplit(self.stack.url)
        with socket.create_connection((place.hostname, place.port), timeout=10) as link:
            link.sendall(f"POST /api/v1/models/import HTTP/1.1\r\nHost: {place.netloc}\r\n"
                         "Content-Length: 1000000\r\n\r\n".encode())
            self.assertIn(b" 401 ", link.recv(4096).split(b"\r\n", 1)[0])
        self.assertEqual(self.files(), before)

    def test_a_body_that_is_too_long_is_refused_by_its_length(self):
        cookie = self.owner.cookie("access_token")
        place = urlsplit(self.stack.url)
        with socket.create_connection((place.hostname, place.port), timeout=10) as link:
            link.sendall(f"POST /api/v1/models/import HTTP/1.1\r\nHost: {place.netloc}\r\n"
                         f"Cookie: access_token={cookie}\r\n"
                         "Content-Length: 99000000000000\r\n\r\n".encode())
            self.assertIn(b" 413 ", link.recv(4096).split(b"\r\n", 1)[0])

    # ---- others, and the shell ----

    def test_nothing_of_it_is_anothers(self):
        for path in ("/api/v1/registry/homepage", "/api/v1/registry/homepage/history",
                     "/api/v1/models/homepage:1", "/api/v1/models/homepage:1/verdict"):
            self.assertEqual(self.other.get(path).status, 404, path)
        self.assertEqual(self.other.put(CHAMPION, json={"version": 1}).status, 404)
        mine = self.send(self.file().body, "?name=homepage", client=self.other)
        self.assertEqual((mine.status, mine.json()["ref"]), (201, "homepage:1"))
        against = self.other.get("/api/v1/models/homepage:1/verdict"
                                 f"?against={self.ids[0]}")
        self.assertEqual(against.status, 404)

    def test_the_shell_has_the_same_verbs(self):
        self.owner.patch("/api/v1/registry/homepage", json={"gate": False})
        self.assertIn("homepage:2", self.shell("list").stdout)
        self.assertEqual(json.loads(self.shell("show", "homepage:2", "--json").stdout),
                         self.owner.get("/api/v1/models/homepage:2").json())
        self.assertIn("> homepage:1", self.shell("promote", "homepage:1").stdout)
        self.assertIn("> homepage:2", self.shell("promote", "homepage:2", "--reason", "so").stdout)
        self.assertIn("> homepage:1", self.shell("undo", "homepage").stdout)
        self.assertIn("champion was homepage:1",
                      self.shell("history", "homepage", "--at", "2100-01-01").stdout)
        self.assertEqual(self.owner.get("/api/v1/registry/homepage").json()["aliases"][0]
                         ["version"], 1)
        self.shell("gate", "homepage", "--on", "--margin", "90")
        refused = self.shell("promote", "homepage:2", status=1)
        self.assertIn("the gate lets homepage:2 not become champion", refused.stderr)
        self.assertEqual(json.loads(self.shell("verdict", "homepage:2", "--json").stdout),
                         self.verdict("homepage:2"))
        self.assertIn("homepage@champion",
                      self.shell("remove", "homepage:1", status=1).stderr)
        path = self.stack.room.directory / "import.pkl"
        path.write_bytes(self.file().body)
        self.assertIn("shell:1", self.shell("import", str(path), "--name", "shell").stdout)
        self.shell("edit", "shell:1", "--note", "kept", "--tags", "a,b")
        self.assertEqual(self.owner.get("/api/v1/models/shell").json()["tags"], ["a", "b"])
        self.assertIn("removed shell:1", self.shell("remove", "shell:1").stdout)
        path.write_bytes(b"no model")
        self.shell("import", str(path), status=3)


if __name__ == "__main__":
    unittest.main()
