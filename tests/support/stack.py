"""The whole platform for one test, of real processes: `rectrain serve`, workers, and by choice
PostgreSQL and RabbitMQ. Standard library only; needs RECTRAIN (the program) in the environment.

    class Login(StackTest):
        flavour = "sqlite"                       # or "fleet": PostgreSQL and RabbitMQ
        def test_it_runs(self):
            job = self.stack.client().post("/start_training/", form={…}).json()
            self.stack.wait_for_job(job["job_id"])

All listens on 127.0.0.1, on free ports; what is started dies with the test. On a failure the ends
of all logs are printed.
"""

import os
import signal
import sqlite3
import subprocess
import unittest
from pathlib import Path

from client import Client, Response, events_of  # noqa: F401 (for those who import this)
from processes import (PATIENCE, Room, TimedOut, children_of, free_port, is_alive,  # noqa: F401
                       wait_until)
from services import Postgres, RabbitMQ  # noqa: F401

RECTRAIN = os.environ.get("RECTRAIN", str(Path(__file__).resolve().parents[2] / "build/rectrain"))
FLAVOURS = ("sqlite", "fleet")
DEMO_EMAIL, DEMO_PASSWORD = "test@example.com", "123"
TERMINAL = ("completed", "failed", "cancelled")

# What every program started here gets: nothing of the developer's settings.
_PASSED = ("PATH", "HOME", "LC_ALL", "TMPDIR", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS",
           "TSAN_OPTIONS", "OPENBLAS_CORETYPE", "RECTRAIN_CPU", "MALLOC_ARENA_MAX")


def run_rectrain(*arguments, environment=None, directory=None, check=True, given=None):
    """A command of the program, to its end."""
    done = subprocess.run([RECTRAIN, *map(str, arguments)], capture_output=True, text=True,
                          env=environment, cwd=directory, timeout=PATIENCE * 5, input=given,
                          check=False)
    if check and done.returncode != 0:
        raise AssertionError(f"rectrain {' '.join(map(str, arguments))}: {done.returncode}\n"
                             f"{done.stdout}{done.stderr}")
    return done


def make_data(directory, rows=20000, users=300, items=400, seed=1):
    """A small clickstream; ALS takes well under a second on it. Returns the directory."""
    run_rectrain("synth", "--rows", rows, "--users", users, "--items", items, "--seed", seed,
                 "--output", directory)
    Path(directory).chmod(0o755)
    return Path(directory)


