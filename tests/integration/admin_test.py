"""Administration from the shell: rectrain db and user, on SQLite and on PostgreSQL."""

import hashlib
import json
import os
import pty
import sqlite3
import time
import unittest

from processes import Room
from services import Postgres
from stack import RECTRAIN, run_rectrain

PASSED = ("PATH", "HOME", "LC_ALL", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS")
ADD_USER = ("INSERT OR IGNORE INTO users (user_id, email, password_hash, created_ms)"
            " VALUES (1, 'a@b', '', 0)")


def add_job_row(db, job_id, status="completed", task="train"):
    """A job of user 1, as the store writes one."""
    ended = status in ("completed", "failed")
    db.execute("INSERT INTO jobs (job_id, user_id, model_type, data_path, params, run, task, status,"
               " turn, created_ms, queued_ms, updated_ms, ended_ms, metrics) VALUES"
               " (?, 1, 'als', ?, '{}', '{}', ?, ?, 1, 1, 1, 1, ?, ?)",
               (job_id, "/data" if task == "train" else "", task, status, int(ended),
                "{}" if status == "completed" else None))
    if task == "train":
        db.execute("UPDATE users SET job_count = job_count + 1 WHERE user_id = 1")


def add_model_row(db, job_id, path, content):
    """A model of user 1, as the store writes one: the next version of "als", and counted."""
    db.execute("INSERT INTO registry_names (user_id, name, last_version, created_ms)"
               " VALUES (1, 'als', 1, 1)"
               " ON CONFLICT (user_id, name) DO UPDATE SET last_version = last_version + 1")
    db.execute("INSERT INTO models (job_id, user_id, model_type, path, sha256, size_bytes, created_ms,"
               " name_id, version) SELECT ?, 1, 'als', ?, ?, ?, 1, name_id, last_version"
               " FROM registry_names WHERE user_id = 1 AND name = 'als'",
               (job_id, path, hashlib.sha256(content).hexdigest(), len(content)))
    db.execute("UPDATE users SET model_count = model_count + 1, model_bytes = model_bytes + ?"
               " WHERE user_id = 1", (len(content),))


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
        self.assertRegex(self.run_with("db", "check").stdout, "^0 faults; 0 models and 0 predictions are as recorded")
        with sqlite3.connect(self.directory / "ml_results.db") as db:
            db.execute("INSERT INTO users (email, password_hash, created_ms) VALUES ('a@b', '', 0)")
            db.execute("INSERT INTO jobs (user_id, model_type, data_path, params, run, status, turn,"
                       " created_ms, queued_ms, updated_ms, ended_ms) VALUES (1, 'popular', '/data',"
                       " '{}', '{}', 'pending', 0, 0, 0, 0, 7)")
        done = self.run_with("db", "check", status=1)
        self.assertIn("job 1 has ended without a time, or has a time", done.stdout)
        self.assertRegex(done.stderr, r"\d+ faults? w")
        told = json.loads(self.run_with("db", "check", "--json", status=1).stdout)
        self.assertFalse(told["ok"])
        self.assertEqual(told["faults"], len(told["report"]))
        self.assertEqual(told["report"], done.stdout.splitlines()[:-1])

    def add_model(self, job_id, content):
        """A completed job with its model, as a worker leaves them."""
        name = f"als_model_{job_id}_20260102_030405.pkl"
        models = self.directory / "ml_models"
        models.mkdir(exist_ok=True)
        (models / name).write_bytes(content)
        with sqlite3.connect(self.directory / "ml_results.db") as db:
            db.execute(ADD_USER)
            add_job_row(db, job_id)
            add_model_row(db, job_id, f"./ml_models/{name}", content)
        return models / name

    def test_check_finds_models_that_are_missing_or_have_other_bytes(self):
        self.run_with("db", "migrate")
        self.add_model(1, b"good")
        self.add_model(2, b"gone").unlink()
        self.add_model(3, b"old!").write_bytes(b"new!")
        self.add_model(4, b"long").write_bytes(b"longer")
        told = json.loads(self.run_with("db", "check", "--json", status=1).stdout)
        self.assertEqual((told["models"], told["faults"]), (4, 3))
        report = "\n".join(told["report"])
        for words in ("model 2 of job 2", "is missing", "model 3 of job 3", "another SHA-256",
                      "model 4 of job 4", "another size"):
            self.assertIn(words, report)

    def add_prediction(self, job_id, content):
        """A completed prediction with its file, as a worker leaves them."""
        name = f"predictions_{job_id}_20260102_030405.csv"
        directory = self.directory / "ml_models" / "predictions"
        directory.mkdir(parents=True, exist_ok=True)
        (directory / name).write_bytes(content)
        with sqlite3.connect(self.directory / "ml_results.db") as db:
            db.execute(ADD_USER)
            add_job_row(db, job_id, task="predict")
            db.execute("INSERT INTO predictions (job_id, user_id, file_path, file_sha256, file_bytes)"
                       " VALUES (?, 1, ?, ?, ?)", (job_id, f"./ml_models/predictions/{name}",
                                                   hashlib.sha256(content).hexdigest(),
                                                   len(content)))
        return directory / name

    def test_check_finds_predictions_that_are_missing_or_have_other_bytes(self):
        self.run_with("db", "migrate")
        self.add_prediction(1, b"good")
        self.add_prediction(2, b"gone").unlink()
        self.add_prediction(3, b"old!").write_bytes(b"new!")
        told = json.loads(self.run_with("db", "check", "--json", status=1).stdout)
        self.assertEqual((told["predictions"], told["faults"]), (3, 2), told)
        report = "\n".join(told["report"])
        for words in ("prediction 2: its file", "is missing", "prediction 3: its file",
                      "another SHA-256"):
            self.assertIn(words, report)
        self.assertIn("1 predictions are as recorded", self.run_with("db", "check", status=1).stdout)

    def test_repair_removes_what_nothing_names_and_leaves_all_else(self):
        self.run_with("db", "migrate")
        kept = self.add_model(1, b"named")
        models = kept.parent
        orphan = models / "als_model_1_20250101_000000.pkl"
        others = [models / "als_model_0_20250101_000000.pkl", models / "als_model_99_20250101_000000"
                  ".pkl", models / "notes.txt"]
        for path in (orphan, *others):
            path.write_text("x")
        told = json.loads(self.run_with("db", "check", "--json").stdout)
        self.assertEqual((told["garbage"], told["unknown"], told["removed"]), (1, 3, 0))
        self.assertTrue(orphan.exists())
        told = json.loads(self.run_with("db", "check", "--repair", "--json").stdout)
        self.assertEqual((told["garbage"], told["removed"]), (1, 1))
        self.assertFalse(orphan.exists())
        self.assertTrue(kept.exists() and all(path.exists() for path in others))
        told = json.loads(self.run_with("db", "check", "--json").stdout)
        self.assertEqual((told["garbage"], told["unknown"]), (0, 3))

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


PASSWORD = "correct horse battery"


def type_at_a_terminal(directory, words, answers):
    """What a command shows and its status, when the answers are typed on its terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(directory)
        os.execv(RECTRAIN, [RECTRAIN, *words])
    shown = b""

    def read_on(until):
        nonlocal shown
        while until is None or not shown.endswith(until):
            try:
                block = os.read(terminal, 4096)
            except OSError:  # Linux's way to tell that the other side is closed
                return
            if not block:
                return
            shown += block
    for answer in answers:
        read_on(b": ")
        time.sleep(0.1)  # the echo is switched off just after the question
        os.write(terminal, answer)
        shown += b"|"
    read_on(None)
    os.close(terminal)
    return shown.decode(), os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Users(AdminTest):
    def add(self, email="a@example.com", *words, **options):
        return self.run_with("user", "add", email, *words, given=PASSWORD + "\n", **options)

    def listed(self):
        return json.loads(self.run_with("user", "list", "--json").stdout)["users"]

    def test_an_account_is_made_listed_and_removed(self):
        self.assertEqual(self.add("A@Example.com", "--admin").stdout, "user 1\n")
        self.add("b@example.com", "--password-stdin")
        self.assertEqual([(u["user_id"], u["email"], u["is_admin"]) for u in self.listed()],
                         [(1, "a@example.com", True), (2, "b@example.com", False)])
        self.assertRegex(self.run_with("user", "list").stdout, r"1 +a@example.com +admin +20")
        told = self.run_with("user", "remove", "a@example.com", "--yes").stdout
        self.assertEqual(told, "removed a@example.com, 0 jobs, 0 models\n")
        self.assertEqual([u["user_id"] for u in self.listed()], [2])

    def test_more_accounts_than_fit_a_page_are_listed_once_each(self):
        self.add()
        with sqlite3.connect(self.directory / "ml_results.db") as db:
            db.executemany("INSERT INTO users (email, password_hash, created_ms) VALUES (?, '', 0)",
                           [(f"u{i}@example.com",) for i in range(1100)])
        self.assertEqual([u["user_id"] for u in self.listed()], list(range(1, 1102)))

    def test_the_password_is_kept_as_an_argon2id_hash_alone(self):
        self.add()
        ((kept,),) = self.query("SELECT password_hash FROM users")
        self.assertTrue(kept.startswith("$argon2id$"))
        for path in self.directory.iterdir():
            if path.is_file():
                self.assertNotIn(PASSWORD.encode(), path.read_bytes())

    def test_what_cannot_be_an_account_is_refused_and_nothing_is_made(self):
        for email, given, says in (("nobody", PASSWORD, "no e-mail address"),
                                   ("a@example.com", "short", "8 characters"),
                                   ("a@example.com", "password123", "password"),
                                   ("a@example.com", "", "no password was given")):
            done = self.run_with("user", "add", email, given=given + "\n", status=2)
            self.assertIn(says, done.stderr)
            self.assertEqual(done.stdout, "")
        self.assertEqual(self.listed() if (self.directory / "ml_results.db").exists() else [], [])

    def test_an_address_is_taken_once(self):
        self.add()
        done = self.add("A@EXAMPLE.COM", status=1)
        self.assertIn("a@example.com", done.stderr.lower())

    def test_somebody_unknown_is_named(self):
        self.add()
        for action in ("passwd", "remove", "token", "admin"):
            done = self.run_with("user", action, "nobody@example.com", given=PASSWORD, status=3)
            self.assertIn("there is no user nobody@example.com", done.stderr)

    def test_a_new_password_ends_every_session(self):
        self.add()
        ((before,),) = self.query("SELECT password_hash FROM users")
        with sqlite3.connect(self.directory / "ml_results.db") as db:
            db.execute("INSERT INTO sessions (user_id, token_hash, idle_ms, created_ms, seen_ms,"
                       " expires_ms) VALUES (1, 'h', 1, 0, 0, 9e15)")
        self.run_with("user", "passwd", "a@example.com", given="another long phrase\n")
        self.assertNotEqual(self.query("SELECT password_hash FROM users"), [(before,)])
        self.assertEqual(self.query("SELECT count(*) FROM sessions"), [(0,)])

    def test_an_administrator_is_made_and_unmade(self):
        self.add()
        self.run_with("user", "admin", "a@example.com")
        self.assertTrue(self.listed()[0]["is_admin"])
        self.run_with("user", "admin", "a@example.com", "--revoke")
        self.assertFalse(self.listed()[0]["is_admin"])

    def test_a_token_is_shown_once_and_kept_as_a_hash(self):
        self.add()
        done = self.run_with("user", "token", "a@example.com", "--name", "ci", "--scope", "read",
                             "--days", "7")
        token = done.stdout.strip()
        self.assertRegex(token, r"^rt_[\w-]{40,}$")
        self.assertNotIn(token, done.stderr)
        ((kept, scope),) = self.query("SELECT token_hash, scope FROM api_tokens")
        self.assertEqual((kept, scope), (hashlib.sha256(token.encode()).hexdigest(), "read"))
        listed = self.run_with("user", "token", "a@example.com", "--list").stdout
        self.assertRegex(listed, r"1 +ci +read +last used never, ends 20")
        self.run_with("user", "token", "a@example.com", "--remove", "1")
        self.assertEqual(self.query("SELECT count(*) FROM api_tokens"), [(0,)])

    def test_a_token_that_may_be_anything_is_refused(self):
        self.add()
        for words, says in ((["--scope", "all"], "read or write"), (["--days", "0"], "--days is 0"),
                            (["--remove", "x"], "--remove is x")):
            done = self.run_with("user", "token", "a@example.com", *words, status=2)
            self.assertIn(says, done.stderr)

    def make_job(self, job_id, status):
        with sqlite3.connect(self.directory / "ml_results.db") as db:
            add_job_row(db, job_id, status)
            if status == "completed":
                add_model_row(db, job_id, f"./ml_models/als_model_{job_id}_20260102_030405.pkl", b"x")

    def test_an_account_goes_with_its_jobs_models_and_logs_and_nobody_elses(self):
        self.add()
        models = self.directory / "ml_models"
        (models / "logs").mkdir(parents=True)
        for job_id in (1, 2, 3):
            (models / f"als_model_{job_id}_20260102_030405.pkl").write_text("x")
            (models / f"als_model_{job_id}_20260102_030405.hits.json").write_text("x")
            (models / "logs" / f"job_{job_id}.log").write_text("x")
        self.make_job(1, "completed")
        self.make_job(2, "completed")
        told = self.run_with("user", "remove", "a@example.com", "--yes").stdout
        self.assertIn("2 jobs, 2 models", told)
        left = sorted(str(path.relative_to(models)) for path in models.rglob("*") if path.is_file())
        self.assertEqual(left, ["als_model_3_20260102_030405.hits.json",
                                "als_model_3_20260102_030405.pkl", "logs/job_3.log"])
        self.run_with("db", "check")

    def test_an_account_with_a_job_on_its_way_stays_whole(self):
        self.add()
        self.make_job(1, "pending")
        done = self.run_with("user", "remove", "a@example.com", "--yes", status=1)
        self.assertIn("job 1 has not ended: cancel it first", done.stderr)
        self.assertEqual(len(self.listed()), 1)

    def test_nobody_is_removed_without_a_word(self):
        self.add()
        done = self.run_with("user", "remove", "a@example.com", status=2)
        self.assertIn("--yes", done.stderr)
        shown, status = type_at_a_terminal(self.directory, ["user", "remove", "a@example.com"],
                                           [b"yes\n"])
        self.assertEqual(status, 4)
        self.assertIn("0 jobs and 0 models", shown)
        self.assertEqual(len(self.listed()), 1)
        _, status = type_at_a_terminal(self.directory, ["user", "remove", "a@example.com"],
                                       [b"a@example.com\n"])
        self.assertEqual((status, self.listed()), (0, []))

    def test_a_typed_password_is_asked_for_twice_and_never_shown(self):
        typed = PASSWORD.encode() + b"\n"
        shown, status = type_at_a_terminal(self.directory, ["user", "add", "a@example.com"],
                                           [typed, typed])
        self.assertEqual(status, 0, shown)
        self.assertNotIn(PASSWORD, shown)
        shown, status = type_at_a_terminal(self.directory, ["user", "passwd", "a@example.com"],
                                           [typed, b"another long phrase\n"])
        self.assertEqual(status, 2)
        self.assertIn("the two passwords differ", shown)

    def test_an_interrupt_at_the_password_ends_the_command(self):
        _, status = type_at_a_terminal(self.directory, ["user", "add", "a@example.com"],
                                       [b"corr\x03"])
        self.assertEqual(status, -2)

if __name__ == "__main__":
    assert RECTRAIN
    unittest.main(verbosity=2)
