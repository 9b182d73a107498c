"""What a soak does all the time, one thread a kind of visitor. Each counts its requests; an answer of
5xx, or none at all, is kept as a fault."""

import http.client
import random
import threading
import time

from client import events_of
from crowd import Crowd

TERMINAL = ("completed", "failed", "cancelled")
BEFORE = "before"  # the name of jobs that stay
JOBS_KEPT = 30  # older ones are removed, so that the store does not grow by what is asked for


class Visitors(Crowd):
    def __init__(self, stack, seed):
        super().__init__()
        self.stack, self.data = stack, str(stack.data)
        self.counts, self.faults, self.unfinished = {}, [], []
        self._lock = threading.Lock()
        for kind in ("reader", "trainer", "predictor", "listener", "login"):
            self.add(kind, self._visit, kind, stack.client(), random.Random(f"{seed}-{kind}"))

    def _visit(self, kind, client, rng):
        act = getattr(self, "_" + kind)
        while not self.stopping.is_set():
            try:
                act(client, rng)
            except (OSError, http.client.HTTPException, AssertionError) as fault:
                self._fault(f"{kind}: {fault!r}")
                time.sleep(0.5)

    def _fault(self, text):
        with self._lock:
            self.faults.append(text)

    def _count(self, name):
        with self._lock:
            self.counts[name] = self.counts.get(name, 0) + 1

    def _ask(self, client, name, method, path, **options):
        answer = client.request(method, path, **options)
        self._count(name)
        if answer.status >= 500:
            self._fault(f"{method} {path}: {answer.status} {answer.text[:200]}")
        return answer

    # ---- the visitors ----

    def _reader(self, client, rng):
        jobs = self._ask(client, "reads", "GET", "/api/v1/jobs?limit=20").json()["jobs"]
        paths = ["/training/", "/models/", "/api/v1/models", "/api/v1/system", "/metrics", "/health/ready",
                 "/api/v1/registry", "/docs", "/nothing/here"]
        for job in jobs[:3]:
            paths += [f"/training_status/{job['job_id']}", f"/training/{job['job_id']}",
                      f"/api/v1/jobs/{job['job_id']}/log"]
        rng.shuffle(paths)
        for path in paths[:8]:
            self._ask(client, "reads", "GET", path)
            time.sleep(0.02)

    def _trainer(self, client, rng):
        kind = rng.choice(["popular", "als"])
        fields = {} if kind == "popular" else {"iterations": 3, "factors": 8}
        answer = self._ask(client, "trainings", "POST", "/start_training/",
                           form={"model_type": kind, "data_path": self.data, **fields})
        if answer.status != 202:
            self._fault(f"start_training: {answer}")
            return
        job_id = answer.json()["job_id"]
        if rng.random() < 0.1:
            self._ask(client, "cancels", "POST", f"/api/v1/jobs/{job_id}/cancel")
        self._wait(client, f"/api/v1/jobs/{job_id}", f"job {job_id}")
        jobs = self._ask(client, "reads", "GET", "/api/v1/jobs?limit=100").json()["jobs"]
        for job in jobs[JOBS_KEPT:]:
            if job["status"] in TERMINAL and job["name"] != BEFORE:
                self._ask(client, "removals", "DELETE", f"/api/v1/jobs/{job['job_id']}")

    def _predictor(self, client, rng):
        models = self._ask(client, "reads", "GET", "/api/v1/models?limit=10").json()["models"]
        if not models:
            time.sleep(0.5)
            return
        model = rng.choice(models)["model_id"]
        for _ in range(20):
            self._ask(client, "recommendations", "GET",
                      f"/api/v1/models/{model}/recommend?user={rng.randrange(1, 400)}&k=10")
        made = self._ask(client, "predictions", "POST", "/api/v1/predictions",
                         json={"model": str(model), "user_ids": [1, 2, 3], "k": 5})
        if made.status == 202:
            path = f"/api/v1/predictions/{made.json()['prediction_id']}"
            self._wait(client, path, path)
            self._ask(client, "removals", "DELETE", path)

    def _listener(self, client, rng):
        last, until = None, time.monotonic() + rng.uniform(0.2, 3)
        headers = {"Last-Event-ID": last} if last else None
        with client.stream("/api/v1/events", headers=headers, timeout=2) as stream:
            self._count("streams")
            try:
                for event in events_of(stream):
                    self._count("events")
                    last = event.get("id", last)
                    if time.monotonic() > until or self.stopping.is_set():
                        break
            except TimeoutError:
                pass  # nothing happened meanwhile

    def _login(self, _, rng):
        other = self.stack.anonymous()
        other.login("test@example.com", "123")
        self._count("logins")
        self._ask(other, "reads", "GET", "/api/v1/me")
        self._ask(other, "logouts", "POST", "/auth/logout", headers={"Origin": self.stack.url})
        self.stopping.wait(rng.uniform(1, 3))

    def _wait(self, client, path, name):
        """A job's end; one that a busy machine has not finished when the soak stops is looked at
        again by whoever drains."""
        while True:
            job = self._ask(client, "reads", "GET", path)
            if job.status == 404 or job.json()["status"] in TERMINAL:
                if job.status == 200 and job.json()["status"] == "failed":
                    self._fault(f"{name} failed: {job.text[:300]}")
                return
            if self.stopping.wait(0.1):
                with self._lock:
                    self.unfinished.append((path, name))
                return
