"""One run: the platform of real processes, the load on it, and what is read from it at the end."""

import hashlib
import pickle
import random
import time
from collections import Counter

import numpy  # noqa: F401 (a model opens with it: missing, none would)

from faults import FAULTS
from judge import model_of
from load import History, Load
from network import Link
from processes import children_of
from stack import PATIENCE, Stack, TimedOut, make_data, wait_until

OPEN = "status NOT IN ('completed', 'failed')"


class Run:
    lease_seconds = 3

    def __init__(self, flavour, seed, history=None):
        self.flavour, self.seed = flavour, seed
        self.rng = random.Random(seed)
        self.kills = 0
        self.stack = Stack(flavour, workers=2 if flavour == "sqlite" else 0, start=False,
                           environment={"LEASE_SECONDS": str(self.lease_seconds),
                                        "STOP_GRACE_SECONDS": "2", "LOG_LEVEL": "debug"})
        self.history = History(history or self.stack.room.directory / "history.jsonl")
        self.links = {}
        self._names = Counter()
        self._far = None
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def _prepare(self):
        stack = self.stack
        self.links["clients"] = Link(stack.port)
        self._far_settings = {}
        if self.flavour == "fleet":
            for name in ("database", "far_database"):
                self.links[name] = Link(stack.postgres.port)
            for name in ("broker", "far_broker"):
                self.links[name] = Link(stack.rabbitmq.port)
            stack.environment |= self._through("database", "broker")
            self._far_settings = self._through("far_database", "far_broker")
        stack.start_server()
        if self.flavour == "fleet":
            for _ in range(2):
                stack.start_worker()
            stack.start_predict_worker()
        medium = make_data(stack.data_root / "medium", rows=300000, users=4000, items=3000)
        clients = [stack.client(), stack.add_user("ann@example.com")]
        self.tokens = [client.post("/api/v1/tokens", json={
            "name": "chaos", "scope": "write", "days": None}).json()["token"] for client in clients]
        self.token_of = dict(zip(
            (client.get("/api/v1/me").json()["user_id"] for client in clients), self.tokens))
        self.load = Load(f"http://127.0.0.1:{self.links['clients'].port}", self.tokens, {
            "small": str(stack.data), "medium": str(medium)}, self.history, self.seed)

    def _through(self, database, broker):
        """Settings that lead a program through these links."""
        url = self.stack.postgres.url.replace(f":{self.stack.postgres.port}/",
                                              f":{self.links[database].port}/")
        return {"DATABASE_URL": url, "RABBITMQ_PORT": str(self.links[broker].port)}

    def close(self):
        self.stack.close()
        for link in self.links.values():
            link.close()
        self.history.close()

    # ---- for the faults ----

    def new_name(self, stem):
        self._names[stem] += 1
        return f"{stem}-{self._names[stem]}"

    def query(self, sql):
        """Rows of the store; none while it cannot be asked."""
        try:
            return self.stack.query(sql)
        except Exception:
            return []

    def wait_for(self, condition, seconds=25, mend=True):
        """What a fault waits for, with everything up that should be; None where it does not come."""
        def mended():
            if mend:
                self.mend()
            return condition()
        try:
            return wait_until(mended, seconds, pause=0.03)
        except TimedOut:
            return None

    def roots(self):
        """The processes that start workers."""
        return self.stack.workers if self.flavour == "fleet" else [self.stack.server]

    @staticmethod
    def slots_of(worker):
        return wait_until(lambda: children_of(worker.pid), what="a worker's process")

    def extra_worker(self, task, **environment):
        """A worker that nobody starts again."""
        start = self.stack.start_worker if task == "train" else self.stack.start_predict_worker
        worker = start(**environment)
        self.stack.workers.remove(worker)
        return worker

    def far_worker(self):
        """One worker more, with its own way to the database and the broker."""
        if self._far is None or not self._far.is_running():
            self._far = self.extra_worker("train", **self._far_settings)
        return self._far

    def mend(self):
        """Start again what ended, as a process manager would."""
        if not self.stack.server.is_running():
            self.stack.start_server(wait=False)
        for worker in list(self.stack.workers):
            if not worker.is_running():
                self.stack.workers.remove(worker)
                if worker.name.startswith("predict"):
                    self.stack.start_predict_worker()
                else:
                    self.stack.start_worker()

    # ---- the run ----

    def inject(self, name):
        fault = FAULTS[name]
        begun, kills = time.monotonic(), self.kills
        hit = fault.function(self, *fault.arguments)
        found = hit is not None and hit is not False
        self.history.add("fault", fault=name, found=found, took=round(time.monotonic() - begun, 2),
                         kills=self.kills - kills, **(hit or {}))
        print(f"# {name}: {hit if found else 'found no moment'}", flush=True)
        self.mend()
        return found

    def break_things(self, names, count):
        """Each fault once in an order by chance, then more by chance; what did not find its moment
        is tried again. How often each was done."""
        deck = list(names)
        self.rng.shuffle(deck)
        deck = deck[:count] if 0 < count < len(deck) else deck
        deck += self.rng.choices(names, k=max(0, count - len(deck)))
        done = Counter({name: 0 for name in deck})
        self.load.start()
        for name in deck:
            for _ in range(3):
                if self.inject(name):
                    done[name] += 1
                    break
            time.sleep(self.rng.uniform(0, 0.5))
        self.load.stopping.set()
        self.wait_for(lambda: self.stack.anonymous().get("/health/live").status == 200)
        self.load.stop()
        return done

    def drain(self):
        """Everything is up again: wait until no job is open and no file is left over."""
        self.mend()
        self.stack.wait_for_server()
        self.wait_for(lambda: self.query("SELECT count(*) FROM jobs") and not self.query(
            f"SELECT job_id FROM jobs WHERE {OPEN} LIMIT 1"), PATIENCE * 3)
        # What dead attempts left behind goes with the next round of the garbage collection.
        self.wait_for(lambda: not self.orphans(), PATIENCE)

    # ---- what is there at the end ----

    def orphans(self):
        named = {row[0] for row in self.query(
            "SELECT path FROM models UNION ALL SELECT file_path FROM predictions")}
        return [path for path in self.files_below() if model_of(str(path)) not in named]

    def files_below(self):
        return [path for path in self.stack.models.rglob("*")
                if path.is_file() and path.parent.name != "logs"]

    def read_store(self):
        jobs = ("job_id", "task", "name", "status", "error_code", "error_message", "attempt",
                "deaths", "metrics")
        events = ("event_id", "job_id", "kind", "message", "at_ms")
        models = ("job_id", "path", "sha256", "size_bytes")
        predictions = ("job_id", "file_path", "file_sha256", "file_bytes", "file_rows")
        tables = {"jobs": jobs, "job_events": events, "models": models, "predictions": predictions}
        numbers = ("job_id", "event_id", "at_ms", "attempt", "deaths", "size_bytes", "file_bytes",
                   "file_rows")
        return {table.removeprefix("job_"): [
            {name: int(cell) if name in numbers else cell for name, cell in zip(columns, row)}
            for row in self.stack.query(f"SELECT {', '.join(columns)} FROM {table}")]
            for table, columns in tables.items()}

    def read_files(self):
        found = {}
        for path in self.files_below():
            content = path.read_bytes()
            found[str(path)] = (len(content), hashlib.sha256(content).hexdigest(),
                                opens(path.suffix, content))
        return found

    def stale_writes(self):
        """Lines of the logs that tell of a write that was refused by its epoch."""
        return sum(log.read_text(errors="replace").count("fenced")
                   for log in self.stack.room.directory.glob("*.log"))


def opens(suffix, content):
    """Whether a file is whole; of a CSV how many rows it has."""
    if suffix == ".csv":
        return content.count(b"\n") - 1 if content.endswith(b"\n") else False
    if suffix == ".parquet":
        return content[:4] == content[-4:] == b"PAR1"
    try:
        return "model" in pickle.loads(content)
    except Exception:
        return False
