"""What people may name as they like: each string of STRINGS in every field that takes one, then every
page and answer that shows it. It may be there as text, never as markup, script or header; and what
was secret in all of this is in no log.

    strings.py    all; as the ordinary tests run it

RECTRAIN names the program, PYTHONPATH the directory tests/support.
"""

import html.parser
import json
import sys
import urllib.parse

from bad_data import Tap
from client import Client
from stack import DEMO_PASSWORD, Stack

MARK = "zqx"
HTML = {"Accept": "text/html"}
PASSWORD, DATABASE_PASSWORD = "violet kettle 4711 zebra", "s3cr3t-of-the-broker"
STRINGS = {
    "a script": f"{MARK}<script>alert(1)</script>",
    "an image": f"{MARK}<img src=x onerror=alert(1)>",
    "the end of an attribute": f"{MARK}\" onmouseover=\"alert(1)\" x=\"",
    "the end of another attribute": f"{MARK}' onfocus='alert(1)' autofocus x='",
    "the end of a text": f"{MARK}</title></textarea></script><svg/onload=alert(1)>",
    "a comment": f"{MARK}--><script>alert(1)</script><!--",
    "an entity": f"{MARK}&lt;script&gt;&amp;",
    "a template": f"{MARK}{{{{7*7}}}}{{% raw %}}${{7*7}}",
    "an address of script": f"javascript:alert('{MARK}')",
    "an address of data": f"data:text/html,<script>'{MARK}'</script>",
    "lines of Unicode": f"{MARK}\u2028alert(1)\u2029",
    "text turned about": f"{MARK}\u202egnp.exe\u2066",
    "a backslash": f"{MARK}\\\"\\'\\u003cscript\\u003e\\",
    "a format": f"{MARK}%s%n%x%1$s",
    "SQL": f"{MARK}'; DROP TABLE jobs; --",
    "a formula": f"=cmd|' /C calc'!{MARK}",
    "a smile": f"{MARK}😀\U0010fffd",
}


