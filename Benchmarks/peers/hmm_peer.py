"""Runs hmmlearn's Baum-Welch on the data that the benchmark wrote and prints one line of JSON.

Usage: hmm_peer.py DATA POINTS DIMENSION STATES STEPS, where DATA holds float64 numbers: the points row by row, then the
initial distribution, the transition matrix, the means and the covariances to start from. The best of three runs counts.
One BLAS thread: measured, its fastest setting.
"""
import json
import os
import resource
import sys
import time

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy
from hmmlearn.hmm import GaussianHMM


def main():
    path, points, dimension, states, steps = sys.argv[1], *map(int, sys.argv[2:6])
    data = numpy.fromfile(path, dtype=numpy.float64)
    parts, start = [], 0
    for shape in [(points, dimension), (states,), (states, states), (states, dimension), (states, dimension, dimension)]:
        size = int(numpy.prod(shape))
        parts.append(data[start : start + size].reshape(shape))
        start += size
    x, initial, transition, means, covariances = parts
    best = float("inf")
    for _ in range(3):
        # No priors: maximum likelihood, as ours.
        model = GaussianHMM(
            states, covariance_type="full", implementation="scaling", n_iter=steps, tol=-numpy.inf, init_params="",
            covars_prior=0, covars_weight=0,
        )
        model.startprob_, model.transmat_ = initial.copy(), transition.copy()
        model.means_, model.covars_ = means.copy(), covariances.copy()
        begin = time.perf_counter()
        model.fit(x)
        best = min(best, time.perf_counter() - begin)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    history = list(model.monitor_.history)
    print(json.dumps({"seconds": best, "logLikelihood": history[-1], "steps": len(history), "peakMegabytes": peak}))


main()
