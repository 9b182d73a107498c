"""Accounts from outside: logins for browsers and programs, sessions, API tokens, throttles, and what
pages of other sites may not do. With WORKERS=0: no job is run here."""

import sys
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from client import Client, events_of  # noqa: E402
from stack import DEMO_EMAIL, DEMO_PASSWORD, Stack, StackTest  # noqa: E402

HTML = {"Accept": "text/html,application/xhtml+xml"}
EVIL = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
OURS = {"Sec-Fetch-Site": "same-origin"}
PASS_PHRASE = "blue kettle 71"


class AccountsTest(StackTest):
    workers = 0
    environment = {"LOGINS_PER_MINUTE": "1000000", "LOGIN_FAILURES": "3"}

    def new_user(self):
        self.__class__.made = getattr(self.__class__, "made", 0) + 1
        email = f"user{self.made}@example.com"
        client = self.stack.anonymous()
        answer = client.post("/sign_new_user", form={"email": email, "password": PASS_PHRASE})
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual(answer.json()["email"], email)
        return client, email

    def sessions(self, client):
        return client.get("/api/v1/me/sessions").json()["sessions"]

    def assert_code(self, answer, status, code):
        self.assertEqual((answer.status, answer.json()["code"]), (status, code), answer)
        self.assertEqual(answer.type, "application/problem+json")
        self.assertEqual(answer.json()["type"], f"/docs?topic=troubleshooting#{code}")


class Logins(AccountsTest):
    def test_token_gives_a_cookie_and_json_to_programs(self):
        client = self.stack.anonymous()
        answer = client.post("/token", form={"username": DEMO_EMAIL, "password": DEMO_PASSWORD})
        self.assertEqual(answer.status, 200, answer)
        self.assertEqual(answer.json()["token_type"], "bearer")
        token = answer.json()["access_token"]
        self.assertEqual(client.cookie("access_token"), token)
        self.assertEqual(client.get("/api/v1/me").json()["email"], DEMO_EMAIL)
        bearer = self.stack.anonymous(bearer=token)
        self.assertEqual(bearer.get("/api/v1/me").json()["email"], DEMO_EMAIL)

    def test_signin_takes_json(self):
        answer = self.stack.anonymous().post("/signin", json={"email": DEMO_EMAIL,
                                                              "password": DEMO_PASSWORD})
        self.assertEqual(answer.json()["token_type"], "Bearer", answer)
        bearer = self.stack.anonymous(bearer=answer.json()["access_token"])
        self.assertEqual(bearer.get("/api/v1/me").status, 200)

    def test_the_login_form_leads_to_the_start_page(self):
        client = self.stack.anonymous()
        page = client.get("/auth/login", headers=HTML)
        self.assertEqual((page.status, page.type), (200, "text/html"))
        answer = client.post("/auth/login", headers=HTML | OURS,
                             form={"email": DEMO_EMAIL, "password": DEMO_PASSWORD})
        self.assertEqual((answer.status, answer.headers["Location"]), (302, "/"))
        cookie = answer.headers["Set-Cookie"]
        for part in ("HttpOnly", "SameSite=Lax", "Path=/"):
            self.assertIn(part, cookie)
        self.assertNotIn("Secure", cookie)

    def test_a_wrong_login_shows_the_form_again(self):
        _, email = self.new_user()
        for name, password in ((email, "wrong"), ("nobody@example.com", "wrong"), ("", "")):
            answer = self.stack.anonymous().post("/auth/login", headers=HTML,
                                                 form={"email": name, "password": password})
            self.assertEqual(answer.status, 401)
            self.assertIn("Incorrect Email or Password", answer.text)
            self.assertIn(f'value="{name}"', answer.text)
        answer = self.stack.anonymous().post("/token", form={"username": email,
                                                             "password": "wrong"})
        self.assert_code(answer, 401, "login_wrong")

    def test_what_was_typed_cannot_become_markup(self):
        answer = self.stack.anonymous().post(
            "/auth/login", headers=HTML,
            form={"email": "\"><script>alert(1)</script>", "password": "x"})
        self.assertNotIn("<script>alert", answer.text)
        self.assertIn("&quot;&gt;&lt;script&gt;alert(1)", answer.text)

    def test_a_page_that_needs_a_login_leads_there_and_back(self):
        client = self.stack.anonymous()
        answer = client.get("/models/?a=b%20c", headers=HTML)
        self.assertEqual((answer.status, answer.headers["Location"]),
                         (303, "/auth/login?next=%2Fmodels%2F%3Fa%3Db%2520c"))
        form = client.get(answer.headers["Location"], headers=HTML)
        self.assertIn('value="/models/?a=b%20c"', form.text)
        answer = client.post("/auth/login", headers=HTML, form={
            "email": DEMO_EMAIL, "password": DEMO_PASSWORD, "next": "/models/?a=b%20c"})
        self.assertEqual(answer.headers["Location"], "/models/?a=b%20c")
        self.assertEqual(client.get("/auth/login?next=/system/").headers["Location"], "/system/")

    def test_next_leads_to_no_other_host(self):
        for bad in ("https://evil.example/", "//evil.example", "/\\evil.example", "evil", "",
                    "/a\nb", "\\\\evil.example", "javascript:alert(1)"):
            answer = self.stack.anonymous().post("/auth/login", headers=HTML, form={
                "email": DEMO_EMAIL, "password": DEMO_PASSWORD, "next": bad})
            self.assertEqual((answer.status, answer.headers["Location"]), (302, "/"), bad)

    def test_without_a_login_programs_get_401(self):
        for headers in ({}, {"Cookie": "access_token=x"}, {"Authorization": "Bearer rt_wrong"},
                        {"Authorization": "Basic dXNlcjpwYXNz"}):
            answer = self.stack.anonymous().get("/api/v1/me", headers=headers)
            self.assert_code(answer, 401, "login_required")
            self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")

    def test_a_password_of_a_thousand_bytes_works_and_a_longer_one_is_refused(self):
        client = self.stack.anonymous()
        long = ("long pass phrase " * 100)[:1024]
        answer = client.post("/sign_new_user", form={"email": "long@example.com",
                                                     "password": long})
        self.assertEqual(answer.status, 201, answer)
        self.stack.client("long@example.com", long)
        answer = client.post("/sign_new_user", form={"email": "longer@example.com",
                                                     "password": long + "x"})
        self.assert_code(answer, 422, "password_long")


