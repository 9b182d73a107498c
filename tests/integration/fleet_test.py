"""docker-compose.yaml: what stands in it, and the fleet that it starts, with the brief's Quick Start,
client, monitoring and security word by word (tests/support/compose.py tells how, without Docker)."""

import csv
import hashlib
import json
import pickle
import re
import subprocess
import sys
import time
import unittest
import urllib.request
from pathlib import Path

import compose
from client import Client
from processes import LONG, PATIENCE, wait_until
from stack import RECTRAIN, make_data, run_rectrain

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))
SETTINGS = {row["name"] for row in json.loads(
    run_rectrain("doctor", "--json", "--db-name", "/nowhere/x", check=False).stdout)["settings"]}
OWN = ("app", "training-worker", "prediction-worker")
URL = "http://localhost"  # the brief's
EMAIL, PASSWORD = "test@example.com", "123"


class File(unittest.TestCase):
    """What `docker-compose config` makes of docker-compose.yaml, .env.example and the Dockerfile."""

    @classmethod
    def setUpClass(cls):
        cls.file = compose.read_file()
        cls.services = cls.file["services"]

    def own(self):
        return {name: service for name, service in self.services.items()
                if service["image"].startswith("rectrain")}

    def test_it_starts_what_the_brief_says(self):
        self.assertLessEqual({*OWN, "rabbitmq", "postgres"}, set(self.services))

    def test_each_command_is_one_that_the_program_has(self):
        for name, service in self.own().items():
            program, *words = service["command"]
            self.assertEqual(program, "rectrain")
            run_rectrain(*words, "--help")
            _, program, *words = service["healthcheck"]["test"]
            self.assertEqual(program, "rectrain", name)
            self.assertIn("Usage:", run_rectrain(*words, "--help").stdout)

    def test_each_variable_is_a_setting_and_every_value_is_allowed(self):
        for name, service in self.own().items():
            self.assertLessEqual(set(service["environment"]), SETTINGS, name)
            done = run_rectrain("doctor", "--json", environment=service["environment"], check=False)
            self.assertNotEqual(done.returncode, 2, done.stderr)

    def test_what_services_say_is_kept_within_bounds(self):
        for name, service in self.services.items():
            options = service["logging"]["options"]
            self.assertRegex(options["max-size"], r"^\d+m$", name)
            self.assertGreater(int(options["max-file"]), 0, name)

    def test_the_brief_s_ports_users_and_mounts(self):
        self.assertEqual(compose.Fleet.port_of(self.services["app"]["ports"][0]), (80, 8080))
        self.assertTrue(self.services["app"]["environment"]["LISTEN"].endswith(":8080"))
        rabbitmq = self.services["rabbitmq"]
        self.assertIn("management", rabbitmq["image"])
        self.assertEqual(compose.Fleet.port_of(rabbitmq["ports"][0]), (15672, 15672))
        self.assertEqual(rabbitmq["environment"], {"RABBITMQ_DEFAULT_USER": "rmuser",
                                                   "RABBITMQ_DEFAULT_PASS": "rmpassword"})
        for service in self.own().values():
            self.assertIn(f"{ROOT}/data:/data:ro", service["volumes"])
            self.assertIn("ml_models:/app/ml_models:rw", service["volumes"])
            self.assertEqual(service["environment"]["RABBITMQ_HOST"], "rabbitmq")

    def test_both_ends_of_each_secret_and_name_are_equal(self):
        postgres = self.services["postgres"]["environment"]
        rabbitmq = self.services["rabbitmq"]["environment"]
        for service in self.own().values():
            own = service["environment"]
            self.assertEqual(own["DATABASE_URL"], "postgresql://{}:{}@postgres/{}".format(
                postgres["POSTGRES_USER"], postgres["POSTGRES_PASSWORD"], postgres["POSTGRES_DB"]))
            self.assertEqual((own["RABBITMQ_USER"], own["RABBITMQ_PASSWORD"]),
                             (rabbitmq["RABBITMQ_DEFAULT_USER"], rabbitmq["RABBITMQ_DEFAULT_PASS"]))

    def test_nothing_is_published_beyond_this_machine_unless_asked_for(self):
        for service in self.services.values():
            for port in service.get("ports", []):
                self.assertTrue(port.startswith("127.0.0.1:"), port)
        wide = compose.read_file(APP_ADDRESS="0.0.0.0", APP_PORT="8000", DEMO_USER="0")
        self.assertEqual(wide["services"]["app"]["ports"], ["0.0.0.0:8000:8080/tcp"])
        self.assertEqual(wide["services"]["app"]["environment"]["DEMO_USER"], "0")

    def test_every_service_restarts_is_checked_and_waits_for_what_it_needs(self):
        for name, service in self.services.items():
            self.assertEqual(service["restart"], "unless-stopped", name)
            self.assertIn("test", service["healthcheck"], name)
            self.assertIn("no-new-privileges:true", service["security_opt"], name)
            for other in service.get("depends_on", {}).values():
                self.assertEqual(other["condition"], "service_healthy", name)
        for name, service in self.own().items():
            self.assertEqual(service["cap_drop"], ["ALL"], name)
            self.assertTrue(service["read_only"], name)
            self.assertTrue(service["init"], name)

    def test_a_worker_has_longer_to_stop_than_it_gives_its_job(self):
        worker = self.services["training-worker"]
        self.assertGreater(compose.seconds_of(worker["stop_grace_period"]),
                           float(worker["environment"]["STOP_GRACE_SECONDS"]) + 10)

    def test_the_sample_names_each_variable_with_the_default_that_holds(self):
        text = (ROOT / "docker-compose.yaml").read_text()
        used = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", text))
        sample = dict(re.findall(r"^(\w+)=(.*)$", (ROOT / ".env.example").read_text(),
                                 re.MULTILINE))
        self.assertEqual(sample, used)

    def test_services_of_systemd_run_what_is_there_and_stop_as_slowly_as_they_may(self):
        for unit in sorted((ROOT / "deploy/systemd").glob("*.service")):
            text = unit.read_text()
            program, *words = re.search(r"^ExecStart=(.*)$", text, re.MULTILINE)[1].split()
            self.assertEqual(program, "/opt/rectrain/bin/rectrain")
            run_rectrain(*words, "--help")
            self.assertGreater(int(re.search(r"^TimeoutStopSec=(\d+)$", text, re.MULTILINE)[1]), 30)

    def test_the_image_runs_as_somebody_without_rights(self):
        self.assertEqual(compose.dockerfile_words("USER"), ["rectrain"])
        self.assertEqual(json.loads(compose.dockerfile_words("CMD")[0]), ["rectrain", "serve"])
        self.assertIn("-o rectrain", " ".join(compose.dockerfile_words("RUN")))

    def test_the_image_brings_each_library_that_the_program_needs(self):
        packages = " ".join(compose.dockerfile_words("RUN"))
        needed = set(re.findall(r"^\t(\S+)", subprocess.run(
            ["ldd", RECTRAIN], capture_output=True, text=True, check=True).stdout, re.MULTILINE))
        by_package = {"libjansson.so.4": "libjansson4", "libmicrohttpd.so.12": "libmicrohttpd12",
                      "libpq.so.5": "libpq5", "librabbitmq.so.4": "librabbitmq4",
                      "libsodium.so.23": "libsodium23", "libcrypto.so.3": "libssl3",
                      "libz.so.1": "zlib1g", "libseccomp.so.2": "libseccomp2"}
        for library, package in by_package.items():
            self.assertEqual(library in needed, package in packages, library)


