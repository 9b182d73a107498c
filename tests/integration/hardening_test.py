"""The finished program has what makes a fault harder to exploit: the flags of cmake/compiler.cmake are
looked for in the binary, not in the build files, and in each of its parts, SQLite among them."""

import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from stack import Stack

RECTRAIN = Path(os.environ["RECTRAIN"])
BUILD = Path(os.environ["RECTRAIN_BUILD"])


def readelf(*arguments):
    done = subprocess.run(["readelf", "--wide", *map(str, arguments)], check=True,
                          capture_output=True, text=True, errors="replace")
    return done.stdout


def runpath(program):
    found = re.search(r"\(R(?:UN)?PATH\).*\[(.*)\]", readelf("--dynamic", program))
    return found.group(1).split(":") if found else []


class Binary(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.header = readelf("--file-header", RECTRAIN)
        cls.segments = readelf("--program-headers", RECTRAIN)
        cls.dynamic = readelf("--dynamic", RECTRAIN)
        cls.symbols = readelf("--dyn-syms", RECTRAIN)
        cls.is_gcc = "GNU C17" in readelf("--string-dump=.debug_str", RECTRAIN)

    def test_it_is_loaded_at_a_random_address(self):
        self.assertRegex(self.header, r"Type:\s+DYN ")
        self.assertRegex(self.dynamic, r"\(FLAGS_1\).*\bPIE\b")
        self.assertNotIn("TEXTREL", self.dynamic)

    def test_its_tables_of_functions_cannot_be_written(self):
        self.assertRegex(self.segments, r"(?m)^\s+GNU_RELRO\s")
        self.assertRegex(self.dynamic, r"\(FLAGS_1\).*\bNOW\b")

    def test_no_memory_is_written_and_run(self):
        stack = re.search(r"(?m)^\s+GNU_STACK\s.*$", self.segments).group()
        self.assertNotIn("E", stack.split("GNU_STACK")[1])
        loads = re.findall(r"(?m)^\s+LOAD\s+(?:0x\w+\s+){5}([RWE ]+?)\s+0x", self.segments)
        self.assertGreaterEqual(len(loads), 3)
        for flags in loads:
            self.assertFalse("W" in flags and "E" in flags, self.segments)

    def test_overruns_of_the_stack_are_noticed(self):
        self.assertIn(" __stack_chk_fail@", self.symbols)

    def test_the_library_checks_the_sizes_of_buffers(self):
        checked = set(re.findall(r"UND __(\w+)_chk@", self.symbols))
        self.assertLessEqual({"memcpy", "snprintf", "vsnprintf"}, checked)

    def test_each_part_was_compiled_with_the_flags(self):
        producers = re.findall(r"DW_AT_producer\s*:.*?\): (.*)|DW_AT_producer\s*: (GNU.*)",
                               readelf("--debug-dump=info", "--dwarf-depth=1", RECTRAIN))
        producers = ["".join(each) for each in producers]
        self.assertGreater(len(producers), 200)
        if not self.is_gcc:
            self.assertTrue(all("clang" in each for each in producers))
            return
        for flag in ("-fstack-protector-strong", "-fstack-clash-protection", "-fcf-protection"):
            without = [each for each in producers if flag not in each]
            self.assertEqual(without, [], flag)

    def test_each_part_marks_where_jumps_may_land(self):
        """Debian 12's own start files have no such mark, so the linker leaves it out of the program:
        the objects are asked."""
        if not self.is_gcc:
            return
        for library in [BUILD / "libsqlite.a", *sorted((BUILD / "src").glob("*/lib*.a"))]:
            for member in readelf("--notes", library).split("\nFile: ")[1:]:
                self.assertRegex(member, r"IBT, SHSTK", f"{library}: {member[:200]}")

    def test_it_loads_libraries_from_beside_itself_only(self):
        wanted = ["$ORIGIN/lib", "$ORIGIN/../lib/rectrain"]
        self.assertEqual(runpath(RECTRAIN), wanted)
        room = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, room)
        subprocess.run(["cmake", "--install", BUILD, "--prefix", room], check=True,
                       stdout=subprocess.DEVNULL)
        self.assertEqual(runpath(room / "bin/rectrain"), wanted)

    def test_a_library_of_the_same_name_where_it_is_started_is_not_loaded(self):
        room = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, room)
        for name in re.findall(r"\(NEEDED\).*\[(.*?)\]", self.dynamic):
            (room / name).write_text("not a library")
        (room / "libduckdb.so").write_text("not a library")
        done = subprocess.run([RECTRAIN, "synth", "--rows", "100", "--users", "10", "--items", "10",
                               "--output", room / "data"], cwd=room, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_duckdb_does_not_ask_for_a_stack_that_runs(self):
        segments = readelf("--program-headers", BUILD / "lib/libduckdb.so")
        stack = re.search(r"(?m)^\s+GNU_STACK\s(.*)$", segments).group(1)
        self.assertNotIn("E", stack)


class Processes(unittest.TestCase):
    def test_no_process_leaves_a_core_dump(self):
        with Stack(data=False) as stack:
            server = stack.server.popen.pid
            children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
            for pid in [server, *children]:
                limits = Path(f"/proc/{pid}/limits").read_text()
                self.assertRegex(limits, r"Max core file size\s+0\s+0\s", pid)


if __name__ == "__main__":
    unittest.main(verbosity=2)
