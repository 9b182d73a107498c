"""The judge itself: a good run has no finding, and each fault raises the counter that names it."""

import copy
import unittest

from judge import COUNTERS, MUST_BE_ZERO, judge, restarts


def event(number, job_id, kind, message=None):
    return {"event_id": number, "job_id": job_id, "kind": kind, "message": message,
            "at_ms": number * 1000}


def job(job_id, status="completed", **fields):
    return {"job_id": job_id, "task": "train", "name": f"job-{job_id}", "status": status, "error_code": None,
            "error_message": None, "attempt": 1, "deaths": 0, "metrics": '{"recall_at_k": 0.1}',
            **fields}


TABLE = "/m/predictions/predictions_5.csv"
HISTORY = [
    {"kind": "submit", "name": "job-1", "expect": "completed"},
    {"kind": "ack", "name": "job-1", "job_id": 1},
    {"kind": "submit", "name": "job-2", "expect": "cancel"},
    {"kind": "ack", "name": "job-2", "job_id": 2},
    {"kind": "cancel", "job_id": 2},
    {"kind": "submit", "name": "job-3", "expect": "poison"},
    {"kind": "ack", "name": "job-3", "job_id": 3},
    {"kind": "submit", "name": "job-4", "expect": "completed"},
    {"kind": "submit", "name": "job-5", "expect": "completed"},
    {"kind": "ack", "name": "job-5", "job_id": 5},
    {"kind": "fault", "fault": "kill_worker"},
]
STORE = {
    "jobs": [
        job(1), job(2, "failed", error_code="cancelled", metrics=None),
        job(3, "failed", error_code="worker_died", deaths=2, metrics=None),
        job(5, task="predict", metrics="{}"),
    ],
    "events": [
        event(1, 1, "created"), event(2, 1, "claimed", "w:1"), event(3, 1, "status", "split"),
        event(4, 1, "worker_died"), event(5, 1, "claimed", "w:2"), event(6, 1, "status", "split"),
        event(7, 1, "status", "train"), event(8, 1, "status", "evaluate"),
        event(9, 1, "completed"), event(10, 2, "claimed", "w:2"), event(11, 2, "failed"),
        event(20, 5, "claimed", "w:3"), event(21, 5, "status", "load"),
        event(22, 5, "status", "evaluate"), event(23, 5, "completed"),
    ],
    "models": [{"job_id": 1, "path": "/m/als_model_1.pkl", "sha256": "abc", "size_bytes": 9}],
    "predictions": [{"job_id": 5, "file_path": TABLE, "file_sha256": "def", "file_bytes": 7,
                     "file_rows": 2},
                    {"job_id": 6, "file_path": None, "file_sha256": None, "file_bytes": 0,
                     "file_rows": 0}],
}
FILES = {"/m/als_model_1.pkl": (9, "abc", True), TABLE: (7, "def", 2)}


