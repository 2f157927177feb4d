"""Latencies whose truth is known: distributions, dependence, and what can go wrong with a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Rng = np.random.Generator
Quantile = Callable[[Floats], Floats]
Slowdown = Callable[[Rng, int], Floats]

_FAST, _SLOW, _SLOW_SHARE = NormalDist(1.0, 0.02), NormalDist(1.5, 0.05), 0.15


def lognormal(shares: Floats) -> Floats:
    """Quantiles of the usual shape: a floor is far, the right tail is longer."""
    return np.exp(0.3 * _normal(shares))


def heavy_tailed(shares: Floats) -> Floats:
    """Quantiles of a Pareto distribution that has no variance."""
    return np.power(1 - shares, -1 / 1.5)


def bimodal(shares: Floats) -> Floats:
    """Quantiles of two modes, such as two kinds of cores: 15 % take half as long again."""
    grid = np.linspace(0.8, 2.0, 20_001)
    below = [
        (1 - _SLOW_SHARE) * _FAST.cdf(each) + _SLOW_SHARE * _SLOW.cdf(each)
        for each in grid.tolist()
    ]
    found: Floats = np.interp(shares, below, grid)
    return found


SOURCES: Mapping[str, Quantile] = {
    "lognormal": lognormal,
    "bimodal": bimodal,
    "heavy": heavy_tailed,
}


def drawn(rng: Rng, source: Quantile, trials: int, count: int, correlation: float = 0.0) -> Floats:
    """Samples of a source, shape (trials, count); neighbours depend on each other as told.

    Args:
        rng: where chance comes from.
        source: its quantile function.
        trials: independent runs.
        count: samples of each.
        correlation: of neighbours, on the normal scale (a Gaussian copula).
    """
    series = rng.standard_normal((trials, count))
    fresh = np.sqrt(1 - correlation**2)
    for index in range(1, count if correlation else 0):
        series[:, index] = correlation * series[:, index - 1] + fresh * series[:, index]
    shares = np.interp(series, *_normal_table())
    return source(shares)


def quiet(_rng: Rng, rounds: int) -> Floats:
    """Nothing happens."""
    return np.ones(rounds)


def drift(rng: Rng, rounds: int) -> Floats:
    """3 to 10 % slower from beginning to end, as on a board that grows warm."""
    return np.linspace(1, 1 + rng.uniform(0.03, 0.1), rounds)


def frequency(rng: Rng, rounds: int) -> Floats:
    """3 to 30 % slower from somewhere on, as at a lower clock."""
    slowdown = np.ones(rounds)
    slowdown[int(rounds * rng.uniform(0.2, 0.8)) :] *= 1 + rng.uniform(0.03, 0.3)
    return slowdown


def bursts(rng: Rng, rounds: int) -> Floats:
    """One to three bursts of 4 to 10 % of the rounds each, 10 to 80 % slower."""
    slowdown = np.ones(rounds)
    for _ in range(rng.integers(1, 4)):
        length = int(rounds * rng.uniform(0.04, 0.1))
        begin = rng.integers(rounds - length)
        slowdown[begin : begin + length] *= 1 + rng.uniform(0.1, 0.8)
    return slowdown


def noise(rng: Rng, items: int, rounds: int) -> Floats:
    """Quiet latencies around 1 of one of three shapes, shape (items, rounds)."""
    size = rng.uniform(0.005, 0.03)
    shape = rng.integers(3)
    if shape == 0:
        return rng.lognormal(0, size, (items, rounds))
    if shape == 1:
        return 1 + size * rng.pareto(3, (items, rounds))
    slow = rng.random((items, rounds)) < 0.1
    return 1 + 0.002 * rng.standard_normal((items, rounds)) + 2 * size * slow


def _normal(shares: Floats) -> Floats:
    values, below = _normal_table()
    found: Floats = np.interp(shares, below, values)
    return found


def _normal_table() -> tuple[Floats, Floats]:
    values = np.linspace(-8, 8, 16_001)
    below = np.array([NormalDist().cdf(each) for each in values.tolist()])
    return values, below
