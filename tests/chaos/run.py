"""One run: the platform of real processes, the load on it, and what is read from it at the end."""

import random
import time
from collections import Counter

import faults_machine as machine
import remains
import stack as stack_module
from faults import ANY_VERSION, FAULTS
from judge import model_of, restarts
from load import History, Load
from network import Link
from processes import children_of
from stack import PATIENCE, Stack, TimedOut, make_data, wait_until

OPEN = "status NOT IN ('completed', 'failed')"


class Run:
    """`machine`: prepared for the faults of faults_machine.py; `old`: the program to begin with,
    until faults_deploy.py brings the new one."""

    lease_seconds = 3

    def __init__(self, flavour, seed, history=None, machine=False, old=None):
        self.flavour, self.seed, self.machine = flavour, seed, machine
        self.rng = random.Random(seed)
        self.kills = 0
        self.new_program = stack_module.RECTRAIN
        stack_module.RECTRAIN = old or self.new_program
        self.old, self.disk, self.clock = old, None, None
        self.stack = Stack(flavour, workers=2 if flavour == "sqlite" else 0, start=False,
                           environment={"LEASE_SECONDS": str(self.lease_seconds),
                                        "STOP_GRACE_SECONDS": "2", "LOG_LEVEL": "debug"})
        self.history = History(history or self.stack.room.directory / "history.jsonl")
        self.links = {}
        self._names = Counter()
        self._far = None
        try:
            self._prepare(old is None)
        except BaseException:
            self.close()
            raise

    def _prepare(self, predicts):
        stack = self.stack
        if self.machine:
            self._prepare_machine()
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
            self.start_fleet(predicts)
        medium = make_data(stack.data_root / "medium", rows=300000, users=4000, items=3000)
        clients = [stack.client(), stack.add_user("ann@example.com")]
        self.tokens = [client.post("/api/v1/tokens", json={
            "name": "chaos", "scope": "write", "days": None}).json()["token"] for client in clients]
        self.token_of = dict(zip(
            (client.get("/api/v1/me").json()["user_id"] for client in clients), self.tokens))
        self.load = Load(f"http://127.0.0.1:{self.links['clients'].port}", self.tokens, {
            "small": str(stack.data), "medium": str(medium)}, self.history, self.seed)
        if self.machine:
            self.load.data["wide"] = str(make_data(stack.data_root / "wide", rows=400000,
                                                   users=300000, items=200000))
        if predicts:
            self.load.predicts.set()

    def _prepare_machine(self):
        stack = self.stack
        self.disk, self.clock = stack.room.directory / "disk", stack.room.directory / "clock"
        machine.mount(self.disk)
        stack.models = self.disk / "ml_models"
        stack.models.mkdir()
        faked = machine.clock_environment(self.clock)
        stack.environment |= faked | {"MODEL_DIR": str(stack.models), "JOB_MEMORY": "1GB"}
        if self.flavour == "sqlite":
            stack.environment["DB_NAME"] = str(self.disk / "ml_results.db")
        else:  # whose clock is the one that counts
            stack.postgres.environment |= faked
            stack.postgres.stop()
            stack.postgres.start()

    def start_fleet(self, predicts=True):
        for _ in range(2):
            self.stack.start_worker()
        if predicts:
            self.stack.start_predict_worker()

    def _through(self, database, broker):
        """Settings that lead a program through these links."""
        url = self.stack.postgres.url.replace(f":{self.stack.postgres.port}/",
                                              f":{self.links[database].port}/")
        return {"DATABASE_URL": url, "RABBITMQ_PORT": str(self.links[broker].port)}

    def close(self):
        stack_module.RECTRAIN = self.new_program
        if self.disk is not None:
            machine.unmount(self.disk)
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

    def extra_worker(self, task, by=(), **environment):
        """A worker that nobody starts again; `by`: the command that runs it."""
        name = "worker" if task == "train" else "predict-worker"
        environment = self.stack.environment | {
            "WORKERS": "1", "PREDICT_WORKERS": "1"} | environment
        return self.stack.room.start(self.stack.room.new_name(f"extra-{name}"),
                                     [*by, stack_module.RECTRAIN, name], environment=environment)

    def start_server_by(self, command):
        """The server, run by a command."""
        self.stack.server = self.stack.room.start(
            self.stack.room.new_name("serve"), [*command, stack_module.RECTRAIN, "serve"],
            environment=self.stack.environment)
        return self.stack.server

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
        if self.old:  # what any version knows, the new one, and then all else
            early = [name for name in deck if name in ANY_VERSION][:6]
            deck = early + ["deploy"] + [name for name in deck if name not in (*early, "deploy")]
        done = Counter({name: 0 for name in deck})
        self.load.start()
        for name in deck:
            for _ in range(3):
                if self.inject(name):
                    done[name] += 1
                    break
            time.sleep(self.rng.uniform(0, 0.5))
        self.load.stopping.set()
        self.wait_for(self._answers, PATIENCE)
        self.load.stop()
        return done

    def _answers(self):
        try:
            return self.stack.anonymous().get("/health/live", timeout=5).status == 200
        except OSError:
            return False

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
        return [path for path in remains.files_below(self.stack.models)
                if model_of(str(path)) not in named]

    def read_store(self):
        return remains.read_store(self.stack)

    def read_files(self):
        return remains.read_files(self.stack.models)

    def restarts(self, store):
        """Seconds that jobs of dead workers waited, unless the clock that says it was faked."""
        return [] if self.machine else restarts(store["events"])

    def stale_writes(self):
        """Lines of the logs that tell of a write that was refused by its epoch."""
        return sum(log.read_text(errors="replace").count("fenced")
                   for log in self.stack.room.directory.glob("*.log"))
