"""docs/troubleshooting.md has an entry for each code that the program tells, and for no other."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORD = r'"([a-z]+(?:_[a-z0-9]+)*)"'


def sources():
    return {path.relative_to(ROOT): path.read_text() for path in (ROOT / "src").rglob("*.[ch]")}


def codes_of_jobs(text):
    table = text[text.index("problems[] = {"):text.index("PROBLEM_COUNT")]
    return set(re.findall(r"\{" + WORD + ",", table))


def told():
    """The codes by where they are told: reasons of errors, problems of the API, jobs' problems, and
    the names of the kinds of errors, which stand where there is no reason."""
    found = {}

    def add(codes, where):
        for code in codes:
            found.setdefault(code, where)
    for path, text in sources().items():
        add(re.findall(r"FAIL_REASON\(\s*[\w&>.*-]+,\s*[\w>.-]+,\s*" + WORD, text), path)
        add(re.findall(r"response_problem\(\s*[&\w>.-]+,\s*\w+,\s*[^,;]*?" + WORD, text), path)
        add(re.findall(r"refuse_field\(\s*\w+,\s*" + WORD, text), path)
        for body in re.findall(r"\nstatic const char \*refusal_code\(.*?\n}", text, re.DOTALL):
            add(re.findall(WORD, body), path)
    jobs = (ROOT / "src/jobs/problem.c").read_text()
    add(codes_of_jobs(jobs), "src/jobs/problem.c")
    header = (ROOT / "src/jobs/problem.h").read_text()
    add(re.findall(r"#define JOB_\w+ " + WORD, header), "src/jobs/problem.h")
    return found


def documented():
    """The codes in the first cells of the manual's tables, in order."""
    rows = [line for line in (ROOT / "docs/troubleshooting.md").read_text().splitlines()
            if line.startswith("| `")]
    return [code for row in rows for code in re.findall(r"`([a-z][a-z0-9_]*)`", row.split("|")[1])]


class Troubleshooting(unittest.TestCase):
    def test_the_search_finds_codes_of_every_kind(self):
        found = told()
        for code in ("column_missing", "login_required", "password_wrong", "body_too_large",
                     "worker_died", "setting", "store_unavailable"):
            self.assertIn(code, found)
        self.assertGreater(len(found), 100)

    def test_each_code_has_an_entry(self):
        entries = set(documented())
        missing = {code: str(where) for code, where in told().items() if code not in entries}
        self.assertEqual(missing, {})

    def test_each_entry_is_of_a_code_that_exists(self):
        text = "\n".join(sources().values())
        names = {name.lower() for name in re.findall(
            r"X\((\w+), \d,", (ROOT / "src/base/error.h").read_text())}
        gone = [code for code in documented() if f'"{code}"' not in text and code not in names]
        self.assertEqual(gone, [])

    def test_entries_say_all_four_things_and_each_code_once_a_section(self):
        manual = (ROOT / "docs/troubleshooting.md").read_text()
        for section in manual.split("\n## ")[1:]:
            rows = [line for line in section.splitlines() if line.startswith("| `")]
            codes = [code for row in rows for code in re.findall(r"`([a-z0-9_]+)`",
                                                                 row.split("|")[1])]
            self.assertEqual(len(codes), len(set(codes)), section.splitlines()[0])
            for row in rows:
                cells = [cell.strip() for cell in re.sub(r"`[^`]*`", "x", row).split("|")[1:-1]]
                self.assertEqual((len(cells), all(cells)), (4, True), row)

    def test_the_brief_s_issues_and_tips_are_there(self):
        manual = (ROOT / "docs/troubleshooting.md").read_text()
        for heading in ("### Data not found", "### Training fails", "### Slow training",
                        "## Performance tips", "### Large datasets", "### Faster iteration"):
            self.assertIn(heading, manual)


if __name__ == "__main__":
    unittest.main(verbosity=2)
