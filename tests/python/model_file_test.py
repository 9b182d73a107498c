"""What Python makes of the model file and of its exports, with numpy alone.

MODEL_SAMPLES is the program that writes them (tests/python/model_samples.c). What implicit itself
makes of them implicit_check.py tries by hand.
"""

import hashlib
import json
import os
import pickle
import pickletools
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile
from types import SimpleNamespace

try:
    import numpy
except ImportError as missing:
    sys.exit(f"{missing}: script/bootstrap --dev brings it")

NAMES = ["als", "als_strings", "als_few", "popular"]
K = 40


class NumpyOnly(pickle.Unpickler):
    """Refuses every name but the one that a model file needs."""

    def find_class(self, module, name):
        if (module, name) != ("numpy", "ndarray"):
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed")
        return numpy.ndarray


def expected_ids(kind, count):
    """The ids that tests/unit/model/sample.c makes up."""
    if kind == "int":
        return [7 * i - 3 for i in range(count)]
    if kind == "uint":
        return [2**64 - 1 - 3 * (count - 1 - i) for i in range(count)]
    ids = [""] + [f"sku-{i:09}" for i in range(1, count)]
    ids[1] += "!" * 400
    ids[2] += "\0"
    if count > 3:
        ids[-1] = "\u00e9t\u00e9"
    return ids


