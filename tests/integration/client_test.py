"""training_example.py against servers that misbehave: what it sends again, how long it waits, what
it raises. (What it does with a real server is in client_server_test.py.)"""

import contextlib
import hashlib
import http.server
import json
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
import training_example as te  # noqa: E402

MODEL = b"x" * 3000


class Scripted(http.server.ThreadingHTTPServer):
    """Answers each request with the next of `answers`: (status, headers, body), or "cut"."""

    daemon_threads = True

    def __init__(self, answers):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers, self.seen = list(answers), []


class Handler(http.server.BaseHTTPRequestHandler):
    def answer(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.seen.append((self.command, self.path, dict(self.headers), body.decode()))
        planned = self.server.answers.pop(0)
        if planned == "cut":
            self.close_connection = True
            return
        status, headers, content = planned
        content = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", headers.get("Content-Length", str(len(content))))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_DELETE = answer

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def serving(*answers, **options):
    server = Scripted(answers)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server, te.TrainingClient(f"http://127.0.0.1:{server.server_port}", "rt_x", **options)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def problem(status, code, **more):
    return (status, {"Content-Type": "application/problem+json"},
            {"status": status, "code": code, "title": code, **more})


JOB = (202, {}, {"job_id": 7})
DONE = (200, {}, {"job_id": 7, "status": "completed", "metrics": {"f1_at_k": 0.5}})


class Retries(unittest.TestCase):
    def setUp(self):
        self.addCleanup(setattr, te, "PAUSE_S", te.PAUSE_S)
        te.PAUSE_S = 0.01

    def test_a_busy_server_is_asked_again_after_what_it_says(self):
        busy = (429, {"Retry-After": "1"}, {})
        with serving(busy, DONE) as (server, client):
            start = time.monotonic()
            self.assertEqual(client.status(7)["status"], "completed")
            self.assertGreaterEqual(time.monotonic() - start, 1.0)
            self.assertEqual(len(server.seen), 2)

    def test_a_wait_that_is_too_long_is_raised_at_once(self):
        with serving((429, {"Retry-After": "900"}, {"code": "too_many_requests"})) as (_, client):
            with self.assertRaises(te.TooManyRequests) as caught:
                client.status(7)
            self.assertEqual(caught.exception.code, "too_many_requests")

    def test_a_start_is_sent_again_with_the_same_key_and_body(self):
        with serving((503, {}, {}), "cut", (502, {}, b"<html>"), JOB) as (server, client):
            self.assertEqual(client.start_training("als", "/data", factors=80, alpha=2.5), 7)
            keys = {headers["Idempotency-Key"] for _, _, headers, _ in server.seen}
            bodies = {body for *_, body in server.seen}
            self.assertEqual((len(server.seen), len(keys)), (4, 1))
            self.assertEqual(bodies, {"model_type=als&data_path=%2Fdata&factors=80&alpha=2.5"})

    def test_two_starts_have_two_keys(self):
        with serving(JOB, JOB) as (server, client):
            client.start_training()
            client.start_training()
            self.assertEqual(len({seen[2]["Idempotency-Key"] for seen in server.seen}), 2)

    def test_it_gives_up_after_its_retries(self):
        with serving(*[(503, {}, {})] * 3, retries=2) as (server, client):
            with self.assertRaises(te.ServerFailed) as caught:
                client.status(7)
            self.assertEqual((caught.exception.status, len(server.seen)), (503, 3))

    def test_what_is_wrong_is_not_sent_again(self):
        for status, kind in ((400, te.InvalidRequest), (401, te.NotLoggedIn), (403, te.NotAllowed),
                             (404, te.NotFound), (409, te.Conflict), (422, te.InvalidRequest),
                             (500, te.ServerFailed)):
            with serving(problem(status, "some_code")) as (server, client):
                with self.assertRaises(kind) as caught:
                    client.start_training()
                self.assertEqual(caught.exception.code, "some_code")
                self.assertEqual(len(server.seen), 1)

    def test_nobody_listening_is_a_failed_connection(self):
        with serving() as (server, _):
            url = f"http://127.0.0.1:{server.server_port}"
        with self.assertRaises(te.ConnectionFailed) as caught:
            te.TrainingClient(url, retries=1).status(1)
        self.assertIn("refused", str(caught.exception))

    def test_a_silent_server_times_out(self):
        class Silent(Handler):
            def do_GET(self):
                time.sleep(1)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Silent)
        self.addCleanup(server.server_close)
        threading.Thread(target=server.handle_request, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        with self.assertRaises(te.ConnectionFailed):
            te.TrainingClient(url, timeout=0.2, retries=0).status(1)


class Failures(unittest.TestCase):
    def test_each_wrong_field_is_in_the_error_and_its_text(self):
        errors = [{"field": "factors", "code": "range", "message": "factors is 0"},
                  {"field": "data_path", "code": "required", "message": "a path is needed"}]
        with serving(problem(422, "fields", detail="factors is 0", errors=errors)) as (_, client):
            with self.assertRaises(te.InvalidRequest) as caught:
                client.start_training(factors=0)
        self.assertEqual(caught.exception.errors, errors)
        self.assertIn("data_path: a path is needed", str(caught.exception))

    def test_a_redirect_is_not_followed_since_it_would_carry_the_token_away(self):
        with serving((301, {"Location": "http://127.0.0.1:1/elsewhere"}, b"")) as (_, client):
            with self.assertRaises(te.RequestFailed) as caught:
                client.status(1)
        self.assertIn("http://127.0.0.1:1/elsewhere", str(caught.exception))

    def test_something_that_is_no_rectrain_is_told(self):
        with serving((200, {}, b"<html>It works!</html>")) as (_, client):
            with self.assertRaises(te.ConnectionFailed) as caught:
                client.whoami()
        self.assertIn("rectrain", str(caught.exception))

    def test_an_address_that_is_none_is_refused(self):
        with self.assertRaises(ValueError):
            te.TrainingClient("localhost:8080")


class Waiting(unittest.TestCase):
    def test_updates_are_told_once_each_and_a_restart_is_waited_out(self):
        training = (200, {}, {"job_id": 7, "status": "training", "progress": 0.5})
        with serving(training, training, (503, {}, {}), DONE, retries=0) as (_, client):
            seen = []
            done = client.wait_for_completion(7, on_update=lambda job: seen.append(job["status"]))
        self.assertEqual(seen, ["training", "completed"])
        self.assertEqual(done["metrics"]["f1_at_k"], 0.5)

    def test_a_failed_job_raises_with_its_reason_and_a_cancelled_one_its_own_kind(self):
        for code, kind in (("column_missing", te.JobFailed), ("cancelled", te.JobCancelled)):
            failed = {"job_id": 7, "status": "failed", "error": {"code": code, "message": "no `x`"}}
            with serving((200, {}, failed)) as (_, client):
                with self.assertRaises(kind) as caught:
                    client.wait_for_completion(7)
            self.assertEqual((caught.exception.code, caught.exception.job), (code, failed))
            self.assertIn("no `x`", str(caught.exception))

    def test_a_job_that_takes_too_long_times_out(self):
        training = (200, {}, {"job_id": 7, "status": "training"})
        with serving(*[training] * 50) as (_, client):
            with self.assertRaises(TimeoutError):
                client.wait_for_completion(7, timeout=0.3, poll_interval=0.1)

    def test_pages_are_read_to_the_end_and_no_further_than_asked(self):
        pages = [(200, {}, {"jobs": [{"job_id": 3}, {"job_id": 2}], "next": "c"}),
                 (200, {}, {"jobs": [{"job_id": 1}], "next": None})]
        with serving(*pages) as (server, client):
            self.assertEqual([job["job_id"] for job in client.list_jobs()], [3, 2, 1])
            self.assertIn("cursor=c", server.seen[1][1])
        with serving(pages[0]) as (_, client):
            self.assertEqual(len(client.list_jobs(limit=2)), 2)


class Downloads(unittest.TestCase):
    def setUp(self):
        self.addCleanup(setattr, te, "PAUSE_S", te.PAUSE_S)
        te.PAUSE_S = 0.01
        room = tempfile.TemporaryDirectory()
        self.addCleanup(room.cleanup)
        self.room = Path(room.name)
        model = {"model_id": 4, "file_name": "m.pkl", "size_bytes": len(MODEL),
                 "sha256": hashlib.sha256(MODEL).hexdigest()}
        self.job = (200, {}, {"job_id": 7, "model": model})

    def left(self):
        return sorted(path.name for path in self.room.iterdir())

    def test_a_model_is_saved_under_its_own_name(self):
        with serving(self.job, (200, {}, MODEL)) as (_, client):
            path = client.download_model(7, str(self.room))
        self.assertEqual(Path(path).read_bytes(), MODEL)
        self.assertEqual(self.left(), ["m.pkl"])

    def test_a_broken_connection_is_tried_again(self):
        half = (200, {"Content-Length": str(len(MODEL))}, MODEL[:1000])
        with serving(self.job, half, (200, {}, MODEL)) as (server, client):
            server.timeout = 1
            client.download_model(7, str(self.room))
        self.assertEqual(self.left(), ["m.pkl"])

    def test_other_bytes_than_promised_leave_no_file(self):
        with serving(self.job, (200, {}, b"y" * len(MODEL))) as (_, client):
            with self.assertRaises(te.DownloadDamaged):
                client.download_model(7, str(self.room))
        self.assertEqual(self.left(), [])

    def test_a_file_that_is_there_is_kept(self):
        (self.room / "m.pkl").write_text("mine")
        with serving(self.job) as (_, client):
            with self.assertRaises(FileExistsError):
                client.download_model(7, str(self.room))
        self.assertEqual((self.room / "m.pkl").read_text(), "mine")

    def test_a_job_without_a_model_says_so(self):
        with serving((200, {}, {"job_id": 7, "model": None})) as (_, client):
            with self.assertRaises(te.Conflict):
                client.download_model(7)


if __name__ == "__main__":
    unittest.main(verbosity=2)
