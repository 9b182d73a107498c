"""An HTTP client for tests, as a browser or a program sees the server: a jar of cookies of its own,
no redirect followed unless asked, no status an exception."""

import http.cookiejar
import json
import urllib.error
import urllib.parse
import urllib.request

from processes import PATIENCE


class Response:
    def __init__(self, status, headers, body, url):
        self.status, self.headers, self.body, self.url = status, headers, body, url

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    @property
    def type(self):
        """The media type, without its parameters."""
        return self.headers.get_content_type() if "Content-Type" in self.headers else ""

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError as fault:
            raise AssertionError(f"{self} is no JSON") from fault

    def __repr__(self):
        return f"<{self.status} {self.type} {self.url}: {self.text[:600]}>"


class _Still(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


class Client:
    """`bearer`: a token to send; `headers`: with each request."""

    def __init__(self, url, bearer=None, headers=None):
        self.url = url.rstrip("/")
        self.bearer = bearer
        self.headers = dict(headers or {})
        self.jar = http.cookiejar.CookieJar()
        # Nothing that a developer's machine has set may come between: no proxy.
        parts = [urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(self.jar)]
        self._still = urllib.request.build_opener(*parts, _Still)
        self._following = urllib.request.build_opener(*parts)

    def request(self, method, path, form=None, body=None, headers=None, follow=False,
                timeout=PATIENCE, **json_body):
        """`form`: a dict or pairs to send as a form; `json=…`: to send as JSON; `body`: bytes."""
        sent = {**self.headers, **(headers or {})}
        if form is not None:
            body = urllib.parse.urlencode(form, doseq=True).encode()
            sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
        elif "json" in json_body:
            body = json.dumps(json_body["json"]).encode()
            sent.setdefault("Content-Type", "application/json")
        if self.bearer:
            sent.setdefault("Authorization", f"Bearer {self.bearer}")
        request = urllib.request.Request(self.url + path, body, sent, method=method)
        opener = self._following if follow else self._still
        try:
            with opener.open(request, timeout=timeout) as answer:
                return Response(answer.status, answer.headers, answer.read(), answer.url)
        except urllib.error.HTTPError as answer:
            with answer:
                return Response(answer.code, answer.headers, answer.read(), answer.url)

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, **options):
        return self.request("POST", path, **options)

    def put(self, path, **options):
        return self.request("PUT", path, **options)

    def patch(self, path, **options):
        return self.request("PATCH", path, **options)

    def delete(self, path, **options):
        return self.request("DELETE", path, **options)

    def cookie(self, name):
        return next((cookie.value for cookie in self.jar if cookie.name == name), None)

    def login(self, email, password):
        """As the login page's form does; fails loudly. Returns self."""
        answer = self.post("/auth/login", form={"email": email, "password": password})
        if answer.status not in (302, 303):
            raise AssertionError(f"login of {email}: {answer}")
        return self

    def stream(self, path, headers=None, timeout=PATIENCE):
        """The open response of an event stream; iterate with events_of, close it yourself."""
        sent = {**self.headers, "Accept": "text/event-stream", **(headers or {})}
        if self.bearer:
            sent.setdefault("Authorization", f"Bearer {self.bearer}")
        return self._still.open(urllib.request.Request(self.url + path, headers=sent),
                                timeout=timeout)


def events_of(stream):
    """The events of a stream, as dicts of the fields `id`, `event`, `data`; comments are left out.
    Ends with the stream; raises TimeoutError after the stream's timeout without a byte."""
    fields = {}
    for raw in stream:
        line = raw.decode().rstrip("\r\n")
        if line:
            name, _, value = line.partition(":")
            if name:
                value = value.removeprefix(" ")
                fields[name] = fields[name] + "\n" + value if name in fields else value
        elif fields:
            yield fields
            fields = {}
