"""rectrain doctor: what it finds of a machine and its settings, and what it keeps to itself."""

import json
import os
import unittest

from admin_test import AdminTest
from processes import free_port
from services import Postgres, RabbitMQ


class Doctor(AdminTest):
    def look(self, status=0, **settings):
        """The findings by part, as [(state, message)]."""
        told = json.loads(self.run_with("doctor", "--json", status=status, **settings).stdout)
        self.assertEqual(told["ok"], status == 0)
        found = {}
        for check in told["checks"]:
            found.setdefault(check["part"], []).append((check["state"], check["message"]))
        return found

    def state(self, part, status=0, **settings):
        return self.look(status, **settings)[part][0]

    def test_a_new_installation_is_well(self):
        (self.directory / "data").mkdir()
        done = self.run_with("doctor")
        self.assertIn("0 failed, 0 warnings", done.stdout)
        self.assertEqual(done.stderr, "")
        self.assertEqual(sorted(os.listdir(self.directory)), ["data"])

    def test_every_setting_is_shown_with_its_origin_and_secrets_are_not(self):
        (self.directory / "secret").write_text("pass-from-file\n")
        settings = {"DATABASE_URL": "postgresql://rt:pass-in-url@127.0.0.1:1/x", "WORKERS": "3",
                    "RABBITMQ_PASSWORD_FILE": "secret"}
        for words in (["doctor"], ["doctor", "--json"]):
            done = self.run_with(*words, status=1, **settings)
            for secret in ("pass-in-url", "pass-from-file", "rmpassword"):
                self.assertNotIn(secret, done.stdout + done.stderr)
        told = {s["name"]: s for s in json.loads(done.stdout)["settings"]}
        self.assertEqual(told["WORKERS"],
                         {"name": "WORKERS", "value": "3", "origin": "environment"})
        self.assertEqual(told["RABBITMQ_PASSWORD"]["origin"], "file")
        self.assertEqual(told["LISTEN"]["origin"], "default")
        with open(os.path.join(os.path.dirname(__file__), "../../docs/configuration.md"),
                  encoding="utf-8") as manual:
            text = manual.read()
        for name in told:
            self.assertIn(f"| `{name}`", text)

    def test_a_wrong_setting_is_named_with_what_is_allowed(self):
        done = self.run_with("doctor", status=2, WORKERS="many")
        self.assertIn("WORKERS is many, but it must be a whole number from 0 to 256", done.stderr)

    def test_the_store_takes_a_write_and_stays_as_it_is(self):
        self.run_with("db", "migrate")
        state, message = self.state("store")
        self.assertEqual(state, "ok")
        self.assertRegex(message, r"SQLite 3\.\d+\.\d+, schema \d+, takes a write")
        self.assertEqual(self.query("SELECT count(*) FROM users"), [(0,)])

    def test_a_store_that_cannot_be_made_fails(self):
        state, message = self.state("store", status=1, DB_NAME="/nowhere/x.db")
        self.assertEqual(state, "failed")
        self.assertIn("/nowhere", message)

    def test_a_damaged_store_fails(self):
        self.run_with("db", "migrate")
        path = self.directory / "ml_results.db"
        path.write_bytes(path.read_bytes()[:5000])
        self.assertEqual(self.state("store", status=1)[0], "failed")

    def test_a_database_that_does_not_answer_fails(self):
        url = f"postgresql://127.0.0.1:{free_port()}/x"
        state, message = self.state("store", status=1, DATABASE_URL=url)
        self.assertEqual(state, "failed")
        self.assertIn("does not answer", message)

    def test_postgresql_is_named_with_its_version(self):
        state, message = self.state("store", DATABASE_URL=Postgres(self.room).url)
        self.assertEqual(state, "ok")
        self.assertRegex(message, r"PostgreSQL 1\d")

    def test_a_broker_that_is_away_fails_and_one_that_is_there_has_the_queue(self):
        away = {"RABBITMQ_HOST": "127.0.0.1", "RABBITMQ_PORT": str(free_port())}
        state, message = self.state("queue", status=1, **away)
        self.assertEqual(state, "failed")
        self.assertIn("RabbitMQ", message)
        broker = RabbitMQ(self.room)
        state, message = self.state("queue", **broker.environment)
        self.assertEqual(state, "ok")
        self.assertIn("training_tasks", broker.queues())
        wrong = broker.environment | {"RABBITMQ_PASSWORD": "wrong"}
        state, message = self.state("queue", status=1, **wrong)
        self.assertEqual(state, "failed")
        self.assertNotIn("wrong", message.replace("went wrong", ""))

    def test_data_roots_that_are_not_there_fail_where_they_were_asked_for(self):
        self.assertEqual(self.state("data")[0], "warning")
        state, message = self.state("data", status=1, DATA_ROOTS="/no/such/place")
        self.assertEqual(state, "failed")
        self.assertIn("/no/such/place", message)

    def test_a_model_directory_that_is_a_file_fails(self):
        (self.directory / "ml_models").write_text("")
        self.assertEqual(self.state("models", status=1)[0], "failed")

    def test_a_model_directory_is_probed_and_left_empty(self):
        (self.directory / "ml_models").mkdir()
        state, message = self.state("models")
        self.assertIn(state, ("ok", "warning"))
        self.assertIn("is writable", message)
        self.assertEqual(os.listdir(self.directory / "ml_models"), [])

    def test_the_demo_account_warns_and_fails_where_people_come_by_https(self):
        self.assertEqual(self.state("accounts", DEMO_USER="1")[0], "warning")
        state, message = self.state("accounts", status=1, DEMO_USER="1",
                                    PUBLIC_URL="https://train.example")
        self.assertEqual(state, "failed")
        self.assertIn("test@example.com", message)

    def test_an_open_address_without_https_warns(self):
        self.assertEqual(self.state("listen", LISTEN="0.0.0.0:8080")[0], "warning")
        self.assertEqual(self.state("listen", LISTEN="0.0.0.0:8080",
                                    PUBLIC_URL="https://train.example")[0], "ok")

    def test_more_memory_than_there_is_warns(self):
        self.assertEqual(self.state("memory", WORKERS="200", JOB_MEMORY="1TB")[0], "warning")

    def test_a_lowered_processor_warns_and_libraries_are_named(self):
        self.assertEqual(self.state("processor", RECTRAIN_CPU="portable")[0], "warning")
        self.assertRegex(self.state("libraries")[1], r"DuckDB v\d.*libjansson\.so\.4")


if __name__ == "__main__":
    unittest.main(verbosity=2)
