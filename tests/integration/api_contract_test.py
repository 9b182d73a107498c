"""Every route of /openapi.json, by itself: who may call it, what it answers to its examples and to
nonsense. The cases are made from the document when the program starts, so a new route is tested as
soon as it is written there (and a C test holds the document against the table of routes)."""

import copy
import json
import sys
import unittest

from client import Client
from contract_platform import Operation, Platform, send

METHODS = ("get", "post", "put", "patch", "delete")
SUCCESS = ("200", "201", "202", "204", "302", "303")
EVIL = "https://evil.example"


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
