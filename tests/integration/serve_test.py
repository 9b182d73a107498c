"""`rectrain serve` as a process: how it starts and stops, its health, metrics, log and headers, and
the pages for browsers without JavaScript."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import unittest
from html.parser import HTMLParser
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from client import Client  # noqa: E402
from processes import free_port, wait_until  # noqa: E402
from stack import DEMO_EMAIL, Stack, StackTest, run_rectrain  # noqa: E402

HTML = {"Accept": "text/html,application/xhtml+xml", "Sec-Fetch-Site": "same-origin"}
EVIL_NAME = "<img src=x onerror=alert(1)>\"'&"


class Page(HTMLParser):
    """The parts of a page that tests look at: forms with their fields, links, all text."""

    def __init__(self, text):
        super().__init__()
        self.forms, self.links, self.assets, self.tags, self.words = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.tags.append((tag, values))
        if tag == "form":
            self.forms.append({"action": values.get("action"), "fields": {}})
        if tag in ("input", "select", "textarea") and self.forms and values.get("name"):
            self.forms[-1]["fields"].setdefault(values["name"], values)
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        for name in ("src", "href"):
            if values.get(name, "").startswith("/assets/"):
                self.assets.append(values[name])

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def form(self, action):
        return next((form for form in self.forms if form["action"] == action), None)


class Health(StackTest):
    workers = 0

    def test_live_depends_on_nothing(self):
        answer = self.stack.anonymous().get("/health/live")
        self.assertEqual((answer.status, answer.json()), (200, {"status": "ok"}))

    def test_ready_names_each_part(self):
        answer = self.stack.anonymous().get("/health/ready")
        self.assertEqual(answer.status, 200)
        self.assertEqual([(one["name"], one["ok"]) for one in answer.json()["checks"]],
                         [("store", True), ("queue", True), ("models", True)])

    def test_ready_says_what_fails(self):
        moved = self.stack.models.with_name("moved")
        self.stack.models.rename(moved)
        try:
            time.sleep(1.1)  # the answer is kept for a second
            answer = self.stack.anonymous().get("/health/ready")
        finally:
            moved.rename(self.stack.models)
        self.assertEqual((answer.status, answer.json()["status"]), (503, "failing"))
        failing = [one for one in answer.json()["checks"] if not one["ok"]]
        self.assertEqual([one["name"] for one in failing], ["models"])
        self.assertIn("MODEL_DIR", failing[0]["detail"])

    def ask_command(self, *words, **settings):
        return run_rectrain("health", *words, check=False,
                            environment={**os.environ, **self.stack.environment, **settings})

    def test_the_command_for_health_checks(self):
        time.sleep(1.1)  # after a test that makes something fail
        done = self.ask_command()
        self.assertEqual((done.returncode, done.stdout), (0, "ok\n"), done.stderr)
        done = self.ask_command("--listen", f"0.0.0.0:{self.stack.port}")
        self.assertEqual(done.returncode, 0, done.stderr)
        done = self.ask_command("--listen", f"127.0.0.1:{free_port()}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no server answers", done.stderr)
        done = self.ask_command("--listen", "no.such.host.invalid:80")
        self.assertEqual(done.returncode, 1)
        self.assertIn("takes options only", self.ask_command("everything").stderr)
        self.assertIn("--worker", self.ask_command("--help").stdout)

    def test_a_worker_is_healthy_once_it_was_seen(self):
        done = self.ask_command("--worker")
        self.assertEqual(done.returncode, 1)
        self.assertIn("no worker of", done.stderr)
        self.stack.start_worker()
        wait_until(lambda: self.ask_command("--worker").returncode == 0, what="it is seen")

    def test_a_server_that_says_nothing_is_not_healthy(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            done = self.ask_command("--listen", f"127.0.0.1:{silent.getsockname()[1]}")
        self.assertEqual(done.returncode, 1)
        self.assertIn("it does not answer", done.stderr)


class Metrics(StackTest):
    workers = 0

    def read(self, **options):
        answer = self.stack.anonymous(**options).get("/metrics")
        self.assertEqual((answer.status, answer.type), (200, "text/plain"), answer)
        return answer.text

    def test_lines_are_those_of_prometheus(self):
        self.stack.client().get("/api/v1/me")
        name, labels = r"[a-z_:][a-z0-9_:]*", r"(\{[a-z_]+=\"[^\"\\\n]*\"(,[a-z_]+=\"[^\"\\\n]*\")*\})?"
        described, seen = set(), set()
        for line in self.read().splitlines():
            if line.startswith("# "):
                word, what = line.split()[1:3]
                if word == "TYPE":
                    self.assertNotIn(what, described)
                    described.add(what)
                continue
            match = re.fullmatch(rf"({name}){labels} (-?[0-9.e+-]+|\+Inf|NaN)", line)
            self.assertIsNotNone(match, line)
            self.assertNotIn(line.rsplit(" ", 1)[0], seen)
            seen.add(line.rsplit(" ", 1)[0])
            base = re.sub(r"_(bucket|sum|count)$", "", match[1])
            self.assertTrue(match[1] in described or base in described, line)
            self.assertNotRegex(line, r"user_id|job_id|email")

    def value(self, key, text=None):
        for line in (text or self.read()).splitlines():
            if line.rsplit(" ", 1)[0] == key:
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    def test_requests_and_jobs_are_counted(self):
        key = 'rectrain_http_requests_total{method="GET",route="/api/v1/me",status="200"}'
        client = self.stack.client()
        before = self.read()
        for _ in range(3):
            client.get("/api/v1/me")
        self.stack.start_job(client)
        wait_until(lambda: self.value(key) == self.value(key, before) + 3, 5)
        after = self.read()
        pending = 'rectrain_jobs{status="pending"}'
        self.assertEqual(self.value(pending, after), self.value(pending, before) + 1)
        count = 'rectrain_http_request_duration_seconds_count{method="GET",route="/api/v1/me"}'
        infinite = ('rectrain_http_request_duration_seconds_bucket'
                    '{method="GET",route="/api/v1/me",le="+Inf"}')
        self.assertEqual(self.value(count, after), self.value(infinite, after))

    def test_what_came_through_a_proxy_is_not_local(self):
        answer = self.stack.anonymous(headers={"X-Forwarded-For": "192.0.2.1"}).get("/metrics")
        self.assertEqual((answer.status, answer.json()["code"]), (403, "metrics_closed"))

    def test_closed_means_administrators_alone(self):
        with Stack("sqlite", environment={"METRICS": "closed"}, workers=0, data=False) as stack:
            self.assertEqual(stack.anonymous().get("/metrics").status, 403)
            self.assertEqual(stack.client().get("/metrics").status, 403)
            admin = stack.add_user("admin@example.com", admin=True)
            self.assertEqual(admin.get("/metrics").status, 200)


class Process(unittest.TestCase):
    def test_it_says_where_it_is_and_stops_cleanly_on_both_signals(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with Stack("sqlite", data=False) as stack:
                stack.server.send(number)
                self.assertEqual(stack.server.wait(10), 0)
                self.assertIn(f"rectrain is at {stack.url}", stack.room.logs())

    def test_what_was_there_is_there_after_a_restart(self):
        with Stack("sqlite", workers=0) as stack:
            client = stack.client()
            job_id = stack.start_job(client)["job_id"]
            stack.server.send(signal.SIGKILL)
            stack.server.wait(10)
            stack.start_server()
            answer = client.get(f"/training_status/{job_id}")  # the session holds too
            self.assertEqual((answer.status, answer.json()["status"]), (200, "pending"), answer)

    def test_workers_run_jobs_and_stop_with_the_server(self):
        with Stack("sqlite", workers=1) as stack:
            client = stack.client()
            job = stack.wait_for_job(client, stack.start_job(client)["job_id"])
            self.assertEqual(job["status"], "completed", job)
            stack.server.send(signal.SIGTERM)
            self.assertEqual(stack.server.wait(15), 0)

    def test_a_port_that_is_taken_and_a_bad_setting_are_told(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            listen = f"127.0.0.1:{taken.getsockname()[1]}"
            with Stack("sqlite", start=False, data=False) as stack:
                done = stack.run("serve", "--listen", listen, check=False)
                self.assertEqual(done.returncode, 1, done)
                self.assertIn(listen, done.stderr)
                for flags, word in ((["--workers", "x"], "WORKERS"),
                                    (["--web-dir", "/nowhere"], "/nowhere"),
                                    (["--listen", "x"], "LISTEN")):
                    done = stack.run("serve", *flags, check=False)
                    self.assertIn(done.returncode, (2, 3), done)
                    self.assertIn(word, done.stderr)

    def test_help_lists_settings_but_no_secret(self):
        text = run_rectrain("serve", "--help").stdout
        for option in ("--listen", "--workers", "--web-dir", "--model-dir", "--session-hours"):
            self.assertIn(option, text)
        self.assertNotIn("password", text.replace("with the password 123", ""))

    def test_pages_come_from_a_directory_where_one_is_given(self):
        with Stack("sqlite", start=False, data=False) as stack:
            web = stack.room.directory / "web"
            (web / "pages").mkdir(parents=True)
            (web / "pages/shell.html").write_text("<title>{{title}}</title>{{{content}}}")
            (web / "pages/login.html").write_text("my own login")
            (web / "x.css").write_text("b {}")
            stack.start_server(WEB_DIR=str(web))
            client = stack.anonymous()
            self.assertEqual(client.get("/auth/login").text, "<title>Log in</title>my own login")
            self.assertEqual(client.get("/assets/x.css").type, "text/css")
            for path in ("/assets/pages/login.html", "/assets/..%2fml_results.db", "/assets/y"):
                self.assertIn(client.get(path).status, (400, 404), path)


class Log(StackTest):
    workers = 0

    def test_requests_are_logged_without_secrets(self):
        client = self.stack.client()
        token = client.cookie("access_token")
        api = client.post("/api/v1/tokens", json={"name": "x", "scope": "read", "days": None})
        secret = api.json()["token"]
        self.stack.anonymous(bearer=secret).get("/api/v1/me?secret=12345678")
        self.stack.anonymous().post("/token", form={"username": DEMO_EMAIL,
                                                    "password": "my-own-pass-phrase"})
        request_id = client.get("/api/v1/jobs").headers["X-Request-Id"]
        wait_until(lambda: request_id in self.stack.room.logs(), 5)
        log = Path(self.stack.server.log).read_text()
        line = next(line for line in log.splitlines() if request_id in line)
        for part in ("info request", "method=GET", "path=/api/v1/jobs", "status=200", "user_id=1"):
            self.assertIn(part, line)
        for word in ("login_failed", "token_made"):
            self.assertIn(word, log)
        for word in (token, secret, "my-own-pass-phrase", "secret=12345678"):
            self.assertNotIn(word, log)


class Headers(StackTest):
    workers = 0

    def test_pages_are_guarded(self):
        client = self.stack.client()
        for path in ("/training/", "/auth/login", "/api/v1/me", "/nowhere"):
            headers = client.get(path, headers=HTML).headers
            policy = headers["Content-Security-Policy"]
            self.assertIn("default-src 'self'", policy)
            self.assertIn("frame-ancestors 'none'", policy)
            self.assertNotIn("unsafe", policy)
            self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(headers["Cache-Control"], "no-store")

    def test_the_document_of_the_api_has_a_tag(self):
        client = self.stack.anonymous()
        answer = client.get("/openapi.json")
        self.assertEqual(answer.json()["openapi"], "3.1.0")
        again = client.get("/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
        self.assertEqual((again.status, again.body), (304, b""))


    def test_the_manual_of_the_api_is_that_of_the_document(self):
        root = Path(__file__).resolve().parents[2]
        document = self.stack.anonymous().get("/openapi.json").body
        made = subprocess.run([sys.executable, root / "tools/api_manual.py"], input=document,
                              capture_output=True, check=True).stdout.decode()
        manual = root / "docs/api.md"
        if os.environ.get("RECTRAIN_UPDATE"):
            manual.write_text(made)
        self.assertTrue(manual.read_text() == made, "docs/api.md is stale: run this test with "
                                                    "RECTRAIN_UPDATE=1")


class Pages(StackTest):
    workers = 1

    def page(self, client, path, status=200):
        answer = client.get(path, headers=HTML, follow=True)
        self.assertEqual((answer.status, answer.type), (status, "text/html"), answer)
        return Page(answer.text)

    def test_every_page_has_one_heading_its_title_and_assets_that_are_there(self):
        client = self.stack.client()
        for path in ("/training/", "/compare/", "/models/", "/system/", "/account/", "/docs",
                     "/nowhere"):
            answer = client.get(path, headers=HTML)
            page = Page(answer.text)
            self.assertNotIn("{{", answer.text)
            self.assertIn(("html", {"lang": "en"}), page.tags)
            for tag, values in page.tags:  # what the policy would not let run
                self.assertFalse(tag == "style" or "style" in values, (tag, values))
                self.assertFalse(tag == "script" and "src" not in values, (tag, values))
                self.assertFalse(any(name.startswith("on") for name in values), (tag, values))
            for asset in page.assets:
                self.assertEqual(client.get(asset).status, 200, asset)

    def test_the_start_page_leads_to_the_training_page(self):
        answer = self.stack.client().get("/")
        self.assertEqual((answer.status, answer.headers["Location"]), (302, "/training/"))

    def test_the_form_is_made_of_the_tables(self):
        client = self.stack.client()
        form = self.page(client, "/training/").form("/start_training/")
        types = client.get("/api/v1/model_types").json()
        names = {param["name"] for kind in types["model_types"] for param in kind["params"]}
        names |= {param["name"] for param in types["run_params"]}
        self.assertEqual(set(form["fields"]) - names, {"model_type", "data_path", "name"})
        self.assertEqual(names - set(form["fields"]), set())
        factors = form["fields"]["factors"]
        self.assertEqual((factors["min"], factors["max"], factors["placeholder"]),
                         ("1", "512", "60"))

    def test_a_job_from_form_to_model_without_javascript(self):
        client = self.stack.client()
        answer = client.post("/start_training/", headers=HTML, form={
            "model_type": "als", "data_path": str(self.stack.data), "name": EVIL_NAME,
            "iterations": "2", "factors": "4", "regularization": "", "eval_days": ""})
        self.assertEqual(answer.status, 303, answer)
        self.assertRegex(answer.headers["Location"], r"^/training/\?started=\d+$")
        job_id = int(answer.headers["Location"].rsplit("=", 1)[1])
        listed = self.page(client, answer.headers["Location"])
        self.assertIn(f"/training/{job_id}", listed.links)
        self.stack.wait_for_job(client, job_id)
        details = self.page(client, f"/training/{job_id}")
        self.assertIn("Completed", details.text)
        self.assertIn("Recall@40", details.text)
        self.assertIn(EVIL_NAME, details.text)
        self.assertNotIn("img", [tag for tag, _ in details.tags])
        download = next(link for link in details.links if link.endswith("/download"))
        self.assertEqual(client.get(download).status, 200)
        again = client.post(details.form(f"/training/{job_id}/retry")["action"], headers=HTML)
        self.assertEqual(again.status, 303)
        new_id = int(again.headers["Location"].rsplit("/", 1)[1])
        self.stack.wait_for_job(client, new_id)
        gone = client.post(f"/training/{new_id}/delete", headers=HTML)
        self.assertEqual((gone.status, gone.headers["Location"]), (303, "/training/"))
        self.page(client, f"/training/{new_id}", status=404)

    def test_a_wrong_form_comes_back_with_what_was_typed_and_why(self):
        client = self.stack.client()
        answer = client.post("/start_training/", headers=HTML, form={
            "model_type": "als", "data_path": "/nowhere/\"><b>", "factors": "0",
            "iterations": "7"})
        self.assertIn(answer.status, (400, 422))
        self.assertEqual(answer.type, "text/html")
        page = Page(answer.text)
        fields = page.form("/start_training/")["fields"]
        self.assertEqual(fields["factors"]["value"], "0")
        self.assertEqual(fields["factors"]["aria-invalid"], "true")
        self.assertEqual(fields["iterations"]["value"], "7")
        self.assertNotIn("aria-invalid", fields["iterations"])
        self.assertEqual(fields["data_path"]["value"], "/nowhere/\"><b>")
        self.assertNotIn("b", [tag for tag, _ in page.tags])
        self.assertIn("512", page.text)

    def test_a_page_of_another_user_is_404(self):
        job_id = self.stack.start_job(self.stack.client())["job_id"]
        other = self.stack.anonymous()
        other.post("/sign_new_user", form={"email": "other@example.com",
                                           "password": "blue kettle 71"})
        self.page(other, f"/training/{job_id}", status=404)
        for verb in ("cancel", "retry", "delete"):
            answer = other.post(f"/training/{job_id}/{verb}", headers=HTML)
            self.assertEqual((answer.status, answer.type), (404, "text/html"))

    def test_the_demo_account_has_a_banner(self):
        self.assertIn("demo", self.page(self.stack.client(), "/training/").text.lower())
        with Stack("sqlite", environment={"DEMO_USER": "0"}, workers=0, data=False) as stack:
            page = Page(Client(stack.url).get("/auth/login", headers=HTML).text)
            self.assertNotIn(DEMO_EMAIL, page.text)
            self.assertNotIn("demo", page.text.lower())


if __name__ == "__main__":
    unittest.main()
