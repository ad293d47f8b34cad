"""A bootstrap filter of the stochastic volatility model on the returns that the benchmark wrote; one line of JSON.

Usage: filter_peer.py PEER DATA PARTICLES, where DATA holds float64 returns. PEER is `particles` (the package, with its
defaults: systematic resampling at half the effective sample size) or `numpy` (the same filter written out). The data are
read before the clock starts; the peer runs once on a part to warm up and is then timed: the best of three runs.
"""
import json
import os
import resource
import sys
import time

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import numpy

MEAN, PERSISTENCE, VOLATILITY = -1.0, 0.95, 0.3


def with_particles(returns, count):
    import particles
    from particles import state_space_models

    model = state_space_models.StochVol(mu=MEAN, rho=PERSISTENCE, sigma=VOLATILITY)
    filtered = particles.SMC(
        fk=state_space_models.Bootstrap(ssm=model, data=returns), N=count, resampling="systematic", ESSrmin=0.5,
        collect="off", store_history=False,
    )
    filtered.run()
    return filtered.logLt


def with_numpy(returns, count):
    generator = numpy.random.Generator(numpy.random.SFC64(1))
    scale = VOLATILITY / numpy.sqrt(1 - PERSISTENCE**2)
    x = MEAN + scale * generator.standard_normal(count)
    logs = numpy.zeros(count)
    evidence, before = 0.0, numpy.log(count)
    noise, work = numpy.empty(count), numpy.empty(count)
    constant = -0.5 * numpy.log(2 * numpy.pi)
    weights = None
    for step, y in enumerate(returns):
        if step > 0:
            if weights.sum() ** 2 / (weights @ weights) < count / 2:
                total = numpy.cumsum(weights)
                points = (numpy.arange(count) + generator.random()) * (total[-1] / count)
                x = x[numpy.minimum(numpy.searchsorted(total, points), count - 1)]
                logs[:] = 0
                before = numpy.log(count)
            generator.standard_normal(out=noise)
            x *= PERSISTENCE
            x += MEAN * (1 - PERSISTENCE)
            noise *= VOLATILITY
            x += noise
        numpy.negative(x, out=work)
        numpy.exp(work, out=work)
        work *= y * y
        work += x
        work *= -0.5
        logs += work
        logs += constant
        largest = logs.max()
        weights = numpy.exp(logs - largest)
        now = largest + numpy.log(weights.sum())
        evidence += now - before
        before = now
    return evidence


def main():
    peer, path, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    returns = numpy.fromfile(path, dtype=numpy.float64)
    run = {"particles": with_particles, "numpy": with_numpy}[peer]
    numpy.random.seed(1)
    run(returns[:20], 1000)
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        evidence = run(returns, count)
        best = min(best, time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": best, "logEvidence": float(evidence), "peakMegabytes": peak}))


main()
