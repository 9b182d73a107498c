"""DuckDB's own library, by its C interface: what makes the Parquet files of the tests. Standard
library only; RECTRAIN_BUILD names the build directory."""

import ctypes
import os
from pathlib import Path

BUILD = Path(os.environ.get("RECTRAIN_BUILD", Path(__file__).resolve().parents[2] / "build"))


class _Result(ctypes.Structure):
    _fields_ = [("data", ctypes.c_uint64 * 6)]


class Duck:
    def __init__(self):
        self.library = ctypes.CDLL(str(BUILD / "lib" / "libduckdb.so"))
        self.library.duckdb_result_error.restype = ctypes.c_char_p
        database, self.connection = ctypes.c_void_p(), ctypes.c_void_p()
        for rc in (self.library.duckdb_open(None, ctypes.byref(database)),
                   self.library.duckdb_connect(database, ctypes.byref(self.connection))):
            assert rc == 0, "DuckDB does not start"
        self.run("SET threads=1")

    def run(self, sql):
        result = _Result()
        failed = self.library.duckdb_query(self.connection, sql.encode(), ctypes.byref(result))
        words = self.library.duckdb_result_error(ctypes.byref(result)) if failed else b""
        self.library.duckdb_destroy_result(ctypes.byref(result))
        assert not failed, f"{sql}: {words.decode(errors='replace')}"

    def write(self, path, query, options="FORMAT parquet"):
        self.run(f"COPY ({query}) TO '{path}' ({options})")