class Markup(html.parser.HTMLParser):
    """What a browser would make of a page: tags, and attributes that run or lead somewhere."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.bad, self.tags = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        values = dict(attrs)
        if tag == "script" and "src" not in values and values.get("type") != "application/json":
            self.bad.append(f"<{tag}> {attrs}")
        for name, value in attrs:
            if name.startswith("on") or name == "style":
                self.bad.append(f"{tag} {name}={value}")
            scheme = (value or "").strip().lower().split(":")[0]
            if name in ("href", "src", "action", "formaction") and scheme in (
                    "javascript", "data", "vbscript") and not (value or "").startswith("data:image"):
                self.bad.append(f"{tag} {name}={value}")
            if MARK in name:
                self.bad.append(f"an attribute {name}")
        if MARK in tag or (tag in ("svg", "img") and "x" == values.get("src")):
            self.bad.append(f"<{tag}>")


def faults_of(answer):
    """What is wrong with an answer that may hold the strings."""
    if answer.status >= 500:
        return [repr(answer)]
    found = []
    if "zqx" in str(answer.headers) and any(c in str(answer.headers) for c in ("<script", "\r\n\r\n")):
        found.append(f"a header: {answer.headers}")
    if answer.type == "text/html":
        found += Markup(answer.text).bad
    elif answer.type.endswith("json"):
        try:
            json.loads(answer.text)
        except ValueError as fault:
            found.append(f"no JSON: {fault}")
        if answer.headers.get("X-Content-Type-Options") != "nosniff":
            found.append("it may be sniffed")
    return found


class Attack:
    """One platform, an owner with a model, and all the places that a string may be put in."""

    def __init__(self, stack):
        self.stack, self.owner = stack, stack.client()
        self.anybody = stack.anonymous()
        job = stack.start_job(self.owner, "popular")
        self.job = stack.wait_for_job(self.owner, job["job_id"])["job_id"]
        self.model = self.owner.get("/api/v1/models").json()["models"][0]["model_id"]

    def put(self, text):
        """The string into every field; answers, of which many are refusals that repeat it."""
        owner, quoted = self.owner, urllib.parse.quote(text)
        jobs, model = f"/api/v1/jobs/{self.job}", f"/api/v1/models/{self.model}"
        yield owner.patch(jobs, json={"name": text})
        yield owner.patch(model, json={"note": text, "tags": [text[:60]]})
        yield owner.post("/api/v1/tokens", json={"name": text, "scope": "read", "days": 1})
        yield owner.put("/api/v1/registry/popular/aliases/beta", json={"version": 1, "reason": text})
        for place in ("/api/v1/jobs", "/api/v1/data_sources/check"):
            yield owner.post(place, json={"model_type": text, "data_path": text})
            yield owner.post(place, json={"model_type": "popular", "data_path": text, text: text})
        yield owner.post("/api/v1/jobs", json={
            "model_type": "popular", "data_path": str(self.stack.data), "name": text,
            "user_column": text})
        yield owner.post("/start_training/", headers=HTML, form={
            "model_type": text, "data_path": text, "name": text})
        yield owner.post("/predictions/", headers=HTML, form={"model": text, "users": text, "k": text})
        yield owner.post("/api/v1/predictions", json={"model": text, "users": [text], "k": 5})
        yield owner.post(f"/models/{self.model}/promote", headers=HTML,
                         form={"alias": text, "reason": text})
        for path in ("/auth/login", "/token", "/sign_new_user"):
            yield self.anybody.post(path, headers=HTML, form={
                "email": text, "username": text, "password": text, "next": text})
        for path in ("/auth/login?next=", "/training/?started=", "/models/?name=", "/models/?tag=",
                     "/models/?cursor=", "/predictions/?model=", f"/models/{self.model}?user=",
                     "/docs?topic=", "/training/", "/models/", "/predictions/", "/no/such/page/",
                     "/api/v1/jobs?q=", "/api/v1/jobs?sort=", "/api/v1/jobs?cursor=",
                     "/api/v1/models/", "/api/v1/registry/", f"{model}/recommend?user=",
                     f"{model}/similar?item=", f"{model}/explain?user=", "/api/v1/events?",
                     f"{model}/download?format="):
            if path != "/api/v1/events?":
                yield owner.get(path + quoted, headers=HTML if "/api/" not in path else None)

    def show(self):
        """Every page and list, now that the string is everywhere."""
        model = f"/models/{self.model}"
        for path in ("/", "/training/", f"/training/{self.job}", "/models/", model, "/predictions/",
                     "/compare/", "/account/", "/system/", "/docs", f"/compare/?ids={self.job}"):
            yield self.owner.get(path, headers=HTML)
        for path in ("/api/v1/jobs", f"/api/v1/jobs/{self.job}", "/api/v1/jobs?format=csv",
                     "/api/v1/models", f"/api/v1{model}", "/api/v1/tokens", "/api/v1/registry",
                     "/api/v1/registry/popular/history", "/api/v1/data_sources", "/api/v1/system",
                     f"/api/v1/jobs/{self.job}/events", f"/api/v1/jobs/{self.job}/log",
                     f"/training_status/{self.job}"):
            yield self.owner.get(path)


def check_strings(tap, attack):
    for name, text in STRINGS.items():
        answers = [*attack.put(text), *attack.show()]
        faults = [f"{answer.url}: {fault}" for answer in answers for fault in faults_of(answer)]
        tap.say(not faults, f"{name} stays text, in {len(answers)} answers", "; ".join(faults[:3]))
        job = attack.owner.get(f"/api/v1/jobs/{attack.job}").json()
        model = attack.owner.get(f"/api/v1/models/{attack.model}").json()
        kept = (job["name"] in (text, None) or MARK in job["name"]) and MARK in (model["note"] or MARK)
        tap.say(kept, f"{name} is kept as it was given, or refused", f"{job['name']!r}")
    page = attack.owner.get(f"/training/{attack.job}", headers=HTML).text
    tap.say(MARK in page, "the pages do show the strings")
    rows = attack.owner.get("/api/v1/jobs?format=csv").text
    tap.say(not any(cell.startswith(("=", "+", "@")) for line in rows.splitlines()
                    for cell in line.replace('"', "").split(",")),
            "no cell of a table begins as a formula")


def check_secrets(tap, stack, owner):
    """Nothing that lets somebody in is in a log, whatever went wrong with it."""
    anybody = stack.anonymous()
    token = owner.post("/api/v1/tokens", json={"name": "x", "scope": "write",
                                               "days": 1}).json()["token"]
    session = owner.cookie("access_token")
    anybody.post("/token", form={"username": "a@example.com", "password": PASSWORD})
    anybody.post("/signin", body=b'{"email": "a@example.com", "password": "' + PASSWORD.encode(),
                 headers={"Content-Type": "application/json"})
    anybody.post("/sign_new_user", form={"email": "new@example.com", "password": PASSWORD})
    owner.put("/api/v1/me/password", json={"current_password": DEMO_PASSWORD + "x",
                                           "new_password": PASSWORD})
    anybody.get(f"/auth/login?password={urllib.parse.quote(PASSWORD)}&token={token}")
    for bearer in (token, token + "x", session):
        Client(stack.url, bearer=bearer).get("/api/v1/jobs/99999")
    stack.run("user", "passwd", "new@example.com", given=PASSWORD + "2\n")
    stack.run("doctor", check=False)
    logs = {path: path.read_text(errors="replace") for path in [
        *stack.room.directory.glob("*.log"), *stack.models.glob("logs/*")]}
    tap.say(any("path=/token" in text for text in logs.values()), "requests are logged")
    for name, secret in (("a password", PASSWORD), ("a password, escaped",
                         urllib.parse.quote(PASSWORD)), ("a token", token), ("a session", session),
                         ("the broker's password", DATABASE_PASSWORD)):
        where = [path.name for path, text in logs.items() if secret in text]
        tap.say(not where, f"{name} is in no log", str(where))


def main():
    tap = Tap()
    with Stack("sqlite", environment={
            "LOGINS_PER_MINUTE": "1000000", "LOGIN_FAILURES": "1000000", "LOG_LEVEL": "debug",
            "RABBITMQ_PASSWORD": DATABASE_PASSWORD}) as stack:
        attack = Attack(stack)
        check_strings(tap, attack)
        check_secrets(tap, stack, attack.owner)
        tap.say(stack.server.is_running(), "the server is alive")
        if tap.failed:
            print(stack.room.logs(10), file=sys.stderr)
    print(f"1..{tap.count}")
    return tap.failed > 0


if __name__ == "__main__":
    sys.exit(main())
