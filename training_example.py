#!/usr/bin/env python3
"""A client of rectrain's training platform, and an example of its use. Standard library only.

    from training_example import TrainingClient

    client = TrainingClient()                      # http://localhost, or RECTRAIN_URL
    client.login("test@example.com", "123")
    job_id = client.start_training(model_type="als", data_path="/data", iterations=15, factors=80)
    result = client.wait_for_completion(job_id)
    print(f"F1@40: {result['metrics']['f1_at_k']:.4f}")

Run as a script it does just that: python3 training_example.py --help.

Requests time out, and are sent again with growing pauses where that can help and does no harm: when
the server cannot be reached, is busy (429, Retry-After is kept to) or away (502, 503, 504). A start
carries an idempotency key, so that a repeated one starts no second job. What fails raises a
TrainingError of its own kind.
"""

from __future__ import annotations

import argparse
import email.utils
import hashlib
import http.client
import itertools
import json
import os
import random
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Mapping
from typing import Any, Callable, Iterator, Optional

__all__ = ["TrainingClient", "TrainingError", "ConnectionFailed", "RequestFailed", "InvalidRequest",
           "NotLoggedIn", "NotAllowed", "NotFound", "Conflict", "TooManyRequests", "ServerFailed",
           "JobFailed", "JobCancelled", "WaitTimedOut", "DownloadDamaged"]

DEFAULT_URL = "http://localhost"
REFUSED, AWAY = (429, 503), (502, 504)  # it did nothing; it may have done something
PAUSE_S, PAUSE_MAX_S = 0.5, 30.0  # of the first retry, and the longest that is waited for one
ABSENCE_MAX_S = 300.0  # how long wait_for_completion bears a server that does not answer
BLOCK_BYTES = 1 << 20
PAGE = 100
USERS_AT_ONCE, LISTED_AT_ONCE = 1000, 400_000  # in one answer, at most


class TrainingError(Exception):
    """Whatever this client raises of its own."""


class ConnectionFailed(TrainingError):
    """The server was not reached, or the connection broke, more often than is tried."""


class RequestFailed(TrainingError):
    """The server refused. `status` is HTTP's, `code` a word for programs (docs/troubleshooting.md
    has each), `errors` one entry per wrong field: {"field", "code", "message"}."""

    def __init__(self, status: int, problem: Mapping[str, Any], url: str):
        self.status, self.url = status, url
        self.code = str(problem.get("code") or "")
        self.detail = str(problem.get("detail") or problem.get("title") or
                          http.client.responses.get(status, ""))
        self.errors = list(problem.get("errors") or [])
        self.problem = dict(problem)
        lines = [f"{error.get('field', '?')}: {error.get('message', '')}" for error in self.errors]
        super().__init__(f"{status} {self.code}: ".replace(" :", ":") + "; ".join(
            [self.detail] + [line for line in lines if self.detail not in line]))


class InvalidRequest(RequestFailed):
    """400, 413, 415, 422: something that was sent is wrong; `errors` says what."""


class NotLoggedIn(RequestFailed):
    """401: wrong e-mail or password, no login, or one that ended."""


class NotAllowed(RequestFailed):
    """403."""


class NotFound(RequestFailed):
    """404, 410: there is no such thing, or it is another user's."""


class Conflict(RequestFailed):
    """409, 412: not in this state; the job has ended already, for one."""


class TooManyRequests(RequestFailed):
    """429, still after the last try."""


class ServerFailed(RequestFailed):
    """5xx, still after the last try."""


class JobFailed(TrainingError):
    """A job ended without a model, or a prediction without a file. `job` is its last status, with
    `error` in it."""

    def __init__(self, job: Mapping[str, Any]):
        self.job = dict(job)
        error = job.get("error") or {}
        self.code = str(error.get("code") or "")
        what = f"job {job['job_id']}" if "job_id" in job else f"prediction {job.get('prediction_id')}"
        super().__init__(f"{what} failed: "
                         f"{error.get('message') or error.get('title') or self.code}")


class JobCancelled(JobFailed):
    """Somebody cancelled the job."""


class WaitTimedOut(TrainingError, TimeoutError):
    """The job had not ended in time. It goes on; wait again, or cancel it."""


