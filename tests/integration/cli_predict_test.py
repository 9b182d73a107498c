"""What a saved model says on the command line to strangers and to many users at once."""

import csv
import filecmp
import json
import os
import unittest

from cli_test import ITEMS, USERS, Case, run


class Question(Case):
    def ask(self, command, path, *options):
        done = run(command, path, *options, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)


class Strangers(Question):
    """Who was not trained on: a history in the question, or nothing at all."""

    def test_a_history_is_folded_in_however_it_is_given(self):
        path = self.trained(model="als")["model_path"]
        by_list = self.ask("recommend", path, "--items", "4,1,9,1", "--k", "5")
        with open(os.path.join(self.room, "history"), "w", encoding="utf-8") as file:
            file.write("1\t2\n4\n\n9\t1\n")
        by_file = self.ask("recommend", path, "--history", os.path.join(self.room, "history"), "--k", "5")
        self.assertEqual(by_list, by_file)
        self.assertEqual((by_list["basis"], by_list["user"]), ("history", None))
        self.assertFalse({1, 4, 9} & {entry["item"] for entry in by_list["items"]})

    def test_a_user_s_own_history_gives_nearly_the_user_s_own_list(self):
        path = self.trained(model="als")["model_path"]
        own = self.ask("recommend", path, "--user", "2", "--k", "5")
        seen = ",".join(str((14 + 3 * day) % ITEMS) for day in range(1, 7))
        folded = self.ask("recommend", path, "--items", seen, "--k", "5")
        common = {e["item"] for e in own["items"]} & {e["item"] for e in folded["items"]}
        self.assertGreaterEqual(len(common), 3)

    def test_popular_answers_with_its_list_whatever_the_history(self):
        path = self.trained(model="popular")["model_path"]
        said = self.ask("recommend", path, "--items", "3", "--k", "2")
        self.assertEqual(said["basis"], "popular")

    def test_allow_deny_and_with_seen_bound_the_list(self):
        path = self.trained(model="als")["model_path"]
        said = self.ask("recommend", path, "--items", "4", "--allow", "4,5,6", "--deny", "6")
        self.assertEqual([entry["item"] for entry in said["items"]], [5])
        said = self.ask("recommend", path, "--items", "4", "--allow", "4,5,6", "--with-seen")
        self.assertEqual({entry["item"] for entry in said["items"]}, {4, 5, 6})
        self.assertEqual(self.ask("recommend", path, "--items", "4", "--allow", "")["items"], [])

    def test_unknown_items_are_told_and_left_out(self):
        path = self.trained(model="als")["model_path"]
        done = run("recommend", path, "--items", "4,777,888", "--k", "2")
        self.assertIn("2 of the history's items are not among the model's items", done.stderr)

    def test_a_bad_history_names_file_and_line(self):
        path = self.trained(model="als")["model_path"]
        self.refuse(3, "recommend", path, "--history", "nowhere", says="nowhere")
        with open(os.path.join(self.room, "bad"), "w", encoding="utf-8") as file:
            file.write("1\t2\n4\tmany\n")
        self.refuse(3, "recommend", path, "--history", "bad", says="bad, line 2: many is no number")

    def test_reasons_add_up_and_a_touched_item_says_so(self):
        path = self.trained(model="als")["model_path"]
        said = self.ask("explain", path, "--items", "4,1,9", "--item", "5")
        self.assertAlmostEqual(sum(r["part"] for r in said["reasons"]), said["score"])
        self.assertEqual({r["item"] for r in said["reasons"]}, {1, 4, 9})
        self.assertIsNone(self.ask("explain", path, "--items", "4,1,9", "--item", "4")["rank"])
        self.assertIn("already touched",
                      run("explain", path, "--items", "4", "--item", "4").stdout)
        self.refuse(3, "explain", path, "--items", "4", "--item", "777", says="item 777 is not")

    def test_what_popular_cannot_say_it_refuses(self):
        path = self.trained(model="popular")["model_path"]
        self.refuse(2, "similar", path, "--item", "3", says="cannot say which items are alike")
        said = self.ask("explain", path, "--user", "3", "--item", "5")
        self.assertEqual((said["basis"], said["reasons"]), ("popular", []))
        self.assertIn("rows of the training data",
                      run("explain", path, "--user", "3", "--item", "5").stdout)


