"""Every route of /openapi.json × every kind of identity: 401, 403 or 404, and never a word of what
is another's. The cases are made from the document, so a new route is attacked as soon as it is
written there.

    identities.py                            all; as the ordinary tests run it
    identities.py -k removed                 one kind of identity
    identities.py -k get_api_v1_jobs_job_id  one route

RECTRAIN names the program, PYTHONPATH the directory tests/support.
"""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "integration"))
import api_contract_test as contract  # noqa: E402
from client import Client  # noqa: E402
from processes import wait_until  # noqa: E402
from stack import DEMO_EMAIL  # noqa: E402

CANARY = "canary-5f3a9c"
READERS = ("a token that may only read", "a token in a cookie")  # one and the same
# A login ends the session that asks for it, and a stream has no end.
LOGINS = ("/auth/login", "/auth/logout", "/token", "/signin", "/sign_new_user", "/api/v1/events")
STRANGERS = ("another user", "an administrator")


def cookie(value):
    return {"Cookie": f"access_token={value}"}


def bearer(value):
    return {"Authorization": f"Bearer {value}"}


class Platform(contract.Platform):
    """That of the contract, with marks on all that the owner has, and with more who should not be
    let in."""

    def __init__(self):
        super().__init__()
        stack, owner = self.stack, self.owner
        self.values_of = {}
        self.mark_everything()
        revoked = self.token("write")
        last = owner.get("/api/v1/tokens").json()["tokens"][0]["token_id"]
        assert owner.delete(f"/api/v1/tokens/{last}").status == 204
        gone = stack.add_user("gone@example.com")
        gone_token = gone.post("/api/v1/tokens", json={
            "name": "gone", "scope": "write", "days": None}).json()["token"]
        stack.run("user", "remove", "gone@example.com", "--yes")
        # Another process removed it: what the server remembers of a login lasts a second.
        wait_until(lambda: gone.get("/api/v1/me").status == 401, what="the account is gone")
        session = owner.cookie("access_token")
        self.identities = {
            "nobody": {},
            "an ended session": self.ended.headers,
            "an expired session": cookie(self.expired_session),
            "an expired token": bearer(self.expired_token),
            "a revoked token": bearer(revoked),
            "a removed account": cookie(gone.cookie("access_token")),
            "a removed account's token": bearer(gone_token),
            "a token that nobody has": bearer("rt_" + "x" * 43),
            "a session cut short": cookie(session[:-1]),
            "a session in other case": cookie(session.swapcase()),
            "a password": {"Authorization": "Basic dGVzdEBleGFtcGxlLmNvbToxMjM="},
            "a token in a cookie": cookie(self.read_token),
            "a token that may only read": bearer(self.read_token),
            "a token that may write": bearer(self.write_token),
            "another user": cookie(self.other.cookie("access_token")),
            "an administrator": cookie(self.admin.cookie("access_token")),
        }

    def client_as(self, identity):
        """A new one for each request: some of the routes log in."""
        return Client(self.stack.url, headers=self.identities[identity])

    def mark_everything(self):
        owner = self.owner
        self.stack.start_job(owner, "popular", name=CANARY, model_name=f"{CANARY}-model")
        for model in owner.get("/api/v1/models").json()["models"]:
            answer = owner.patch(f"/api/v1/models/{model['model_id']}",
                                 json={"note": CANARY, "tags": [CANARY]})
            assert answer.status == 200, answer
        owner.post("/api/v1/tokens", json={"name": CANARY, "scope": "read", "days": None})

    def values_once(self, operation):
        """What a path names; refused requests do not use it up."""
        key = operation.method, operation.path
        if key not in self.values_of:
            self.values_of[key] = self.values(operation)
        return self.values_of[key]


def wanted(operation, identity):
    """The statuses that are right; None: whatever it answers, so long as nothing is told."""
    owns_path = [one for one in operation.path_parameters if one != "file"]
    if operation.is_public:
        return None
    if identity in STRANGERS:
        return {403, 404} if owns_path else None
    if identity in READERS:
        return {403} if operation.needs_write or not operation.takes_token else None
    if identity == "a token that may write":
        return None if operation.takes_token else {403}
    return {401}


class Identities(unittest.TestCase):
    def attack(self, operation, identity):
        statuses = wanted(operation, identity)
        answer = PLATFORM.client_as(identity).request(
            operation.method, operation.url(PLATFORM.values_once(operation)),
            **operation.any_body())
        self.assertLess(answer.status, 500, answer)
        if statuses is not None:
            self.assertIn(answer.status, statuses, answer)
            self.assertEqual(answer.type, "application/problem+json", answer)
        secrets = [CANARY]
        if answer.type != "text/html" and not operation.is_public:  # pages warn of the demo
            secrets.append(DEMO_EMAIL)
        if operation.path_parameters:  # where data lies is told to all users
            secrets.append(str(PLATFORM.stack.data))
        for secret in secrets:
            self.assertNotIn(secret, answer.text + str(answer.headers))


class Whole(unittest.TestCase):
    def test_there_are_enough_cases(self):
        self.assertGreaterEqual(CASES, 800)

    def test_the_marks_are_where_they_are_to_be_kept(self):
        """Else none of the cases above could fail."""
        for path in ("/api/v1/jobs", "/api/v1/models", "/api/v1/tokens", "/training/"):
            self.assertIn(CANARY, PLATFORM.owner.get(path).text, path)

    def test_nobody_changed_anything(self):
        model = PLATFORM.owner.get("/api/v1/models").json()["models"][0]
        self.assertEqual((model["note"], model["tags"]), (CANARY, [CANARY]))


def skipped(operation, identity):
    """What would end the very login that it is tried with, or what is the token's own right."""
    owner = identity in READERS or identity == "a token that may write"
    if operation.path in LOGINS:
        return identity in STRANGERS or owner
    return owner and wanted(operation, identity) is None


def add_cases():
    count = 0
    for path, item in PLATFORM.document["paths"].items():
        for method in contract.METHODS:
            if method not in item:
                continue
            operation = contract.Operation(path, method, item[method], PLATFORM.document,
                                           PLATFORM.schemas)
            for identity in PLATFORM.identities:
                if skipped(operation, identity):
                    continue
                count += 1
                name = f"test_{operation.name}_as_{identity.replace(' ', '_')}"
                setattr(Identities, name, lambda self, operation=operation, identity=identity:
                        self.attack(operation, identity))
    return count


if __name__ == "__main__":
    PLATFORM = contract.PLATFORM = Platform()
    try:
        CASES = add_cases()
        program = unittest.main(exit=False)
    finally:
        if "program" not in globals() or not program.result.wasSuccessful():
            print(PLATFORM.stack.room.logs(20), file=sys.stderr)
        PLATFORM.stack.close()
    sys.exit(not program.result.wasSuccessful())