class DownloadDamaged(TrainingError):
    """What came is not what the server has: size or SHA-256 differ."""


_KINDS = {400: InvalidRequest, 413: InvalidRequest, 415: InvalidRequest, 422: InvalidRequest,
          401: NotLoggedIn, 403: NotAllowed, 404: NotFound, 410: NotFound, 409: Conflict,
          412: Conflict, 429: TooManyRequests}


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirect would carry the token to wherever it points."""

    def redirect_request(self, *_: Any) -> None:
        return None


class TrainingClient:
    """One user's view of the platform. Threads may share a client that is logged in.

    base_url  the server; default: RECTRAIN_URL, else http://localhost
    token     an API token ("rt_…") in place of login()
    timeout   seconds that one request may be silent
    retries   how often a request is sent again at most
    """

    def __init__(self, base_url: Optional[str] = None, token: Optional[str] = None,
                 timeout: float = 30.0, retries: int = 5):
        self.base_url = (base_url or os.environ.get("RECTRAIN_URL") or DEFAULT_URL).rstrip("/")
        if urllib.parse.urlsplit(self.base_url).scheme not in ("http", "https"):
            raise ValueError(f"{self.base_url} is no http:// or https:// address")
        self.timeout, self.retries = timeout, retries
        self._token, self._has_session = token, False
        self._opener = urllib.request.build_opener(_NoRedirect)

    def __enter__(self) -> "TrainingClient":
        return self

    def __exit__(self, *_: Any) -> None:
        try:
            self.logout()
        except TrainingError:
            pass  # the session ends by itself

    # ---- login ----

    def login(self, email: str, password: str) -> dict:
        """Begin a session, and return the account. NotLoggedIn: wrong e-mail or password."""
        self._token = None
        answer = self._send("POST", "/token", is_repeatable=True,
                            form={"username": email, "password": password})
        self._token, self._has_session = answer["access_token"], True
        return self.whoami()

    def logout(self) -> None:
        """End the session that login() began."""
        if not self._has_session:
            return
        try:
            self._send("POST", "/auth/logout", form={}, ignore_body=True)
        except RequestFailed as answer:  # browsers are led to the login page
            if answer.code != "redirected":
                raise
        self._token, self._has_session = None, False

    def whoami(self) -> dict:
        """The account: user_id, email, is_admin, …"""
        return self._send("GET", "/api/v1/me")

    # ---- jobs ----

    def start_training(self, model_type: str = "als", data_path: str = "/data",
                       iterations: Optional[int] = None, factors: Optional[int] = None,
                       idempotency_key: Optional[str] = None, **parameters: Any) -> int:
        """Start a job and return its id. `parameters` are the model's and the run's by name: alpha,
        seed, k, eval_days, sample_users, name, … (model_types() lists them). InvalidRequest tells
        every wrong one."""
        form = {"model_type": model_type, "data_path": data_path, "iterations": iterations,
                "factors": factors, **parameters}
        return int(self._send("POST", "/start_training/", form=_given(form), is_repeatable=True,
                              headers=_key(idempotency_key))["job_id"])

    def status(self, job_id: int) -> dict:
        """job_id, status, metrics, model_path, created_at, updated_at, progress, error, …"""
        return self._send("GET", f"/training_status/{int(job_id)}")

    def job(self, job_id: int) -> dict:
        """All that is known of a job: parameters, data, result, model, …"""
        return self._send("GET", f"/api/v1/jobs/{int(job_id)}")

    def wait_for_completion(self, job_id: int, timeout: Optional[float] = None,
                            poll_interval: float = 1.0,
                            on_update: Optional[Callable[[dict], None]] = None) -> dict:
        """Wait until the job has ended and return its status, `metrics` in it. JobFailed and
        JobCancelled where it made no model, WaitTimedOut after `timeout` seconds. `on_update` is
        called with each status that differs from the one before. A server that is away for some
        minutes is waited for."""
        job = self._wait(lambda: self.status(job_id), f"job {job_id}", timeout, poll_interval,
                         on_update)
        if job["status"] != "completed":
            is_cancelled = (job.get("error") or {}).get("code") == "cancelled"
            raise (JobCancelled if is_cancelled else JobFailed)(job)
        return job

    def list_jobs(self, status: Optional[str] = None, model_type: Optional[str] = None,
                  text: Optional[str] = None, sort: str = "-created",
                  limit: Optional[int] = None) -> list:
        """The user's jobs, the newest first; all of them unless `limit` says how many."""
        return list(itertools.islice(self.iter_jobs(status, model_type, text, sort), limit))

    def iter_jobs(self, status: Optional[str] = None, model_type: Optional[str] = None,
                  text: Optional[str] = None, sort: str = "-created") -> Iterator[dict]:
        """The same, page by page as they are read."""
        query = {"status": status, "model_type": model_type, "q": text, "sort": sort, "limit": PAGE}
        yield from self._pages("/api/v1/jobs", "jobs", query)

    def cancel(self, job_id: int) -> dict:
        """Ask a job to stop, which takes up to two seconds. Conflict: it has ended."""
        return self._send("POST", f"/api/v1/jobs/{int(job_id)}/cancel", form={}, is_repeatable=True)

    def retry(self, job_id: int) -> int:
        """Start the same once more; the new job's id."""
        return int(self._send("POST", f"/api/v1/jobs/{int(job_id)}/retry", form={},
                              is_repeatable=True, headers=_key(None))["job_id"])

    def clone(self, job_id: int, **changes: Any) -> int:
        """Start the same with other parameters; the new job's id."""
        return int(self._send("POST", f"/api/v1/jobs/{int(job_id)}/clone", body=changes,
                              is_repeatable=True, headers=_key(None))["job_id"])

    def delete(self, job_id: int) -> None:
        """Remove a job that has ended, and its model."""
        self._send("DELETE", f"/api/v1/jobs/{int(job_id)}", ignore_body=True)

    def events(self, job_id: int) -> list:
        """What happened to a job, the oldest first."""
        return self._send("GET", f"/api/v1/jobs/{int(job_id)}/events?limit=1000")["events"]

    def log(self, job_id: int) -> str:
        """What the job's training wrote."""
        with self._open("GET", f"/api/v1/jobs/{int(job_id)}/log") as answer:
            return answer.read().decode("utf-8", "replace")

    def series(self, job_id: int) -> dict:
        """The curves: {"loss": [[1, 0.52], …], …} by iteration."""
        found = self._send("GET", f"/api/v1/jobs/{int(job_id)}/metrics")["series"]
        return {line["name"]: line["points"] for line in found}

    # ---- models and data ----

    def models(self) -> list:
        """The user's models, the newest first."""
        return list(self._pages("/api/v1/models", "models", {"limit": PAGE}))

    def download_model(self, job_id: int, path: Optional[str] = None,
                       overwrite: bool = False) -> str:
        """Save the job's model file and return its path: `path` may be a file or a directory,
        default: here, under its own name. The file appears whole, its SHA-256 checked, or not at
        all. FileExistsError unless `overwrite`; Conflict where the job has no model."""
        model = self.job(job_id).get("model")
        if not model:
            raise Conflict(409, {"code": "no_model", "detail": f"job {job_id} has no model"},
                           self.base_url)
        return self._save(f"/api/v1/models/{int(model['model_id'])}/download", path, overwrite,
                          model)

    def check_data(self, data_path: str, **parameters: Any) -> dict:
        """Look at data before a job is started: rows, users, items, times, holdout, warnings, and
        an estimate of memory and time. InvalidRequest says what is wrong with it."""
        return self._send("POST", "/api/v1/data_sources/check", is_repeatable=True,
                          body=_given({"data_path": data_path, **parameters}))

    def data_sources(self) -> list:
        """The data that the server can train on."""
        return self._send("GET", "/api/v1/data_sources")["sources"]

    def model_types(self) -> list:
        """The kinds of models, with their parameters, defaults and ranges."""
        return self._send("GET", "/api/v1/model_types")["model_types"]

    # ---- versions of models: names, aliases, verdicts, imports ----

    def models(self, name: Optional[str] = None, tag: Optional[str] = None) -> list:
        """Your models, the newest first; those of one name or with one tag."""
        return list(self._pages("/api/v1/models", "models",
                                {"name": name, "tag": tag, "limit": PAGE}))

    def model(self, ref: Any) -> dict:
        """All that is known of a model: version, aliases, metrics, data, …"""
        return self._send("GET", _model_path(ref))

    def model_names(self) -> list:
        """Your names, with their aliases and gates."""
        return list(self._pages("/api/v1/registry", "names", {"limit": 200}))

    def verdict(self, ref: Any, against: Any = None) -> dict:
        """Is it better than the champion of its name, or than another? `words` says it."""
        return self._look(ref, "verdict", _given({"against": against}))

    def promote(self, name: str, version: int, alias: str = "champion",
                reason: Optional[str] = None, override: bool = False) -> dict:
        """Point an alias at a version; the move. Conflict: the gate refused, and `problem` has the
        verdict. `override` moves it anyway, with a reason."""
        return self._send("PUT", _alias_path(name, alias), body=_given(
            {"version": int(version), "reason": reason, "override": override or None}))

    def undo_promotion(self, name: str, alias: str = "champion",
                       reason: Optional[str] = None) -> dict:
        """Move an alias back to where it was before its last move."""
        return self._send("POST", _alias_path(name, alias) + "/undo",
                          body=_given({"reason": reason}))

    def remove_alias(self, name: str, alias: str, reason: Optional[str] = None) -> dict:
        """Take an alias away; the version stays."""
        return self._send("DELETE", _alias_path(name, alias), body=_given({"reason": reason}))

    def alias_history(self, name: str, alias: Optional[str] = None) -> list:
        """Every move of its aliases, the newest first: who, when, why."""
        return list(self._pages(_name_path(name) + "/history", "moves",
                                {"alias": alias, "limit": PAGE}))

    def aliases_at(self, name: str, at: str) -> dict:
        """Which version each alias pointed at on a day ("2026-01-31") or at a time: {alias: 3}."""
        query = urllib.parse.urlencode({"at": at, "limit": 1})
        return self._send("GET", f"{_name_path(name)}/history?{query}")["then"]

    def set_gate(self, name: str, gate: Optional[bool] = None,
                 margin: Optional[float] = None) -> dict:
        """Whether `champion` asks for a verdict, and by which margin of recall (0.01: a point)."""
        return self._send("PATCH", _name_path(name), is_repeatable=True,
                          body=_given({"gate": gate, "margin": margin}))

    def edit_model(self, ref: Any, **changes: Any) -> dict:
        """Change name, note or tags."""
        return self._send("PATCH", _model_path(ref), body=changes)

    def remove_model(self, ref: Any) -> None:
        """Remove a model with its file. Conflict: an alias points at it."""
        self._send("DELETE", _model_path(ref), ignore_body=True)

    def export_model(self, ref: Any, path: Optional[str] = None, format: str = "pkl",
                     overwrite: bool = False) -> str:
        """Save a model as pkl, npz or safetensors; where it lies."""
        model = self.model(ref)
        if format == "pkl":
            return self._save(f"{_model_path(ref)}/download", path, overwrite, model)
        target = path or "."
        if os.path.isdir(target):
            target = os.path.join(target, os.path.splitext(model["file_name"])[0] + "." + format)
        if os.path.exists(target) and not overwrite:
            raise FileExistsError(f"{target} is there already")
        with self._open("GET", f"{_model_path(ref)}/download?format={format}") as answer:
            content = answer.read()
        with open(target, "wb") as file:
            file.write(content)
        return target

    def import_model(self, path: str, name: Optional[str] = None,
                     note: Optional[str] = None, hits: Optional[str] = None) -> dict:
        """Take in a model file that was made elsewhere. InvalidRequest: it is none. `hits`: the
        .hits.json that lay beside it, so that it can be compared with others (import_hits)."""
        query = urllib.parse.urlencode(_given({"name": name, "note": note}))
        with open(path, "rb") as file:
            model = self._send("POST", f"/api/v1/models/import?{query}", raw=file)
        if hits is not None:
            self.import_hits(model["model_id"], hits)
        return model

    def import_hits(self, ref: Any, path: str) -> None:
        """Give an imported model its hits. InvalidRequest: they are no hits, or of another model."""
        with open(path, "rb") as file:
            self._send("PUT", f"{_model_path(ref)}/hits", ignore_body=True, raw=file)

    # ---- recommendations: `ref` is a model's id, "name@alias", "name:version" or "name" ----

    def recommend(self, ref: Any, user: Any = None, k: int = 40, items: Optional[Any] = None,
                  exclude_seen: bool = True, allow: Optional[Any] = None,
                  deny: Optional[Any] = None) -> dict:
        """What a model recommends to a user, or to somebody new by what they did: `items` is a list
        of ids, or a dict of ids and how often. {"model", "basis", "items": [{"item", "score"}, …]};
        basis "popular": nothing is known of them."""
        if (user is None) == (items is None):
            raise ValueError("either user or items is needed")
        bounds = {"k": k, "exclude_seen": exclude_seen, "allow": allow, "deny": deny}
        if items is not None:
            return self._ask(ref, "recommend", {"items": _history(items), **bounds})
        answer = self._ask(ref, "recommend", {"users": [user], **bounds})
        return {"model": answer["model"], **answer["lists"][0]}

    def recommend_many(self, ref: Any, users: Any, k: int = 40, exclude_seen: bool = True,
                       allow: Optional[Any] = None, deny: Optional[Any] = None) -> Iterator[dict]:
        """The lists of many users, in their order, as they are read: {"user", "basis", "items"}.
        For all users at once a prediction is quicker. All are made by the version that `ref` means
        at first, whatever becomes of an alias meanwhile."""
        rest, bounds = iter(users), {"k": k, "exclude_seen": exclude_seen, "allow": allow,
                                     "deny": deny}
        at_once = max(1, min(USERS_AT_ONCE, LISTED_AT_ONCE // max(1, k)))
        while True:
            block = list(itertools.islice(rest, at_once))
            if not block:
                return
            answer = self._ask(ref, "recommend", {"users": block, **bounds})
            ref = answer["model"]["model_id"]
            yield from answer["lists"]

    def similar(self, ref: Any, item: Any, k: int = 40) -> dict:
        """The items that are most like one: {"model", "item", "items": [{"item", "score"}, …]}."""
        return self._look(ref, "similar", {"item": item, "k": k})

    def explain(self, ref: Any, item: Any, user: Any = None, items: Optional[Any] = None,
                k: int = 40, reasons: int = 20) -> dict:
        """Why an item is recommended to a user, or to who did `items` (as in recommend): what each
        of their own items adds to its score, its place, and what keeps it out of a list of k."""
        if (user is None) == (items is None):
            raise ValueError("either user or items is needed")
        if items is None:
            return self._look(ref, "explain", {"user": user, "item": item, "k": k,
                                               "reasons": reasons})
        return self._ask(ref, "explain", {"items": _history(items), "item": item, "k": k,
                                          "reasons": reasons})

    def compare(self, ref: Any, other: Any, user: Any, k: int = 40) -> dict:
        """Two models side by side for a user: {"left", "right", "moves", "overlap"}."""
        return self._look(ref, "compare", {"with": other, "user": user, "k": k})

    def user_history(self, ref: Any, user: Any) -> list:
        """What a user did in the data that a model was trained on: [{"item", "count"}, …], most
        often first; empty for who is not known to it."""
        return self._look(ref, "history", {"user": user})["items"]

    def known_users(self, ref: Any) -> Iterator[Any]:
        """The ids of all users that a model knows, ascending, as they are read."""
        after = None
        while True:
            page = self._look(ref, "users", _given({"limit": 1000, "after": after}))
            yield from page["users"]
            after = page["next"]
            if after is None:
                return

    def _look(self, ref: Any, what: str, query: Mapping[str, Any]) -> dict:
        return self._send("GET", f"{_model_path(ref)}/{what}?{urllib.parse.urlencode(query)}")

    def _ask(self, ref: Any, what: str, body: Mapping[str, Any]) -> dict:
        return self._send("POST", f"{_model_path(ref)}/{what}", is_repeatable=True,
                          body={name: list(value) if isinstance(value, (set, tuple)) else value
                                for name, value in _given(body).items()})

    # ---- predictions: recommendations for many users, as a file ----

    def start_prediction(self, ref: Any, users: Any = "all", users_path: Optional[str] = None,
                         k: int = 40, format: str = "parquet", exclude_seen: bool = True,
                         name: Optional[str] = None, users_column: Optional[str] = None,
                         idempotency_key: Optional[str] = None) -> int:
        """Start a prediction and return its id. `users` is "all", "evaluation" (those that the
        model was judged on) or their ids; `users_path` a Parquet or CSV file beneath the server's
        data roots in the place of it. InvalidRequest tells every wrong field."""
        body = {"model": ref, "users_path": users_path, "users_column": users_column, "k": k,
                "format": format, "exclude_seen": exclude_seen, "name": name}
        if users_path is None:
            is_word = isinstance(users, str)
            body["users" if is_word else "user_ids"] = users if is_word else list(users)
        return int(self._send("POST", "/api/v1/predictions", body=_given(body), is_repeatable=True,
                              headers=_key(idempotency_key))["prediction_id"])

    def prediction(self, prediction_id: int) -> dict:
        """All that is known of a prediction: status, progress, model, file, error, …"""
        return self._send("GET", _prediction_path(prediction_id))

    def predictions(self, status: Optional[str] = None, model: Any = None) -> list:
        """The user's predictions, the newest first."""
        return list(self._pages("/api/v1/predictions", "predictions",
                                {"status": status, "model": model, "limit": PAGE}))

    def wait_for_prediction(self, prediction_id: int, timeout: Optional[float] = None,
                            poll_interval: float = 1.0,
                            on_update: Optional[Callable[[dict], None]] = None) -> dict:
        """As wait_for_completion: the prediction, with its `file`."""
        done = self._wait(lambda: self.prediction(prediction_id), f"prediction {prediction_id}",
                          timeout, poll_interval, on_update)
        if done["status"] != "completed":
            raise (JobCancelled if done["status"] == "cancelled" else JobFailed)(done)
        return done

    def preview_prediction(self, prediction_id: int, limit: int = 20) -> list:
        """Its first rows: [cookie, node, rank, score]. Conflict: it has no file yet."""
        return self._send("GET", f"{_prediction_path(prediction_id)}/preview?limit={limit}")["rows"]

    def download_prediction(self, prediction_id: int, path: Optional[str] = None,
                            overwrite: bool = False) -> str:
        """Save its file and return its path, as download_model does."""
        file = self.prediction(prediction_id).get("file")
        if not file:
            raise Conflict(409, {"code": "prediction_not_finished",
                                 "detail": f"prediction {prediction_id} has no file"},
                           self.base_url)
        return self._save(f"{_prediction_path(prediction_id)}/download", path, overwrite, file)

    def cancel_prediction(self, prediction_id: int) -> dict:
        """Ask it to stop, which takes up to two seconds. Conflict: it has ended."""
        return self._send("POST", f"{_prediction_path(prediction_id)}/cancel", form={},
                          is_repeatable=True)

    def retry_prediction(self, prediction_id: int) -> int:
        """Start the same once more; the new one's id. Conflict: its model was removed."""
        return int(self._send("POST", f"{_prediction_path(prediction_id)}/retry", form={},
                              is_repeatable=True, headers=_key(None))["prediction_id"])

    def delete_prediction(self, prediction_id: int) -> None:
        """Remove one that has ended, and its file."""
        self._send("DELETE", _prediction_path(prediction_id), ignore_body=True)

    # ---- requests ----

    def _wait(self, read: Callable[[], dict], what: str, timeout: Optional[float],
              poll_interval: float, on_update: Optional[Callable[[dict], None]]) -> dict:
        """Read until the status is one that never changes."""
        deadline = None if timeout is None else time.monotonic() + timeout
        pause, last, heard = min(0.1, poll_interval), None, time.monotonic()
        while True:
            try:
                job = read()
                heard = time.monotonic()
            except (ConnectionFailed, ServerFailed):  # a restart of the server ends no job
                if time.monotonic() - heard > ABSENCE_MAX_S:
                    raise
                job = last
            if job != last and on_update is not None:
                on_update(job)
            last = job
            if job is not None and job["status"] in ("completed", "failed", "cancelled"):
                return job
            if deadline is not None and time.monotonic() + pause > deadline:
                raise WaitTimedOut(f"{what} had not ended after {timeout:g} s")
            time.sleep(pause)
            pause = min(pause * 1.5, poll_interval)

    def _save(self, url_path: str, path: Optional[str], overwrite: bool,
              file: Mapping[str, Any]) -> str:
        path = path or "."
        if os.path.isdir(path):
            path = os.path.join(path, os.path.basename(file["file_name"]))
        if os.path.exists(path) and not overwrite:
            raise FileExistsError(f"{path} is there already")
        part = f"{path}.{uuid.uuid4().hex[:8]}.part"
        try:
            self._download(url_path, part, file)
            os.replace(part, path)
        finally:
            if os.path.exists(part):
                os.unlink(part)
        return path

    def _pages(self, path: str, key: str, query: Mapping[str, Any]) -> Iterator[dict]:
        cursor = None
        while True:
            words = urllib.parse.urlencode(_given({**query, "cursor": cursor}))
            page = self._send("GET", f"{path}?{words}")
            yield from page[key]
            cursor = page.get("next")
            if not cursor:
                return

    def _send(self, method: str, path: str, ignore_body: bool = False, **options: Any) -> Any:
        try:
            with self._open(method, path, **options) as answer:
                text = answer.read()
        except (OSError, http.client.HTTPException) as fault:
            raise ConnectionFailed(f"{self.base_url}{path}: {fault}") from fault
        if ignore_body:
            return None
        try:
            return json.loads(text)
        except ValueError:
            raise ConnectionFailed(f"{self.base_url}{path} answers something that is no JSON; is "
                                   "it a rectrain server?") from None

    def _open(self, method: str, path: str, form: Optional[Mapping[str, Any]] = None,
              body: Optional[Mapping[str, Any]] = None, headers: Optional[Mapping[str, str]] = None,
              is_repeatable: bool = False, raw: Optional[Any] = None) -> Any:
        """The answer, as a response to be read and closed; sent again as often as may be."""
        url, data = self.base_url + path, None
        sent = {"Accept": "application/json", "User-Agent": "rectrain-client/1", **(headers or {})}
        if form is not None:
            data = urllib.parse.urlencode(form).encode()
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        elif body is not None:
            data = json.dumps(body).encode()
            sent["Content-Type"] = "application/json"
        elif raw is not None:  # an open file: it is sent as it is read
            data = raw
            sent["Content-Type"] = "application/octet-stream"
            sent["Content-Length"] = str(os.fstat(raw.fileno()).st_size)
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        may_repeat = is_repeatable or method in ("GET", "DELETE", "PUT")
        for attempt in range(self.retries + 1):
            is_last = attempt == self.retries
            try:
                if raw is not None:
                    raw.seek(0)
                request = urllib.request.Request(url, data, sent, method=method)
                return self._opener.open(request, timeout=self.timeout)
            except urllib.error.HTTPError as answer:
                failure = self._failure(answer, url)
                if is_last or not (answer.code in REFUSED or may_repeat and answer.code in AWAY):
                    raise failure from None
                pause = _pause(attempt, answer.headers.get("Retry-After"))
                if pause is None:
                    raise failure from None
            except (OSError, http.client.HTTPException) as fault:
                reason = getattr(fault, "reason", fault)
                never_sent = isinstance(reason, ConnectionRefusedError)
                if is_last or not (may_repeat or never_sent):
                    raise ConnectionFailed(f"{url}: {reason}") from fault
                pause = _pause(attempt, None)
            time.sleep(pause or 0.0)
        raise AssertionError("not reached")

    @staticmethod
    def _failure(answer: urllib.error.HTTPError, url: str) -> RequestFailed:
        with answer:
            try:
                problem = json.loads(answer.read(BLOCK_BYTES))
            except (ValueError, OSError, http.client.HTTPException):
                problem = {}
        if not isinstance(problem, dict):
            problem = {}
        if 300 <= answer.code < 400:
            place = answer.headers.get("Location", "elsewhere")
            problem = {"code": "redirected",
                       "detail": f"the server sends us to {place}; give its address as base_url"}
        kind = _KINDS.get(answer.code, ServerFailed if answer.code >= 500 else RequestFailed)
        return kind(answer.code, problem, url)

    def _download(self, path: str, part: str, model: Mapping[str, Any]) -> None:
        """To the file `part`; where a connection breaks, all of it once more."""
        for attempt in range(self.retries + 1):
            digest, size = hashlib.sha256(), 0
            try:
                with self._open("GET", path) as answer, open(part, "wb") as file:
                    for block in iter(lambda: answer.read(BLOCK_BYTES), b""):
                        file.write(block)
                        digest.update(block)
                        size += len(block)
            except (ConnectionError, TimeoutError, http.client.HTTPException) as fault:
                if attempt == self.retries:
                    raise ConnectionFailed(f"{self.base_url}{path}: {fault}") from fault
                time.sleep(_pause(attempt, None) or 0.0)
                continue
            if size == model["size_bytes"] and digest.hexdigest() == model["sha256"]:
                return
            if size >= model["size_bytes"] or attempt == self.retries:
                raise DownloadDamaged(f"{path}: {size} bytes with SHA-256 {digest.hexdigest()}, "
                                      f"not {model['size_bytes']} with {model['sha256']}")


def _given(fields: Mapping[str, Any]) -> dict:
    return {name: value for name, value in fields.items() if value is not None}


def _name_path(name: str) -> str:
    return f"/api/v1/registry/{urllib.parse.quote(name, safe='')}"


def _alias_path(name: str, alias: str) -> str:
    return f"{_name_path(name)}/aliases/{urllib.parse.quote(alias, safe='')}"


def _model_path(ref: Any) -> str:
    return "/api/v1/models/" + urllib.parse.quote(str(ref), safe="@:")


def _prediction_path(prediction_id: int) -> str:
    return f"/api/v1/predictions/{int(prediction_id)}"


def _history(items: Any) -> list:
    """A history as the server reads it: of ids, of a dict of ids and how often, or as it is."""
    if isinstance(items, Mapping):
        return [{"item": item, "count": count} for item, count in items.items()]
    return list(items)


def _key(key: Optional[str]) -> dict:
    return {"Idempotency-Key": key or uuid.uuid4().hex}


def _pause(attempt: int, retry_after: Optional[str]) -> Optional[float]:
    """Seconds to wait before the next try; None where the server asks for longer than we wait."""
    if retry_after:
        try:
            asked = float(retry_after)
        except ValueError:
            try:
                moment = email.utils.parsedate_to_datetime(retry_after)
                asked = moment.timestamp() - time.time()
            except (TypeError, ValueError):
                asked = PAUSE_S
        return max(asked, 0.0) if asked <= PAUSE_MAX_S else None
    longest = min(PAUSE_S * 2 ** attempt, PAUSE_MAX_S)
    return longest * (0.5 + random.random() / 2)


def _tell(job: Mapping[str, Any]) -> None:
    progress = f" {100 * job.get('progress', 0):3.0f} %" if job["status"] != "pending" else ""
    print(f"job {job['job_id']}: {job['status']}{progress}", file=sys.stderr)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Train a model on a rectrain server, and print its metrics.")
    parser.add_argument("--url", help="the server (default: RECTRAIN_URL, else http://localhost)")
    parser.add_argument("--email", default="test@example.com")
    parser.add_argument("--password", default=os.environ.get("RECTRAIN_PASSWORD", "123"),
                        help="default: RECTRAIN_PASSWORD, else that of the demo account")
    parser.add_argument("--model-type", default="als")
    parser.add_argument("--data-path", default="/data")
    parser.add_argument("--iterations", type=int, default=15, help="of als (15)")
    parser.add_argument("--factors", type=int, default=80, help="of als (80)")
    parser.add_argument("--output", metavar="PATH", help="save the model there")
    given = parser.parse_args()
    try:
        with TrainingClient(given.url) as client:
            client.login(given.email, given.password)
            job_id = client.start_training(given.model_type, given.data_path, given.iterations,
                                           given.factors)
            result = client.wait_for_completion(job_id, on_update=_tell)
            for name, value in result["metrics"].items():
                print(f"{name:24} {value:.6f}")
            print(f"F1@40: {result['metrics']['f1_at_k']:.4f}")
            if given.output:
                print(f"saved {client.download_model(job_id, given.output)}")
    except (TrainingError, OSError, ValueError) as fault:
        print(f"training_example.py: {fault}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
