"""Confidence intervals of quantiles that assume nothing about the distribution.

Of n independent samples, the number below the q-quantile is binomial(n, q) whatever the
distribution is. So the l-th smallest sample lies above the quantile with probability at most
P(B <= l - 1), and the u-th smallest below it with probability at most P(B >= u). We take the
largest l and the smallest u that keep each of the two at or below (1 - confidence) / 2: the
interval covers the quantile at least as often as it says, ties included. Source: Conover,
"Practical Nonparametric Statistics", on quantiles; Hahn and Meeker, "Statistical Intervals",
on distribution-free intervals.

With too few samples no such l or u exists, and no interval is claimed. Samples that follow one
another are rarely independent; timing in random, interleaved order keeps them near to it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kenning_lego.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class Estimate:
    """A quantile of what was sampled, in the samples' unit.

    Args:
        quantile: which one, between 0 and 1; 0.5 is the median.
        value: the point estimate.
        low: lower bound of the interval; one of the samples.
        high: upper bound; one of the samples.
        confidence: share of such intervals that hold the true quantile, at least.
    """

    quantile: float
    value: float
    low: float
    high: float
    confidence: float

    @property
    def relative_half_width(self) -> float:
        """The farther bound's distance from the value, as a share of the value."""
        distance = max(self.high - self.value, self.value - self.low)
        if distance == 0:
            return 0.0
        return distance / abs(self.value) if self.value else math.inf

    def __str__(self) -> str:
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}]"


def median_interval(samples: Iterable[float], confidence: float = 0.95) -> Estimate | None:
    """The median with its interval; None if there are too few samples (below six at 95 %).

    Raises:
        UsageError: a sample is not finite, or the confidence is not between 0 and 1.
    """
    return quantile_interval(samples, 0.5, confidence)


def quantile_interval(
    samples: Iterable[float], quantile: float, confidence: float = 0.95
) -> Estimate | None:
    """A quantile with its interval; None if there are fewer than :func:`samples_needed`.

    Raises:
        UsageError: a sample is not finite, or quantile or confidence are not between 0 and 1.
    """
    return ordered_interval(ordered(samples), quantile, confidence)


def ordered(samples: Iterable[float]) -> list[float]:
    """The samples in ascending order.

    Raises:
        UsageError: a sample is not finite.
    """
    ascending = sorted(samples)
    # An infinity sorts to an end, but a NaN may be left anywhere.
    if not all(map(math.isfinite, ascending)):
        raise UsageError("a sample is not a finite number", "leave failed runs out of the samples")
    return ascending


def ordered_interval(
    ascending: Sequence[float], quantile: float, confidence: float = 0.95
) -> Estimate | None:
    """As :func:`quantile_interval`, for samples in ascending order."""
    ranks = interval_ranks(len(ascending), quantile, confidence)
    if ranks is None:
        return None
    low, high = ranks
    return Estimate(
        quantile=quantile,
        value=ordered_quantile(ascending, quantile),
        low=float(ascending[low - 1]),
        high=float(ascending[high - 1]),
        confidence=confidence,
    )


def ordered_quantile(ascending: Sequence[float], quantile: float) -> float:
    """The sample quantile of at least one sample in ascending order.

    It is the smallest sample with a share of at least `quantile` at or below it, or the mean of
    that and the next where the share is met exactly: the usual median. This is definition 2 of
    Hyndman and Fan (1996); unlike interpolations it lies between the bounds of every interval.
    """
    # Rounded because 0.55 * 100 is 55.00000000000001.
    position = round(len(ascending) * quantile, 9)
    index = math.ceil(position) - 1
    if position != index + 1:
        return float(ascending[index])
    # Halved before they are added, which cannot overflow.
    return float(ascending[index]) / 2 + float(ascending[index + 1]) / 2


@lru_cache(maxsize=4096)
def interval_ranks(count: int, quantile: float, confidence: float = 0.95) -> tuple[int, int] | None:
    """Ranks, from 1, of the order statistics that bound a quantile; None with too few samples.

    Raises:
        UsageError: quantile or confidence are not between 0 and 1.
    """
    _check(quantile, confidence)
    tail = (1 - confidence) / 2
    low = _ranks_within(count, quantile, tail)
    # The u-th smallest is the (n - u + 1)-th largest: the same question seen from above.
    high = count + 1 - _ranks_within(count, 1 - quantile, tail)
    return (low, high) if low >= 1 and high <= count else None


@lru_cache(maxsize=256)
def samples_needed(quantile: float, confidence: float = 0.95) -> int:
    """The smallest number of samples with which a quantile can be claimed.

    From then on the smallest and the largest sample bound it, each with half of the error that
    the confidence leaves: at 95 % the median needs 6, p90 36, p95 72 and p99 368. (MLPerf's
    LoadGen bounds from above only, by the second largest sample: 662 for p99 at 99 %.)

    Raises:
        UsageError: quantile or confidence are not between 0 and 1.
    """
    _check(quantile, confidence)
    tail = (1 - confidence) / 2
    # All samples are on one side of the quantile with probability q**n or (1 - q)**n.
    count = math.ceil(math.log(tail) / math.log(max(quantile, 1 - quantile)))
    # The logarithms may be off by a rounding; the rule itself decides.
    while interval_ranks(count, quantile, confidence) is None:
        count += 1
    return count


def binomial_cdf(successes: int, count: int, probability: float) -> float:
    """P(B <= successes) of a binomial with `count` trials, 0 < probability < 1."""
    if successes >= count:
        return 1.0
    first = _first_term(count, probability)
    terms = (_binomial_pmf(k, count, probability) for k in range(first, successes + 1))
    return min(1.0, math.fsum(terms))


def _ranks_within(count: int, probability: float, tail: float) -> int:
    """The largest l with P(B <= l - 1) <= tail; 0 if there is none."""
    rank = _first_term(count, probability)
    total = 0.0
    while rank <= count:
        total += _binomial_pmf(rank, count, probability)
        if total > tail:
            break
        rank += 1
    return rank


def _binomial_pmf(successes: int, count: int, probability: float) -> float:
    failures = count - successes
    return math.exp(
        math.lgamma(count + 1)
        - math.lgamma(successes + 1)
        - math.lgamma(failures + 1)
        + successes * math.log(probability)
        + failures * math.log1p(-probability)
    )


def _first_term(count: int, probability: float) -> int:
    # Hoeffding: everything farther below the mean weighs less than exp(-800), which is 0.0.
    return max(0, int(count * probability - 20 * math.sqrt(count)))


def _check(quantile: float, confidence: float) -> None:
    for name, value in (("quantile", quantile), ("confidence", confidence)):
        if not 0 < value < 1:
            raise UsageError(f"{name} is {value!r}", "give a number between 0 and 1, such as 0.9")
