"""The command line as people and programs meet it: options, exit statuses, stdout and stderr.

RECTRAIN is the program. The data is made here: a small clickstream by hand, a larger one by
`rectrain synth`.
"""

import glob
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

RECTRAIN = os.path.abspath(os.environ["RECTRAIN"])
DOCS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs")
USERS, ITEMS = 40, 23
LIMIT_S = 120  # of any command, generous for sanitizers
# Put before a command, it makes root heed the rights of files as everybody else has to.
HEED_RIGHTS = (["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
               if os.geteuid() == 0 else [])


def run(*words, cwd=None, env=None, before=(), **more):
    """The finished process, with stdout and stderr as text."""
    return subprocess.run([*before, RECTRAIN, *words], cwd=cwd, env=env, timeout=LIMIT_S,
                          check=False, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          errors="replace", **more)


def write_clicks(directory, text_ids=False):
    """User u has item (7u + 3d) mod ITEMS on day d, and one contact after the threshold."""
    os.makedirs(directory)
    user, item = ("u{:03}", "i{:03}é") if text_ids else ("{}", "{}")
    with open(os.path.join(directory, "clickstream.csv"), "w", encoding="utf-8") as file:
        file.write("cookie,node,event,event_date\n")
        for u in range(USERS):
            days = [(day, 11, 3 * day) for day in range(1, 7)] + [(25, 10, 1)]
            for day, event, step in days:
                file.write(f"{user.format(u)},{item.format((7 * u + step) % ITEMS)},{event},"
                           f"2025-01-{day:02} 12:00:00\n")
    with open(os.path.join(directory, "events.csv"), "w", encoding="utf-8") as file:
        file.write("event,is_contact\n10,1\n11,0\n")


class Case(unittest.TestCase):
    """A directory with data/ and text/ (the same with string ids); each test has one of its own."""

    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.mkdtemp(prefix="rectrain_cli_")
        cls.data = os.path.join(cls.shared, "data")
        cls.text = os.path.join(cls.shared, "text")
        write_clicks(cls.data)
        write_clicks(cls.text, text_ids=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared)

    def setUp(self):
        self.room = tempfile.mkdtemp(prefix="rectrain_cli_")
        self.out = os.path.join(self.room, "out")

    def tearDown(self):
        shutil.rmtree(self.room)

    def train(self, *words, model="popular", data=None, status=0):
        done = run("train", "--model", model, "--data", data or self.data, "--output", self.out,
                   "--k", "5", *words, cwd=self.room)
        self.assertEqual(done.returncode, status, done.stderr)
        return done

    def trained(self, *words, **more):
        return json.loads(self.train("--json", *words, **more).stdout)

    def refuse(self, status, *words, says):
        """The command fails with this status and these words on stderr, and prints nothing."""
        done = run(*words, cwd=self.room)
        self.assertEqual(done.returncode, status, done.stderr)
        self.assertIn(says, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        return done

    def left(self):
        return os.listdir(self.out) if os.path.isdir(self.out) else []


class Options(Case):
    def refuse_train(self, *words, says, model="als"):
        self.refuse(2, "train", "--model", model, "--data", self.data, *words, says=says)

    def test_no_command_shows_the_usage_on_stderr(self):
        done = run()
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertIn("Usage: rectrain COMMAND", done.stderr)

    def test_an_unknown_command_is_named(self):
        self.refuse(2, "trian", says="there is no command trian")

    def test_help_and_version_go_to_stdout(self):
        for words in (["--help"], ["help"], ["--version"], ["train", "--help"],
                      ["evaluate", "--help"], ["recommend", "--help"], ["export", "--help"],
                      ["similar", "--help"], ["explain", "--help"], ["synth", "--help"]):
            done = run(*words)
            self.assertEqual((done.returncode, done.stderr), (0, ""), words)
            self.assertIn("rectrain", done.stdout)

    def test_help_lists_every_parameter_with_its_default(self):
        text = run("train", "--help").stdout
        for line in ("--iterations N", "--factors N", "--solver cg|cholesky", "--eval-days X",
                     "--user-column TEXT", "--memory-limit TEXT", "[14]", "[cookie]"):
            self.assertIn(line, text)

    def test_an_unknown_option_is_named(self):
        self.refuse_train("--bogus", "3", says="there is no option --bogus here")
        self.refuse_train("--bogus=3", says="there is no option --bogus here")
        self.refuse_train("-z", says="there is no option -z here")
        self.refuse_train("-zq", says="there is no option -zq here")

    def test_an_option_without_its_value_is_named(self):
        self.refuse_train("--factors", says="--factors needs a value")

    def test_a_switch_takes_no_value(self):
        self.refuse_train("--quiet=yes", says="--quiet takes no value")

    def test_an_ambiguous_abbreviation_says_so(self):
        self.refuse_train("--eval", "1", says="--eval may mean several options")

    def test_a_value_out_of_range_names_what_is_allowed(self):
        self.refuse_train("--factors", "0", says="factors is 0, but it must be a whole number from "
                                                 "1 to 512")
        self.refuse_train("--factors", "1e2", says="factors is 1e2")
        self.refuse_train("--k", "99999999999999999999", says="k is 99999999999999999999")
        self.refuse_train("--k", "", says="k is ")
        self.refuse_train("--alpha", "nan", says="alpha is nan")
        self.refuse_train("--alpha", "0", says="above 0")
        self.refuse_train("--eval-days", "-1", says="eval_days is -1")
        self.refuse_train("--solver", "lu", says="must be one of cg|cholesky")
        self.refuse_train("--seed", "-1", says="seed is -1")
        self.refuse_train("--memory-limit", "much", says="memory_limit is much")
        self.refuse_train("--threads", "0", says="threads is 0")

    def test_a_parameter_of_another_kind_is_refused(self):
        self.refuse_train("--factors", "8", model="popular", says="popular has no parameter factors")

    def test_what_is_needed_is_named(self):
        self.refuse(2, "train", "--data", self.data, says="--model is needed: one of popular, als")
        self.refuse(2, "train", "--model", "als", says="--data is needed")
        self.refuse(2, "evaluate", says="one model file is needed")
        self.refuse(2, "recommend", "m.pkl", says="--user are needed")
        self.refuse(2, "similar", "m.pkl", says="--item are needed")
        self.refuse(2, "explain", "m.pkl", "--user", "3", says="--item are needed")
        self.refuse(2, "export", "m.pkl", says="--format and --output are needed")
        self.refuse(2, "synth", says="--output is needed")

    def test_an_unknown_model_names_those_there_are(self):
        self.refuse(2, "train", "--model", "lstm", "--data", self.data,
                    says="there is no model lstm, only popular, als")

    def test_an_argument_that_is_no_option_is_refused(self):
        self.refuse_train("stray", says="stray: train takes options only")
        self.refuse(2, "synth", "--output", self.out, "stray", says="stray: synth takes options only")

    def test_dashes_underscores_and_abbreviations_mean_the_same(self):
        for words in (["--eval-days", "7"], ["--eval_days=7"], ["--eval_d", "7"], ["--eval-d=7"]):
            self.assertEqual(self.trained(*words)["params"]["eval_days"], 7, words)

    def test_the_last_of_several_values_counts(self):
        self.assertEqual(self.trained("--seed", "3", "--seed", "4")["seed"], 4)


class Output(Case):
    def test_without_json_metrics_and_path_are_printed(self):
        done = self.train()
        self.assertIn("280 rows: 240 to train on (40 users, 23 items)", done.stdout)
        self.assertRegex(done.stdout, r"recall_at_k +0\.\d{6}\n")
        self.assertRegex(done.stdout, r"Model: .*/out/popular_model_0_\d{8}_\d{6}\.pkl\n$")
        self.assertEqual(done.stderr, "")  # no terminal, no progress

    def test_json_is_one_object_and_all_of_stdout(self):
        done = self.train("--json", "--factors", "8", model="als")
        self.assertEqual(done.stderr, "")
        self.assertEqual(json.loads(done.stdout)["status"], "completed")

    def test_warnings_go_to_stderr_even_when_quiet(self):
        done = self.train("--json", "--k", "24", "--quiet")
        self.assertEqual(done.stderr, "warning: k is 24, but there are only 23 items\n")
        self.assertEqual(json.loads(done.stdout)["k"], 24)

    def test_failures_are_json_too_and_messages_for_people(self):
        for words, status, code, reason in (
                (["--item-column", "sku"], 3, "data", "column_missing"),
                (["--data", "nowhere"], 3, "not_found", "path_missing"),
                (["--factors", "8"], 2, "invalid", "parameter_unknown"),
                (["--bogus"], 2, "invalid", "option")):
            done = self.train("--json", *words, status=status)
            said = json.loads(done.stdout)
            self.assertEqual((said["status"], said["error"]["code"], said["error"]["reason"]),
                             ("failed", code, reason))
            self.assertEqual(done.stderr, f"rectrain train: {said['error']['message']}\n")
            self.assertEqual(self.left(), [])

    def test_a_full_stdout_is_a_failure(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            for words in (["train", "--help"],
                          ["train", "--model", "popular", "--data", self.data, "--output",
                           self.out],
                          ["train", "--json", "--model", "popular", "--data", self.data,
                           "--output", self.out]):
                done = subprocess.run([RECTRAIN, *words], stdout=full, stderr=subprocess.PIPE,
                                      timeout=LIMIT_S, check=False, text=True)
                self.assertEqual(done.returncode, 1, words)
                self.assertIn("cannot write to stdout", done.stderr)

    def test_paths_may_hold_anything(self):
        strange = os.path.join(self.room, "ä ✓ 'q\" $x %s \udcff")
        shutil.copytree(self.data, strange)
        done = run("train", "--model", "popular", "--data", strange, "--output", strange + "/out",
                   "--json", cwd=self.room)
        self.assertEqual(done.returncode, 0, done.stderr)
        path = json.loads(done.stdout)["model_path"]
        self.assertIn("ä ✓ 'q\" $x %s \ufffd/out/", path)
        self.assertEqual(len(os.listdir(strange + "/out")), 2)


class Documented(Case):
    """docs/result.md lists every field that is printed, and no other."""

    def fields_of_docs(self, heading):
        with open(os.path.join(DOCS, "result.md"), encoding="utf-8") as file:
            text = file.read()
        section = re.split(r"^#+ ", text.split(f"# {heading}\n")[1], flags=re.M)[0]
        return set(re.findall(r"^\| `([^`]+)` \|", section, flags=re.M))

    def fields(self, value, path="", open_names=()):
        if path in open_names:
            return {path + ".NAME"}
        if isinstance(value, dict):
            return set().union(*(self.fields(child, f"{path}.{name}" if path else name, open_names)
                                 for name, child in value.items()))
        if isinstance(value, list):
            return set().union(*(self.fields(child, path + "[]", open_names) for child in value))
        return {path}

    def check(self, heading, value, *open_names):
        self.assertEqual(sorted(self.fields(value, "", open_names)),
                         sorted(self.fields_of_docs(heading)))

    def test_the_result_of_train(self):
        result = self.trained("--eval-every", "1", "--iterations", "2", "--factors", "4",
                              model="als")
        self.check("rectrain train", result, "params", "metrics", "popular_metrics")
        with open(result["hits_path"], encoding="utf-8") as file:
            self.check("The hits of each user", json.load(file))

    def test_the_example_has_the_fields_of_a_result(self):
        with open(os.path.join(DOCS, "result.md"), encoding="utf-8") as file:
            example = json.loads(file.read().split("```json\n")[1].split("```")[0])
        result = self.trained("--iterations", "2", "--factors", "4", model="als")
        self.assertEqual(self.fields(example), self.fields(result))

    def test_evaluate_recommend_and_synth(self):
        path = self.trained()["model_path"]
        said = json.loads(run("evaluate", path, "--data", self.data, "--json").stdout)
        self.check("rectrain evaluate", said, "metrics", "funnel", "data")
        said = json.loads(run("recommend", path, "--user", "3", "--json").stdout)
        self.check("rectrain recommend", said)
        said = json.loads(run("recommend", path, "--output", self.out + ".csv", "--json").stdout)
        self.check("rectrain recommend --output", said)
        als = self.trained(model="als")["model_path"]
        said = json.loads(run("similar", als, "--item", "3", "--k", "4", "--json").stdout)
        self.check("rectrain similar", said)
        said = json.loads(run("explain", als, "--user", "3", "--item", "5", "--json").stdout)
        self.check("rectrain explain", said)
        said = json.loads(run("synth", "--rows", "1000", "--users", "50", "--items", "20",
                              "--output", self.out + "2", "--json").stdout)
        self.check("rectrain synth", said)

    def test_a_failure(self):
        self.check("A failure", json.loads(self.train("--json", "--bogus", status=2).stdout))


class Evaluate(Case):
    def test_it_gives_the_metrics_of_the_run(self):
        for model in ("popular", "als"):
            for data in (self.data, self.text):
                result = self.trained(model=model, data=data)
                done = run("evaluate", result["model_path"], "--data", data, "--json")
                self.assertEqual(done.returncode, 0, done.stderr)
                said = json.loads(done.stdout)
                self.assertEqual(said["metrics"], result["metrics"])
                self.assertEqual(said["funnel"], result["funnel"])
                self.assertEqual(said["k"], 5)

    def test_options_change_the_question(self):
        path = self.trained()["model_path"]
        said = json.loads(run("evaluate", path, "--data", self.data, "--k", "23", "--json").stdout)
        self.assertEqual((said["k"], said["metrics"]["recall_at_k"]), (23, 1))

    def test_data_of_others_is_refused(self):
        path = self.trained()["model_path"]
        self.refuse(3, "evaluate", path, "--data", self.text, says="trained on other data")
        self.refuse(3, "evaluate", path, "--data", "nowhere", says="nowhere")

    def test_a_file_that_is_no_model_is_refused(self):
        self.refuse(3, "evaluate", "nothing.pkl", "--data", self.data, says="nothing.pkl")
        self.refuse(3, "evaluate", self.data + "/events.csv", "--data", self.data,
                    says="expected a model file")
        os.mkfifo(os.path.join(self.room, "pipe"))
        self.refuse(3, "evaluate", "pipe", "--data", self.data, says="pipe")

    def test_a_flipped_bit_is_found(self):
        path = self.trained(model="als")["model_path"]
        with open(path, "r+b") as file:
            file.seek(os.path.getsize(path) // 2)
            byte = file.read(1)[0]
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte ^ 1]))
        done = run("evaluate", path, "--data", self.data, "--json")
        self.assertEqual(done.returncode, 3, done.stdout)
        self.assertEqual(json.loads(done.stdout)["error"]["code"], "corrupt")


class Recommend(Case):
    def test_best_first_and_nothing_that_was_seen(self):
        path = self.trained(model="als")["model_path"]
        lines = run("recommend", path, "--user", "2", "--k", "4").stdout.splitlines()
        items = [int(line.split("\t")[0]) for line in lines]
        scores = [float(line.split("\t")[1]) for line in lines]
        seen = {(14 + 3 * day) % ITEMS for day in range(1, 7)}
        self.assertEqual(len(items), 4)
        self.assertEqual(scores, sorted(scores, reverse=True))
        self.assertFalse(seen & set(items))
        said = json.loads(run("recommend", path, "--user", "2", "--k", "4", "--json").stdout)
        self.assertEqual([entry["item"] for entry in said["items"]], items)
        self.assertEqual(said["user"], 2)

    def test_a_list_ends_where_nothing_is_left(self):
        for model in ("popular", "als"):
            path = self.trained(model=model)["model_path"]
            lines = run("recommend", path, "--user", "2", "--k", "1000000").stdout.splitlines()
            self.assertEqual(len(lines), ITEMS - 6)

    def test_string_ids_are_printed_as_they_are(self):
        path = self.trained(data=self.text)["model_path"]
        done = run("recommend", path, "--user", "u007", "--k", "3")
        self.assertEqual(done.returncode, 0, done.stderr)
        for line in done.stdout.splitlines():
            self.assertRegex(line, r"^i\d{3}é\t-?[0-9.]+$")
        said = json.loads(run("recommend", path, "--user", "u007", "--json").stdout)
        self.assertEqual(said["user"], "u007")

    def test_an_unknown_user_is_not_found(self):
        path = self.trained()["model_path"]
        for user in ("40", "-1", "2.0", "", "u007", "99999999999999999999"):
            self.refuse(3, "recommend", path, "--user", user, says=f"user {user} is not among")
        done = run("recommend", path, "--user", "40", "--json")
        self.assertEqual(json.loads(done.stdout)["error"]["reason"], "user_unknown")

    def test_a_wrong_k_is_refused(self):
        path = self.trained()["model_path"]
        for k in ("0", "-3", "x", "1000001"):
            self.refuse(2, "recommend", path, "--user", "2", "--k", k, says=f"k is {k}")


class Export(Case):
    def test_both_formats_are_written_and_nothing_is_overwritten(self):
        path = self.trained(model="als")["model_path"]
        for kind in ("npz", "safetensors"):
            target = os.path.join(self.room, "model." + kind)
            done = run("export", path, "--format", kind, "--output", target)
            self.assertEqual((done.returncode, done.stdout), (0, target + "\n"), done.stderr)
            with open(target, "rb") as file:
                before = file.read()
            self.assertGreater(len(before), 1000)
            self.assertNotEqual(run("export", path, "--format", kind, "--output",
                                    target).returncode, 0)
            with open(target, "rb") as file:
                self.assertEqual(file.read(), before)

    def test_an_unknown_format_is_refused(self):
        path = self.trained()["model_path"]
        self.refuse(2, "export", path, "--format", "onnx", "--output", "x",
                    says="there is no format onnx")

    def test_a_place_that_is_not_there_leaves_nothing(self):
        path = self.trained(model="als")["model_path"]
        done = run("export", path, "--format", "npz", "--output",
                   os.path.join(self.room, "a", "b", "c.npz"))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("c.npz", done.stderr)
        self.assertFalse(os.path.exists(os.path.join(self.room, "a")))


class Places(Case):
    """Outputs that cannot be written, and data that is no data."""

    def test_an_output_that_is_no_directory_is_found_at_once(self):
        for place, says in ((self.data + "/events.csv", "is no directory"),
                            (os.path.join(self.room, "a/b/c"), "No such file"),
                            ("", "has no name")):
            done = run("train", "--model", "popular", "--data", self.data, "--output", place)
            self.assertIn(done.returncode, (2, 3))
            self.assertIn(says, done.stderr)

    def test_an_output_without_the_right_to_write_is_found_at_once(self):
        os.mkdir(self.out, 0o555)
        done = run("train", "--model", "popular", "--data", self.data, "--output", self.out,
                   before=HEED_RIGHTS)
        self.assertEqual(done.returncode, 3, done.stderr)
        self.assertIn("Permission denied", done.stderr)
        self.assertEqual(os.listdir(self.out), [])

    def test_a_disk_that_is_full_leaves_nothing(self):
        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
        for model in ("popular", "als"):
            done = run("train", "--model", model, "--data", self.data, "--output", self.out,
                       preexec_fn=limit)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("cannot write", done.stderr)
            self.assertEqual(self.left(), [])

    def test_pipes_devices_and_files_as_data_are_refused_without_waiting(self):
        piped = os.path.join(self.room, "piped")
        os.mkdir(piped)
        os.mkfifo(os.path.join(piped, "clickstream.pq"))
        os.mkfifo(os.path.join(self.room, "pipe"))
        shutil.copy(self.data + "/events.csv", piped)
        for data in ("/dev/zero", "/dev/null", "pipe", piped, self.data + "/clickstream.csv",
                     "nowhere", "nowhere/*.pq", "/proc/self/mem"):
            begin = time.monotonic()
            done = run("train", "--model", "popular", "--data", data, "--output", self.out,
                       cwd=self.room)
            self.assertEqual(done.returncode, 3, (data, done.stderr))
            self.assertLess(time.monotonic() - begin, 20)

    def test_links_and_patterns_lead_to_the_data(self):
        os.symlink(self.data, os.path.join(self.room, "link"))
        os.mkdir(os.path.join(self.room, "parts"))
        shutil.copy(self.data + "/clickstream.csv", os.path.join(self.room, "parts", "a.csv"))
        shutil.copy(self.data + "/events.csv", self.room)
        plain = self.trained()
        self.assertEqual(self.trained(data="link")["funnel"], plain["funnel"])
        self.assertEqual(self.trained(data="parts/*.csv")["funnel"], plain["funnel"])


class Stopped(Case):
    """A run of minutes on a clickstream that the program makes, stopped by signals."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.large = os.path.join(cls.shared, "large")
        done = run("synth", "--rows", "300000", "--output", cls.large, "--quiet")
        assert done.returncode == 0, done.stderr

    def start(self, *words, **more):
        return subprocess.Popen(
            [RECTRAIN, "train", "--model", "als", "--data", self.large, "--output", self.out,
             "--iterations", "1000", "--factors", "128", *words],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            **more)

    def stop(self, process, number, after_s):
        """Seconds that it took to end."""
        time.sleep(after_s)
        begin = time.monotonic()
        process.send_signal(number)
        process.said, process.complained = process.communicate(timeout=LIMIT_S)
        return time.monotonic() - begin

    def test_interrupt_and_termination_end_it_with_4_and_leave_nothing(self):
        for number, after_s in ((signal.SIGINT, 2), (signal.SIGTERM, 1), (signal.SIGINT, 0.4),
                                (signal.SIGHUP, 1)):
            process = self.start("--json")
            seconds = self.stop(process, number, after_s)
            self.assertEqual(process.returncode, 4, process.complained)
            self.assertLess(seconds, 2)
            self.assertEqual(json.loads(process.said)["error"]["code"], "cancelled")
            self.assertIn("cancelled", process.complained)
            self.assertEqual(self.left(), [])

    def test_killed_at_any_moment_it_leaves_nothing(self):
        for after_s in (0.05, 0.2, 0.5, 0.9):
            process = self.start("--iterations", "1", "--factors", "8")
            self.stop(process, signal.SIGKILL, after_s)
            for name in self.left():  # a run that came to its end before
                self.assertRegex(name, r"^als_model_0_\d+_\d+(_\d+)?\.(pkl|hits\.json)$")
            for path in glob.glob(self.out + "/*.pkl"):  # whole, or not there
                done = run("recommend", path, "--user", "-1", "--json")
                self.assertEqual(json.loads(done.stdout)["error"]["reason"], "user_unknown")

    def test_synth_too_can_be_stopped(self):
        process = subprocess.Popen([RECTRAIN, "synth", "--rows", "30000000", "--output", self.out],
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        seconds = self.stop(process, signal.SIGINT, 1)
        self.assertEqual(process.returncode, 4, process.complained)
        self.assertLess(seconds, 2)
        self.assertEqual(self.left(), [])

    def test_two_at_once_share_a_directory(self):
        command = [RECTRAIN, "train", "--model", "popular", "--data", self.data, "--output",
                   self.out, "--json"]
        processes = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                     for _ in range(4)]
        results = [json.loads(process.communicate(timeout=LIMIT_S)[0]) for process in processes]
        self.assertEqual(len({result["model_path"] for result in results}), 4)
        self.assertEqual(len(self.left()), 8)
        for result in results:
            self.assertEqual(result["model_path"][:-len(".pkl")],
                             result["hits_path"][:-len(".hits.json")])


if __name__ == "__main__":
    unittest.main()
