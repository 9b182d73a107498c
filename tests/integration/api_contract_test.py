"""Every route of /openapi.json, by itself: who may call it, what it answers to its examples and to
nonsense. The cases are made from the document when the program starts, so a new route is tested as
soon as it is written there (and a C test holds the document against the table of routes)."""

import copy
import json
import sqlite3
import sys
import unittest

from client import Client
from schema import Schemas
from stack import Stack

METHODS = ("get", "post", "put", "patch", "delete")
SUCCESS = ("200", "201", "202", "204", "302", "303")
EVIL = "https://evil.example"


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


def real(example):
    """An example with the test's data in the place of the manual's."""
    if isinstance(example, dict):
        return {key: (str(PLATFORM.stack.data) if key == "data_path" else real(value))
                for key, value in example.items()}
    return example


class Contract(unittest.TestCase):
    def ask(self, client, operation, values, **options):
        return client.request(operation.method, operation.url(values), **options)

    def assert_problem(self, answer, statuses):
        self.assertIn(answer.status, statuses, answer)
        self.assertEqual(answer.type, "application/problem+json", answer)
        problem = answer.json()
        self.assertEqual(problem["status"], answer.status)
        for key in ("type", "title", "code"):
            self.assertTrue(problem.get(key), f"{key}: {answer}")
        schema = {"$ref": "#/components/schemas/Problem"}
        self.assertEqual(PLATFORM.schemas.faults(problem, schema), [], answer)
        return problem

    def assert_as_documented(self, operation, answer):
        """The status is one of the operation's, and the body fits the schema of that status."""
        self.assertIn(str(answer.status), operation.statuses(), answer)
        response = PLATFORM.schemas.resolve(operation.spec["responses"][str(answer.status)])
        content = response.get("content", {})
        if not content:
            self.assertEqual(answer.body, b"", answer)
            return
        self.assertTrue(answer.type in content or "*/*" in content, answer)
        schema = content.get(answer.type, {}).get("schema")
        if schema and answer.type.endswith("json"):
            self.assertEqual(PLATFORM.schemas.faults(answer.json(), schema), [], answer)
        for name in response.get("headers", {}):
            self.assertIn(name, answer.headers, answer)


# ---- who may ---- each makes a test method of one operation, or None where it does not apply ----

def without_login(operation):
    if operation.is_public:
        return None

    def test(self):
        values = PLATFORM.values(operation)
        answer = self.ask(PLATFORM.stack.anonymous(), operation, values, **operation.any_body())
        self.assert_problem(answer, {401})
        self.assertIn("WWW-Authenticate", answer.headers)
    return test


def refused_login(name, client):
    def make(operation):
        if operation.is_public:
            return None

        def test(self):
            values = PLATFORM.values(operation)
            answer = self.ask(client(), operation, values, **operation.any_body())
            self.assert_problem(answer, {401})
        return test
    make.__name__ = name
    return make


def stranger(name, client):
    """Somebody else who is logged in: what is not theirs is not there."""
    def make(operation):
        mine = [one for one in operation.path_parameters if one != "file"]
        if operation.is_public or not mine:
            return None

        def test(self):
            values = PLATFORM.values(operation)
            answer = self.ask(client(), operation, values, **operation.any_body())
            problem = self.assert_problem(answer, {404})
            for secret in (str(PLATFORM.stack.data), "test@example.com"):
                self.assertNotIn(secret, json.dumps(problem))
        return test
    make.__name__ = name
    return make


def token_without_scope(operation):
    if operation.is_public or not operation.needs_write:
        return None

    def test(self):
        values = PLATFORM.values(operation)
        client = Client(PLATFORM.stack.url, bearer=PLATFORM.read_token)
        self.assert_problem(self.ask(client, operation, values, **operation.any_body()), {403})
    return test


def token_where_only_a_session_may(operation):
    if operation.is_public or operation.takes_token:
        return None

    def test(self):
        values = PLATFORM.values(operation)
        client = Client(PLATFORM.stack.url, bearer=PLATFORM.write_token)
        self.assert_problem(self.ask(client, operation, values, **operation.any_body()), {403})
    return test


def user_where_only_admins_may(operation):
    if not operation.is_admin_only:
        return None

    def test(self):
        values = PLATFORM.values(operation)
        self.assert_problem(
            self.ask(PLATFORM.other, operation, values, **operation.any_body()), {403})
    return test