class Samples(unittest.TestCase):
    """The files that MODEL_SAMPLES writes, and each of the pickles opened."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.mkdtemp(prefix="rectrain-test-")
        done = subprocess.run(
            [os.environ["MODEL_SAMPLES"], cls.directory],
            check=True, stdout=subprocess.PIPE, universal_newlines=True)
        cls.sums = dict(line.split() for line in done.stdout.splitlines())
        cls.files = {}
        for name in NAMES:
            with open(cls.path(name, "pkl"), "rb") as file:
                cls.files[name] = pickle.load(file)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory)

    @classmethod
    def path(cls, name, extension):
        return os.path.join(cls.directory, f"{name}.{extension}")

    def contents(self, name, extension="pkl"):
        with open(self.path(name, extension), "rb") as file:
            return file.read()

    def lists(self, name):
        with open(self.path(name, "lists")) as file:
            for line in file:
                user, *pairs = line.split()
                items, scores = zip(*(pair.split(":") for pair in pairs))
                yield int(user), [int(item) for item in items], [float(s) for s in scores]


class ModelFile(Samples):
    def test_keys_stand_in_the_documented_order(self):
        for name, file in self.files.items():
            self.assertEqual(
                list(file),
                ["format", "model", "mappings", "matrix", "popularity", "params", "metrics",
                 "data", "seed", "version", "checksum"])
            self.assertEqual(file["format"], "rectrain/1")
            self.assertEqual(file["model"]["type"], name.split("_")[0])
            self.assertEqual(file["seed"], 2**64 - 1)
            self.assertEqual(file["version"], "0.1.0")

    def test_a_restricted_unpickler_needs_one_name_only(self):
        for name in NAMES:
            with open(self.path(name, "pkl"), "rb") as file:
                opened = NumpyOnly(file).load()
                self.assertEqual(file.read(), b"")
            self.assertEqual(opened["checksum"], self.files[name]["checksum"])

    def test_the_pure_python_unpickler_reads_it_too(self):
        opened = pickle._loads(self.contents("als_strings"))
        self.assertEqual(opened["mappings"], self.files["als_strings"]["mappings"])

    def test_arrays_have_their_types_and_can_be_written(self):
        model = self.files["als"]["model"]
        for key, shape in (("user_factors", (1200, 60)), ("item_factors", (700, 60))):
            self.assertEqual(model[key].dtype, numpy.float32)
            self.assertEqual(model[key].shape, shape)
            self.assertTrue(model[key].flags.c_contiguous)
            self.assertTrue(numpy.all(numpy.abs(model[key]) <= 0.5))
            model[key][0, 0] += 0  # raises where the array is read-only
        self.assertEqual(self.files["popular"]["model"]["items"].dtype, numpy.int32)
        self.assertEqual(self.files["popular"]["model"]["counts"].dtype, numpy.int64)

    def test_ids_are_those_that_were_written(self):
        kinds = {"als": ("int", "int"), "als_strings": ("text", "text"),
                 "als_few": ("uint", "text"), "popular": ("int", "uint")}
        for name, (users, items) in kinds.items():
            mappings, shape = (self.files[name][key] for key in ("mappings", "matrix"))
            rows, columns = shape["shape"]
            self.assertEqual(list(mappings["users"]), expected_ids(users, rows))
            self.assertEqual(list(mappings["items"]), expected_ids(items, columns))

    def test_json_values_are_plain_python(self):
        data = self.files["als"]["data"]
        self.assertEqual(
            data["edges"], [2**31 - 1, -2**31, 2**31, -2**31 - 1, 2**63 - 1, -2**63])
        self.assertEqual(data["reals"], [0.15165, -1e-300])
        self.assertEqual(data["nested"], {"list": [], "dict": {}})
        self.assertIs(data["yes"], True)
        self.assertIs(data["no"], False)
        self.assertIsNone(data["nothing"])
        self.assertEqual(data["long"], "x" * 300)
        self.assertEqual(data["accents"], "\u00e9t\u00e9")
        self.assertEqual(self.files["als"]["metrics"],
                         {"recall_at_k": 0.15165, "precision_at_k": 0.009271})

    def test_popularity_counts_the_rows_of_the_matrix(self):
        for file in self.files.values():
            matrix = file["matrix"]
            counts = numpy.bincount(matrix["indices"], weights=matrix["data"],
                                    minlength=matrix["shape"][1])
            self.assertTrue(numpy.array_equal(counts, file["popularity"]))
            self.assertEqual(matrix["indptr"].dtype, numpy.int64)
            self.assertEqual(matrix["indptr"][-1], len(matrix["data"]))

    def test_every_array_starts_on_a_64_byte_boundary_of_the_file(self):
        for name in NAMES:
            found = 0
            for opcode, argument, at in pickletools.genops(self.contents(name)):
                if opcode.name == "BYTEARRAY8":
                    self.assertEqual((at + 9) % 64, 0)
                    found += 1
            self.assertGreaterEqual(found, 5)

    def test_only_documented_opcodes_occur(self):
        allowed = {"PROTO", "EMPTY_DICT", "MARK", "SHORT_BINUNICODE", "BINUNICODE", "GLOBAL",
                   "BININT", "LONG1", "TUPLE1", "TUPLE2", "TUPLE3", "SHORT_BINBYTES", "POP",
                   "BYTEARRAY8", "REDUCE", "SETITEMS", "EMPTY_LIST", "APPENDS", "BINFLOAT",
                   "NEWTRUE", "NEWFALSE", "NONE", "STOP"}
        for name in NAMES:
            ops = {opcode.name for opcode, _, _ in pickletools.genops(self.contents(name))}
            self.assertEqual(ops - allowed, set())

    def test_checksum_and_sum_can_be_computed_again(self):
        for name, file in self.files.items():
            content = self.contents(name)
            self.assertEqual(hashlib.sha256(content).hexdigest(), self.sums[name])
            self.assertEqual(content[-66:-2].decode(), file["checksum"])
            self.assertEqual(hashlib.sha256(content[:-66] + content[-2:]).hexdigest(),
                             file["checksum"])

    def test_lists_of_als_are_recomputed_from_the_file(self):
        for name in ("als", "als_strings", "als_few"):
            model, matrix = (self.files[name][key] for key in ("model", "matrix"))
            users = 0
            for user, items, scores in self.lists(name):
                own = model["item_factors"] @ model["user_factors"][user]
                seen = matrix["indices"][matrix["indptr"][user]:matrix["indptr"][user + 1]]
                own[seen] = -numpy.inf
                best = numpy.lexsort((numpy.arange(len(own)), -own))[:K]
                best = best[numpy.isfinite(own[best])]
                self.assertEqual(len(items), len(best))
                self.assertEqual(len(set(items)), len(items))
                self.assertFalse(set(items) & set(seen.tolist()))
                # Sums in another order differ in the last bits: only near equals may swap.
                self.assertLess(numpy.max(numpy.abs(own[items] - own[best])), 1e-6)
                self.assertLess(numpy.max(numpy.abs(own[items] - scores)), 1e-6)
                users += 1
            self.assertEqual(users, min(1000, len(model["user_factors"])))

    def test_lists_of_popular_are_the_first_of_the_file(self):
        file = self.files["popular"]
        order = numpy.lexsort((numpy.arange(70), -file["popularity"]))
        self.assertTrue(numpy.array_equal(file["model"]["items"], order))
        self.assertTrue(numpy.array_equal(file["model"]["counts"], file["popularity"][order]))
        for _, items, _ in self.lists("popular"):
            self.assertEqual(items, order[:K].tolist())

    def assert_same_ids(self, arrays, name):
        for key in ("user_ids", "item_ids"):
            want = list(self.files[name]["mappings"][key.replace("_ids", "s")])
            if key in arrays:
                have = arrays[key].tolist()
            else:
                offsets, content = arrays[key + "_offsets"], arrays[key + "_bytes"].tobytes()
                have = [content[begin:end].decode()
                        for begin, end in zip(offsets[:-1], offsets[1:])]
            self.assertEqual(have, want)

    def test_npz_has_what_implicit_reads(self):
        for name in ("als", "als_strings", "als_few"):
            model = self.files[name]["model"]
            self.assertIsNone(zipfile.ZipFile(self.path(name, "npz")).testzip())
            with numpy.load(self.path(name, "npz"), allow_pickle=False) as npz:
                arrays = dict(npz)
            for key in ("user_factors", "item_factors"):
                self.assertTrue(numpy.array_equal(arrays[key], model[key]))
                self.assertEqual(arrays[key].dtype, numpy.float32)
            self.assertEqual(str(arrays["dtype"]), "float32")
            self.assertEqual(
                {key: arrays[key].item()
                 for key in arrays if arrays[key].shape == () and key != "dtype"},
                {"factors": model["user_factors"].shape[1], "regularization": 0.01, "alpha": 1.0,
                 "iterations": 10, "cg_steps": 3, "use_cg": True, "use_native": True,
                 "calculate_training_loss": False, "num_threads": 0})
            self.assert_same_ids(arrays, name)

    def test_the_npz_opened_as_implicit_does_recommends_the_same(self):
        """implicit's load makes an attribute of every entry, and a plain value of one without a
        shape; its recommend takes the largest of the products, without what the user has seen."""
        with numpy.load(self.path("als", "npz"), allow_pickle=False) as npz:
            model = SimpleNamespace(**{key: value.item() if value.shape == () else value
                                       for key, value in npz.items()})
        self.assertEqual((model.factors, model.iterations, model.cg_steps), (60, 10, 3))
        matrix = self.files["als"]["matrix"]
        for user, _, scores in self.lists("als"):
            theirs = model.item_factors @ model.user_factors[user]
            theirs[matrix["indices"][matrix["indptr"][user]:matrix["indptr"][user + 1]]] = -numpy.inf
            theirs = numpy.sort(theirs)[:-K - 1:-1]
            self.assertLess(numpy.max(numpy.abs(theirs - scores)), 1e-6)

    def test_safetensors_tile_their_file(self):
        types = {"F32": "<f4", "I32": "<i4", "I64": "<i8", "U64": "<u8", "U8": "|u1"}
        for name in NAMES:
            content = self.contents(name, "safetensors")
            (length,) = struct.unpack("<Q", content[:8])
            header = json.loads(content[8:8 + length])
            body, file = content[8 + length:], self.files[name]
            self.assertEqual((8 + length) % 64, 0)
            metadata = header.pop("__metadata__")
            self.assertEqual(metadata["format"], "rectrain/1")
            self.assertEqual(metadata["model_type"], file["model"]["type"])
            self.assertEqual(int(metadata["seed"]), file["seed"])
            self.assertEqual(metadata["version"], file["version"])
            for key in ("params", "metrics", "data"):
                self.assertEqual(json.loads(metadata[key]), file[key])
            arrays, at = {}, 0
            for key, entry in header.items():
                begin, end = entry["data_offsets"]
                self.assertEqual(begin, at)
                arrays[key] = numpy.frombuffer(body[begin:end], types[entry["dtype"]])
                self.assertEqual(begin % arrays[key].itemsize, 0)
                arrays[key] = arrays[key].reshape(entry["shape"])
                at = end
            self.assertEqual(at, len(body))
            self.assert_safetensors_match(arrays, name)

    def assert_safetensors_match(self, arrays, name):
        file = self.files[name]
        want = {key: value for key, value in file["model"].items() if key != "type"}
        want.update({f"matrix_{key}": file["matrix"][key]
                     for key in ("indptr", "indices", "data")})
        want["popularity"] = file["popularity"]
        for key, value in want.items():
            self.assertTrue(numpy.array_equal(arrays[key], value), key)
            self.assertEqual(arrays[key].dtype, value.dtype)
        self.assertEqual({key for key in arrays if "_ids" not in key}, set(want))
        self.assert_same_ids(arrays, name)


if __name__ == "__main__":
    unittest.main(argv=sys.argv)
