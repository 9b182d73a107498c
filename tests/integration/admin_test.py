"""Administration from the shell: rectrain db, doctor and user, on SQLite and on PostgreSQL."""

import json
import os
import sqlite3
import unittest

from processes import Room, free_port
from services import Postgres
from stack import RECTRAIN, run_rectrain

PASSED = ("PATH", "HOME", "LC_ALL", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS")


class AdminTest(unittest.TestCase):
    """Each test has a directory of its own, where the program is started."""

    def setUp(self):
        self.room = Room()
        self.addCleanup(self.room.close)
        self.directory = self.room.directory
        self.environment = {name: os.environ[name] for name in PASSED if name in os.environ}

    def run_with(self, *words, status=0, given=None, **settings):
        done = run_rectrain(*words, environment=self.environment | settings, given=given,
                            directory=self.directory, check=False)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done

    def query(self, sql):
        with sqlite3.connect(self.directory / "ml_results.db") as db:
            return db.execute(sql).fetchall()


class Groups(AdminTest):
    def test_every_command_and_action_has_its_help_on_stdout(self):
        commands = [line.split()[0] for line in run_rectrain("--help").stdout.split("Commands:")[1]
                    .splitlines() if line.startswith("  ")]
        self.assertIn("db", commands)
        for command in commands:
            done = self.run_with(command, "--help")
            self.assertEqual(done.stderr, "")
            self.assertIn(f"Usage: rectrain {command}", done.stdout)
            if "Actions:" not in done.stdout:
                continue
            actions = [line.split()[0] for line in done.stdout.split("Actions:")[1].splitlines()
                       if line.startswith("  ")]
            for action in actions:
                told = self.run_with(command, action, "--help").stdout
                self.assertIn(f"Usage: rectrain {command} {action}", told)
                self.assertIn("--help", told)

    def test_a_group_without_an_action_shows_its_usage_on_stderr(self):
        done = self.run_with("db", status=2)
        self.assertIn("Usage: rectrain db ACTION", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_an_unknown_action_and_a_missing_or_excess_argument_are_named(self):
        for words, says in ((["db", "drop"], "there is no action drop"),
                            (["db", "backup"], "usage: rectrain db backup FILE"),
                            (["db", "check", "now"], "too many arguments"),
                            (["db", "migrate", "--force"], "see rectrain db migrate --help")):
            done = self.run_with(*words, status=2)
            self.assertIn(says, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)


class Database(AdminTest):
    def test_migrate_makes_the_store_and_changes_nothing_the_second_time(self):
        first = self.run_with("db", "migrate").stdout
        self.assertRegex(first, r"^schema \d+, SQLite 3\.\d+\.\d+\n$")
        before = (self.directory / "ml_results.db").read_bytes()
        self.assertEqual(self.run_with("db", "migrate").stdout, first)
        self.assertEqual((self.directory / "ml_results.db").read_bytes(), before)

    def test_a_file_named_by_the_option_wins_over_the_environment(self):
        self.run_with("db", "migrate", "--db-name", "flag.db", DB_NAME="variable.db")
        self.assertTrue((self.directory / "flag.db").exists())
        self.assertFalse((self.directory / "variable.db").exists())

    def test_backup_is_a_whole_store_and_overwrites_nothing(self):
        self.run_with("db", "migrate")
        self.assertEqual(self.run_with("db", "backup", "copy.db").stdout, "copy.db\n")
        self.run_with("db", "check", "--db-name", "copy.db")
        done = self.run_with("db", "backup", "copy.db", status=1)
        self.assertIn("copy.db is there already", done.stderr)

    def test_backup_and_check_make_no_store(self):
        for words in (["db", "backup", "copy.db"], ["db", "check"]):
            done = self.run_with(*words, status=3)
            self.assertIn("there is no store ml_results.db", done.stderr)
        self.assertEqual(list(self.directory.glob("*.db*")), [])

    def test_check_tells_what_must_not_be_in_words_and_in_json(self):
        self.run_with("db", "migrate")
        self.assertEqual(self.run_with("db", "check").stdout, "nothing is wrong\n")
        with sqlite3.connect(self.directory / "ml_results.db") as db:
            db.execute("INSERT INTO users (email, password_hash, created_ms) VALUES ('a@b', '', 0)")
            db.execute("INSERT INTO jobs (user_id, model_type, data_path, params, run, status, turn,"
                       " created_ms, queued_ms, updated_ms, ended_ms) VALUES (1, 'popular', '/data',"
                       " '{}', '{}', 'pending', 0, 0, 0, 0, 7)")
        done = self.run_with("db", "check", status=1)
        self.assertIn("job 1 has ended without a time, or has a time", done.stdout)
        self.assertIn("1 fault", done.stderr)
        told = json.loads(self.run_with("db", "check", "--json", status=1).stdout)
        self.assertEqual((told["ok"], told["faults"], len(told["report"])), (False, 1, 1))

    def test_a_file_that_is_no_store_of_ours_is_left_alone(self):
        with sqlite3.connect(self.directory / "ml_results.db") as db:
            db.execute("CREATE TABLE mine (x)")
        before = (self.directory / "ml_results.db").read_bytes()
        done = self.run_with("db", "migrate", status=3)
        self.assertIn("not of rectrain", done.stderr)
        self.assertEqual((self.directory / "ml_results.db").read_bytes(), before)

    def test_postgresql_is_migrated_and_checked_and_backed_up_by_its_own_tool(self):
        url = Postgres(self.room).url
        self.assertRegex(self.run_with("db", "migrate", DATABASE_URL=url).stdout,
                         r"^schema \d+, PostgreSQL \d+")
        self.run_with("db", "check", DATABASE_URL=url)
        done = self.run_with("db", "backup", "copy", DATABASE_URL=url, status=2)
        self.assertIn("pg_dump", done.stderr)


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
    assert RECTRAIN
    unittest.main(verbosity=2)