def from_another_site(name, headers):
    def make(operation):
        if operation.method == "GET":
            return None

        def test(self):
            values = PLATFORM.values(operation)
            answer = self.ask(PLATFORM.owner, operation, values, headers=headers,
                              **operation.any_body())
            self.assert_problem(answer, {403})
        return test
    make.__name__ = name
    return make


# ---- what it answers ----

def nonsense_in_path(operation):
    if not operation.path_parameters:
        return None

    def test(self):
        for value in ("0", "-1", "abc", "1.5", "9223372036854775807", "99999999999999999999",
                      "%27%20OR%201=1", "1%00", "..%2f..%2fetc%2fpasswd"):
            values = dict.fromkeys(operation.path_parameters, value)
            answer = self.ask(PLATFORM.owner, operation, values, **operation.any_body())
            self.assert_problem(answer, {400, 404})
    return test


def nonsense_in_query(operation):
    names = [one for one in operation.parameters if one["in"] == "query"]
    if not names:
        return None

    def test(self):
        values = PLATFORM.values(operation)
        for one in names:
            for value in ("%00", "'", "-1", "x" * 2000, "%ff", "9" * 30):
                url = operation.url(values, **{one["name"]: value})
                answer = PLATFORM.owner.request(operation.method, url, timeout=30) \
                    if operation.path != "/api/v1/events" else None
                if answer is not None and answer.status >= 300:
                    # 404: what the query names is not there
                    self.assertIn(answer.status, (302, 303, 400, 404, 422), answer)
    return test


def nonsense_as_body(operation):
    kinds = {kind for kind, _ in operation.bodies()}
    if "application/json" not in kinds:
        return None

    def test(self):
        values = PLATFORM.values(operation)
        for body in (b"", b"{", b"[]", b"null", b"1", b'"x"', b'{"a":1,"a":2}', b"\xff\xfe",
                     b"[" * 5000, b'{"name": "\\u0000"}'):
            answer = self.ask(PLATFORM.owner, operation, values, body=body,
                              headers={"Content-Type": "application/json"})
            self.assert_problem(answer, {400, 422})
        answer = self.ask(PLATFORM.owner, operation, values, body=b"<a/>",
                          headers={"Content-Type": "application/xml"})
        self.assert_problem(answer, {415})
    return test


def unknown_field(operation):
    json_bodies = [example for kind, example in operation.bodies() if kind == "application/json"]
    if not json_bodies:
        return None

    def test(self):
        values = PLATFORM.values(operation)
        body = real(json_bodies[0]) | {"no_such_field": 1}
        problem = self.assert_problem(
            self.ask(PLATFORM.owner, operation, values, json=body), {400, 422})
        self.assertIn("no_such_field", json.dumps(problem.get("errors", problem)))
    return test


def wrong_types(operation):
    json_bodies = [example for kind, example in operation.bodies() if kind == "application/json"]
    if not json_bodies:
        return None

    def test(self):
        values = PLATFORM.values(operation)
        example = real(json_bodies[0])
        for name in example:
            for wrong in ({"x": 1}, [1], True):
                body = copy.deepcopy(example) | {name: wrong}
                schema = operation.body_schema("application/json").get("properties", {})
                if PLATFORM.schemas.faults(wrong, schema.get(name, False)) == []:
                    continue
                answer = self.ask(PLATFORM.owner, operation, values, json=body)
                problem = self.assert_problem(answer, {400, 422})
                self.assertIn(name, json.dumps(problem), answer)
    return test


# Replayed by a test of its own below, or by one elsewhere that is named.
SPECIAL = {
    ("GET", "/api/v1/events"): "a stream: live_test.py",
    ("POST", "/api/v1/models/import"): "a file: api_registry_test.py",
    ("PUT", "/api/v1/models/{ref}/hits"): "a file: api_registry_test.py",
    ("PUT", "/api/v1/me/password"): "ends sessions: below, with a user of its own",
    ("DELETE", "/api/v1/me/sessions"): "ends the owner's other sessions: below",
    ("POST", "/sign_new_user"): "below, with an address that is free",
    ("POST", "/auth/login"): "below", ("POST", "/token"): "below", ("POST", "/signin"): "below",
    ("GET", "/auth/logout"): "below", ("POST", "/auth/logout"): "below",
}


