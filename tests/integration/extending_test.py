#!/usr/bin/env python3
"""docs/extending.md does what it says: its blocks, applied to a copy of the source tree, build, and
what they add agrees with a second implementation here, on a clickstream made up for it.

extending_test.py --update writes the files of examples/extending/ into the document's blocks."""

import csv
import datetime
import json
import math
import os
import pathlib
import random
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

import stack

ROOT = pathlib.Path(__file__).resolve().parents[2]
DOCUMENT = ROOT / "docs" / "extending.md"
EXAMPLES = ROOT / "examples" / "extending"
BLOCK = re.compile(r"^```(\S*)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
K, NEIGHBOURS, SHRINK = 5, 8, 2.0


def blocks(language):
    return [(m[2], m[3]) for m in BLOCK.finditer(DOCUMENT.read_text()) if m[1] == language]


def update():
    def replace(match):
        if match[1] != "c":
            return match[0]
        text = (EXAMPLES / pathlib.Path(match[2]).name).read_text()
        return f"```c {match[2]}\n{text}```"

    DOCUMENT.write_text(BLOCK.sub(replace, DOCUMENT.read_text()))


# ---- The clickstream: groups of users who like groups of items, more and less ----

def make_clicks():
    chance = random.Random(7)
    rows = []
    for user in range(1, 161):
        group = user % 4
        for _ in range(chance.randint(6, 30)):
            own = chance.random() < 0.8
            item = 100 + (group * 15 if own else chance.randrange(4) * 15)
            item += min(int(chance.expovariate(0.25)), 14)
            day = chance.randrange(40)
            event = 0 if chance.random() < 0.4 else 17
            rows.append((user, item, event, f"2025-01-{day + 1:02}" if day < 31
                         else f"2025-02-{day - 30:02}"))
    return [(u, i, e, f"{day} {n % 24:02}:{n % 60:02}:00") for n, (u, i, e, day) in enumerate(rows)]


def write_data(directory, clicks):
    events = [(0, 1), (17, 0)]
    columns = ["cookie", "node", "event", "event_date"]
    for kind in ["csv", "jsonl"]:
        (directory / kind).mkdir(parents=True)
    for name, header, rows in [("clickstream", columns, clicks),
                               ("events", ["event", "is_contact"], events)]:
        with open(directory / "csv" / f"{name}.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(header)
            writer.writerows(rows)
        with open(directory / "jsonl" / f"{name}.jsonl", "w") as file:
            for row in rows:
                file.write(json.dumps(dict(zip(header, row))) + "\n")


# ---- The naive twin: the split, the neighbours, the lists, the metrics ----

def f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def days_before(moment, days):
    return str(datetime.datetime.fromisoformat(moment) - datetime.timedelta(days=days))


class Twin:
    def __init__(self, clicks):
        threshold = days_before(max(c[3] for c in clicks), 14)
        self.seen = {}
        self.rows = {}
        for user, item, _, moment in clicks:
            if moment <= threshold:
                self.seen.setdefault(user, set()).add(item)
                self.rows[item] = self.rows.get(item, 0) + 1
        self.users = {item: {u for u in self.seen if item in self.seen[u]} for item in self.rows}
        self.targets = {}
        for user, item, event, moment in clicks:
            if (moment > threshold and event == 0 and user in self.seen and item in self.rows
                    and item not in self.seen[user]):
                self.targets.setdefault(user, set()).add(item)
        self.neighbours = {item: self.find_neighbours(item) for item in self.rows}

    def find_neighbours(self, item):
        found = []
        for other in self.rows:
            common = len(self.users[item] & self.users[other])
            if other != item and common > 0:
                sizes = len(self.users[item]) * len(self.users[other])
                found.append((-f32(common / f32(f32(math.sqrt(sizes)) + SHRINK)), other))
        return [(other, -minus) for minus, other in sorted(found)[:NEIGHBOURS]]

    def scores(self, user):
        scores = dict.fromkeys(self.rows, 0.0)
        for item in sorted(self.seen[user]):
            for other, similarity in self.neighbours[item]:
                scores[other] = f32(scores[other] + similarity)
        return scores

    def personal_list(self, user):
        scores = self.scores(user)
        order = sorted((-scores[i], i) for i in self.rows if i not in self.seen[user])
        return [(item, -minus) for minus, item in order[:K]]

    def popular_list(self):
        return [item for _, item in sorted((-n, item) for item, n in self.rows.items())[:K]]

    def metrics(self, lists):
        recall = novelty = 0.0
        for user, targets in self.targets.items():
            recall += len(targets & set(lists[user])) / len(targets)
            novelty += sum(math.log2(len(self.seen) / len(self.users[i]))
                           for i in lists[user]) / len(lists[user])
        return recall / len(self.targets), novelty / len(self.targets)


# ---- The tests ----

def run(*command, **options):
    return subprocess.run([str(part) for part in command], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False, **options)


def copy_tree(target):
    listed = run("git", "-C", ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    if listed.returncode != 0:
        raise RuntimeError("this test needs a git checkout: " + listed.stderr)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target / name)


def cache_entries():
    """What the build that runs this test has found or made: compiler, DuckDB, SQLite, the page."""
    wanted = ("CMAKE_C_COMPILER:", "CMAKE_MAKE_PROGRAM:", "DUCKDB_INCLUDE:", "DUCKDB_LIBRARY:",
              "SQLITE_SOURCE:")
    build = pathlib.Path(os.environ["RECTRAIN_BUILD"])
    cache = (build / "CMakeCache.txt").read_text()
    return ["-D" + line for line in cache.splitlines() if line.startswith(wanted)] + [
        f"-DWEB_SITE={build / 'web' / 'site'}"]


class Document(unittest.TestCase):
    def test_its_files_are_the_examples(self):
        shown = {pathlib.Path(path).name: text for path, text in blocks("c")}
        self.assertEqual(set(shown), {path.name for path in EXAMPLES.glob("*.c")})
        for name, text in shown.items():
            self.assertEqual(text, (EXAMPLES / name).read_text(), f"{name}: run with --update")

    def test_each_example_is_one_line_in_a_list_and_one_in_the_sources(self):
        headers, lists = [], []
        for _, text in blocks("diff"):
            changed = [line for line in text.splitlines() if line[0] in "+-"][2:]
            self.assertEqual(len(changed), 1, text)
            self.assertEqual(changed[0][0], "+", text)
            path = re.search(r"^\+\+\+ b/(.*)$", text, re.MULTILINE)[1]
            (lists if path.endswith("CMakeLists.txt") else headers).append(path)
        self.assertEqual(len(headers), len(blocks("c")))
        self.assertEqual(len(lists), len(blocks("c")))


class Extended(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.room = pathlib.Path(tempfile.mkdtemp(prefix="rectrain-extending-"))
        cls.addClassCleanup(shutil.rmtree, cls.room, ignore_errors=True)
        cls.tree = cls.room / "tree"
        copy_tree(cls.tree)
        for path, text in blocks("c"):
            (cls.tree / path).write_text(text)
        # Wherever the temporary directory lies, the copy is in no repository.
        outside = {**os.environ, "GIT_CEILING_DIRECTORIES": str(cls.room)}
        for _, text in blocks("diff"):
            cls.must(run("git", "apply", "-", cwd=cls.tree, input=text, env=outside), text)
        cls.must(run("cmake", "-G", "Ninja", "-S", cls.tree, "-B", cls.room / "build",
                     "-DCMAKE_BUILD_TYPE=Release", *cache_entries()), "cmake")
        cls.must(run("ninja", "-C", cls.room / "build", "rectrain"), "ninja")
        clicks = make_clicks()
        write_data(cls.room / "data", clicks)
        cls.twin = Twin(clicks)
        cls.knn = cls.train("item_knn", "csv", "--neighbours", NEIGHBOURS, "--shrink", SHRINK)
        cls.als = cls.train("als", "csv", "--factors", 4, "--iterations", 2)

    @staticmethod
    def must(done, what):
        if done.returncode != 0:
            raise AssertionError(f"{what} failed:\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")
        return done.stdout

    @classmethod
    def rectrain(cls, *arguments):
        return run(cls.room / "build" / "rectrain", *arguments, cwd=cls.room)

    @classmethod
    def train(cls, kind, data, *arguments):
        done = cls.rectrain("train", "--model", kind, "--data", cls.room / "data" / data, "--k", K,
                            "--output", cls.room / "models", "--json", *arguments)
        return json.loads(cls.must(done, f"train {kind}"))

    def export(self, result, form, name):
        done = self.rectrain("export", result["model_path"], "--format", form, "--output",
                             self.room / name)
        self.must(done, f"export to {form}")
        return self.room / name

    def tensors(self, path):
        data = path.read_bytes()
        size = struct.unpack("<Q", data[:8])[0]
        header = json.loads(data[8:8 + size])
        header.pop("__metadata__")
        return {name: (t["dtype"], t["shape"], data[8 + size + t["data_offsets"][0]:
                                                    8 + size + t["data_offsets"][1]])
                for name, t in header.items()}

    def check_examples(self, script):
        """On them alone: the rest of the tree has tests of its own."""
        with tempfile.TemporaryDirectory(dir=self.room) as alone:
            for path, text in blocks("c"):
                target = pathlib.Path(alone, path)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(text)
            self.must(run("bash", ROOT / "tools" / script, alone), script)

    # -- the house rules hold for the examples, too

    def test_examples_keep_the_order_of_the_rooms(self):
        self.check_examples("check_rooms.sh")

    def test_examples_use_nothing_banned(self):
        self.check_examples("check_banned.sh")

    # -- the model kind

    def test_help_offers_the_parameters_of_the_new_kind(self):
        text = self.must(self.rectrain("train", "--help"), "--help")
        self.assertIn("Similar items:", text)
        self.assertRegex(text, r"--neighbours N +how many similar items.*\[100\]")
        self.assertRegex(text, r"--shrink X +more trusts less.*\[10\]")

    def test_parameter_of_the_new_kind_is_checked(self):
        done = self.rectrain("train", "--model", "item_knn", "--data", "data/csv", "--neighbours",
                             0)
        self.assertEqual(done.returncode, 2)
        self.assertIn("neighbours", done.stderr)

    def test_parameter_of_the_new_kind_is_refused_for_another(self):
        done = self.rectrain("train", "--model", "als", "--data", "data/csv", "--shrink", 1)
        self.assertEqual(done.returncode, 2)
        self.assertIn("shrink", done.stderr)

    def test_result_names_kind_and_parameters(self):
        self.assertEqual(self.knn["model_type"], "item_knn")
        self.assertEqual(self.knn["params"]["neighbours"], NEIGHBOURS)
        self.assertEqual(self.knn["params"]["shrink"], SHRINK)
        self.assertIn("item_knn_model_0_", self.knn["model_path"])

    def test_metrics_of_the_new_kind_agree_with_the_twin(self):
        lists = {user: [item for item, _ in self.twin.personal_list(user)]
                 for user in self.twin.targets}
        recall, novelty = self.twin.metrics(lists)
        self.assertGreater(recall, 0)
        self.assertAlmostEqual(self.knn["metrics"]["recall_at_k"], recall, places=12)
        self.assertAlmostEqual(self.knn["metrics"]["novelty_at_k"], novelty, places=12)

    def test_recommendations_of_the_new_kind_agree_with_the_twin(self):
        for user in list(self.twin.seen)[::20]:
            done = self.rectrain("recommend", self.knn["model_path"], "--user", user, "--k", K,
                                 "--json")
            got = json.loads(self.must(done, "recommend"))
            self.assertEqual([(i["item"], i["score"]) for i in got["items"]],
                             self.twin.personal_list(user))

    def test_saved_model_of_the_new_kind_is_judged_as_in_its_run(self):
        done = self.rectrain("evaluate", self.knn["model_path"], "--data", "data/csv", "--json")
        judged = json.loads(self.must(done, "evaluate"))
        self.assertEqual(judged["metrics"], self.knn["metrics"])

    def test_threads_do_not_change_the_new_kind(self):
        arrays = []
        for threads in [1, 3]:
            result = self.train("item_knn", "csv", "--neighbours", NEIGHBOURS, "--threads", threads)
            arrays.append(self.tensors(self.export(result, "safetensors", f"threads-{threads}")))
        self.assertEqual(arrays[0]["neighbours"][1], [len(self.twin.rows), NEIGHBOURS])
        self.assertEqual(arrays[0], arrays[1])

    def test_format_that_needs_factors_refuses_the_new_kind(self):
        for form in ["npz", "csv"]:
            done = self.rectrain("export", self.knn["model_path"], "--format", form, "--output",
                                 self.room / "refused")
            self.assertEqual(done.returncode, 2, form)
            self.assertIn("item_knn has no", done.stderr)
            self.assertFalse((self.room / "refused").exists())

    # -- the metric

    def test_new_metric_of_the_floor_agrees_with_the_twin(self):
        popular = self.twin.popular_list()
        recall, novelty = self.twin.metrics({user: popular for user in self.twin.targets})
        self.assertAlmostEqual(self.knn["popular_metrics"]["recall_at_k"], recall, places=12)
        self.assertAlmostEqual(self.knn["popular_metrics"]["novelty_at_k"], novelty, places=12)

    def test_new_metric_stands_in_the_table(self):
        done = self.rectrain("evaluate", self.als["model_path"], "--data", "data/csv")
        value = self.als["metrics"]["novelty_at_k"]
        self.assertRegex(self.must(done, "evaluate"), rf"novelty_at_k +{value:.6f}\n")

    # -- served: the API and the page know the new ones without a change of schema or page

    def test_the_served_api_and_page_show_the_new_kind_and_metric(self):
        stack.RECTRAIN = self.room / "build" / "rectrain"
        with stack.Stack(data=False, environment={"DATA_ROOTS": self.room / "data"}) as served:
            client = served.client()
            types = client.get("/api/v1/model_types").json()
            kind = {kind["name"]: kind for kind in types["model_types"]}["item_knn"]
            self.assertEqual([param["name"] for param in kind["params"]], ["neighbours", "shrink"])
            self.assertIn("novelty_at_k", [metric["name"] for metric in types["metrics"]])

            served.data = self.room / "data" / "csv"
            wrong = client.post("/start_training/", form={
                "model_type": "item_knn", "data_path": str(served.data), "neighbours": 0})
            self.assertIn("neighbours", [error["field"] for error in wrong.json()["errors"]])
            knn = served.start_job(client, "item_knn", k=K, neighbours=NEIGHBOURS, shrink=SHRINK)
            als = served.start_job(client, "als", k=K, factors=4, iterations=2)
            jobs = [served.wait_for_job(client, job["job_id"]) for job in (knn, als)]
            self.assertEqual([job["status"] for job in jobs], ["completed"] * 2)

            status = client.get(f"/training_status/{knn['job_id']}").json()
            for name in ("recall_at_k", "novelty_at_k"):
                self.assertAlmostEqual(status["metrics"][name], self.knn["metrics"][name], 12)
            self.assertIn("item_knn_model_", status["model_path"])
            self.assertIn("novelty_at_k", jobs[0]["popular_metrics"])
            # What Compare lays side by side, and what the table sorts by.
            compared = client.get(f"/api/v1/jobs?ids={knn['job_id']},{als['job_id']}").json()
            self.assertTrue(all("novelty_at_k" in job["metrics"] for job in compared["jobs"]))
            listed = client.get("/api/v1/jobs?sort=-metric:novelty_at_k").json()["jobs"]
            values = [job["metrics"]["novelty_at_k"] for job in listed]
            self.assertEqual(values, sorted(values, reverse=True))
            self.assertEqual(len(values), 2)
            table = client.get("/api/v1/jobs", headers={"Accept": "text/csv"}).text.splitlines()
            self.assertIn("novelty_at_k", table[0])
            page = client.get("/training/", headers={"Accept": "text/html"}).text
            self.assertIn('value="item_knn"', page)

    # -- the source of data

    def test_new_source_gives_what_csv_gives(self):
        result = self.train("item_knn", "jsonl", "--neighbours", NEIGHBOURS, "--shrink", SHRINK)
        self.assertEqual(result["data"]["source"], "jsonl")
        for key in ["metrics", "popular_metrics", "funnel", "holdout_sha256"]:
            self.assertEqual(result[key], self.knn[key], key)

    def test_new_source_refuses_what_is_not_its_own(self):
        bad = self.room / "data" / "bad"
        shutil.copytree(self.room / "data" / "jsonl", bad)
        (bad / "clickstream.jsonl").write_text("cookie,node,event,event_date\n1,2,3,2025-01-01\n")
        done = self.rectrain("train", "--model", "popular", "--data", bad)
        self.assertEqual(done.returncode, 3)
        self.assertIn("clickstream.jsonl holds no JSON lines", done.stderr)

    # -- the export

    def test_help_names_the_new_format(self):
        text = self.must(self.rectrain("export", "--help"), "--help")
        self.assertIn("csv (factors as a text table)", text)

    def test_new_format_has_the_factors_bit_by_bit(self):
        tensors = self.tensors(self.export(self.als, "safetensors", "als.safetensors"))
        with open(self.export(self.als, "csv", "als.csv"), newline="") as file:
            table = list(csv.reader(file))
        for side, ids in [("user", sorted(self.twin.seen)), ("item", sorted(self.twin.rows))]:
            rows = [row for row in table if row[0] == side]
            self.assertEqual([int(row[1]) for row in rows], ids)
            floats = b"".join(struct.pack("<f", float(x)) for row in rows for x in row[2:])
            self.assertEqual(floats, tensors[f"{side}_factors"][2])

    def test_new_format_overwrites_nothing(self):
        path = self.export(self.als, "csv", "once.csv")
        before = path.read_bytes()
        done = self.rectrain("export", self.als["model_path"], "--format", "csv", "--output", path)
        self.assertEqual(done.returncode, 2)
        self.assertEqual(path.read_bytes(), before)


if __name__ == "__main__":
    if sys.argv[1:] == ["--update"]:
        update()
    else:
        unittest.main()
