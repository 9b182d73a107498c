"""The manuals speak of what is there: links lead somewhere, commands and actions exist, and so does
every setting that is named."""

import os
import re
import unittest
from pathlib import Path

from stack import run_rectrain

ROOT = Path(__file__).resolve().parents[2]
MANUALS = [path for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")]
           if "node_modules" not in path.parts]


def words_of_help(*command):
    """The commands or actions that a help lists."""
    text = run_rectrain(*command, "--help").stdout
    return re.findall(r"^  ([a-z][a-z-]*) ", re.split(r"Commands:|Actions:", text)[-1], re.MULTILINE)


class Manuals(unittest.TestCase):
    def test_links_lead_to_files_that_are_there(self):
        self.assertGreater(len(MANUALS), 15)
        for manual in MANUALS:
            text = re.sub(r"```.*?```", "", manual.read_text(), flags=re.DOTALL)
            for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text):
                if not re.match(r"https?:|mailto:", target):
                    self.assertTrue(os.path.exists(manual.parent / target), f"{manual}: {target}")

    def test_commands_and_actions_exist(self):
        commands = words_of_help()
        self.assertIn("serve", commands)
        actions = {group: words_of_help(group) for group in ("user", "db")}
        for manual in MANUALS:
            text = manual.read_text()
            named = re.findall(r"`rectrain ([a-z-]+)(?: ([a-z]+))?", text)
            for block in re.findall(r"```.*?```", text, re.DOTALL):
                named += re.findall(r"^(?:\$ )?rectrain ([a-z-]+)(?: ([a-z]+))?", block, re.MULTILINE)
            for command, action in named:
                self.assertIn(command, commands, f"{manual}: rectrain {command}")
                if command in actions and action:
                    self.assertIn(action, actions[command], f"{manual}: rectrain {command} {action}")

    def test_options_of_administration_exist(self):
        for manual in MANUALS:
            for command, action, rest in re.findall(r"rectrain (user|db) ([a-z]+)([^`\n#]*)",
                                                    manual.read_text()):
                shown = run_rectrain(command, action, "--help").stdout
                for option in re.findall(r"--[a-z-]+", rest):
                    self.assertIn(option, shown, f"{manual}: rectrain {command} {action} {rest}")

    def test_tests_that_are_named_as_proof_exist(self):
        # Not by `ctest -N`, which would begin the log anew that the cases are counted from.
        listed = (Path(os.environ["RECTRAIN_BUILD"]) / "tests/CTestTestfile.cmake").read_text()
        known = set(re.findall(r"^add_test\(\[=\[(\w+)\]=\]", listed, re.MULTILINE))
        known |= {path.stem for path in (ROOT / "tests/fuzz").glob("*_fuzz.c")}
        cases = set(re.findall(r"^static void (\w+)\(void \*\*state",
                               (ROOT / "tests/unit/worker/sandbox_test.c").read_text(), re.MULTILINE))
        rooms = "|".join(path.name for path in (ROOT / "src").iterdir())
        for name in ("SECURITY.md", "docs/proof.md"):
            text = (ROOT / name).read_text()
            named = re.findall(rf"`(?:script/test )?((?:{rooms}|integration|web|e2e|chaos|hostile)_\w+|soak)`", text)
            self.assertGreater(len(named), 5, name)
            for test in set(named) - cases:
                self.assertIn(test, known, name)
        sandbox = (ROOT / "SECURITY.md").read_text().split("## What the sandbox does")[1]
        for case in re.findall(r"`([a-z]+(?:_[a-z]+){2,})`", sandbox):
            self.assertIn(case, cases)

    def test_settings_in_the_manuals_are_in_the_table(self):
        table = set(re.findall(r"^\| `(\w+)`", (ROOT / "docs/configuration.md").read_text(),
                               re.MULTILINE))
        compose = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
        for name in ("deployment.md", "limits.md", "operations.md", "troubleshooting.md"):
            text = (ROOT / "docs" / name).read_text()
            named = set(re.findall(r"`([A-Z][A-Z_]{4,})(?:=[^`]*)?`", text))
            named = {word.removesuffix("_FILE") for word in named} - {"SIGTERM", "LD_LIBRARY_PATH"}
            self.assertLessEqual(named, table | compose, name)

    def test_what_is_said_beyond_a_limit_stands_in_the_troubleshooting(self):
        known = set(re.findall(r"`(\w+)`", (ROOT / "docs/troubleshooting.md").read_text()))
        text = (ROOT / "docs/limits.md").read_text()
        codes = set(re.findall(r"(?:4\d\d|503|with|,) `([a-z_]+)`", text)) - {
            name for name in re.findall(r"`(rectrain_[a-z_]+)`", text)}
        self.assertGreater(len(codes), 10)
        self.assertLessEqual(codes, known)


if __name__ == "__main__":
    unittest.main(verbosity=2)