def example(operation):
    if (operation.method, operation.path) in SPECIAL:
        return None
    bodies = list(operation.bodies()) or [(None, None)]

    def test(self):
        for kind, body in bodies:
            values = PLATFORM.values(operation)
            options = send(kind, real(body)) if kind else {}
            client = PLATFORM.stack.anonymous() if operation.is_public else PLATFORM.owner
            if operation.is_admin_only:
                client = PLATFORM.admin
            answer = self.ask(client, operation, values, **options)
            self.assertIn(str(answer.status), SUCCESS, answer)
            self.assert_as_documented(operation, answer)
    return test


def parameters_of_the_query(operation):
    """Each parameter with its documented example."""
    given = [(one, one["example"]) for one in operation.parameters
             if one["in"] == "query" and "example" in one]
    if operation.path == "/api/v1/events" or not given:
        return None

    def test(self):
        values = PLATFORM.values(operation)
        for one, value in given:
            answer = PLATFORM.owner.request(operation.method,
                                            operation.url(values, **{one["name"]: value}))
            self.assertIn(str(answer.status), SUCCESS, answer)
            self.assert_as_documented(operation, answer)
    return test


def head(operation):
    if operation.method != "GET" or (operation.method, operation.path) in SPECIAL:
        return None

    def test(self):
        values = PLATFORM.values(operation)
        client = PLATFORM.admin if operation.is_admin_only else PLATFORM.owner
        answer = client.request("HEAD", operation.url(values))
        self.assertIn(str(answer.status), operation.statuses() | set(SUCCESS), answer)
        self.assertEqual(answer.body, b"")
    return test


def other_methods(path, operations, schemas):
    there = {one.method for one in operations}
    if path == "/api/v1/models/import":
        return None  # to other methods it is a model's name

    def test(self):
        values = PLATFORM.values(operations[0])
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE"):
            if method in there:
                continue
            answer = PLATFORM.owner.request(method, operations[0].url(values))
            self.assert_problem(answer, {405})
            allowed = {word.strip() for word in answer.headers["Allow"].split(",")}
            self.assertEqual(allowed - {"HEAD", "OPTIONS"}, there, answer)
        answer = PLATFORM.owner.request("BREW", operations[0].url(values))
        self.assertIn(answer.status, (405, 501), answer)
    return test


MAKERS = (
    without_login,
    refused_login("with_a_wrong_token", lambda: Client(PLATFORM.stack.url, bearer="rt_" + "x" * 43)),
    refused_login("with_an_ended_session", lambda: PLATFORM.ended),
    refused_login("with_an_expired_session", lambda: Client(
        PLATFORM.stack.url, headers={"Cookie": f"access_token={PLATFORM.expired_session}"})),
    refused_login("with_an_expired_token", lambda: Client(
        PLATFORM.stack.url, bearer=PLATFORM.expired_token)),
    stranger("as_another_user", lambda: PLATFORM.other),
    stranger("as_an_admin", lambda: PLATFORM.admin),
    token_without_scope, token_where_only_a_session_may, user_where_only_admins_may,
    from_another_site("from_another_origin", {"Origin": EVIL}),
    from_another_site("from_another_site", {"Sec-Fetch-Site": "cross-site"}),
    nonsense_in_path, nonsense_in_query, nonsense_as_body, unknown_field, wrong_types,
    example, parameters_of_the_query, head,
)