class Running(unittest.TestCase):
    """The fleet, once for all tests below; they run in the order of their names."""

    fleet = None

    @classmethod
    def setUpClass(cls):
        if Running.fleet is None:
            directory = Path(compose.tempfile.mkdtemp(prefix="rectrain-fleet-data-"))
            directory.chmod(0o755)
            unittest.addModuleCleanup(compose.shutil.rmtree, directory)
            make_data(directory / "data")
            Running.fleet = compose.Fleet(RECTRAIN, directory / "data")
            unittest.addModuleCleanup(Running.fleet.close)
            Running.fleet.up()

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        super().run(result)
        if result and len(result.failures) + len(result.errors) > before and self.fleet:
            print(self.fleet.all_logs(), flush=True)

    def client(self):
        return Client(URL).login(EMAIL, PASSWORD)

    def wait(self, client, job_id):
        def ended():
            seen = client.get(f"/training_status/{job_id}").json()
            return seen if seen["status"] in ("completed", "failed") else None
        return wait_until(ended, PATIENCE * 2, f"job {job_id} has ended")


class Fleet(Running):
    def test_10_quick_start_1_start_the_platform(self):
        for name in self.fleet.services:
            done = self.fleet.health(name)
            self.assertEqual(done.returncode, 0, f"{name}: {done.stdout}{done.stderr}")

    def test_11_quick_start_2_access_the_training_interface(self):
        client = Client(URL)
        answer = client.get("/", headers={"Accept": "text/html"}, follow=True)
        self.assertEqual((answer.status, answer.type), (200, "text/html"))
        self.assertIn("/auth/login", answer.url)
        page = self.client().get("/training/", headers={"Accept": "text/html"})
        self.assertEqual(page.status, 200)
        self.assertIn("Model Training", page.text)

    def test_12_quick_start_3_start_training(self):
        client = self.client()
        answer = client.post("/start_training/", form={"model_type": "popular",
                                                       "data_path": "/data"})
        self.assertEqual(answer.status, 202, answer)
        job = self.wait(client, answer.json()["job_id"])
        self.assertEqual(job["status"], "completed", job)

    def test_13_quick_start_4_monitor_progress(self):
        client = self.client()
        job_id = client.post("/start_training/", form={
            "model_type": "als", "data_path": "/data", "iterations": 15, "factors": 20}
        ).json()["job_id"]
        job = self.wait(client, job_id)
        self.assertEqual(set(job["metrics"]) & {"recall_at_k", "precision_at_k", "f1_at_k"},
                         {"recall_at_k", "precision_at_k", "f1_at_k"})
        self.assertRegex(job["model_path"], rf"^\./ml_models/als_model_{job_id}_\d{{8}}_\d{{6}}\.pkl$")
        self.assertTrue((self.fleet.models / Path(job["model_path"]).name).is_file())
        events = client.get(f"/api/v1/jobs/{job_id}/events").json()["events"]
        self.assertLessEqual({"created", "claimed", "completed"},
                             {event["kind"] for event in events})
        self.assertIn("train", [event["message"] for event in events])

    def test_20_programmatic_usage_the_brief_s_example_verbatim(self):
        # No address is given, so it goes to http://localhost.
        brief = Path(__file__).with_name("brief_example.py").read_text()
        done = subprocess.run([sys.executable, "-B", "-c", brief], cwd=ROOT, capture_output=True,
                              text=True, timeout=PATIENCE * 3, check=False,
                              env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"})
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertRegex(done.stdout, r"^F1@40: 0\.\d{4}\n$")

    def test_21_programmatic_usage_the_script_saves_a_model_that_python_opens(self):
        path = self.fleet.room.directory / "saved.pkl"
        done = subprocess.run([sys.executable, "-B", ROOT / "training_example.py", "--factors", "8",
                               "--output", path], cwd="/", capture_output=True, text=True,
                              timeout=PATIENCE * 3, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(path, "rb") as file:
            model = pickle.load(file)
        self.assertEqual(model["model"]["user_factors"].shape[1], 8)
        kept = sorted(self.fleet.models.glob("als_model_*.pkl"))[-1]
        self.assertEqual(hashlib.sha256(path.read_bytes()).digest(),
                         hashlib.sha256(kept.read_bytes()).digest())

    def test_30_monitoring_logs_of_the_training_worker(self):
        lines = self.fleet.logs("training-worker").splitlines()
        told = [line for line in lines if re.search(r"job(_id)?[=:\" ]+\d", line)]
        self.assertTrue(told, "\n".join(lines[-20:]))
        self.assertNotIn("rmpassword", "\n".join(lines))

    def test_31_monitoring_rabbitmq_management(self):
        def ask(path):
            request = urllib.request.Request(f"http://localhost:15672{path}")
            request.add_header("Authorization", "Basic cm11c2VyOnJtcGFzc3dvcmQ=")
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)
        self.assertEqual(ask("/api/whoami")["name"], "rmuser")
        (queue,) = [queue for queue in ask("/api/queues/%2F") if queue["name"] == "training_tasks"]
        self.assertTrue(queue["durable"])
        def predictions():
            return next(queue for queue in ask("/api/queues/%2F")
                        if queue["name"] == "prediction_tasks")
        self.assertTrue(predictions()["durable"])
        wait_until(lambda: predictions().get("consumers") == 1, PATIENCE, "its worker listens")

    def version(self, client, **fields):
        """Train one version of "homepage" by the form, as the page does."""
        job_id = client.post("/start_training/", form={
            "model_type": "als", "data_path": "/data", "model_name": "homepage"} | fields
        ).json()["job_id"]
        self.assertEqual(self.wait(client, job_id)["status"], "completed")
        return client.get(f"/api/v1/jobs/{job_id}").json()["model"]["ref"]

    def test_32_a_model_s_story_from_two_versions_to_the_way_back(self):
        client = self.client()
        champion = "/api/v1/registry/homepage/aliases/champion"
        self.assertEqual(self.version(client, iterations=1, factors=2), "homepage:1")
        self.assertEqual(self.version(client, iterations=5, factors=8), "homepage:2")

        # The first becomes champion, as there is none; the gate lets the second, which is better.
        first = client.put(champion, json={"version": 1})
        self.assertEqual(first.json()["verdict"]["outcome"], "no_champion", first)
        verdict = client.get("/api/v1/models/homepage:2/verdict").json()
        self.assertEqual((verdict["outcome"], verdict["passes"]), ("better", True), verdict)
        self.assertRegex(verdict["words"], r"^better by [\d.]+ to [\d.]+ points$")
        moved = client.put(champion, json={"version": 2, "reason": "finds more"})
        self.assertEqual((moved.status, moved.json()["to_version"]), (200, 2), moved)
        refused = client.put(champion, json={"version": 1})
        self.assertEqual((refused.status, refused.json()["code"]), (409, "gate_refused"), refused)

        # A user whom the model knows, one whom it does not, and a history that is pasted in.
        model = "/api/v1/models/homepage@champion"
        known = client.get(f"{model}/users?limit=1").json()["users"][0]
        listed = client.get(f"{model}/recommend?user={known}&k=10").json()
        self.assertEqual((listed["basis"], listed["model"]["version"]), ("user", 2), listed)
        unknown = client.get(f"{model}/recommend?user=987654321&k=10").json()
        self.assertEqual(unknown["basis"], "popular", unknown)
        done = client.get(f"{model}/history?user={known}").json()["items"]
        folded = client.post(f"{model}/recommend", json={"k": 10, "items": done + ["no-such"]})
        self.assertEqual((folded.json()["basis"], folded.json()["unknown_items"]), ("history", 1),
                         folded)
        for items in (listed["items"], unknown["items"], folded.json()["items"]):
            self.assertEqual(len({one["item"] for one in items}), 10)
        best = listed["items"][0]
        why = client.get(f"{model}/explain?user={known}&item={best['item']}&reasons=1000").json()
        self.assertEqual((why["rank"], why["rest"]), (1, 0), why)
        self.assertAlmostEqual(why["list_score"], best["score"], places=6)
        self.assertAlmostEqual(sum(one["part"] for one in why["reasons"]), why["score"], places=5)

        self.predict_for_all(client, known, listed["items"])

        # And back in one step; the history has all of it.
        undone = client.post(f"{champion}/undo", json={"reason": "complaints"})
        self.assertEqual((undone.json()["kind"], undone.json()["to_version"]), ("undo", 1), undone)
        again = client.get(f"{model}/recommend?user={known}&k=10").json()
        self.assertEqual(again["model"]["version"], 1)
        moves = client.get("/api/v1/registry/homepage/history").json()["moves"]
        self.assertEqual([(move["from_version"], move["to_version"], move["reason"], move["by"])
                          for move in moves], [(2, 1, "complaints", EMAIL), (1, 2, "finds more", EMAIL),
                                               (None, 1, None, EMAIL)])

    def predict_for_all(self, client, known, items):
        """By the prediction worker, whose lists are those of the server."""
        answer = client.post("/api/v1/predictions", json={
            "model": "homepage@champion", "k": 10, "format": "csv"})
        self.assertEqual(answer.status, 202, answer)
        path = f"/api/v1/predictions/{answer.json()['prediction_id']}"
        done = wait_until(lambda: next((seen for seen in [client.get(path).json()] if seen[
            "status"] in ("completed", "failed")), None), PATIENCE, "the prediction ends")
        self.assertEqual((done["status"], done["model"]["version"]), ("completed", 2), done)
        content = client.get(path + "/download").body
        self.assertEqual(hashlib.sha256(content).hexdigest(), done["file"]["sha256"])
        rows = list(csv.DictReader(content.decode().splitlines()))
        self.assertEqual(len(rows), done["file"]["rows"])
        self.assertEqual([int(row["node"]) for row in rows if row["cookie"] == str(known)],
                         [one["item"] for one in items])
        logs = self.fleet.logs("prediction-worker")
        self.assertIn("prediction_completed", logs)
        self.assertNotIn("rmpassword", logs)
        self.assertNotIn("prediction_completed", self.fleet.logs("training-worker"))

    def test_40_security_users_see_their_own_jobs_only(self):
        done = self.fleet.exec("app", "rectrain", "user", "add", "other@example.com",
                               "--password-stdin", given="correct horse battery\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        mine = self.client().get("/api/v1/jobs").json()["jobs"][0]["job_id"]
        other = Client(URL).login("other@example.com", "correct horse battery")
        self.assertEqual(other.get(f"/training_status/{mine}").status, 404)
        self.assertEqual(other.get("/api/v1/jobs").json()["jobs"], [])
        self.assertEqual(Client(URL).get(f"/training_status/{mine}").status, 401)

    def test_41_a_container_can_change_nothing_but_its_models(self):
        script = ("touch /x || touch /app/x || touch /data/x || touch /usr/x; "
                  "touch /app/ml_models/x && touch /tmp/x && rm /app/ml_models/x && id -u && "
                  "grep CapEff /proc/self/status")
        done = self.fleet.exec("training-worker", "sh", "-c", script)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr.count("Read-only file system"), 3, done.stderr)
        self.assertEqual(done.stdout.split(), ["10001", "CapEff:", "0000000000000000"])

    def test_42_doctor_is_content_with_the_containers(self):
        for name in OWN:
            done = self.fleet.exec(name, "rectrain", "doctor", "--json")
            checks = json.loads(done.stdout)["checks"]
            self.assertEqual([check for check in checks if check["state"] == "failed"], [])
            self.assertIn("RabbitMQ", "".join(c["message"] for c in checks if c["part"] == "queue"))

    def test_50_a_restart_of_the_app_loses_nothing(self):
        client = self.client()
        before = [job["job_id"] for job in client.get("/api/v1/jobs").json()["jobs"]]
        took = self.fleet.restart("app")
        self.assertLess(took, compose.seconds_of(self.fleet.services["app"]["stop_grace_period"]))
        after = [job["job_id"] for job in client.get("/api/v1/jobs").json()["jobs"]]
        self.assertEqual(after, before)

    def test_51_a_restart_of_the_worker_in_a_job_gives_the_job_back(self):
        client = self.client()
        job_id = client.post("/start_training/", form={
            "model_type": "als", "data_path": "/data", **LONG}
        ).json()["job_id"]
        wait_until(lambda: client.get(f"/training_status/{job_id}").json()["status"] == "training",
                   PATIENCE, "it trains")
        start = time.monotonic()
        self.fleet.restart("training-worker")
        job = wait_until(lambda: next((seen for seen in [client.get(
            f"/api/v1/jobs/{job_id}").json()] if seen["status"] in
            ("training", "completed", "loading_data", "preprocessing")), None), PATIENCE, "again")
        self.assertEqual(job["error"], None, f"after {time.monotonic() - start:.0f} s")
        client.post(f"/api/v1/jobs/{job_id}/cancel")


if __name__ == "__main__":
    compose.enter_network()
    unittest.main(verbosity=2)
