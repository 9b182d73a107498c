"""The whole program from the shell: synth, train, evaluate, recommend; results and exit statuses."""

import json
import os
import pickle
import shutil
import signal
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

RECTRAIN = os.environ["RECTRAIN"]


def run(*arguments, cwd=None):
    return subprocess.run(
        [RECTRAIN, *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=300
    )


class CommandLine(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.room = Path(tempfile.mkdtemp())
        cls.data = cls.room / "data"
        made = run("synth", "--rows", 60000, "--users", 800, "--items", 1500, "--seed", 3,
                   "--output", cls.data)
        assert made.returncode == 0, made.stderr

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.room)

    def setUp(self):
        self.models = Path(tempfile.mkdtemp(dir=self.room))

    def train(self, *options):
        done = run("train", "--data", self.data, "--output", self.models, "--json", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def refused(self, status, *arguments):
        done = run(*arguments)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertNotEqual(done.stderr.strip(), "")
        return done

    def test_a_run_tells_metrics_funnel_and_file(self):
        result = self.train("--model", "als", "--factors", 8, "--iterations", 3)
        self.assertEqual(result["status"], "completed")
        self.assertEqual(result["k"], 40)
        for metrics in (result["metrics"], result["popular_metrics"]):
            self.assertGreater(metrics["recall_at_k"], 0)
            precision, recall = metrics["precision_at_k"], metrics["recall_at_k"]
            self.assertAlmostEqual(metrics["f1_at_k"],
                                   2 * precision * recall / (precision + recall), places=12)
        funnel = result["funnel"]
        self.assertEqual(funnel["rows"], 60000)
        self.assertEqual(funnel["train_rows"] + funnel["eval_rows"], funnel["rows"])
        steps = ["eval_rows", "unseen", "contacts", "known_users", "known_items", "pairs"]
        for before, after in zip(steps, steps[1:]):
            self.assertGreaterEqual(funnel[before], funnel[after])
        self.assertTrue(Path(result["model_path"]).is_file())

    def test_python_opens_the_model(self):
        result = self.train("--model", "als", "--factors", 8, "--iterations", 2)
        with open(result["model_path"], "rb") as file:
            model = pickle.load(file)
        self.assertEqual(model["model"]["user_factors"].shape, (result["funnel"]["users"], 8))
        self.assertEqual(model["model"]["item_factors"].shape, (result["funnel"]["items"], 8))

    def test_the_result_does_not_depend_on_threads(self):
        results = [self.train("--model", "als", "--factors", 8, "--iterations", 2,
                              "--threads", threads) for threads in (1, 3)]
        self.assertEqual(results[0]["metrics"], results[1]["metrics"])
        models = [pickle.loads(Path(r["model_path"]).read_bytes())["model"] for r in results]
        self.assertEqual(models[0]["user_factors"].tobytes(), models[1]["user_factors"].tobytes())
        self.assertEqual(models[0]["item_factors"].tobytes(), models[1]["item_factors"].tobytes())

    def test_a_saved_model_is_judged_as_in_its_run(self):
        for kind in ("popular", "als"):
            result = self.train("--model", kind)
            done = run("evaluate", result["model_path"], "--data", self.data, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(json.loads(done.stdout)["metrics"], result["metrics"])

    def test_recommendations_leave_out_what_the_user_has_seen(self):
        result = self.train("--model", "als", "--factors", 8, "--iterations", 2)
        model = pickle.loads(Path(result["model_path"]).read_bytes())
        user = model["mappings"]["users"][5]
        done = run("recommend", result["model_path"], "--user", user, "--k", 7, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        items = [int(row["item"]) for row in json.loads(done.stdout)["items"]]
        matrix = model["matrix"]
        seen = matrix["indices"][matrix["indptr"][5]:matrix["indptr"][6]]
        self.assertEqual(len(set(items)), 7)
        self.assertFalse(set(items) & {int(i) for i in model["mappings"]["items"][seen]})

    def test_a_table_is_printed_for_people(self):
        done = run("train", "--model", "popular", "--data", self.data, "--output", self.models)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("60,000 rows", done.stdout)
        self.assertNotIn("\x1b", done.stdout + done.stderr)  # no bar without a terminal

    def test_help_and_version_go_to_stdout(self):
        for arguments in (["--help"], ["--version"], ["train", "--help"], ["synth", "--help"]):
            done = run(*arguments)
            self.assertEqual(done.returncode, 0)
            self.assertIn("rectrain", done.stdout)
            self.assertEqual(done.stderr, "")

    def test_wrong_usage_is_status_2(self):
        self.refused(2)
        self.refused(2, "fly")
        self.refused(2, "train", "--data", self.data)
        self.refused(2, "train", "--model", "svd", "--data", self.data)
        self.refused(2, "train", "--model", "als", "--data", self.data, "--factors", 0)
        self.refused(2, "train", "--model", "als", "--data", self.data, "--wings", 2)
        self.refused(2, "train", "--model", "popular", "--data", self.data, "--factors", 8)

    def test_a_path_that_is_not_there_is_status_3(self):
        done = self.refused(3, "train", "--model", "als", "--data", self.room / "nowhere", "--json")
        self.assertIn("nowhere", done.stderr)
        failure = json.loads(done.stdout)
        self.assertEqual(failure["status"], "failed")
        self.assertEqual(failure["error"]["code"], "not_found")

    def test_a_file_that_is_no_model_is_status_3(self):
        self.refused(3, "recommend", self.data / "clickstream.pq", "--user", 1)

    def test_a_damaged_model_is_refused(self):
        path = Path(self.train("--model", "popular")["model_path"])
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        self.refused(3, "evaluate", path, "--data", self.data)

    def test_an_interrupt_is_status_4_and_leaves_no_file(self):
        process = subprocess.Popen(
            [RECTRAIN, "train", "--model", "als", "--iterations", "1000", "--factors", "200",
             "--data", str(self.data), "--output", str(self.models)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(1.5)
        self.assertIsNone(process.poll(), "it ended before it was interrupted")
        process.send_signal(signal.SIGINT)
        start = time.monotonic()
        process.communicate(timeout=60)
        self.assertEqual(process.returncode, 4)
        self.assertLess(time.monotonic() - start, 10)  # 2 s, and slow machines
        self.assertEqual(list(self.models.iterdir()), [])


if __name__ == "__main__":
    unittest.main()
