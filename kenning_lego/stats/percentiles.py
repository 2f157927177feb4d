"""Percentiles with bounds, or how many samples are missing for them.

The bounds are order statistics, as in :mod:`~kenning_lego.stats.intervals`: they assume nothing
about the distribution. Samples that follow one another repeat each other, so they are counted as
the independent ones that say as much (:func:`~kenning_lego.stats.dependence.effective_count`,
at the percentile or at the median, whichever is fewer: beyond a high percentile lie too few
samples to show that they came in bursts), and the ranks are those of so many, stretched to all.

With independent samples the bounds cover the percentile at least as often as they say; with
dependent ones about as often, as long as the series is many times longer than what its samples
remember. In our simulations of 95 % bounds, rounds with a correlation of 0.6 kept their coverage
from 100 rounds on; with 0.9 it needs about 1000. Bursts that were never seen cannot be bounded
by any rule.

A percentile of samples that are means of several calls (`loops` above 1) is one of these means,
not of single calls.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from kenning_lego.stats.dependence import effective_count
from kenning_lego.stats.intervals import (
    Estimate,
    interval_ranks,
    ordered_quantile,
    samples_needed,
)
from kenning_lego.stats.rounds import Rounds

CLAIMED = (0.5, 0.9, 0.95, 0.99)


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile, claimed or not.

    Args:
        quantile: between 0 and 1.
        estimate: with its bounds; None with too few samples.
        missing: samples of the same kind that it still needs, about; 0 if it is claimed.
        effective: independent samples that would say as much as all of them.
    """

    quantile: float
    estimate: Estimate | None
    missing: int
    effective: float

    @property
    def name(self) -> str:
        """Such as ``p99`` or ``p99.9``."""
        return f"p{self.quantile * 100:g}"

    def __str__(self) -> str:
        if self.estimate is None:
            return f"{self.name} needs {self.missing} more"
        return f"{self.name} {self.estimate}"


def percentiles(
    samples: Rounds, quantiles: Iterable[float] = CLAIMED, confidence: float = 0.95
) -> tuple[Percentile, ...]:
    """Claim what the samples support.

    Raises:
        UsageError: a quantile or the confidence is not between 0 and 1.
    """
    ascending = np.sort(samples.values).tolist()
    at_median = effective_count(samples, 0.5)
    return tuple(
        _percentile(ascending, each, confidence, min(at_median, effective_count(samples, each)))
        for each in quantiles
    )


def _percentile(
    ascending: list[float], quantile: float, confidence: float, effective: float
) -> Percentile:
    count = len(ascending)
    needed = samples_needed(quantile, confidence)
    counted = math.floor(effective + 1e-9)
    ranks = interval_ranks(counted, quantile, confidence)
    if ranks is None:
        repeated = count / effective if effective else 1.0
        missing = max(1, math.ceil((needed - counted) * repeated))
        return Percentile(quantile, None, missing, effective)
    # The l-th of m samples is expected where a share of l / (m + 1) is below.
    stretch = (count + 1) / (counted + 1)
    low = math.floor(ranks[0] * stretch + 1e-9)
    high = min(count, math.ceil(ranks[1] * stretch - 1e-9))
    value = ordered_quantile(ascending, quantile)
    estimate = Estimate(quantile, value, ascending[low - 1], ascending[high - 1], confidence)
    return Percentile(quantile, estimate, 0, effective)
