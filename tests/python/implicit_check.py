"""That Python's implicit itself loads an exported npz and recommends the same from it. By hand, since
Debian has no implicit; numpy, SciPy and implicit 0.7 must be installed:

    MODEL_SAMPLES=build/tests/model_samples python3 tests/python/implicit_check.py

model_file_test.py, one of the ordinary tests, does the same with numpy alone.
"""

import sys
import unittest

import model_file_test as ours

try:
    import numpy
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix
except ImportError as missing:
    sys.exit(f"{missing}: install numpy, scipy and implicit 0.7 for this Python")


class Implicit(ours.Samples):
    def test_implicit_loads_the_npz_and_recommends_the_same(self):
        model = AlternatingLeastSquares.load(self.path("als", "npz"))
        matrix = self.files["als"]["matrix"]
        seen = csr_matrix((matrix["data"], matrix["indices"], matrix["indptr"]),
                          shape=matrix["shape"])
        self.assertEqual((model.factors, model.iterations, model.cg_steps), (60, 10, 3))
        for user, _, scores in self.lists("als"):
            _, theirs = model.recommend(user, seen[user], N=ours.K)
            self.assertLess(numpy.max(numpy.abs(theirs - scores)), 1e-6)


if __name__ == "__main__":
    unittest.main()