class SigningUp(AccountsTest):
    def sign_up(self, email, password, headers=None):
        return self.stack.anonymous().post("/sign_new_user", headers=headers,
                                           form={"email": email, "password": password})

    def test_a_browser_is_logged_in_and_led_to_the_start_page(self):
        client = self.stack.anonymous()
        answer = client.post("/sign_new_user", headers=HTML | OURS,
                             form={"email": "Browser@Example.com", "password": PASS_PHRASE})
        self.assertEqual((answer.status, answer.headers["Location"]), (302, "/"), answer)
        self.assertEqual(client.get("/api/v1/me").json()["email"], "browser@example.com")

    def test_an_address_that_is_taken_is_409(self):
        _, email = self.new_user()
        self.assert_code(self.sign_up(email.upper(), PASS_PHRASE), 409, "email_taken")
        page = self.sign_up(email, PASS_PHRASE, headers=HTML)
        self.assertEqual((page.status, page.type), (409, "text/html"))

    def test_bad_addresses_and_passwords_are_refused_with_their_field(self):
        for email, password, field, code in (
                ("plain", PASS_PHRASE, "email", "email"),
                ("a b@example.com", PASS_PHRASE, "email", "email"),
                ("a@b@example.com", PASS_PHRASE, "email", "email"),
                ("x" * 250 + "@a.de", PASS_PHRASE, "email", "email"),
                ("a@example.com", "short", "password", "password_short"),
                ("a@example.com", "password1", "password", "password_common"),
                ("a@example.com", "Summer2031!", "password", "password_common"),
                ("someone@example.com", "someone12", "password", "password_common")):
            answer = self.sign_up(email, password)
            self.assert_code(answer, 422, code)
            self.assertEqual([one["field"] for one in answer.json()["errors"]], [field])


