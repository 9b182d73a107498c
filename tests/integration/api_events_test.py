"""The stream of events: what happens to jobs, as it happens, to whom it concerns, without a gap."""

import json
import threading
import time
import unittest
import urllib.error

from jobs_case import Jobs
from processes import LONG, TimedOut, free_port, wait_until
from stack import RECTRAIN, Client, Stack, events_of

ORDER = ["pending", "loading_data", "preprocessing", "training", "completed"]


class Listener:
    """Collects the events of a stream in a thread of its own."""

    def __init__(self, client, last=None, path="/api/v1/events"):
        self.events, self.times = [], []
        self.stream = client.stream(path, headers={"Last-Event-ID": last} if last else None)
        self.thread = threading.Thread(target=self._collect, daemon=True)
        self.thread.start()

    def _collect(self):
        try:
            for event in events_of(self.stream):
                if "event" in event:
                    self.events.append(event)
                    self.times.append(time.monotonic())
        except (OSError, ValueError, AttributeError):
            pass  # it was closed

    def close(self):
        # Closing alone would wait for the thread that reads.
        self.stream.fp.raw._sock.shutdown(2)
        self.thread.join(10)
        self.stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def of(self, kind, job_id=None):
        found = [json.loads(one["data"]) for one in self.events if one["event"] == kind]
        return [one for one in found if job_id is None or one["job_id"] == job_id]

    def wait(self, what, seconds=30):
        try:
            return wait_until(what, seconds, pause=0.01)
        except TimedOut as fault:
            seen = [(one["event"], one["data"][:80]) for one in self.events]
            raise TimedOut(f"{fault}: {seen[-30:]}") from fault


class StreamTest(Jobs):
    def test_a_job_is_followed_from_start_to_end(self):
        with Listener(self.owner) as listener, Listener(self.other) as stranger:
            # Enough of it that training lasts longer than the stream takes to look.
            iterations = 100
            job_id = self.start(model_type="als", iterations=iterations, factors=32)
            listener.wait(lambda: [one for one in listener.of("job", job_id)
                                   if one["status"] == "completed"])
            seen = [one["status"] for one in listener.of("job", job_id)]
            # A status that lasts less than a look is passed over, but none ever goes back.
            self.assertLessEqual({"training", "completed"}, set(seen))
            self.assertEqual(seen, sorted(seen, key=ORDER.index))
            progress = [one["progress"] for one in listener.of("job", job_id)]
            self.assertEqual(progress, sorted(progress))
            last = listener.of("job", job_id)[-1]
            self.assertTrue(last["metrics"] and last["model_path"])
            self.assertNotIn("result", last)
            points = [point for one in listener.of("points", job_id) for point in one["points"]]
            steps = sorted({one["step"] for one in points if one["name"] == "loss"})
            self.assertEqual(steps, list(range(1, iterations + 1)))
            # All points come before the end is told, and the log's end with it.
            kinds = [(one["event"], json.loads(one["data"]).get("status"))
                     for one in listener.events]
            self.assertLess(max(i for i, (kind, _) in enumerate(kinds) if kind == "points"),
                            kinds.index(("job", "completed")))
            whole = self.owner.get(f"/api/v1/jobs/{job_id}").json()
            self.assertGreater(listener.of("log", job_id)[-1]["size_bytes"], 0)
            self.assertLessEqual(listener.of("log", job_id)[-1]["size_bytes"], whole["log_bytes"])
            self.assertEqual(stranger.events, [])

    def test_the_curve_of_the_stream_is_that_of_the_series(self):
        with Listener(self.owner) as listener:
            job_id = self.start(model_type="als", iterations=12, factors=4)
            listener.wait(lambda: any(one["status"] == "completed"
                                      for one in listener.of("job", job_id)))
            told = {(point["name"], point["step"]): point["value"]
                    for one in listener.of("points", job_id) for point in one["points"]}
        series = self.owner.get(f"/api/v1/jobs/{job_id}/metrics").json()["series"]
        self.assertEqual(told, {(one["name"], step): value for one in series
                                for step, value in one["points"]})

    def test_what_people_do_is_told_too(self):
        blocker = self.start(model_type="als", **LONG)
        self.stack.wait_for_job(self.owner, blocker, statuses=("training",))
        with Listener(self.owner) as listener:
            job_id = self.start()
            path = f"/api/v1/jobs/{job_id}"
            self.owner.patch(path, json={"name": "told"})
            listener.wait(lambda: any(one["name"] == "told" for one in listener.of("job", job_id)))
            self.owner.post(path + "/cancel")
            listener.wait(lambda: any(one["status"] == "cancelled"
                                      for one in listener.of("job", job_id)))
            self.owner.delete(path)
            listener.wait(lambda: listener.of("job_removed", job_id))
            self.owner.post(f"/api/v1/jobs/{blocker}/cancel")
            listener.wait(lambda: any(one["status"] == "cancelled"
                                      for one in listener.of("job", blocker)))

    def test_progress_is_not_told_faster_than_people_read(self):
        with Listener(self.owner) as listener:
            job_id = self.start(model_type="als", iterations=60, factors=8)
            listener.wait(lambda: any(one["status"] == "completed"
                                      for one in listener.of("job", job_id)))
            jobs = listener.of("job", job_id)
        training = [one for one in jobs if one["phase"] == "train"]
        seconds = max(1.0, listener.times[-1] - listener.times[0])
        self.assertLess(len(training), 5 + 5 * seconds)