class Judge(unittest.TestCase):
    def setUp(self):
        self.history = copy.deepcopy(HISTORY)
        self.store = copy.deepcopy(STORE)
        self.files = dict(FILES)

    def verdict(self):
        return judge(self.history, self.store, self.files, stale_writes=2)

    def assert_only(self, counter, count=1):
        verdict = self.verdict()
        bad = {name: verdict.counters[name] for name in MUST_BE_ZERO if verdict.counters[name]}
        self.assertEqual(bad, {counter: count}, verdict.findings)
        self.assertFalse(verdict.is_good)

    def test_a_good_run_has_no_finding(self):
        verdict = self.verdict()
        self.assertEqual(verdict.findings, [])
        self.assertTrue(verdict.is_good)
        self.assertEqual(list(verdict.counters), list(COUNTERS))
        self.assertEqual(verdict.counters, {
            "attempted": 5, "acknowledged": 4, "completed": 2, "failed": 1, "cancelled": 1,
            "lost": 0, "duplicated_completed": 0, "unexpected": 0, "recovered": 1,
            "redelivered": 1, "stuck": 0, "stale_writes_rejected": 2, "bad_hash": 0,
            "orphan_files": 0})

    def test_an_acknowledged_job_that_is_gone_is_lost(self):
        self.store["jobs"].pop(1)
        self.assert_only("lost")

    def test_a_number_that_became_another_job_is_lost(self):
        self.history[1]["job_id"] = 3
        self.assert_only("lost")

    def test_a_job_that_nobody_asked_for_is_unexpected(self):
        self.store["jobs"].append(job(9, "failed", error_code="worker_died", deaths=2))
        self.assert_only("unexpected")

    def test_one_submission_that_became_two_jobs_is_duplicated(self):
        self.store["jobs"].append(job(9, "failed", name="job-4", error_code="nomem", deaths=2))
        self.store["jobs"].append(job(10, "failed", name="job-4", error_code="nomem", deaths=2))
        self.assert_only("duplicated_completed")

    def test_two_completions_are_duplicated(self):
        self.store["events"].append(event(12, 1, "completed"))
        verdict = self.verdict()
        self.assertEqual(verdict.counters["duplicated_completed"], 1)
        self.assertEqual(verdict.counters["unexpected"], 1)  # after its end, too

    def test_two_models_of_a_job_are_duplicated(self):
        self.store["models"].append(
            {"job_id": 1, "path": "/m/als_model_1_2.pkl", "sha256": "abc", "size_bytes": 9})
        self.files["/m/als_model_1_2.pkl"] = (9, "abc", True)
        self.assert_only("duplicated_completed")

    def test_a_job_without_end_is_stuck(self):
        self.store["jobs"][2].update(status="training", error_code=None)
        self.assert_only("stuck")

    def test_a_status_that_goes_back_is_unexpected(self):
        self.store["events"][7]["message"] = "split"
        self.assert_only("unexpected")

    def test_a_claim_of_a_job_that_somebody_has_is_unexpected(self):
        self.store["events"].pop(3)
        verdict = self.verdict()
        self.assertEqual(verdict.counters["unexpected"], 1)

    def test_a_failure_of_its_own_is_unexpected(self):
        self.store["jobs"][2]["error_code"] = "internal"
        self.assert_only("unexpected")

    def test_a_failure_before_the_third_death_is_unexpected(self):
        self.store["jobs"][2]["deaths"] = 1
        self.assert_only("unexpected")

    def test_a_cancellation_that_nobody_asked_for_is_unexpected(self):
        self.history.pop(4)
        self.assert_only("unexpected")

    def test_an_answer_that_nobody_expects_counts(self):
        self.history.append({"kind": "answer", "status": 500, "path": "/api/v1/jobs"})
        self.assert_only("unexpected")

    def test_completed_without_metrics_is_unexpected(self):
        self.store["jobs"][0]["metrics"] = None
        self.assert_only("unexpected")

    def test_a_model_that_is_missing_changed_or_closed_is_a_bad_hash(self):
        for there in ({}, {"/m/als_model_1.pkl": (9, "abd", True)},
                      {"/m/als_model_1.pkl": (8, "abc", True)},
                      {"/m/als_model_1.pkl": (9, "abc", False)}):
            with self.subTest(there=there):
                self.files = there | {TABLE: FILES[TABLE]}
                self.assert_only("bad_hash")

    def test_predictions_that_are_missing_changed_cut_or_short_are_a_bad_hash(self):
        model = {"/m/als_model_1.pkl": FILES["/m/als_model_1.pkl"]}
        for there in ({}, {TABLE: (7, "dee", 2)}, {TABLE: (8, "def", 2)}, {TABLE: (7, "def", False)},
                      {TABLE: (7, "def", 1)}, {TABLE: (7, "def", 0)}):
            with self.subTest(there=there):
                self.files = model | there
                self.assert_only("bad_hash")

    def test_predictions_in_parquet_have_no_rows_that_could_be_counted(self):
        self.files[TABLE] = (7, "def", True)
        self.assertTrue(self.verdict().is_good)

    def test_a_prediction_that_is_completed_without_its_file_is_a_bad_hash(self):
        self.store["predictions"].pop(0)
        self.files.pop(TABLE)
        self.assert_only("bad_hash")

    def test_a_file_of_a_prediction_that_failed_is_unexpected(self):
        self.store["jobs"][3].update(status="failed", error_code="worker_died", deaths=2)
        self.assert_only("unexpected")

    def test_predictions_that_no_row_names_are_orphans(self):
        self.files["/m/predictions/predictions_6.csv"] = (7, "def", 2)
        self.assert_only("orphan_files")

    def test_a_failure_that_the_machine_was_made_to_bring_is_none(self):
        self.store["jobs"][2]["error_code"] = "disk_full"
        self.assert_only("unexpected")
        self.history.append({"kind": "excuse", "codes": ["disk_full"]})
        self.assertTrue(self.verdict().is_good)

    def test_a_job_that_asks_for_too_much_fails_for_want_of_memory_alone(self):
        self.history[5]["expect"] = "hungry"
        self.assertEqual(self.history[5]["name"], "job-3")
        self.store["jobs"][2].update(error_code="nomem", deaths=0)
        self.assertTrue(self.verdict().is_good)
        self.store["jobs"][2].update(error_code="disk_full")
        self.assert_only("unexpected")

    def test_restarts_are_counted_from_the_death_to_the_next_claim(self):
        self.assertEqual(restarts(self.store["events"]), [1.0])

    def test_completed_without_a_model_is_a_bad_hash(self):
        self.store["models"].clear()
        self.files.pop("/m/als_model_1.pkl")
        self.assert_only("bad_hash")

    def test_a_file_that_no_row_names_is_an_orphan(self):
        self.files["/m/als_model_1.hits.json"] = (3, "aaa", False)
        self.assertTrue(self.verdict().is_good)
        self.files["/m/.als_model_1.tmp"] = (3, "aaa", False)
        self.assert_only("orphan_files")

    def test_what_lies_beside_no_model_is_an_orphan(self):
        self.files["/m/als_model_7.hits.json"] = (3, "aaa", False)
        self.assert_only("orphan_files")


if __name__ == "__main__":
    unittest.main()