class Sessions(AccountsTest):
    def test_a_login_makes_a_new_session_and_ends_the_former(self):
        client, email = self.new_user()
        first = client.cookie("access_token")
        client.login(email, PASS_PHRASE)
        self.assertNotEqual(client.cookie("access_token"), first)
        old = self.stack.anonymous(bearer=first)
        self.assertEqual(old.get("/api/v1/me").status, 401)
        self.assertEqual(len(self.sessions(client)), 1)

    def test_logout_ends_the_session_at_once(self):
        client, _ = self.new_user()
        token = client.cookie("access_token")
        self.assertEqual(client.get("/api/v1/me").status, 200)
        answer = client.post("/auth/logout", headers=OURS)
        self.assertEqual((answer.status, answer.headers["Location"]), (302, "/auth/login"))
        self.assertEqual(self.stack.anonymous(bearer=token).get("/api/v1/me").status, 401)

    def test_a_link_of_another_site_only_asks_before_it_logs_out(self):
        client, _ = self.new_user()
        page = client.get("/auth/logout", headers=HTML | EVIL)
        self.assertEqual((page.status, page.type), (200, "text/html"))
        self.assertEqual(client.get("/api/v1/me").status, 200)
        self.assertEqual(client.get("/auth/logout", headers=HTML | OURS).status, 302)
        self.assertEqual(client.get("/api/v1/me").status, 401)

    def test_sessions_are_listed_and_ended_one_by_one_and_all_but_this(self):
        first, email = self.new_user()
        others = [self.stack.client(email, PASS_PHRASE) for _ in range(3)]
        listed = self.sessions(first)
        self.assertEqual(len(listed), 4)
        self.assertEqual(sum(one["is_current"] for one in listed), 1)
        newest = listed[0]["session_id"]
        self.assertEqual(first.delete(f"/api/v1/me/sessions/{newest}").status, 204)
        self.assertEqual(others[2].get("/api/v1/me").status, 401)
        self.assertEqual(others[1].get("/api/v1/me").status, 200)
        self.assertEqual(first.delete("/api/v1/me/sessions").status, 204)
        self.assertEqual([other.get("/api/v1/me").status for other in others], [401] * 3)
        self.assertEqual(first.get("/api/v1/me").status, 200)
        self.assertEqual(len(self.sessions(first)), 1)

    def test_another_users_session_is_404(self):
        mine, _ = self.new_user()
        theirs, _ = self.new_user()
        session_id = self.sessions(theirs)[0]["session_id"]
        self.assertEqual(mine.delete(f"/api/v1/me/sessions/{session_id}").status, 404)
        self.assertEqual(theirs.get("/api/v1/me").status, 200)

    def test_a_new_password_ends_the_other_sessions(self):
        client, email = self.new_user()
        other = self.stack.client(email, PASS_PHRASE)
        answer = client.put("/api/v1/me/password", json={"current_password": PASS_PHRASE,
                                                         "new_password": "green kettle 72"})
        self.assertEqual(answer.status, 204, answer)
        self.assertEqual(other.get("/api/v1/me").status, 401)
        self.assertEqual(client.get("/api/v1/me").status, 200)
        self.stack.client(email, "green kettle 72")
        answer = self.stack.anonymous().post("/token", form={"username": email,
                                                             "password": PASS_PHRASE})
        self.assertEqual(answer.status, 401)

    def test_a_new_password_needs_the_old_one_and_must_be_good(self):
        client, _ = self.new_user()
        for current, wanted, field, code in (
                ("wrong", "green kettle 72", "current_password", "password_wrong"),
                (PASS_PHRASE, "short", "new_password", "password_short"),
                (PASS_PHRASE, "qwertyuiop", "new_password", "password_common")):
            answer = client.put("/api/v1/me/password", json={"current_password": current,
                                                             "new_password": wanted})
            self.assert_code(answer, 422, code)
            self.assertEqual(answer.json()["errors"][0]["field"], field)

    def assert_stream_ends(self, client, end):
        with client.stream("/api/v1/events") as stream:
            end()
            started = time.monotonic()
            list(events_of(stream))
            self.assertLess(time.monotonic() - started, 5)

    def test_streams_of_a_session_end_with_it(self):
        first, email = self.new_user()
        second = self.stack.client(email, PASS_PHRASE)
        self.assert_stream_ends(first, lambda: second.delete("/api/v1/me/sessions"))
        self.assert_stream_ends(second, lambda: second.post("/auth/logout", headers=OURS))


