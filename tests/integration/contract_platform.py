"""What api_contract_test.py asks of: a platform with two people and an administrator, who own one of
everything, and the operations of /openapi.json."""

import sqlite3

from client import Client
from schema import Schemas
from stack import Stack


class Platform:
    """The stack, its people and what belongs to them; made once for all cases."""

    def __init__(self):
        self.stack = Stack("sqlite", workers=1, environment={
            "LOGINS_PER_MINUTE": "10000", "LOGIN_FAILURES": "10000"})
        stack = self.stack
        self.owner = stack.client()
        self.other = stack.add_user("other@example.com")
        self.admin = stack.add_user("admin@example.com", admin=True)
        small = {"iterations": 2, "factors": 4}
        for model_type, fields in (("als", small), ("popular", {}), ("als", small)):
            job = stack.start_job(self.owner, model_type, **fields)
            done = stack.wait_for_job(self.owner, job["job_id"])
            assert done["status"] == "completed", done
            self.completed = done["job_id"]
        answer = self.owner.post("/api/v1/predictions", json={"model": "als", "k": 5})
        self.predicted = stack.wait_for_prediction(
            self.owner, answer.json()["prediction_id"])["prediction_id"]
        # From here on what is started stays pending: no worker takes it away under a test.
        stack.server.stop()
        stack.start_server(WORKERS="0")
        self.document = stack.anonymous().get("/openapi.json").json()
        self.schemas = Schemas(self.document)
        self.read_token = self.token("read")
        self.write_token = self.token("write")
        self.ended = stack.client()
        cookie = self.ended.cookie("access_token")
        self.ended.get("/auth/logout")
        self.ended = Client(stack.url, headers={"Cookie": f"access_token={cookie}"})
        self.expired_session = self._expired("sessions", stack.client().cookie("access_token"))
        self.expired_token = self._expired("api_tokens", self.token("write"))

    def token(self, scope):
        answer = self.owner.post("/api/v1/tokens", json={"name": "contract", "scope": scope,
                                                         "days": None})
        assert answer.status == 201, answer
        return answer.json()["token"]

    def _expired(self, table, secret):
        """A login whose time is over: the row is made old before the secret is used once."""
        with sqlite3.connect(self.stack.environment["DB_NAME"], timeout=30) as db:
            key = "session_id" if table == "sessions" else "token_id"
            db.execute(f"UPDATE {table} SET expires_ms = 1, created_ms = 0, seen_ms = 0 "
                       f"WHERE {key} = (SELECT max({key}) FROM {table})")
        return secret

    # ---- objects of the owner, by the name of the path's parameter ----

    def pending_job(self):
        return self.stack.start_job(self.owner, "popular")["job_id"]

    def cancelled_job(self):
        job_id = self.pending_job()
        answer = self.owner.post(f"/api/v1/jobs/{job_id}/cancel")
        assert answer.status == 202, answer
        return job_id

    def pending_prediction(self):
        answer = self.owner.post("/api/v1/predictions", json={"model": "als", "k": 5})
        assert answer.status == 202, answer
        return answer.json()["prediction_id"]

    def cancelled_prediction(self):
        prediction_id = self.pending_prediction()
        answer = self.owner.post(f"/api/v1/predictions/{prediction_id}/cancel")
        assert answer.status == 202, answer
        return prediction_id

    def kept_model(self):
        """Personal, and in nobody's way: what is removed by a test is the newest."""
        return self.owner.get("/api/v1/models").json()["models"][-1]["model_id"]

    def model(self):
        return self.owner.get("/api/v1/models?limit=1").json()["models"][0]["model_id"]

    def moved_alias(self):
        """One that points somewhere, so that it can be taken away, or back."""
        answer = self.owner.put("/api/v1/registry/als/aliases/candidate", json={"version": 1})
        assert answer.status == 200, answer
        return "candidate"

    def session(self):
        self.stack.client()
        sessions = self.owner.get("/api/v1/me/sessions").json()["sessions"]
        return max(one["session_id"] for one in sessions if not one["is_current"])

    def new_token(self):
        self.token("read")
        return max(one["token_id"] for one in self.owner.get("/api/v1/tokens").json()["tokens"])

    def asset(self):
        page = self.stack.anonymous().get("/auth/login").text
        return page.split("/assets/", 1)[1].split('"', 1)[0]

    def values(self, operation):
        """Parameters of the path that name something the owner has, fit for the operation."""
        makers = {
            "job_id": {"cancel": self.pending_job, "retry": self.cancelled_job,
                       "delete": self.cancelled_job}.get(operation.verb, lambda: self.completed),
            "prediction_id": {
                "cancel": self.pending_prediction, "retry": self.cancelled_prediction,
                "delete": self.cancelled_prediction,
            }.get(operation.verb, lambda: self.predicted),
            "ref": self.model if operation.verb == "delete" else self.kept_model,
            "model_id": self.model if operation.verb == "delete" else self.kept_model,
            "session_id": self.session, "token_id": self.new_token, "file": self.asset,
            "name": lambda: "als",
            "alias": {"delete": self.moved_alias, "undo": self.moved_alias}.get(
                operation.verb, lambda: "champion"),
        }
        return {name: makers[name]() for name in operation.path_parameters}


class Operation:
    def __init__(self, path, method, spec, document, schemas):
        self.path, self.method, self.spec = path, method.upper(), spec
        self.schemas = schemas
        security = spec.get("security", document.get("security", []))
        self.is_public = security == [] or {} in security
        scopes = [s["token"] for s in security if "token" in s]
        self.takes_token = bool(scopes)
        self.needs_write = ["write"] in scopes
        self.is_admin_only = spec.get("x-admin", False)
        parameters = [schemas.resolve(one) for one in
                      spec.get("parameters", []) + document["paths"][path].get("parameters", [])]
        self.parameters = parameters
        self.path_parameters = [one["name"] for one in parameters if one["in"] == "path"]
        last = path.rstrip("/").rsplit("/", 1)[-1]
        self.verb = "delete" if method == "delete" else last

    @property
    def name(self):
        words = self.path.replace("{", "").replace("}", "").replace("...", "").strip("/")
        return f"{self.method.lower()}_{words.replace('/', '_').replace('.', '_') or 'root'}"

    def url(self, values, **query):
        """The path with these values, and the query: what is required, by its example, and more."""
        url = self.path
        for name, value in values.items():
            url = url.replace("{%s}" % name, str(value)).replace("{%s...}" % name, str(value))
        asked = {one["name"]: one["example"] for one in self.parameters
                 if one["in"] == "query" and one.get("required")} | query
        pairs = "&".join(f"{name}={value}" for name, value in asked.items())
        return f"{url}?{pairs}" if pairs else url

    def bodies(self):
        """(media type, example) for each example of the body."""
        content = self.schemas.resolve(self.spec.get("requestBody", {})).get("content", {})
        for kind, media in content.items():
            if "example" in media:
                yield kind, media["example"]
            for example in media.get("examples", {}).values():
                yield kind, self.schemas.resolve(example)["value"]

    def body_schema(self, kind):
        content = self.schemas.resolve(self.spec.get("requestBody", {})).get("content", {})
        return self.schemas.resolve(content.get(kind, {}).get("schema", {}))

    def statuses(self):
        return set(self.spec["responses"])

    def any_body(self):
        """What to send where the body does not matter, since access is refused before."""
        for kind, example in self.bodies():
            return send(kind, example)
        return {}


def send(kind, example):
    if kind == "application/json":
        return {"json": example}
    assert kind == "application/x-www-form-urlencoded", kind
    return {"form": example}