class Compare(Question):
    def test_each_item_is_told_with_its_place_in_both_lists(self):
        left = self.trained(model="als")["model_path"]
        right = self.trained(model="popular")["model_path"]
        lists = [[entry["item"] for entry in self.ask("recommend", path, "--user", "3", "--k",
                                                      "6")["items"]] for path in (left, right)]
        said = json.loads(run("compare", left, right, "--user", "3", "--k", "6", "--json").stdout)
        places = {move["item"]: (move["left_rank"], move["right_rank"]) for move in said["moves"]}
        self.assertEqual(places, {
            item: tuple(one.index(item) + 1 if item in one else None for one in lists)
            for item in lists[0] + lists[1]})
        self.assertEqual([said["left"]["basis"], said["right"]["basis"]], ["user", "popular"])
        self.assertAlmostEqual(said["overlap"], len(set(lists[0]) & set(lists[1])) / 6)
        rows = [line.split("\t") for line in
                run("compare", left, right, "--user", "3", "--k", "6").stdout.splitlines()]
        self.assertEqual(rows[0], ["item", "left", "right", "moved"])
        for item, one, other, moved in rows[1:-1]:
            ranks = places[int(item)]
            self.assertEqual((one, other), tuple(str(rank or "-") for rank in ranks))
            if None in ranks:
                self.assertEqual(moved, "new" if ranks[0] is None else "gone")
            else:
                self.assertEqual(0 if moved == "=" else int(moved), ranks[0] - ranks[1])

    def test_a_model_beside_itself_has_not_moved(self):
        path = self.trained(model="als")["model_path"]
        said = json.loads(run("compare", path, path, "--items", "3,4", "--json").stdout)
        self.assertEqual(said["overlap"], 1.0)
        self.assertEqual(run("compare", path, "--user", "3").returncode, 2)


class ManyUsers(Case):
    def lists(self, path, *options):
        out = os.path.join(self.room, "lists.csv")
        done = run("recommend", path, "--output", out, "--overwrite", "--json", *options)
        self.assertEqual(done.returncode, 0, done.stderr)
        with open(out, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        return json.loads(done.stdout), rows

    def test_each_list_is_that_of_the_user_alone(self):
        for model in ("als", "popular"):
            path = self.trained(model=model)["model_path"]
            said, rows = self.lists(path, "--k", "4")
            self.assertEqual((said["users"], said["rows"]), (USERS, len(rows)))
            self.assertEqual(len({(row["cookie"], row["node"]) for row in rows}), len(rows))
            for user in (0, 7, USERS - 1):
                alone = json.loads(run("recommend", path, "--user", str(user), "--k", "4",
                                       "--json").stdout)["items"]
                mine = [row for row in rows if row["cookie"] == str(user)]
                self.assertEqual([int(row["node"]) for row in mine],
                                 [entry["item"] for entry in alone])
                self.assertEqual([int(row["rank"]) for row in mine], [1, 2, 3, 4])

    def test_parquet_holds_the_same_rows(self):
        path = self.trained(model="als")["model_path"]
        out = os.path.join(self.room, "lists.parquet")
        said = json.loads(run("recommend", path, "--output", out, "--k", "4", "--json").stdout)
        self.assertEqual(said["rows"], 4 * USERS)
        with open(out, "rb") as file:
            head, size = file.read(4), os.path.getsize(out)
        self.assertEqual((head, size), (b"PAR1", said["bytes"]))

    def test_threads_change_no_byte(self):
        path = self.trained(model="als")["model_path"]
        files = []
        for threads in ("1", "3"):
            files.append(os.path.join(self.room, f"lists{threads}.csv"))
            run("recommend", path, "--output", files[-1], "--threads", threads)
        self.assertTrue(filecmp.cmp(*files, shallow=False))

    def test_users_of_a_file_ascend_and_strangers_are_told(self):
        path = self.trained(data=self.text, model="als")["model_path"]
        users = os.path.join(self.room, "users")
        with open(users, "w", encoding="utf-8") as file:
            file.write("u007\nnobody\nu002\n\nu007\n")
        said, rows = self.lists(path, "--k", "2", "--users", users)
        self.assertEqual([row["cookie"] for row in rows], ["u002", "u002", "u007", "u007"])
        with open(users, "w", encoding="utf-8") as file:
            file.write("nobody\n")
        self.refuse(3, "recommend", path, "--output", os.path.join(self.room, "x.csv"), "--users",
                    users, says="none of the users")

    def test_nothing_is_overwritten_and_names_say_the_format(self):
        path = self.trained()["model_path"]
        out = os.path.join(self.room, "once.csv")
        self.assertEqual(run("recommend", path, "--output", out).returncode, 0)
        self.refuse(2, "recommend", path, "--output", out, says="is there already")
        self.refuse(2, "recommend", path, "--output", "x.txt", says=".parquet or .csv")
        self.refuse(3, "recommend", path, "--output", "nowhere/x.csv", says="nowhere")
        self.refuse(2, "recommend", path, "--output", "x.csv", "--k", "10001", says="at most 10000")


if __name__ == "__main__":
    unittest.main()
