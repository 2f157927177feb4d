"""How far samples that follow one another repeat each other, and what that costs."""

from __future__ import annotations

import math

import numpy as np

from kenning_lego.stats.rounds import Floats, Rounds

_STRONGEST = 0.98
"""Beyond this a series says next to nothing about its own autocorrelation."""
_CERTAIN = 3.0
"""Standard errors of an autocorrelation beyond which it is no accident."""
_WINDOW = 5


def autocorrelation(series: Floats) -> float:
    """Lag-1 autocorrelation, corrected for its small-sample bias; negative counts as none.

    The correction for the estimated mean is that of Kendall (1954): the estimate is too low
    by about (1 + 4 r) / n.
    """
    count = len(series)
    if count < 4:
        return 0.0
    deviations = series - series.mean()
    power = float(deviations @ deviations)
    if power == 0:
        return 0.0
    found = float(deviations[1:] @ deviations[:-1]) / power
    if found <= 0:
        return 0.0
    return min(_STRONGEST, found + (1 + 4 * found) / count)


def inflation(series: Floats) -> float:
    """By what factor dependence raises the variance of a mean of the series; at least 1.

    (1 + r) / (1 - r), which is exact for a first-order autoregressive series. If r is beyond
    chance, also the sum of all autocorrelations up to five times itself, as Sokal ("Monte Carlo
    methods in statistical mechanics", 1997) sums them, and the larger counts: memory may fade
    more slowly than the first lag tells. For independent rounds that sum would only add noise.
    """
    strength = autocorrelation(series)
    first = (1 + strength) / (1 - strength)
    if strength * math.sqrt(len(series)) < _CERTAIN:
        return first
    deviations = series - series.mean()
    power = float(deviations @ deviations)
    summed = 1.0
    for lag in range(1, len(series) // 4):
        summed += 2 * float(deviations[lag:] @ deviations[:-lag]) / power
        if lag >= _WINDOW * summed:
            break
    return max(first, summed)


def block_length(inflated: float, count: int) -> int:
    """Rounds in a block of the bootstrap, so that blocks keep most of the dependence.

    The length that minimises the error of a block bootstrap's variance for a first-order
    autoregressive series: (6 r^2 n / (1 - r^2)^2)^(1/3), 1 for independent rounds. Source:
    Politis and White, "Automatic block-length selection for the dependent bootstrap" (2004),
    with an autoregressive plug-in after Andrews (1991). At most a tenth of the rounds.

    Args:
        inflated: see :func:`inflation`.
        count: rounds.
    """
    strength = _strength(inflated)
    wanted = math.pow(6 * strength**2 * count / (1 - strength**2) ** 2, 1 / 3)
    return max(1, min(round(wanted), count // 10))


def lost_by_blocks(inflated: float, length: int) -> float:
    """By what factor blocks of that length make the variance of a mean too small; at least 1.

    Blocks keep the dependence within them and lose that between them: of the autocorrelation at
    lag k they keep 1 - k / length.
    """
    strength = _strength(inflated)
    kept = sum((1 - lag / length) * strength**lag for lag in range(1, length))
    return inflated / (1 + 2 * kept)


def _strength(inflated: float) -> float:
    """The first-order autocorrelation that inflates as much."""
    return (inflated - 1) / (inflated + 1)


def effective_count(rounds: Rounds, quantile: float) -> float:
    """Independent samples that would say as much about a quantile; at most the samples.

    What decides about a quantile is which samples lie below it. The variance of that share is
    estimated over whole rounds, so that samples of one round may depend on each other in any
    way, and raised for the dependence of neighbouring rounds; see :func:`inflation`. Bursts
    much longer than the series, or fewer than ten, are beyond it.
    """
    count = len(rounds.values)
    if count < 2:
        return float(count)
    threshold = np.partition(rounds.values, _index(count, quantile))[_index(count, quantile)]
    below = rounds.values <= threshold
    share = float(below.mean())
    if share in (0.0, 1.0):
        return float(count)
    sums = rounds.sums(below - share)
    independent = count * share * (1 - share)
    ratio = float(sums @ sums) / independent * inflation(sums)
    return count / max(1.0, ratio)


def _index(count: int, quantile: float) -> int:
    # One lower at the top: that all samples are below the largest says nothing.
    return min(max(0, math.ceil(count * quantile) - 1), max(0, count - 2))
