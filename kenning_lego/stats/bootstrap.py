"""Intervals of medians by resampling blocks of rounds.

Neighbouring samples are not independent: a burst or a slow drift hits several rounds in a row.
So whole rounds are drawn, in blocks of neighbours (the circular block bootstrap of Politis and
Romano, 1992; block lengths of :func:`~kenning_lego.stats.dependence.block_length`). The interval
is the percentile interval, widened for small numbers of blocks as Hesterberg ("What teachers
should know about the bootstrap", 2015) proposes, since the plain one is too narrow for them.

Which interval is used when: with at least :data:`ENOUGH_ROUNDS` rounds this one; with fewer, and
for single requests that had no rounds, the order statistics of
:mod:`~kenning_lego.stats.intervals`, which need six samples at 95 % and take them as independent.

The drawn rounds depend on the seed, the number of rounds and the block length alone. So all
variants of a plan share one drawing, which makes it fast and ratios within a plan *paired*: what
slowed down both in the same round cancels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import UsageError
from kenning_lego.stats.dependence import block_length, inflation, lost_by_blocks
from kenning_lego.stats.intervals import Estimate, ordered_interval
from kenning_lego.stats.rounds import Floats, Integers, Rounds
from kenning_lego.stats.student import student_quantile

ENOUGH_ROUNDS = 20
RESAMPLES = 1000
_MOST_UNITS = 512
"""More rounds than these are drawn in groups of neighbours, to bound time and memory."""

Weights = NDArray[np.int16]
"""How often each unit was drawn, shape (units, resamples)."""


def median_of_rounds(rounds: Rounds, confidence: float = 0.95, seed: int = 0) -> Estimate | None:
    """The median with its interval; None if there are too few samples.

    Args:
        rounds: at least one sample.
        confidence: of the interval.
        seed: of the drawing; equal input gives equal bounds.

    Raises:
        UsageError: the confidence is not between 0 and 1.
    """
    if rounds.rounds < ENOUGH_ROUNDS:
        return ordered_interval(np.sort(rounds.values).tolist(), 0.5, confidence)
    labels, units = _units(rounds)
    blocks = _Blocks.of(_below(rounds, labels, units))
    medians = _medians(rounds.values, labels, blocks.drawn(seed))
    return blocks.interval(float(np.median(rounds.values)), medians, confidence)


def paired_ratio(
    first: Rounds, second: Rounds, confidence: float = 0.95, seed: int = 0
) -> Estimate | None:
    """The first median over the second, both measured in the same rounds.

    Returns:
        None if there are fewer than :data:`ENOUGH_ROUNDS` rounds.

    Raises:
        UsageError: the numbers of rounds differ, a median is not positive, or the confidence is
            not between 0 and 1.
    """
    if first.rounds != second.rounds:
        raise UsageError(
            f"rounds differ: {first.rounds} and {second.rounds}",
            "compare what one plan measured, or use an unpaired ratio",
        )
    value = _ratio(first, second)
    if first.rounds < ENOUGH_ROUNDS:
        return None
    (labels, units), (others, _) = _units(first), _units(second)
    # What both had in common is no dependence of their ratio.
    ratios = first.levels() / second.levels()
    below = np.bincount(_grouped(len(ratios)), ratios < np.median(ratios), units)
    blocks = _Blocks.of(below.astype(np.float64))
    weights = blocks.drawn(seed)
    resampled = _medians(first.values, labels, weights) / _medians(second.values, others, weights)
    return blocks.interval(value, resampled, confidence)


def _ratio(first: Rounds, second: Rounds) -> float:
    medians = [
        float(np.median(each.values)) if len(each.values) else 0.0 for each in (first, second)
    ]
    if min(medians) <= 0:
        raise UsageError("a median is not positive", "compare measured durations")
    return medians[0] / medians[1]


def standard_error(rounds: Rounds, seed: int = 0) -> tuple[float, float] | None:
    """Standard error of the logarithm of the median, and the degrees of freedom behind it.

    Returns:
        The error (about the relative standard error of the median) and the number of blocks
        less one; None with fewer than :data:`ENOUGH_ROUNDS` rounds.

    Raises:
        UsageError: a median is not positive.
    """
    if rounds.rounds < ENOUGH_ROUNDS:
        return None
    labels, units = _units(rounds)
    blocks = _Blocks.of(_below(rounds, labels, units))
    medians = _medians(rounds.values, labels, blocks.drawn(seed))
    if medians.min() <= 0:
        raise UsageError("a median is not positive", "compare measured durations")
    error = float(np.log(medians).std()) * blocks.widened
    return error * math.sqrt(blocks.count / (blocks.count - 1)), blocks.count - 1


@dataclass(frozen=True, slots=True)
class _Blocks:
    """How rounds are drawn.

    Args:
        units: that there are to draw.
        length: units in a block.
        widened: by what factor the blocks make a spread too small.
    """

    units: int
    length: int
    widened: float

    @classmethod
    def of(cls, series: Floats) -> _Blocks:
        """Blocks that keep most of this series' dependence, one value a unit."""
        inflated = inflation(series)
        length = block_length(inflated, len(series))
        return cls(len(series), length, math.sqrt(lost_by_blocks(inflated, length)))

    @property
    def count(self) -> float:
        """Blocks that fit into the rounds."""
        return max(2.0, self.units / self.length)

    def drawn(self, seed: int) -> Weights:
        return _drawn(self.units, self.length, seed)

    def interval(self, value: float, resampled: Floats, confidence: float) -> Estimate:
        """Hesterberg's expanded percentile interval, and what the blocks lost put back."""
        if not 0 < confidence < 1:
            raise UsageError(f"confidence is {confidence!r}", "give a number such as 0.95")
        wide = student_quantile((1 + confidence) / 2, self.count - 1)
        wide *= math.sqrt(self.count / (self.count - 1))
        rank = max(0, math.floor(NormalDist().cdf(-wide) * (len(resampled) + 1)) - 1)
        ascending = np.sort(resampled)
        low = value - self.widened * max(0.0, value - float(ascending[rank]))
        high = value + self.widened * max(0.0, float(ascending[-1 - rank]) - value)
        return Estimate(0.5, value, low, high, confidence)


