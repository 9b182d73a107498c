#!/usr/bin/env python3
"""The seconds of an ALS iteration, beside implicit's where its Python module can be imported.

    bench/bench_als.py build/bench/bench_fit matrix.npz [factors=60] [alpha=20] [regularization=0.01]
                       [iterations=5] [threads=2] [pairs=5] [solver=cg]

The npz holds shape, tr_indptr, tr_indices and tr_data (users × items, counts). Only the fit is
timed: the matrix is read once and handed over as it is. The two programs take turns, `pairs` times,
so that a slow minute of the machine hits both; the ratio is the median of the pairs' ratios, and
the loss of both is computed the same way, after the last iteration. Prints one JSON line a pair and
a summary; run it with OPENBLAS_NUM_THREADS=1, as implicit shares rows out among threads itself.
"""
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy as np

PEER = """
import json, sys
import numpy as np, scipy.sparse as sp
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu import _als
z = np.load(sys.argv[1])
a = json.loads(sys.argv[2])
m = sp.csr_matrix((z["tr_data"].astype(np.float32), z["tr_indices"].astype(np.int32),
                   z["tr_indptr"].astype(np.int32)), tuple(int(x) for x in z["shape"]))
model = AlternatingLeastSquares(factors=a["factors"], alpha=a["alpha"],
    regularization=a["regularization"], iterations=a["iterations"], num_threads=a["threads"],
    use_cg=a["solver"] == "cg", random_state=1)
seconds = []
model.fit(m, show_progress=False, callback=lambda iteration, taken, loss: seconds.append(taken))
loss = _als.calculate_loss(m * np.float32(a["alpha"]), model.user_factors, model.item_factors,
                           a["regularization"], num_threads=a["threads"])
print(json.dumps({"iter_s": float(np.median(seconds)), "loss": float(loss)}))
"""


def settings(arguments):
    known = {"factors": 60, "alpha": 20.0, "regularization": 0.01, "iterations": 5, "threads": 2,
             "pairs": 5, "solver": "cg"}
    for argument in arguments:
        name, value = argument.split("=", 1)
        known[name] = type(known[name])(value)
    return known


def write_plain(npz, path):
    z = np.load(npz)
    with open(path, "wb") as out:
        np.array([*z["shape"], len(z["tr_indices"])], np.int64).tofile(out)
        z["tr_indptr"].astype(np.int64).tofile(out)
        z["tr_indices"].astype(np.int32).tofile(out)
        z["tr_data"].astype(np.float32).tofile(out)


def ours(program, matrix, a):
    names = ("factors", "alpha", "regularization", "iterations", "threads", "solver")
    command = [program, matrix, *(f"{name}={a[name]}" for name in names)]
    return json.loads(subprocess.run(command, check=True, capture_output=True).stdout)


def theirs(npz, a):
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": str(a["threads"])}
    done = subprocess.run([sys.executable, "-c", PEER, npz, json.dumps(a)], check=True,
                          capture_output=True, env=environment)
    return json.loads(done.stdout)


def has_peer():
    return subprocess.run([sys.executable, "-c", "import implicit.cpu.als"],
                          capture_output=True, check=False).returncode == 0


def main():
    program, npz, a = sys.argv[1], sys.argv[2], settings(sys.argv[3:])
    peer = has_peer()
    lines = []
    with tempfile.TemporaryDirectory() as directory:
        matrix = os.path.join(directory, "matrix.bin")
        write_plain(npz, matrix)
        for pair in range(a["pairs"]):
            line = {"pair": pair, "ours": ours(program, matrix, a)}
            if peer:
                line["implicit"] = theirs(npz, a)
                line["ratio"] = line["implicit"]["iter_s"] / line["ours"]["iter_s"]
            lines.append(line)
            print(json.dumps(line), flush=True)
    mine = statistics.median(line["ours"]["iter_s"] for line in lines)
    summary = {"data": pathlib.Path(npz).stem, **a, "rectrain_iter_s": mine,
               "rectrain_loss": lines[0]["ours"]["loss"],
               "fit_peak_bytes": lines[0]["ours"]["fit_peak_bytes"],
               "input_bytes": lines[0]["ours"]["input_bytes"], "cpu": lines[0]["ours"]["cpu"]}
    if peer:
        summary.update(
            implicit_iter_s=statistics.median(line["implicit"]["iter_s"] for line in lines),
            implicit_loss=lines[0]["implicit"]["loss"],
            ratio=statistics.median(line["ratio"] for line in lines),
            loss_relative=lines[0]["ours"]["loss"] / lines[0]["implicit"]["loss"] - 1)
    print(json.dumps(summary))


if __name__ == "__main__":
    main()
