"""Bad requests by name: the bytes, the statuses that are right, and what becomes of the connection.

`closed`: the server must end it, since where the next request begins cannot be known. `open`: the
request was understood, so that the next one on the same connection must be answered. LOGIN stands
for the header lines of somebody who is logged in.
"""

from typing import NamedTuple

LOGIN = b"@LOGIN@"
H = b" HTTP/1.1\r\nHost: h\r\n"
HL = H + LOGIN
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
JSON = b"Content-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


class Case(NamedTuple):
    name: str
    data: bytes
    statuses: tuple
    after: str = ""


def with_body(head, body, media=JSON):
    return head + HL + media + b"Content-Length: %d\r\n\r\n" % len(body) + body


def get(target, *lines):
    return b"GET " + target + HL + b"".join(line + b"\r\n" for line in lines) + b"\r\n"


def line(name, data, status=400, after="closed"):
    return Case(name, data, (status,) if isinstance(status, int) else status, after)


REQUEST_LINES = [
    line("nothing but an end of line", b"\r\n\r\n\r\n\r\n", (0, 400)),
    line("no version", b"GET /health/live\r\n\r\n"),
    line("a version of two digits", b"GET /health/live HTTP/1.10\r\nHost: h\r\n\r\n"),
    line("HTTP 2 in the line", b"GET /health/live HTTP/2.0\r\nHost: h\r\n\r\n", 505),
    line("HTTP 0.9", b"GET /health/live HTTP/0.9\r\nHost: h\r\n\r\n", 505),
    line("the preface of HTTP 2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)),
    line("the beginning of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", (0, 400)),
    line("a greeting of SSH", b"SSH-2.0-OpenSSH_9.2\r\n\r\n", (0, 400)),
    line("a greeting of SMTP", b"EHLO evil.example\r\n\r\n", (0, 400)),
    line("Redis", b"*1\r\n$4\r\nINFO\r\n\r\n", (0, 400)),
    line("binary zeros", b"\0" * 64 + b"\r\n\r\n", (0, 400)),
    line("bytes of 255", b"\xff" * 64 + b"\r\n\r\n", (0, 400)),
    line("a space in the target", b"GET /health /live" + H + b"\r\n"),
    line("a tab for the space", b"GET\t/health/live\tHTTP/1.1\r\nHost: h\r\n\r\n", (0, 400)),
    line("a NUL in the target", b"GET /health\0/live" + H + b"\r\n"),
    line("a CR in the target", b"GET /health\r/live" + H + b"\r\n"),
    line("bare LF throughout", b"GET /health/live HTTP/1.1\nHost: h\n\n"),
    line("a target without a slash", b"GET health/live" + H + b"\r\n", after=""),
    line("a fragment in the target", b"GET /health/live#x" + H + b"\r\n", after=""),
    line("raw UTF-8 in the target", "GET /hé".encode() + H + b"\r\n", after=""),
    line("markup in the target", b"GET /<script>alert(1)</script>" + H + b"\r\n", after=""),
    line("a target of 8,193 bytes", b"GET /" + b"a" * 8192 + H + b"\r\n", 414),
    line("a target of 200,000 bytes", b"GET /" + b"a" * 200000 + H + b"\r\n", 414),
    line("a query of 9,000 bytes", b"GET /api/v1/jobs?q=" + b"a" * 9000 + HL + b"\r\n", 414),
    line("a proxy's request", b"CONNECT evil.example:443" + H + b"\r\n", after=""),
    line("another scheme", b"GET ftp://h/health/live" + H + b"\r\n", after=""),
    line("a star", b"GET *" + H + b"\r\n", after=""),
]

METHODS = [
    line("TRACE", b"TRACE /health/live" + H + b"\r\n", 501, ""),
    line("a method of WebDAV", b"PROPFIND /" + HL + b"\r\n", 501, ""),
    line("a method in lower case", b"get /health/live" + H + b"\r\n", 501, ""),
    line("a method of 4,000 letters", b"A" * 4000 + b" /health/live" + H + b"\r\n", (400, 501), ""),
    line("a method with a colon", b"GE:T /health/live" + H + b"\r\n"),
    line("a method that the path lacks", b"DELETE /health/live" + H + b"\r\n", 405, ""),
    line("a change by GET", b"GET /api/v1/jobs/1/cancel" + HL + b"\r\n", 405, "open"),
    line("PUT to a list", with_body(b"PUT /api/v1/jobs", b"{}"), 405, ""),
    line("POST to a document", with_body(b"POST /openapi.json", b"{}"), 405, ""),
    line("a method's override", with_body(b"GET /api/v1/jobs/1/cancel", b"") .replace(
        JSON, b"X-HTTP-Method-Override: POST\r\n"), 405, ""),
]

PATHS = [line(name, get(target), status, "") for name, target, status in (
    ("nothing there", b"/no/such/thing", 404),
    ("two slashes", b"//health/live", (400, 404)),
    ("another host in the path", b"//evil.example/health/live", (400, 404)),
    ("dots that climb", b"/../../etc/passwd", 400),
    ("dots in the assets", b"/assets/../../etc/passwd", 400),
    ("encoded dots in the assets", b"/assets/%2e%2e%2fetc%2fpasswd", (400, 404)),
    ("doubly encoded dots", b"/assets/%252e%252e%252fetc%252fpasswd", (400, 404)),
    ("backslashes in the assets", b"/assets/..%5c..%5cwin.ini", 400),
    ("an overlong slash", b"/assets/%c0%af..%c0%afetc", 400),
    ("a NUL in an asset's name", b"/assets/app.js%00.png", 400),
    ("half an escape", b"/api/v1/jobs/%4", 400),
    ("an escape of no digits", b"/api/v1/jobs/%zz", 400),
    ("a header by way of the path", b"/api/v1/jobs/1%0d%0aSet-Cookie:%20a=b", 400),
    ("a job of 0", b"/api/v1/jobs/0", 404),
    ("a negative job", b"/api/v1/jobs/-1", 404),
    ("a job that overflows", b"/api/v1/jobs/9223372036854775808", 404),
    ("a job with a fraction", b"/api/v1/jobs/1.5", 404),
    ("a job in hex", b"/api/v1/jobs/0x1", 404),
    ("a job in another script", b"/api/v1/jobs/%D9%A1", 404),
    ("SQL for a job", b"/api/v1/jobs/1%20OR%201%3D1", 404),
    ("SQL for a model", b"/api/v1/models/1';DROP%20TABLE%20jobs--", 404),
    ("a template for a page", b"/models/%7B%7B7*7%7D%7D", 404),
    ("a model of a path", b"/api/v1/models/..%2f..%2fetc%2fpasswd", (400, 404)),
    ("a name of 4,000 letters", b"/api/v1/registry/" + b"a" * 4000, 404),
    ("a hundred segments", b"/a" * 100, 404),
)]

QUERIES = [line(name, get(target), status, "open") for name, target, status in (
    ("a query with a field twice", b"/api/v1/jobs?limit=1&limit=2", 400),
    ("a query with half an escape", b"/api/v1/jobs?q=%", 400),
    ("a query with a NUL", b"/api/v1/jobs?q=%00", 400),
    ("a query in Latin-1", b"/api/v1/jobs?q=%E9", 400),
    ("a query of a surrogate", b"/api/v1/jobs?q=%ED%A0%80", 400),
    ("a query without a name", b"/api/v1/jobs?=1", 400),
    ("a field that the list lacks", b"/api/v1/jobs?limt=1", (400, 422)),
    ("a limit of 0", b"/api/v1/jobs?limit=0", (400, 422)),
    ("a negative limit", b"/api/v1/jobs?limit=-1", (400, 422)),
    ("a limit of a billion", b"/api/v1/jobs?limit=1000000000", (400, 422)),
    ("a limit that overflows", b"/api/v1/jobs?limit=99999999999999999999", (400, 422)),
    ("a limit of words", b"/api/v1/jobs?limit=all", (400, 422)),
    ("an order that is none", b"/api/v1/jobs?sort=password_hash", (400, 422)),
    ("SQL for an order", b"/api/v1/jobs?sort=job_id;DROP%20TABLE%20jobs", (400, 422)),
    ("a status that is none", b"/api/v1/jobs?status=done", (400, 422)),
    ("a cursor of nonsense", b"/api/v1/jobs?cursor=nonsense", 400),
    ("a cursor of base64 nonsense", b"/api/v1/jobs?cursor=eyJhIjoxfQ", 400),
    ("a cursor of 5,000 letters", b"/api/v1/jobs?cursor=" + b"A" * 5000, 400),
    ("ids that are none", b"/api/v1/jobs?ids=1,x,3", (400, 422)),
    ("a thousand ids", b"/api/v1/jobs?ids=" + b",".join(b"%d" % n for n in range(1, 1001)),
     (400, 422)),
    ("a format that is none", b"/api/v1/jobs?format=exe", (400, 422)),
    ("a cursor of models", b"/api/v1/models?cursor=-", 400),
    ("a cursor of predictions", b"/api/v1/predictions?cursor=-", 400),
    ("a cursor of the registry", b"/api/v1/registry?cursor=%21", 400),
)]

HEADERS = [
    line("no Host", b"GET /health/live HTTP/1.1\r\n\r\n"),
    line("an empty Host", b"GET /health/live HTTP/1.1\r\nHost:\r\n\r\n"),
    line("two Hosts", b"GET /health/live" + H + b"Host: evil.example\r\n\r\n"),
    line("a Host with a path", b"GET /health/live HTTP/1.1\r\nHost: h/x\r\n\r\n"),
    line("a Host with a user", b"GET /health/live HTTP/1.1\r\nHost: a@h\r\n\r\n"),
    line("a Host of markup", b"GET /health/live HTTP/1.1\r\nHost: \"><script>\r\n\r\n"),
    line("a folded field", b"GET /health/live" + H + b"X: a\r\n b\r\n\r\n"),
    line("a space before the colon", b"GET /health/live" + H + b"X : a\r\n\r\n"),
    line("a field without a colon", b"GET /health/live" + H + b"nonsense\r\n\r\n"),
    line("a field without a name", b"GET /health/live" + H + b": a\r\n\r\n"),
    line("a NUL in a field", b"GET /health/live" + H + b"X: a\0b\r\n\r\n"),
    line("a bare CR in a field", b"GET /health/live" + H + b"X: a\rY: b\r\n\r\n"),
    line("a bare LF in a field", b"GET /health/live" + H + b"X: a\nY: b\r\n\r\n"),
    line("65 fields", b"GET /health/live" + H + b"X: a\r\n" * 64 + b"\r\n", 431),
    line("10,000 fields", b"GET /health/live" + H + b"X: a\r\n" * 10000 + b"\r\n", 431),
    line("a field of 17,000 bytes", b"GET /health/live" + H + b"X: " + b"a" * 17000 + b"\r\n\r\n",
         431),
    line("a field of 300,000 bytes", b"GET /health/live" + H + b"X: " + b"a" * 300000
         + b"\r\n\r\n", 431),
    line("a name of 17,000 bytes", b"GET /health/live" + H + b"a" * 17000 + b": x\r\n\r\n", 431),
    line("a Cookie of 17,000 bytes", b"GET /api/v1/me" + H + b"Cookie: access_token="
         + b"a" * 17000 + b"\r\n\r\n", 431),
    line("a thousand cookies", b"GET /api/v1/me" + H + b"Cookie: "
         + b"; ".join(b"a%d=b" % n for n in range(1000)) + b"\r\n\r\n", 431),
    line("two Cookies", b"GET /api/v1/me" + H + b"Cookie: access_token=a\r\nCookie: b=c\r\n\r\n"),
    line("two Authorizations", b"GET /api/v1/me" + H
         + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n"),
    line("an Expect that nobody knows", b"POST /start_training/" + HL + b"Expect: tea\r\n\r\n",
         417),
]

CREDENTIALS = [line(name, b"GET /api/v1/me" + H + field + b"\r\n\r\n", 401, "open")
               for name, field in (
    ("a cookie of nothing", b"Cookie: access_token="),
    ("a cookie of nonsense", b"Cookie: access_token=nonsense"),
    ("a cookie in quotes", b"Cookie: access_token=\"x\""),
    ("a cookie of bytes over 127", b"Cookie: access_token=\xff\xfe"),
    ("a cookie of 8,000 letters", b"Cookie: access_token=" + b"a" * 8000),
    ("eighty cookies", b"Cookie: " + b"; ".join(b"a%d=b" % n for n in range(80))),
    ("SQL for a cookie", b"Cookie: access_token=' OR 1=1 --"),
    ("a cookie's prefix without HTTPS", b"Cookie: __Host-access_token=x"),
    ("Basic", b"Authorization: Basic dGVzdEBleGFtcGxlLmNvbToxMjM="),
    ("Bearer of nothing", b"Authorization: Bearer"),
    ("Bearer of spaces", b"Authorization: Bearer    "),
    ("Bearer of two words", b"Authorization: Bearer a b"),
    ("an unsigned JWT", b"Authorization: Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."),
    ("a token of the right form", b"Authorization: Bearer rt_" + b"x" * 43),
    ("SQL for a token", b"Authorization: Bearer rt_' OR '1'='1"),
)]

FRAMING = [line(name, b"POST /start_training/" + HL + FORM + rest, status)
           for name, rest, status in (
    ("length beside chunks", b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n", 400),
    ("chunks beside length", CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n", 400),
    ("two lengths", b"Content-Length: 3\r\nContent-Length: 4\r\n\r\na=b", 400),
    ("a list of lengths", b"Content-Length: 3, 3\r\n\r\na=b", 400),
    ("a negative length", b"Content-Length: -1\r\n\r\n", 400),
    ("a length with a plus", b"Content-Length: +3\r\n\r\na=b", 400),
    ("a length in hex", b"Content-Length: 0x3\r\n\r\na=b", 400),
    ("an empty length", b"Content-Length: \r\n\r\n", 400),
    ("a length that overflows", b"Content-Length: 18446744073709551619\r\n\r\na=b", 413),
    ("a length above the limit", b"Content-Length: 65537\r\n\r\n", 413),
    ("a length above the limit that waits",
     b"Content-Length: 65537\r\nExpect: 100-continue\r\n\r\n", 413),
    ("a body above the limit", b"Content-Length: 70000\r\n\r\n" + b"a" * 70000, 413),
    ("gzip for an encoding", b"Transfer-Encoding: gzip\r\n\r\n", 501),
    ("gzip and chunks", b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    ("chunked twice", b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 501),
    ("identity and a length", b"Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\na=b",
     (400, 501)),
    ("an encoding that is misspelled", b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", 501),
    ("an encoding behind a vertical tab", b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", 400),
    ("two encodings", CHUNKED + CHUNKED + b"\r\n0\r\n\r\n", 400),
    ("a space before the encoding's colon", b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400),
    ("a chunk without a size", CHUNKED + b"\r\n\r\n\r\n", 400),
    ("a chunk of no digits", CHUNKED + b"\r\nzz\r\na=b\r\n0\r\n\r\n", 400),
    ("a negative chunk", CHUNKED + b"\r\n-1\r\na=b\r\n0\r\n\r\n", 400),
    ("a chunk with 0x", CHUNKED + b"\r\n0x3\r\na=b\r\n0\r\n\r\n", 400),
    ("a chunk longer than it says", CHUNKED + b"\r\n1\r\na=b\r\n0\r\n\r\n", 400),
    ("a chunk's size that overflows", CHUNKED + b"\r\nFFFFFFFFFFFFFFFFFF\r\na=b\r\n", 413),
)] + [
    line("a chunk's size of 1,000 digits", b"POST /start_training/" + HL + FORM + CHUNKED
         + b"\r\n" + b"0" * 1000 + b"3\r\na=b\r\n0\r\n\r\n", (400, 413, 422), ""),
    line("chunks in HTTP/1.0", b"POST /start_training/ HTTP/1.0\r\n" + CHUNKED
         + b"\r\n0\r\n\r\n"),
]

BODIES = [line(name, with_body(b"POST /start_training/", body, media), status, "open")
          for name, body, media, status in (
    ("a form of no type", b"a=b", b"", 415),
    ("a form of plain text", b"a=b", b"Content-Type: text/plain\r\n", 415),
    ("a form of many parts", b"--x--", b"Content-Type: multipart/form-data; boundary=x\r\n", 415),
    ("a form of XML", b"<a/>", b"Content-Type: application/xml\r\n", 415),
    ("two types in one", b"a=b", b"Content-Type: application/json, text/plain\r\n", 415),
    ("a form with half an escape", b"model_type=%4", FORM, 400),
    ("a form with a NUL", b"model_type=als%00", FORM, 400),
    ("a form in Latin-1", b"model_type=%E9", FORM, 400),
    ("a form with a field twice", b"model_type=als&model_type=popular", FORM, 400),
    ("a form without a name", b"=als", FORM, 400),
    ("a form of a thousand fields", b"&".join(b"f%d=1" % n for n in range(1000)), FORM,
     (400, 422)),
    ("an empty form", b"", FORM, 422),
    ("a form of ampersands", b"&" * 5000, FORM, (400, 422)),
    ("a form of nothing that is known", b"x=1", FORM, 422),
    ("no JSON at all", b"", JSON, 400),
    ("half of a JSON", b'{"model_type"', JSON, 400),
    ("a JSON with a key twice", b'{"model_type":"als","model_type":"als"}', JSON, 400),
    ("a JSON that is a list", b"[]", JSON, (400, 422)),
    ("a JSON that is null", b"null", JSON, (400, 422)),
    ("a JSON with more after it", b"{}{}", JSON, 400),
    ("a JSON with a comment", b"{/* */}", JSON, 400),
    ("a JSON with a trailing comma", b'{"model_type":"als",}', JSON, 400),
    ("a JSON with a NUL", b'{"model_type":"a\\u0000"}', JSON, (400, 422)),
    ("a JSON with a lone surrogate", b'{"model_type":"\\ud800"}', JSON, (400, 422)),
    ("a JSON in Latin-1", b'{"model_type":"\xe9"}', JSON, 400),
    ("a JSON in UTF-16", '{"a":1}'.encode("utf-16"), JSON, 400),
    ("a JSON behind a byte order mark", b"\xef\xbb\xbf{}", JSON, (400, 422)),
    ("a JSON 30,000 deep", b"[" * 30000, JSON, 400),
    ("a JSON of objects 5,000 deep", b'{"a":' * 5000, JSON, 400),
    ("a JSON of NaN", b'{"factors":NaN}', JSON, 400),
    ("a JSON of infinity", b'{"factors":1e999}', JSON, (400, 422)),
    ("a JSON of 5,000 digits", b'{"factors":' + b"9" * 5000 + b"}", JSON, (400, 422)),
    ("a JSON of a key of 60,000 letters", b'{"' + b"a" * 60000 + b'":1}', JSON, (400, 422)),
    ("a prototype", b'{"__proto__":{"model_type":"als"}}', JSON, 422),
    ("a type for a number", b'{"model_type":["als"],"data_path":{}}', JSON, (400, 422)),
    ("a compressed body", b"\x1f\x8b\x08\0\0\0\0\0", JSON + b"Content-Encoding: gzip\r\n",
     (400, 415)),
)]

ODDITIES = [
    line("a key of idempotency of 5,000 letters",
         b"POST /start_training/" + HL + FORM + b"Idempotency-Key: " + b"k" * 5000
         + b"\r\nContent-Length: 3\r\n\r\na=b", (400, 422), "open"),
    line("an import that is no model", with_body(b"POST /api/v1/models/import", b"MZ" * 100,
                                                 b"Content-Type: application/octet-stream\r\n"),
         (400, 422), ""),
    line("an import of nothing", with_body(b"POST /api/v1/models/import", b"",
                                           b"Content-Type: application/octet-stream\r\n"),
         (400, 411, 422), ""),
    line("an import above the limit", b"POST /api/v1/models/import" + HL
         + b"Content-Type: application/octet-stream\r\nContent-Length: 99999999999999\r\n\r\n",
         413),
    line("another site's form", with_body(b"POST /start_training/", b"a=b",
                                          FORM + b"Origin: https://evil.example\r\n"), 403, "open"),
    line("a null origin", with_body(b"POST /start_training/", b"a=b", FORM + b"Origin: null\r\n"),
         403, "open"),
    line("a body that does not come", b"POST /start_training/" + HL + FORM
         + b"Content-Length: 100\r\n\r\na=b", (0, 400, 408)),
    line("a chunk that does not come", b"POST /start_training/" + HL + FORM + CHUNKED
         + b"\r\n5\r\na=", (0, 400, 408)),
    line("a head that does not end", b"GET /health/live" + H + b"X: a", (0, 400, 408)),
    line("a request behind a bad one", b"GET /health/live" + H + b"X : a\r\n\r\n"
         + b"GET /health/live" + H + b"\r\n"),
    line("a request inside a chunk that lies", b"POST /start_training/" + HL + FORM + CHUNKED
         + b"\r\n2\r\na=b\r\n0\r\n\r\nGET /health/live" + H + b"\r\n"),
]

CASES = (REQUEST_LINES + METHODS + PATHS + QUERIES + HEADERS + CREDENTIALS + FRAMING + BODIES
         + ODDITIES)