class ResumeTest(Jobs):
    workers = 0

    def test_a_stream_goes_on_where_it_was_cut(self):
        with Listener(self.owner) as listener:
            first = self.start()
            listener.wait(lambda: listener.of("job", first))
            last = listener.events[-1]["id"]
        missed = [self.start() for _ in range(3)]
        time.sleep(0.5)
        for path, header in (("/api/v1/events", last), (f"/api/v1/events?last_event_id={last}",
                                                        None)):
            with Listener(self.owner, header, path) as listener:
                listener.wait(lambda: listener.of("job", missed[-1]))
                self.assertEqual([one["job_id"] for one in listener.of("job")], missed)

    def test_a_stream_that_cannot_go_on_says_so(self):
        for last in ("0123456789abcdef-7", "nonsense"):
            with Listener(self.owner, last) as listener:
                listener.wait(lambda: listener.events)
                self.assertEqual(listener.events[0]["event"], "reset")

    def test_a_session_has_only_so_many_streams(self):
        streams = [Listener(self.owner) for _ in range(4)]
        try:
            with self.assertRaises(urllib.error.HTTPError) as refused:
                self.owner.stream("/api/v1/events")
            self.assertEqual(refused.exception.code, 429)
            refused.exception.close()
        finally:
            for one in streams:
                one.close()

    def test_a_page_that_is_loaded_again_and_again_is_not_kept_out(self):
        client = self.stack.client()
        for _ in range(12):
            with Listener(client):
                pass

    def test_a_logout_ends_its_streams(self):
        client = self.stack.client()
        listener = Listener(client)
        client.get("/auth/logout")
        listener.thread.join(10)
        self.assertFalse(listener.thread.is_alive())
        listener.stream.close()

    def test_nobody_listens_without_a_login(self):
        with self.assertRaises(urllib.error.HTTPError) as refused:
            self.stack.anonymous().stream("/api/v1/events")
        self.assertEqual(refused.exception.code, 401)
        refused.exception.close()


class TwoServersTest(unittest.TestCase):
    """Two servers on one PostgreSQL: each tells of what came to the other."""

    def test_each_server_tells_of_the_others_jobs(self):
        with Stack("fleet", workers=0) as stack:
            port = free_port()
            stack.room.start("second", [RECTRAIN, "serve"], environment=stack.environment | {
                "LISTEN": f"127.0.0.1:{port}"})
            second = Client(f"http://127.0.0.1:{port}")

            def answers():
                try:
                    return second.get("/health/live").status == 200
                except OSError:
                    return False
            wait_until(answers)
            second.login("test@example.com", "123")
            first = stack.client()
            stack.start_worker()
            with Listener(first) as here, Listener(second) as there:
                job_id = stack.start_job(first, "als", iterations=2, factors=4)["job_id"]
                for listener in (here, there):
                    listener.wait(lambda one=listener: any(
                        job["status"] == "completed" for job in one.of("job", job_id)), 60)
                    seen = [one["status"] for one in listener.of("job", job_id)]
                    self.assertEqual(seen, sorted(seen, key=ORDER.index))


if __name__ == "__main__":
    unittest.main()
