"""What people do while things break: they submit trainings, and predictions over models that came
of them, look at them and cancel some. Each submission has a name and a key of its own and is
repeated until somebody says 2xx, so that one submission must become exactly one job."""

import http.client
import json
import random
import threading
import time

from client import Client
from crowd import Crowd

# During a fault the platform may say that it cannot now; never that it does not know what happened.
_REFUSALS = (429, 502, 503, 504)
_STARTS = {"train": "/api/v1/jobs", "predict": "/api/v1/predictions"}
_ENDED = ("completed", "failed", "cancelled")
_GONE = (OSError, http.client.HTTPException)  # urllib's errors are OSErrors


class History:
    """The records that the judge reads, kept and written to a file as they come."""

    def __init__(self, path):
        self.records = []
        self._lock = threading.Lock()
        self._file = open(path, "w", encoding="utf-8")
        self._start = time.monotonic()

    def add(self, kind, **fields):
        record = {"kind": kind, "t": round(time.monotonic() - self._start, 3), **fields}
        with self._lock:
            self.records.append(record)
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()

    def of(self, kind):
        with self._lock:
            return [record for record in self.records if record["kind"] == kind]

    def close(self):
        self._file.close()


class Load(Crowd):
    """Threads that submit jobs, one user each, and one that reads. `open_jobs` is how many a user
    has waiting at most, so that a run ends soon after its last fault."""

    def __init__(self, url, tokens, data, history, seed, open_jobs=6):
        super().__init__()
        self.url, self.data, self.history, self.open_jobs = url, data, history, open_jobs
        self.predicts = threading.Event()  # set where the program knows predictions
        self._tokens = tokens
        for index, token in enumerate(tokens):
            self.add(f"submitter {index}", self._submit_all, index, token,
                     random.Random(f"{seed}-{index}"))
        self.add("looker", self._look, tokens[0])

    def submit(self, token, name, body, expect="completed", task="train"):
        """One submission, repeated until it is acknowledged; the number of the job."""
        client = Client(self.url, bearer=token)
        self.history.add("submit", name=name, expect=expect, task=task)
        while True:
            answer = self._ask(client, "POST", _STARTS[task], json=body | {"name": name},
                               headers={"Idempotency-Key": name})
            if answer is not None and answer.status // 100 == 2:
                job_id = answer.json()["job_id" if task == "train" else "prediction_id"]
                self.history.add("ack", name=name, job_id=job_id)
                return job_id
            time.sleep(0.1)

    def cancel(self, token, job_id, task="train"):
        """Ask a job to stop until somebody has heard it; False when it had ended before."""
        client = Client(self.url, bearer=token)
        self.history.add("cancel", job_id=job_id)
        while True:
            answer = self._ask(client, "POST", f"{_STARTS[task]}/{job_id}/cancel", expected=(409,))
            if answer is not None and (answer.status // 100 == 2 or answer.status == 409):
                return answer.status // 100 == 2
            time.sleep(0.1)

    def _ask(self, client, method, path, expected=(), **options):
        """The answer, or None where there was none, or only that it cannot be had now."""
        try:
            answer = client.request(method, path, timeout=20, **options)
        except _GONE:
            return None
        if answer.status in _REFUSALS:
            if answer.type != "application/problem+json":
                self.history.add("answer", path=f"{method} {path}", status=answer.status,
                                 body=answer.text[:300])
            return None
        if answer.status // 100 != 2 and answer.status not in expected:
            self.history.add("answer", path=f"{method} {path}", status=answer.status,
                             body=answer.text[:300])
            time.sleep(0.5)
            return None
        return answer

    def _open(self, client):
        """How many jobs of this user wait or run; None where it cannot be told now."""
        jobs = self._ask(client, "GET", "/api/v1/jobs?limit=50&sort=-created")
        predictions = self._predictions(client, 50)
        if jobs is None or predictions is None:
            return None
        return sum(one["status"] not in _ENDED for one in jobs.json()["jobs"] + predictions)

    def _predictions(self, client, limit):
        if not self.predicts.is_set():
            return []
        listed = self._ask(client, "GET", f"/api/v1/predictions?limit={limit}")
        return None if listed is None else listed.json()["predictions"]

    def models(self, client):
        """The models of this user, as numbers."""
        listed = self._ask(client, "GET", "/api/v1/models?limit=20")
        return [] if listed is None else [one["model_id"] for one in listed.json()["models"]]

    def _submit_all(self, index, token, rng):
        client = Client(self.url, bearer=token)
        number = 0
        while not self.stopping.is_set():
            waiting = self._open(client)
            if waiting is None or waiting >= self.open_jobs:
                time.sleep(0.1)
                continue
            number += 1
            predicts = rng.random() < 0.3 and self.predicts.is_set()
            models = self.models(client) if predicts else []
            if models:
                self.submit(token, f"load-{index}-{number}",
                            self.prediction(rng, rng.choice(models)), task="predict")
            else:
                self.submit(token, f"load-{index}-{number}", self.body(rng))

    def body(self, rng):
        """A training: quick ones mostly, and some that take a second or two."""
        kind = rng.random()
        if kind < 0.3:
            return {"model_type": "popular", "data_path": self.data["small"]}
        if kind < 0.6:
            return {"model_type": "als", "data_path": self.data["small"], "iterations": 5,
                    "factors": 8}
        return {"model_type": "als", "data_path": self.data["medium"],
                "iterations": rng.randint(10, 40), "factors": 16}

    @staticmethod
    def prediction(rng, model):
        """For all users or some, in either form; those with a large k take a second."""
        users = rng.choice(({"users": "all"}, {"users": "evaluation"}, {"user_ids": [1, 2, 3, 5]}))
        return {"model": model, "k": rng.choice((5, 40, 300)),
                "format": rng.choice(("csv", "parquet")), **users}

    def heavy_prediction(self, token):
        """One that takes seconds; None while there is no model yet."""
        models = self.models(Client(self.url, bearer=token))
        return {"model": max(models), "k": 1000, "format": "csv"} if models else None

    def _look(self, token):
        client = Client(self.url, bearer=token)
        while not self.stopping.is_set():
            listed = self._ask(client, "GET", "/api/v1/jobs?limit=20")
            for job in listed.json()["jobs"][:5] if listed is not None else ():
                self._ask(client, "GET", f"/training_status/{job['job_id']}")
            self._predictions(client, 5)
            time.sleep(0.2)
