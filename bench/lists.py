#!/usr/bin/env python3
"""Are the lists of `rectrain recommend` those of implicit's `recommend`, from the same factors?

    bench/lists.py MODEL.pkl [--users 10000] [--k 40] [--threads 2] [--seed 1]

MODEL.pkl: an ALS model that `rectrain train` wrote. RECTRAIN is the program (build/rectrain). Needs
Python with NumPy, SciPy and implicit 0.7: without one of them it stops and says which. That many
users, drawn by the seed, get lists of k from both, with what they have touched left out. Ids and
order must be equal; two items may change places only where their scores, computed with whole
precision, are within float error of each other. Then the two take turns, and the ratio of their
users a second is told. Prints one JSON object; ends with 1 where a list is another one. Run it with
OPENBLAS_NUM_THREADS=1, as implicit shares users out among threads itself.
"""
import argparse
import csv
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

RECTRAIN = os.environ.get("RECTRAIN", str(Path(__file__).resolve().parents[1] / "build/rectrain"))
TURNS = 3

try:
    import numpy as np
    import scipy.sparse
    from implicit.cpu.als import AlternatingLeastSquares
except ImportError as missing:
    sys.exit(f"bench/lists.py compares with implicit, and {missing}: install numpy, scipy and "
             "implicit 0.7 for this Python, or put them on PYTHONPATH")


class NumpyOnly(pickle.Unpickler):
    def find_class(self, module, name):
        if (module, name) != ("numpy", "ndarray"):
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed")
        return np.ndarray


def peer_of(run, threads):
    """implicit's model of the same factors, and the matrix that it filters by."""
    model = AlternatingLeastSquares(factors=run["model"]["user_factors"].shape[1],
                                    num_threads=threads)
    model.user_factors = run["model"]["user_factors"]
    model.item_factors = run["model"]["item_factors"]
    m = run["matrix"]
    return model, scipy.sparse.csr_matrix((m["data"], m["indices"], m["indptr"]), shape=m["shape"])


def their_lists(model, matrix, users, k):
    ids, _ = model.recommend(users, matrix[users], N=k, filter_already_liked_items=True)
    return ids


def our_lists(arguments, run, users, directory):
    """Columns of the lists' items, by user; -1 fills what is short."""
    people, items = run["mappings"]["users"], run["mappings"]["items"]
    wanted, output = Path(directory, "users"), Path(directory, "lists.csv")
    wanted.write_text("".join(f"{people[user]}\n" for user in users))
    subprocess.run([RECTRAIN, "recommend", arguments.model, "--output", output, "--users", wanted,
                    "--k", str(arguments.k), "--threads", str(arguments.threads), "--overwrite",
                    "--quiet"], check=True, stdout=subprocess.DEVNULL)
    row_of = {str(people[user]): row for row, user in enumerate(users)}
    column_of = {str(item): column for column, item in enumerate(items)}
    lists = np.full((len(users), arguments.k), -1, np.int32)
    with open(output, newline="", encoding="utf-8") as file:
        for line in csv.DictReader(file):
            lists[row_of[line["cookie"]], int(line["rank"]) - 1] = column_of[line["node"]]
    return lists


def differences(run, matrix, users, ours, theirs):
    """Lists that are not equal, places that are not, and the worst difference of scores there, as a
    share of the float error that a score of these factors may have."""
    x = run["model"]["user_factors"].astype(np.float64)
    y = run["model"]["item_factors"].astype(np.float64)
    other_lists, other_places, worst = 0, 0, 0.0
    for row, user in enumerate(users):
        # Where everything is touched implicit fills up with items of score -max: they are no list.
        seen = matrix.indices[matrix.indptr[user]:matrix.indptr[user + 1]]
        length = min(ours.shape[1], matrix.shape[1] - len(seen))
        mine, its = ours[row, :length], theirs[row, :length]
        if (mine < 0).any() or (ours[row, length:] >= 0).any() or np.isin(mine, seen).any() or \
                len(set(mine)) != length:
            raise SystemExit(f"the list of user {user} is no list: {mine}")
        places = np.nonzero(mine != its)[0]
        if len(places) == 0:
            continue
        other_lists += 1
        other_places += len(places)
        a, b = y[mine[places]], y[its[places]]
        # Sums of f products in another order: at most f times the rounding of the largest sum.
        error = x.shape[1] * np.finfo(np.float32).eps * np.maximum(np.abs(a) @ np.abs(x[user]),
                                                                  np.abs(b) @ np.abs(x[user]))
        worst = max(worst, float(np.max(np.abs((a - b) @ x[user]) / error)))
    return other_lists, other_places, worst


def rates(arguments, model, matrix, everybody):
    """Users a second of both for all users, in turns: (ours, theirs, ratio)."""
    pairs = []
    with tempfile.TemporaryDirectory() as directory:
        for _ in range(TURNS):
            start = time.perf_counter()
            their_lists(model, matrix, everybody, arguments.k)
            theirs = len(everybody) / (time.perf_counter() - start)
            start = time.perf_counter()
            subprocess.run([RECTRAIN, "recommend", arguments.model, "--output",
                            Path(directory, "all.parquet"), "--k", str(arguments.k), "--threads",
                            str(arguments.threads), "--overwrite", "--quiet"], check=True,
                           stdout=subprocess.DEVNULL)
            pairs.append((len(everybody) / (time.perf_counter() - start), theirs))
    middle = [statistics.median(side) for side in zip(*pairs)]
    return round(middle[0]), round(middle[1]), statistics.median(a / b for a, b in pairs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    for name, value in (("users", 10000), ("k", 40), ("threads", 2), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=value)
    arguments = parser.parse_args()
    with open(arguments.model, "rb") as file:
        run = NumpyOnly(file).load()
    if run["model"]["type"] != "als":
        raise SystemExit(f"{arguments.model} is {run['model']['type']}, which implicit has not")
    model, matrix = peer_of(run, arguments.threads)
    count = min(arguments.users, matrix.shape[0])
    users = np.sort(np.random.default_rng(arguments.seed).choice(matrix.shape[0], count, False))
    with tempfile.TemporaryDirectory() as directory:
        ours = our_lists(arguments, run, users, directory)
    theirs = their_lists(model, matrix, users, arguments.k)
    other_lists, other_places, worst = differences(run, matrix, users, ours, theirs)
    ours_rate, their_rate, ratio = rates(arguments, model, matrix, np.arange(matrix.shape[0]))
    print(json.dumps({
        "model": Path(arguments.model).stem, "items": matrix.shape[1], "users": count,
        "k": arguments.k, "equal_lists": count - other_lists, "other_places": other_places,
        "worst_of_float_error": round(worst, 4), "rectrain_users_per_second": ours_rate,
        "implicit_users_per_second": their_rate, "ratio": round(ratio, 2)}))
    sys.exit(0 if worst <= 1 else 1)


if __name__ == "__main__":
    main()
