"""GET /api/v1/events: what comes, to whom, and that a reader who was away misses nothing."""

import contextlib
import json
import threading
import time
import unittest

from stack import PATIENCE, StackTest, events_of, make_data, wait_until


class Reader:
    """Reads one stream in the background; the events lie in `events` with their data parsed."""

    def __init__(self, client, last_id=None):
        headers = {"Last-Event-ID": last_id} if last_id else {}
        self.stream = client.stream("/api/v1/events", headers=headers)
        self.events = []
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        # http.client stumbles over a stream that is closed under it.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            for event in events_of(self.stream):
                event["json"] = json.loads(event.get("data") or "null")
                event["at"] = time.monotonic()
                self.events.append(event)

    def of(self, kind, job_id=None):
        return [event for event in list(self.events) if event.get("event") == kind
                and job_id in (None, event["json"]["job_id"])]

    def wait_for(self, kind, job_id, status=None):
        return wait_until(lambda: [event for event in self.of(kind, job_id) if status in (
            None, event["json"].get("status"))], PATIENCE * 2,
            f"{kind} of job {job_id}, {status or 'any'}")[-1]

    def close(self):
        with contextlib.suppress(Exception):
            self.stream.fp.raw._sock.shutdown(2)
        self.stream.close()


class Live(StackTest):
    environment = {"MAX_STREAMS_PER_SESSION": "8"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = cls.stack.client()
        cls.other = cls.stack.add_user("other@example.com")
        cls.medium = make_data(cls.stack.data_root / "medium", rows=300000, users=4000, items=3000)

    def reader(self, client=None, last_id=None):
        reader = Reader(client or self.client, last_id)
        self.addCleanup(reader.close)
        return reader

    def start(self, **fields):
        return self.stack.start_job(self.client, **fields)["job_id"]

    def test_a_job_is_told_from_its_start_to_its_end(self):
        reader = self.reader()
        job_id = self.start(model_type="als", data_path=str(self.medium), iterations=8)
        reader.wait_for("job", job_id, "completed")
        statuses = [event["json"]["status"] for event in reader.of("job", job_id)]
        order = ["pending", "loading_data", "preprocessing", "training", "completed"]
        places = [order.index(status) for status in statuses]
        self.assertEqual(places, sorted(places))
        self.assertIn("training", statuses)
        progress = [event["json"]["progress"] for event in reader.of("job", job_id)]
        self.assertEqual(progress, sorted(progress))
        self.assertNotIn("result", reader.of("job", job_id)[-1]["json"])

    def test_the_points_of_each_iteration_come(self):
        reader = self.reader()
        job_id = self.start(model_type="als", data_path=str(self.medium), iterations=6)
        reader.wait_for("job", job_id, "completed")
        series = self.client.get(f"/api/v1/jobs/{job_id}/metrics").json()
        loss = next(one["points"] for one in series["series"] if one["name"] == "loss")
        self.assertEqual(len(loss), 6)

        def told():
            points = {(p["name"], p["step"]): p["value"] for event in reader.of("points", job_id)
                      for p in event["json"]["points"]}
            return [[step, points.get(("loss", step))] for step, _ in loss] == loss
        wait_until(told, what="all points of the loss came")

    def test_a_status_comes_within_a_moment(self):
        reader = self.reader()
        time.sleep(0.5)
        delays = []
        for _ in range(5):
            begun = time.monotonic()
            job_id = self.start(model_type="popular")
            delays.append(reader.wait_for("job", job_id)["at"] - begun)
        self.assertLess(sorted(delays)[2], 1.0, delays)

    def test_nothing_of_anybody_elses_comes(self):
        mine, theirs = self.reader(), self.reader(self.other)
        job_id = self.start(model_type="popular", name="mine alone")
        mine.wait_for("job", job_id, "completed")
        time.sleep(0.5)
        self.assertEqual([event for event in theirs.events if event["json"]
                          and "job_id" in event["json"]], [])

    def test_a_reader_who_was_away_goes_on_where_it_stopped(self):
        reader = self.reader()
        first = self.start(model_type="popular")
        reader.wait_for("job", first, "completed")
        last_id = reader.of("job", first)[-1]["id"]
        reader.close()
        second = self.start(model_type="popular")
        self.stack.wait_for_job(self.client, second)
        again = self.reader(last_id=last_id)
        wait_until(lambda: again.of("job", second) or [
            event for event in again.events if event.get("event") == "reset"],
            what="the missed job, or the word that all must be read anew")
        self.assertEqual(again.of("job", first), [])

    def test_an_id_of_another_time_is_answered_with_reset(self):
        reader = self.reader(last_id="99999999999")
        wait_until(lambda: [event for event in reader.events if event.get("event") == "reset"])

    def test_a_job_that_is_removed_is_told(self):
        reader = self.reader()
        job_id = self.start(model_type="popular")
        reader.wait_for("job", job_id, "completed")
        self.assertEqual(self.client.delete(f"/api/v1/jobs/{job_id}").status, 204)
        reader.wait_for("job_removed", job_id)

    def test_the_stream_ends_with_the_login(self):
        client = self.stack.client()
        reader = self.reader(client)
        job_id = self.start(model_type="popular")
        reader.wait_for("job", job_id, "completed")
        client.get("/auth/logout")
        after = self.start(model_type="popular")
        self.stack.wait_for_job(self.client, after)
        wait_until(lambda: not reader._thread.is_alive(), 30, "the stream of an ended session ends")

    def test_more_streams_than_a_session_may_have_are_refused(self):
        client = self.stack.client()
        readers = [self.reader(client) for _ in range(8)]
        self.assertEqual(len(readers), 8)
        answer = client.get("/api/v1/events", headers={"Accept": "text/event-stream"})
        self.assertEqual(answer.status, 429, answer)


if __name__ == "__main__":
    unittest.main()
