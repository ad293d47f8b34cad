"""Runs one peer on the data that the benchmark wrote and prints one line of JSON.

Usage: peer.py WORK DATA ITEMS FEATURES, where DATA holds float64 numbers: the features row by row, then the targets.
The data are read before the clock starts; the peer runs once to warm up on a part and is then timed.
"""
import json
import resource
import sys
import time

import numpy


def logistic(x, y):
    from sklearn.linear_model import LogisticRegression

    def run(x, y):
        # The same optimum: penalty 1, no scaling; tolerance tight enough for 1e-6 on the loss.
        return LogisticRegression(C=1.0, tol=1e-6, max_iter=1000).fit(x, y)

    def loss(model):
        margin = numpy.where(y > 0, 1, -1) * model.decision_function(x)
        return float(numpy.logaddexp(0, -margin).sum() + 0.5 * (model.coef_**2).sum())

    return run, loss


def isotonic(x, y):
    from sklearn.isotonic import IsotonicRegression

    return (lambda x, y: IsotonicRegression(out_of_bounds="clip").fit(x[:, 0], y)), (
        lambda model: float(((model.predict(x[:, 0]) - y) ** 2).mean())
    )


def platt(x, y):
    from sklearn.calibration import _SigmoidCalibration

    return (lambda x, y: _SigmoidCalibration().fit(x[:, 0], y)), (
        lambda model: float(((model.predict(x[:, 0]) - y) ** 2).mean())
    )


def trees(x, y):
    import xgboost

    def run(x, y):
        return xgboost.train(
            {
                "objective": "binary:logistic", "max_depth": 4, "eta": 0.1, "tree_method": "hist", "max_bin": 256,
                "lambda": 1.0, "min_child_weight": 1.0, "nthread": 2,
            },
            xgboost.DMatrix(x, label=y), num_boost_round=100,
        )

    def loss(model):
        p = model.predict(xgboost.DMatrix(x)).clip(1e-7, 1 - 1e-7)
        return float(-(y * numpy.log(p) + (1 - y) * numpy.log(1 - p)).mean())

    return run, loss


def main():
    work, path, items, features = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    data = numpy.fromfile(path, dtype=numpy.float64)
    x = data[: items * features].reshape(items, features)
    y = data[items * features :]
    run, loss = {"logistic": logistic, "isotonic": isotonic, "platt": platt, "trees": trees}[work](x, y)
    run(x[:2000], y[:2000])
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        model = run(x, y)
        best = min(best, time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": best, "loss": loss(model), "peakMegabytes": peak}))


main()
