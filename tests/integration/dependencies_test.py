"""The list of what the program is made of (tools/dependencies.mjs) is whole and true."""

import json
import os
import re
import subprocess
import unittest
from pathlib import Path

from stack import Stack

RECTRAIN = Path(os.environ["RECTRAIN"])
BUILD = Path(os.environ["RECTRAIN_BUILD"])
ROOT = Path(__file__).resolve().parents[2]


def value_of(component, name):
    return next((p["value"] for p in component["properties"] if p["name"] == f"rectrain:{name}"), "")


class Dependencies(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.list = json.loads((BUILD / "dependencies.json").read_text())
        cls.components = {one["name"]: one for one in cls.list["components"]}
        cls.libraries = {library for one in cls.list["components"]
                         for library in value_of(one, "libraries").split()} | {"libduckdb.so"}

    def test_every_library_that_is_linked_is_in_it(self):
        for file in (RECTRAIN, BUILD / "lib/libduckdb.so"):
            text = subprocess.run(["ldd", file], check=True, capture_output=True, text=True).stdout
            linked = {name.split("/")[-1] for name in re.findall(r"^\s*(\S*lib\S+|/\S+)", text, re.MULTILINE)}
            self.assertGreater(len(linked), 5)
            self.assertLessEqual(linked - {"linux-vdso.so.1"}, self.libraries, file)

    def test_every_library_that_a_server_has_loaded_is_in_it(self):
        with Stack() as stack:
            client = stack.client()
            stack.wait_for_job(client, stack.start_job(client)["job_id"])
            maps = Path(f"/proc/{stack.server.pid}/maps").read_text()
        loaded = {name.split("/")[-1] for name in re.findall(r"(/\S+\.so[.\d]*)$", maps, re.MULTILINE)}
        self.assertIn("libc.so.6", loaded)
        known = {library.split(".so")[0] for library in self.libraries}
        for name in loaded:
            self.assertIn(re.split(r"-\d|\.so", name)[0], {re.split(r"-\d", one)[0] for one in known}, name)

    def test_versions_are_those_of_the_installed_packages(self):
        seen = 0
        for one in self.list["components"]:
            if not one["purl"].startswith("pkg:deb/"):
                continue
            installed = subprocess.run(["dpkg-query", "-W", "-f", "${Version}\n", one["name"]], check=True,
                                       capture_output=True, text=True).stdout.split()
            self.assertIn(one["version"], installed, one["name"])
            seen += 1
        self.assertGreater(seen, 8)

    def test_what_comes_from_npm_is_in_it(self):
        named = set()
        for place in ("third_party/duckdb", "third_party/sqlite", "third_party/e2e", "web"):
            package = json.loads((ROOT / place / "package.json").read_text())
            named |= set(package["dependencies"]) | set(package.get("devDependencies", {}))
            for name, version in package["dependencies"].items():
                self.assertEqual(self.components[name]["version"], version)
        self.assertLessEqual({name for name in named if not name.startswith("@types/")},
                             set(self.components))

    def test_each_licence_has_its_text(self):
        for one in self.list["components"]:
            self.assertTrue(one["licenses"], one["name"])
            if one["scope"] == "required" and one["name"] != "sqlite":
                text = BUILD / value_of(one, "license-text")
                self.assertGreater(text.stat().st_size, 200, one["name"])

    def test_the_table_has_every_component(self):
        rows = (BUILD / "dependencies.txt").read_text().splitlines()[1:]
        self.assertEqual([row.split("\t")[0] for row in rows], [one["name"] for one in self.list["components"]])
        manual = (ROOT / "docs/dependencies.md").read_text()
        for name in self.components:
            if not self.components[name]["purl"].startswith("pkg:deb/"):
                self.assertIn(f"`{name}`", manual)


if __name__ == "__main__":
    unittest.main(verbosity=2)