def _units(rounds: Rounds) -> tuple[Integers, int]:
    """What is drawn: the unit of each sample, and how many units there are."""
    unit = _grouped(rounds.rounds)
    return unit[rounds.labels()], int(unit[-1]) + 1


def _grouped(rounds: int) -> Integers:
    """The unit of each round."""
    return np.arange(rounds) // -(-rounds // _MOST_UNITS)


def _below(rounds: Rounds, labels: Integers, units: int) -> Floats:
    # What decides about the median is which samples lie below it.
    below = rounds.values < np.median(rounds.values)
    return np.bincount(labels, below - below.mean(), units).astype(np.float64)


@lru_cache(maxsize=16)
def _drawn(units: int, length: int, seed: int) -> Weights:
    rng = np.random.default_rng([seed, units, length])
    blocks = -(-units // length)
    starts = rng.integers(0, units, (RESAMPLES, blocks, 1))
    drawn = ((starts + np.arange(length)) % units).reshape(RESAMPLES, -1)[:, :units]
    cells = drawn + units * np.arange(RESAMPLES)[:, None]
    weights = np.bincount(cells.ravel(), minlength=units * RESAMPLES)
    drawings = np.ascontiguousarray(weights.reshape(RESAMPLES, units).T, dtype=np.int16)
    drawings.flags.writeable = False
    return drawings


def _medians(values: Floats, labels: Integers, weights: Weights) -> Floats:
    """The median of each resample.

    Samples are sorted once; a resample's median is where the sum of its weights passes half.
    Only ranks near the middle are added up one by one, unless a resample's median lies outside.
    """
    order = np.argsort(values, kind="stable")
    ascending, unit = values[order], labels[order]
    held = np.bincount(labels, minlength=len(weights))
    half = _summed(held, weights) / 2
    middle = len(values) // 2
    off = half - _summed(np.bincount(unit[:middle], minlength=len(weights)), weights)
    # A sample weighs 1 on average, so about so many ranks lie between here and there.
    reach = int(1.5 * np.abs(off).max()) + 10
    first, last = max(0, middle - reach), min(len(values), middle + reach)
    before = _summed(np.bincount(unit[:first], minlength=len(weights)), weights)
    low, high = _crossings(before, unit[first:last], weights, half)
    if (before >= half).any() or high.max() == last - first:
        first = 0
        low, high = _crossings(np.zeros_like(half), unit, weights, half)
    resampled: Floats = ascending[first + low] / 2 + ascending[first + high] / 2
    return resampled


def _summed(held: Integers, weights: Weights) -> Floats:
    # float32 is exact here: no sum comes near 2**24 unless a million samples do.
    kind = np.float32 if held.sum() < 1 << 21 else np.float64
    summed: Floats = (held.astype(kind) @ weights.astype(kind)).astype(np.float64)
    return summed


def _crossings(
    before: Floats, units: Integers, weights: Weights, half: Floats
) -> tuple[Integers, Integers]:
    """Ranks among these units at which the weights reach and exceed half."""
    # Half the bytes take half the time, and only resamples of very many samples need more.
    kind = np.int16 if half.max() < 1 << 14 else np.int32
    sums = np.cumsum(weights[units], axis=0, dtype=kind)
    reached = np.count_nonzero(sums < np.ceil(half - before).astype(kind), axis=0)
    exceeded = np.count_nonzero(sums <= np.floor(half - before).astype(kind), axis=0)
    return reached, exceeded