class Tokens(AccountsTest):
    def make(self, client, **fields):
        answer = client.post("/api/v1/tokens", json={"name": "test", "scope": "write",
                                                     "days": None} | fields)
        self.assertEqual(answer.status, 201, answer)
        return answer.json()

    def test_a_token_works_as_bearer_until_it_is_removed(self):
        client, email = self.new_user()
        token = self.make(client)
        self.assertTrue(token["token"].startswith("rt_"))
        program = self.stack.anonymous(bearer=token["token"])
        self.assertEqual(program.get("/api/v1/me").json()["email"], email)
        listed = client.get("/api/v1/tokens").json()["tokens"]
        self.assertEqual([one["token_id"] for one in listed], [token["token_id"]])
        self.assertNotIn("token", listed[0])
        self.assertEqual(client.delete(f"/api/v1/tokens/{token['token_id']}").status, 204)
        self.assertEqual(program.get("/api/v1/me").status, 401)

    def test_the_secret_is_not_in_the_store(self):
        client, _ = self.new_user()
        secrets = [self.make(client)["token"], client.cookie("access_token")]
        store = Path(self.stack.environment["DB_NAME"])
        stored = b"".join(path.read_bytes() for path in store.parent.glob(store.name + "*"))
        for secret in secrets:
            self.assertNotIn(secret.encode(), stored)

    def test_a_token_that_reads_cannot_write(self):
        client, _ = self.new_user()
        reader = self.stack.anonymous(bearer=self.make(client, scope="read")["token"])
        self.assertEqual(reader.get("/api/v1/jobs").status, 200)
        answer = reader.post("/start_training/", form={"model_type": "popular",
                                                       "data_path": str(self.stack.data)})
        self.assert_code(answer, 403, "scope")

    def test_a_token_cannot_reach_the_account_itself(self):
        client, _ = self.new_user()
        program = self.stack.anonymous(bearer=self.make(client)["token"])
        for method, path in (("GET", "/api/v1/tokens"), ("POST", "/api/v1/tokens"),
                             ("GET", "/api/v1/me/sessions"), ("DELETE", "/api/v1/me/sessions"),
                             ("PUT", "/api/v1/me/password")):
            self.assert_code(program.request(method, path, json={}), 403, "session_only")

    def test_a_token_that_ends_says_when(self):
        client, _ = self.new_user()
        self.assertIsNone(self.make(client)["expires_at"])
        self.assertRegex(self.make(client, days=30)["expires_at"], r"^\d{4}-\d\d-\d\dT.*Z$")

    def test_wrong_fields_are_all_told(self):
        client, _ = self.new_user()
        answer = client.post("/api/v1/tokens", json={"name": "", "scope": "admin", "days": 0})
        self.assert_code(answer, 422, "fields")
        self.assertEqual([one["field"] for one in answer.json()["errors"]],
                         ["name", "scope", "days"])


class OtherSites(AccountsTest):
    def test_posts_of_other_sites_are_refused_where_a_cookie_is_the_login(self):
        client, _ = self.new_user()
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"},
                        {"Origin": "https://evil.example"}, {"Origin": "null"}):
            answer = client.post("/api/v1/tokens", headers=headers,
                                 json={"name": "x", "scope": "write", "days": None})
            self.assert_code(answer, 403, "cross_site")
        self.assertEqual(client.get("/api/v1/tokens").json()["tokens"], [])

    def test_our_own_pages_and_programs_may(self):
        client, _ = self.new_user()
        for headers in ({}, OURS, {"Sec-Fetch-Site": "none"}, {"Origin": self.stack.url}):
            answer = client.post("/api/v1/tokens", headers=headers,
                                 json={"name": "x", "scope": "write", "days": None})
            self.assertEqual(answer.status, 201, answer)

    def test_a_login_by_another_site_is_refused(self):
        form = {"email": DEMO_EMAIL, "password": DEMO_PASSWORD}
        answer = self.stack.anonymous().post("/auth/login", form=form, headers=EVIL)
        self.assert_code(answer, 403, "cross_site")

    def test_a_bearer_token_needs_no_origin(self):
        client, _ = self.new_user()
        program = self.stack.anonymous(bearer=client.cookie("access_token"), headers=EVIL)
        answer = program.post("/api/v1/tokens", json={"name": "x", "scope": "read", "days": None})
        self.assertEqual(answer.status, 201, answer)


