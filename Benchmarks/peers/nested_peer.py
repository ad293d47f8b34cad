"""NumPy implementations of READ at depth 2 and of guided Euler paths, whole batches at once.

Prints one line of JSON: for each, nanoseconds a draw, the estimate, its standard error and the peak memory in MB.
Two processes would halve the times on two cores at most; NumPy itself runs these on one.
"""
import json
import resource
import time

import numpy as np

RATIOS = [2 ** (-0.5 * (1 + q / (q - 1))) for q in (2.0, 4.0)]


def read(level, state, rng):
    """Unbiased estimates at `level`, one for each state."""
    y = state + rng.standard_normal(state.size)
    if level == len(RATIOS):
        return y
    ratio = RATIOS[level]
    n = (np.log(rng.random(state.size)) / np.log(ratio)).astype(np.int64)
    counts = 1 << n
    inner = read(level + 1, np.repeat(y, counts), rng)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    place = np.arange(inner.size) - np.repeat(starts, counts)
    odd = np.add.reduceat(np.where(place % 2 == 0, inner, 0.0), starts)
    even = np.add.reduceat(np.where(place % 2 == 1, inner, 0.0), starts)
    base = np.sin(y + inner[starts])
    half = np.maximum(counts // 2, 1)
    whole = np.sin(y + (odd + even) / counts)
    halves = 0.5 * (np.sin(y + odd / half) + np.sin(y + even / half))
    chance = (1 - ratio) * ratio**n
    return base + np.where(n > 0, (whole - halves) / chance, 0.0)


def nested(draws, batch, rng):
    return np.concatenate([read(0, np.full(batch, 0.5), rng) for _ in range(draws // batch)])


def guided(count, rng, steps=200, scale=0.7, end=1.5, noise=0.05, start=0.2):
    dt = 1.0 / steps
    x = np.full(count, start)
    weight = np.zeros(count)
    for step in range(steps):
        r = (end - x) / (noise + scale**2 * (1 - step * dt))
        b = 1.5 * np.sin(x)
        weight += b * r * dt
        x += (b + scale**2 * r) * dt + scale * dt**0.5 * rng.standard_normal(count)
    variance = noise + scale**2
    return weight - 0.5 * ((end - start) ** 2 / variance + np.log(2 * np.pi * variance))


def timed(run, count):
    best = np.inf
    for seed in range(3):
        rng = np.random.Generator(np.random.SFC64(seed))
        began = time.perf_counter()
        values = run(rng)
        best = min(best, time.perf_counter() - began)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return [best / count * 1e9, float(values.mean()), float(values.std() / len(values) ** 0.5), peak]


result = {
    "nested": min((timed(lambda rng: nested(65536, batch, rng), 65536) for batch in (1024, 4096, 16384)), key=lambda r: r[0]),
    "guided": min(
        (timed(lambda rng: np.concatenate([np.exp(guided(batch, rng)) for _ in range(16384 // batch)]), 16384)
         for batch in (1024, 4096, 16384)),
        key=lambda r: r[0],
    ),
}
print(json.dumps(result))