class Whole(Contract):
    """What belongs to no single route, and the routes that would end the others' logins."""

    def test_the_document_has_every_route_of_the_brief(self):
        paths = PLATFORM.document["paths"]
        for path in ("/start_training/", "/training_status/{job_id}", "/token", "/auth/login",
                     "/auth/logout", "/signin", "/sign_new_user"):
            self.assertIn(path, paths)
        self.assertTrue(PLATFORM.document["openapi"].startswith("3.1"))

    def test_there_are_enough_cases(self):
        self.assertGreaterEqual(CASES, 150)

    def test_lists_show_nothing_of_others(self):
        for path, key in (("/api/v1/jobs", "jobs"), ("/api/v1/models", "models"),
                          ("/api/v1/registry", "names"),
                          ("/api/v1/tokens", "tokens")):
            for client in (PLATFORM.other, PLATFORM.admin):
                self.assertEqual(client.get(path).json()[key], [], path)

    def test_a_user_changes_the_password(self):
        client = PLATFORM.stack.add_user("changes@example.com", "a first pass phrase")
        second = PLATFORM.stack.client("changes@example.com", "a first pass phrase")
        wrong = client.put("/api/v1/me/password", json={
            "current_password": "not it", "new_password": "a second pass phrase"})
        self.assert_problem(wrong, {400, 403, 422})
        short = client.put("/api/v1/me/password", json={
            "current_password": "a first pass phrase", "new_password": "short"})
        self.assert_problem(short, {400, 422})
        good = client.put("/api/v1/me/password", json={
            "current_password": "a first pass phrase", "new_password": "a second pass phrase"})
        self.assertEqual(good.status // 100, 2, good)
        self.assertEqual(second.get("/api/v1/me").status, 401)
        PLATFORM.stack.client("changes@example.com", "a second pass phrase")

    def test_a_user_ends_all_other_sessions(self):
        client = PLATFORM.stack.add_user("many@example.com", "a long pass phrase")
        others = [PLATFORM.stack.client("many@example.com", "a long pass phrase") for _ in range(2)]
        self.assertEqual(client.delete("/api/v1/me/sessions").status // 100, 2)
        self.assertEqual(client.get("/api/v1/me").status, 200)
        for other in others:
            self.assertEqual(other.get("/api/v1/me").status, 401)

    def test_clients_of_the_brief_log_in(self):
        client = PLATFORM.stack.anonymous()
        answer = client.post("/token", form={"username": "test@example.com", "password": "123"})
        self.assertEqual(answer.status, 200, answer)
        token = answer.json()["access_token"]
        self.assertEqual(client.get("/api/v1/me").json()["email"], "test@example.com")
        bearer = Client(PLATFORM.stack.url, bearer=token)
        self.assertEqual(bearer.get("/api/v1/me").status, 200)
        self.assertEqual(client.get("/auth/logout").status, 302)
        self.assertEqual(bearer.get("/api/v1/me").status, 401)
        answer = PLATFORM.stack.anonymous().post("/auth/login", form={
            "email": "test@example.com", "password": "nope"})
        self.assertEqual(answer.status, 401, answer)
        self.assertIn("Incorrect Email or Password", answer.text)

    def test_somebody_signs_up_once(self):
        client = PLATFORM.stack.anonymous()
        new = {"email": "new@example.com", "password": "quite a long one"}
        self.assertEqual(client.post("/sign_new_user", json=new).status // 100, 2)
        self.assert_problem(client.post("/sign_new_user", json=new), {409})
        PLATFORM.stack.client(new["email"], new["password"])

    def test_answers_carry_the_headers_of_safety(self):
        for client, path in ((PLATFORM.owner, "/api/v1/me"), (PLATFORM.owner, "/training/"),
                             (PLATFORM.stack.anonymous(), "/auth/login"),
                             (PLATFORM.stack.anonymous(), "/no/such/page")):
            headers = client.get(path).headers
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff", path)
            self.assertEqual(headers["Referrer-Policy"], "same-origin", path)
            policy = headers["Content-Security-Policy"]
            for part in ("default-src 'self'", "frame-ancestors 'none'", "form-action 'self'"):
                self.assertIn(part, policy, path)
            self.assertNotIn("unsafe", policy)
        self.assertIn("no-store", PLATFORM.owner.get("/api/v1/me").headers["Cache-Control"])


def make_cases():
    """One test method for each route and each thing to know of it; how many there are."""
    document, schemas = PLATFORM.document, PLATFORM.schemas
    cases = 0
    for path, item in document["paths"].items():
        operations = [Operation(path, method, item[method], document, schemas)
                      for method in METHODS if method in item]
        members = {}
        for operation in operations:
            for make in MAKERS:
                test = make(operation)
                if test is not None:
                    members[f"test_{operation.name}_{make.__name__}"] = test
        test = other_methods(path, operations, schemas)
        if test is not None:
            members[f"test_{operations[0].name}_other_methods"] = test
        cases += len(members)
        title = "Route_" + operations[0].name.split("_", 1)[1]
        globals()[title] = type(title, (Contract,), members | {"__module__": __name__})
    return cases


if __name__ == "__main__":
    PLATFORM = Platform()
    try:
        CASES = make_cases()
        program = unittest.main(exit=False)
    finally:
        if "program" not in globals() or not program.result.wasSuccessful():
            print(PLATFORM.stack.room.logs(), file=sys.stderr)
        PLATFORM.stack.close()
    sys.exit(not program.result.wasSuccessful())