class Stack:
    """The processes of one platform. `environment`: more settings for all of them; `workers`: of
    the server itself; `management`: RabbitMQ's web page too."""

    def __init__(self, flavour="sqlite", environment=None, workers=1, data=True, start=True,
                 management=False):
        assert flavour in FLAVOURS, flavour
        self.flavour = flavour
        self.room = Room()
        self.postgres = self.rabbitmq = self.server = None
        self.workers = []
        try:
            self._prepare(environment or {}, workers, data, management)
            if start:
                self.start_server()
        except BaseException:
            self.close()
            raise

    def _prepare(self, environment, workers, data, management):
        directory = self.room.directory
        self.data_root = directory / "data"
        self.models = directory / "ml_models"
        self.data_root.mkdir()
        self.models.mkdir()
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = {name: os.environ[name] for name in _PASSED if name in os.environ}
        self.environment |= {
            "LISTEN": f"127.0.0.1:{self.port}", "DB_NAME": str(directory / "ml_results.db"),
            "MODEL_DIR": str(self.models), "DATA_ROOTS": str(self.data_root), "DEMO_USER": "1",
            "WORKERS": str(workers), "MAX_CONNECTIONS_PER_ADDRESS": "4096",
        }
        if self.flavour == "fleet":
            self.postgres = Postgres(self.room)
            self.rabbitmq = RabbitMQ(self.room, management=management)
            self.environment["DATABASE_URL"] = self.postgres.url
            self.environment |= self.rabbitmq.environment
        self.environment |= environment
        if data:
            self.data = make_data(self.data_root / "small")

    # ---- processes ----

    def start_server(self, wait=True, **environment):
        """`rectrain serve` on the stack's own port; a later call starts it again."""
        self.server = self.room.start(self.room.new_name("serve"), [RECTRAIN, "serve"],
                                      environment=self.environment | environment)
        if wait:
            self.wait_for_server()
        return self.server

    def wait_for_server(self):
        last = None

        def is_ready():
            nonlocal last
            if not self.server.is_running():
                raise AssertionError(f"the server ended with {self.server.popen.returncode}\n"
                                     f"{self.server.tail()}")
            try:
                last = Client(self.url).get("/health/ready", timeout=5)
                return last.status == 200
            except OSError:
                return False
        try:
            wait_until(is_ready, PATIENCE)
        except TimedOut as fault:
            raise TimedOut(f"the server is not ready: {last}\n{self.room.logs()}") from fault

    def start_worker(self, **environment):
        """A `rectrain worker` beside the server; WORKERS=1 unless given."""
        settings = self.environment | {"WORKERS": "1"} | environment
        worker = self.room.start(self.room.new_name("worker"), [RECTRAIN, "worker"],
                                 environment=settings)
        self.workers.append(worker)
        return worker

    def start_predict_worker(self, **environment):
        """A `rectrain predict-worker` beside the server; PREDICT_WORKERS=1 unless given."""
        settings = self.environment | {"PREDICT_WORKERS": "1"} | environment
        worker = self.room.start(self.room.new_name("predict_worker"),
                                 [RECTRAIN, "predict-worker"], environment=settings)
        self.workers.append(worker)
        return worker

    def run(self, *arguments, **options):
        """A command of the program with the stack's settings: `stack.run("user", "list")`."""
        return run_rectrain(*arguments, environment=self.environment,
                            directory=self.room.directory, **options)

    def close(self):
        """An orderly end of ours, then an end by force of everything."""
        for process in [*self.workers, self.server]:
            if process is not None and process.is_running():
                process.send(signal.SIGCONT)
                process.send(signal.SIGTERM)
        for process in [*self.workers, self.server]:
            if process is not None:
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    pass
        self.room.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # ---- people ----

    def client(self, email=DEMO_EMAIL, password=DEMO_PASSWORD, **options):
        """Somebody who is logged in."""
        return Client(self.url, **options).login(email, password)

    def anonymous(self, **options):
        return Client(self.url, **options)

    def add_user(self, email, password="a long pass phrase", admin=False):
        """An account by `rectrain user add`; the password comes on standard input."""
        self.run("user", "add", email, *(["--admin"] if admin else []), given=password + "\n")
        return self.client(email, password)

    # ---- jobs ----

    def start_job(self, client, model_type="popular", **fields):
        """Start a training on the small data; the answer of POST /start_training/ as a dict."""
        form = {"model_type": model_type, "data_path": str(self.data), **fields}
        answer = client.post("/start_training/", form=form)
        if answer.status != 202:
            raise AssertionError(f"start_training: {answer}")
        return answer.json()

    def wait_for_job(self, client, job_id, statuses=TERMINAL, seconds=PATIENCE * 2):
        """The job as /api/v1 shows it, once it has one of the statuses."""
        seen = []

        def has_come():
            answer = client.get(f"/api/v1/jobs/{job_id}")
            if answer.status != 200:
                raise AssertionError(f"job {job_id}: {answer}")
            job = answer.json()
            if not seen or seen[-1] != job["status"]:
                seen.append(job["status"])
            return job if job["status"] in statuses else None
        try:
            return wait_until(has_come, seconds)
        except TimedOut as fault:
            raise TimedOut(f"job {job_id} is {seen} after {seconds:.0f} s, not one of "
                           f"{statuses}\n{self.room.logs()}") from fault

    def wait_for_prediction(self, client, prediction_id, statuses=TERMINAL, seconds=PATIENCE * 2):
        """The prediction as /api/v1 shows it, once it has one of the statuses."""
        last = {}

        def has_come():
            answer = client.get(f"/api/v1/predictions/{prediction_id}")
            if answer.status != 200:
                raise AssertionError(f"prediction {prediction_id}: {answer}")
            last.update(answer.json())
            return dict(last) if last["status"] in statuses else None
        try:
            return wait_until(has_come, seconds)
        except TimedOut as fault:
            raise TimedOut(f"prediction {prediction_id} is {last} after {seconds:.0f} s, not one "
                           f"of {statuses}\n{self.room.logs()}") from fault

    def query(self, sql):
        """Rows of the store itself, as lists; for judging from outside."""
        if self.postgres:
            return self.postgres.query(sql)
        with sqlite3.connect(f"file:{self.environment['DB_NAME']}?mode=ro", uri=True,
                             timeout=30) as db:
            return [list(row) for row in db.execute(sql)]


class StackTest(unittest.TestCase):
    """A test class with one stack of its own, in `self.stack`; the first failure shows its logs."""

    flavour = "sqlite"
    environment = {}
    workers = 1

    @classmethod
    def setUpClass(cls):
        cls.stack = Stack(cls.flavour, environment=cls.environment, workers=cls.workers)
        cls.addClassCleanup(cls.stack.close)

    def run(self, result=None):
        before = len(result.failures) + len(result.errors) if result else 0
        super().run(result)
        if result and len(result.failures) + len(result.errors) > before:
            print(self.stack.room.logs(), flush=True)
