"""Samples one posterior with one peer's no-U-turn sampler and prints one line of JSON.

Usage: chains_peer.py PEER MODEL SETTING DATA ROWS COLUMNS [DRAWS], with PEER numpyro, blackjax or nutpie, MODEL logistic or
schools, and DATA a file of float64 numbers: features row by row, then outcomes; for schools the estimates, then their
errors (ROWS = 8, COLUMNS = 1). SETTING is how a peer runs its chains: vmap or pmap for numpyro and
blackjax, numba for nutpie; a suffix -64 takes double precision where the default is single.

Everything is compiled and run once before the clock starts; the quickest of three runs counts. Four chains, 1,000 warm-up steps. Effective sample sizes and
R-hat are ArviZ's.
"""
import json
import os
import resource
import sys
import time
import warnings

warnings.filterwarnings("ignore")
peer, model, setting, path, rows, columns = sys.argv[1:5] + [int(a) for a in sys.argv[5:7]]
draws = int(sys.argv[7]) if len(sys.argv) > 7 else 4000
chains, warmup = 4, 1000
if "pmap" in setting:
    os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=%d" % chains
for name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy

data = numpy.fromfile(path, dtype=numpy.float64)
x = data[: rows * columns].reshape(rows, columns)
y = data[rows * columns :]


def jax_density():
    """The log-density over one vector, the same as ours, and the number of its coordinates."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", setting.endswith("-64"))
    a, b = jnp.asarray(x), jnp.asarray(y)
    if model == "logistic":
        signs = 1 - 2 * b
        signed = a * signs[:, None]
        return (lambda q: -jax.nn.softplus(signed @ q).sum() - 0.5 * (q @ q) / 6.25), columns
    estimates, errors = a[:, 0], b

    def schools(q):
        mu, log_tau, raw = q[0], q[1], q[2:]
        tau = jnp.exp(log_tau)
        z = (estimates - mu - tau * raw) / errors
        return (
            -0.5 * (mu / 5) ** 2 + log_tau - jnp.log1p((tau / 5) ** 2) - 0.5 * (raw @ raw) - 0.5 * (z @ z)
        )

    return schools, 10


def timed(run):
    """The quickest of three runs after one that compiles, with its result."""
    run(0)
    best = None
    for seed in (1, 2, 3):
        start = time.perf_counter()
        result = run(seed)
        seconds = time.perf_counter() - start
        if best is None or seconds < best[1]:
            best = result, seconds
    return best


def spread(function):
    """`function` over chains: one device a chain, or all chains in step."""
    import jax

    return jax.pmap(function) if "pmap" in setting else jax.jit(jax.vmap(function))


def scanned(warm_one, sample_one, size):
    """Times a warm-up and a sampling that are whole programs, compiled once; each is (key, ...) -> (state, positions)."""
    import jax

    start = jax.random.uniform(jax.random.PRNGKey(7), (chains, size), minval=-0.5, maxval=0.5)
    warm_all, sample_all = spread(warm_one), spread(sample_one)
    warmed = []

    def warm(seed):
        keys = jax.random.split(jax.random.PRNGKey(seed), chains)
        warmed[:] = [jax.block_until_ready(warm_all(keys, start))]

    def sample(seed):
        keys = jax.random.split(jax.random.PRNGKey(100 + seed), chains)
        return numpy.asarray(jax.block_until_ready(sample_all(keys, warmed[0])))

    _, warm_seconds = timed(warm)
    values, seconds = timed(sample)
    return values, warm_seconds, seconds


def numpyro_chains():
    """Its kernel without the MCMC class around it, which would compile anew in every run."""
    import jax
    from numpyro.infer.hmc import hmc

    density, size = jax_density()
    init, step = hmc(lambda q: -density(q), algo="NUTS")

    def warm_one(key, position):
        state = init(position, num_warmup=warmup, rng_key=key)
        return jax.lax.fori_loop(0, warmup, lambda _, state: step(state), state)

    def sample_one(_, state):
        def one(state, _):
            state = step(state)
            return state, state.z

        return jax.lax.scan(one, state, None, length=draws)[1]

    return scanned(warm_one, sample_one, size)


def blackjax_chains():
    import blackjax
    import jax

    density, size = jax_density()
    adaptation = blackjax.window_adaptation(blackjax.nuts, density)

    def warm_one(key, position):
        (state, parameters), _ = adaptation.run(key, position, warmup)
        return state, parameters

    def sample_one(key, warmed):
        state, parameters = warmed
        step = blackjax.nuts(density, **parameters).step

        def one(state, key):
            state, _ = step(key, state)
            return state, state.position

        return jax.lax.scan(one, state, jax.random.split(key, draws))[1]

    return scanned(warm_one, sample_one, size)


def nutpie_chains():
    import nutpie
    import pymc

    with pymc.Model() as posterior:
        if model == "logistic":
            b = pymc.Normal("q", 0.0, 2.5, shape=columns)
            pymc.Bernoulli("y", logit_p=pymc.math.dot(x, b), observed=y.astype(int))
        else:
            mu = pymc.Normal("mu", 0.0, 5.0)
            tau = pymc.HalfCauchy("tau", 5.0)
            raw = pymc.Normal("raw", 0.0, 1.0, shape=8)
            pymc.Normal("y", mu + tau * raw, y, observed=x[:, 0])
    compiled = nutpie.compile_pymc_model(posterior, backend="numba")

    def run(seed, count):
        trace = nutpie.sample(
            compiled, draws=count, tune=warmup, chains=chains, cores=2, seed=seed, progress_bar=False,
            store_divergences=False,
        )
        group = trace.posterior
        names = ["q"] if model == "logistic" else ["mu", "tau", "raw"]
        parts = []
        for name in names:
            part = numpy.asarray(group[name])
            part = numpy.log(part) if name == "tau" else part
            parts.append(part if part.ndim == 3 else part[:, :, None])
        return numpy.concatenate(parts, axis=2)

    # It has no call for the warm-up alone: its time is that of a run with hardly any draws.
    _, warm_seconds = timed(lambda seed: run(seed, 1))
    values, seconds = timed(lambda seed: run(seed, draws))
    return values, warm_seconds, max(seconds - warm_seconds, 1e-9)


def main():
    values, warm_seconds, seconds = {"numpyro": numpyro_chains, "blackjax": blackjax_chains, "nutpie": nutpie_chains}[
        peer
    ]()
    import arviz

    sizes = [float(arviz.ess(values[:, :, i])) for i in range(values.shape[2])]
    scales = [float(arviz.rhat(values[:, :, i])) for i in range(values.shape[2])]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        json.dumps(
            {
                "warmUpSeconds": warm_seconds, "seconds": seconds, "leastSize": min(sizes), "worstScale": max(scales),
                "peakMegabytes": peak, "mean": [float(v) for v in values.mean(axis=(0, 1))],
            }
        )
    )


main()