class Throttles(AccountsTest):
    def fail_until_throttled(self, email):
        """The failures before the first 429, and that answer. The first wait is one second, which a
        busy machine may spend in the login itself; then the next is twice as long."""
        for failures in range(9):
            answer = self.stack.anonymous().post("/token", form={"username": email,
                                                                 "password": "no"})
            if answer.status == 429:
                return failures, answer
            self.assertEqual(answer.status, 401)
        raise AssertionError("nine failures, and no wait")

    def test_an_account_has_to_wait_after_its_failures(self):
        _, email = self.new_user()
        failures, answer = self.fail_until_throttled(email)
        self.assertGreaterEqual(failures, 3)
        self.assert_code(answer, 429, "too_many_requests")
        wait = int(answer.headers["Retry-After"])
        self.assertGreaterEqual(wait, 1)
        page = self.stack.anonymous().post("/auth/login", headers=HTML,
                                           form={"email": email, "password": PASS_PHRASE})
        if page.status == 429:  # else the wait was over by then
            self.assertEqual(page.type, "text/html")
            self.assertIn("Retry-After", page.headers)
        time.sleep(wait + 0.1)
        self.stack.client(email, PASS_PHRASE)

    def test_an_unknown_account_is_throttled_alike(self):
        failures, _ = self.fail_until_throttled("ghost@example.com")
        self.assertGreaterEqual(failures, 3)

    def test_an_address_has_so_many_failures_a_minute(self):
        with Stack("sqlite", environment={"LOGINS_PER_MINUTE": "5"}, workers=0) as stack:
            statuses = [stack.anonymous().post("/token", form={
                "username": f"ghost{i}@example.com", "password": "no"}).status for i in range(7)]
            self.assertEqual(statuses, [401] * 5 + [429] * 2)


class Closed(unittest.TestCase):
    def test_without_the_demo_nobody_knows_an_account_and_signing_up_is_closed(self):
        with Stack("sqlite", environment={"DEMO_USER": "0"}, workers=0, data=False) as stack:
            anybody = Client(stack.url)
            answer = anybody.post("/token", form={"username": DEMO_EMAIL,
                                                  "password": DEMO_PASSWORD})
            self.assertEqual(answer.status, 401)
            answer = anybody.post("/sign_new_user", form={"email": "a@example.com",
                                                          "password": PASS_PHRASE})
            self.assertEqual((answer.status, answer.json()["code"]), (403, "signup_closed"))
            self.assertEqual(anybody.get("/signup/", headers=HTML).status, 403)

    def test_by_https_cookies_are_secure_and_carry_the_prefix(self):
        with Stack("sqlite", environment={"PUBLIC_URL": "https://train.example"}, workers=0,
                   data=False) as stack:
            answer = Client(stack.url).post("/token", form={"username": DEMO_EMAIL,
                                                            "password": DEMO_PASSWORD})
            cookie = answer.headers["Set-Cookie"]
            self.assertTrue(cookie.startswith("__Host-access_token="), cookie)
            self.assertIn("Secure", cookie)
            self.assertIn("max-age=", answer.headers["Strict-Transport-Security"])
            token = answer.json()["access_token"]
            plain = Client(stack.url, headers={"Cookie": f"access_token={token}"})
            self.assertEqual(plain.get("/api/v1/me").status, 401)
            secure = Client(stack.url, headers={"Cookie": f"__Host-access_token={token}"})
            self.assertEqual(secure.get("/api/v1/me").status, 200)


if __name__ == "__main__":
    unittest.main()
