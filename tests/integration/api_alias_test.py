"""An alias that moves while others ask by it: each answer is that of one version, whole."""

import http.client
import json
import threading
import time
import unittest

from client import Client
from jobs_case import Jobs
from processes import free_port, wait_until
from stack import RECTRAIN


class Asker(threading.Thread):
    """Asks one server by an alias without a pause, over one connection, until told to stop. Each
    answer must be that of one of the versions, whole."""

    def __init__(self, port, token, path, wanted):
        super().__init__()
        self.port, self.token, self.path, self.wanted = port, token, path, wanted
        self.stop, self.asked, self.faults, self.slowest, self.last = False, 0, [], 0.0, None

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            while not self.stop:
                start = time.monotonic()
                connection.request("GET", self.path, headers={
                    "Authorization": f"Bearer {self.token}"})
                answer = connection.getresponse()
                body = answer.read()
                self.slowest = max(self.slowest, time.monotonic() - start)
                self.judge(answer.status, body)
        except (OSError, http.client.HTTPException) as fault:
            self.faults.append(repr(fault))
        finally:
            connection.close()

    def judge(self, status, body):
        self.asked += 1
        if status != 200:
            self.faults.append(f"{status} {body[:200]}")
            return
        told = json.loads(body)
        self.last = told["model"]["version"]
        if told["model"]["alias"] != "live" or told["items"] != self.wanted.get(self.last):
            self.faults.append(f"a mixed answer: {body[:300]}")


class AliasTest(Jobs):
    """Names, versions and aliases, and moves of an alias while others ask."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if cls.flavour == "fleet":
            cls.stack.start_worker()
        cls.versions = {}
        for factors in (4, 8, 12):
            job_id = cls.stack.start_job(cls.owner, "als", factors=factors,
                                         iterations=2)["job_id"]
            model_id = cls.stack.wait_for_job(cls.owner, job_id)["model"]["model_id"]
            named = cls.owner.patch(f"/api/v1/models/{model_id}", json={"name": "homepage"})
            assert named.status == 200, named
            cls.versions[named.json()["version"]] = model_id
        cls.token = cls.owner.post("/api/v1/tokens", json={
            "name": "asker", "scope": "read", "days": 1}).json()["token"]

    def move(self, version, alias="live"):
        answer = self.owner.put(f"/api/v1/registry/homepage/aliases/{alias}",
                                json={"version": version})
        self.assertEqual(answer.status, 200, answer)

    def list_of(self, ref, user=7):
        answer = self.owner.get(f"/api/v1/models/{ref}/recommend?user={user}&k=20")
        self.assertEqual(answer.status, 200, answer)
        return answer.json()

    def test_each_kind_of_ref_names_its_version(self):
        self.move(1, "live")
        for ref, version, alias in (("homepage:2", 2, None), ("homepage@live", 1, "live"),
                                    (self.versions[3], 3, None), ("homepage", 3, None)):
            told = self.list_of(ref)["model"]
            self.assertEqual(told, {
                "model_id": self.versions[version], "name": "homepage", "version": version,
                "ref": f"homepage:{version}", "alias": alias, "model_type": "als"}, ref)
        for ref in ("homepage:9", "homepage@none", "nowhere@live", "nowhere", "homepage@", "@", ":",
                    "0", "-1", "99999"):
            answer = self.owner.get(f"/api/v1/models/{ref}/recommend?user=7")
            self.assert_problem(answer, 404, "no_such_model")

    def test_an_alias_that_moved_is_followed_at_once(self):
        for version in (2, 3, 1, 2):
            self.move(version)
            self.assertEqual(self.list_of("homepage@live")["model"]["version"], version)
        answer = self.owner.post("/api/v1/registry/homepage/aliases/live/undo", json={})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(self.list_of("homepage@live")["model"]["version"], 1)
        self.assertEqual(self.owner.delete("/api/v1/registry/homepage/aliases/live").status // 100,
                         2)
        answer = self.owner.get("/api/v1/models/homepage@live/recommend?user=7")
        self.assert_problem(answer, 404, "no_such_model")

    def second_server(self):
        """Another server on the same store and models, as a fleet has them; its port."""
        port = free_port()
        process = self.stack.room.start(
            self.stack.room.new_name("serve"), [RECTRAIN, "serve"],
            environment=self.stack.environment | {"LISTEN": f"127.0.0.1:{port}", "WORKERS": "0"})
        self.addCleanup(process.wait, 20)
        self.addCleanup(process.send, 15)

        def is_ready():
            try:
                return Client(f"http://127.0.0.1:{port}").get("/health/ready").status == 200
            except OSError:
                return False
        wait_until(is_ready, 20)
        return port

    def test_moves_under_load_give_no_mixed_or_failed_answer(self):
        wanted = {version: self.list_of(model_id)["items"]
                  for version, model_id in self.versions.items()}
        self.assertEqual(len({json.dumps(items) for items in wanted.values()}), 3)
        self.move(1)
        other = self.second_server()
        path = "/api/v1/models/homepage@live/recommend?user=7&k=20"
        askers = [Asker(port, self.token, path, wanted)
                  for port in (self.stack.port, self.stack.port, self.stack.port, other, other)]
        for asker in askers:
            asker.start()
        try:
            for turn in range(60):
                version = 1 + turn % 3
                self.move(version)
                self.assertEqual(self.list_of("homepage@live")["model"]["version"], version)
                if turn % 20 == 19:  # the other server hears of it too
                    wait_until(lambda: {a.last for a in askers} == {version}, 10)
        finally:
            for asker in askers:
                asker.stop = True
            for asker in askers:
                asker.join(30)
        for asker in askers:
            self.assertEqual(asker.faults[:3], [])
            self.assertGreater(asker.asked, 100)
            self.assertLess(asker.slowest, 2)


class FleetAliasTest(AliasTest):
    flavour = "fleet"

if __name__ == "__main__":
    unittest.main()
