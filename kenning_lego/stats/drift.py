"""Whether a series of rounds kept its level: trends, steps that stay, and bursts.

All of it looks at the median of each round, so that one slow sample among several does not
count. Every finding has a size, as a share of the series' median, and a p-value; a finding that
matters has both a size that matters and a p-value that chance does not explain.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from kenning_lego.stats.dependence import inflation
from kenning_lego.stats.intervals import binomial_cdf
from kenning_lego.stats.rounds import Booleans, Floats

ENOUGH_ROUNDS = 16
"""With fewer rounds no trend or step can be told from chance at the levels used here."""
_MOST_POINTS = 256
"""Longer series are thinned to medians of neighbours: the tests compare every pair."""
_SLOW_DEVIATIONS = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Trend:
    """A level that rises or falls all along.

    Args:
        change: from the first to the last round, as a share of the median; positive is slower.
        p_value: of no trend.
        rest: mean distance of the rounds from it, relative; the better fit leaves less.
        fit: the trend itself, relative to the median, one value a round.
    """

    change: float
    p_value: float
    rest: float
    fit: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """A level that changes once and stays.

    Args:
        change: of the median, as a share of the earlier one; positive is slower.
        p_value: of no step.
        at: share of the rounds that came before it, between 0 and 1.
        rest: as of :class:`Trend`.
        fit: as of :class:`Trend`.
    """

    change: float
    p_value: float
    at: float
    rest: float
    fit: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Bursts:
    """Rounds that are off the level together, one after another.

    Args:
        share: of the rounds that are off the level; 0.0 if none is.
        change: their median distance from the level as a share of it; positive is slower.
        p_value: that rounds off the level come in any order: small if they come in clusters.
        off: which rounds are off.
    """

    share: float
    change: float
    p_value: float
    off: Booleans

    @property
    def lost(self) -> float:
        """What they add to the mean of the series, as a share of its level."""
        return self.share * self.change


def find_trend(levels: Floats) -> Trend:
    """Theil and Sen's slope over the series, with Mann and Kendall's test.

    The test's variance is raised for the dependence of what the trend leaves over; see
    :func:`~kenning_lego.stats.dependence.inflation`.

    Args:
        levels: one positive value a round, at least three.
    """
    points = _relative(_thinned(levels))
    count = len(points)
    earlier, later = np.triu_indices(count, 1)
    differences = points[later] - points[earlier]
    slope = float(np.median(differences / (later - earlier)))
    score = float(np.sign(differences).sum())
    variance = count * (count - 1) * (2 * count + 5) / 18
    line = slope * (np.arange(count) - (count - 1) / 2)
    rest = points - line
    variance *= inflation(_ranks(rest))
    p_value = _two_sided(max(0.0, abs(score) - 1) / math.sqrt(variance))
    middles = (np.arange(len(levels)) + 0.5) / len(levels) - 0.5
    return Trend(
        change=math.expm1(slope * (count - 1)),
        p_value=p_value,
        rest=float(np.abs(rest - np.median(rest)).mean()),
        fit=np.exp(slope * count * middles),
    )


def find_step(levels: Floats) -> Step:
    """The most likely place of a single step, with Pettitt's rank test.

    Source: Pettitt, "A non-parametric approach to the change-point problem" (1979); its
    statistic is scaled down for the dependence of what the step leaves over.

    Args:
        levels: one positive value a round, at least three.
    """
    points = _relative(_thinned(levels))
    count = len(points)
    ranks = _ranks(points)
    scores = 2 * np.cumsum(ranks)[:-1] - (count + 1) * np.arange(1, count)
    # Where the ranks differ most for so many: the plain maximum leans towards the middle.
    sizes = np.arange(1, count)
    at = int(np.argmax(np.abs(scores) / np.sqrt(sizes * (count - sizes)))) + 1
    before, after = float(np.median(points[:at])), float(np.median(points[at:]))
    rest = points - np.where(np.arange(count) < at, before, after)
    scale = (count**3 + count**2) * inflation(_ranks(rest))
    p_value = min(1.0, 2 * math.exp(-6 * float(np.abs(scores).max()) ** 2 / scale))
    first = round(at / count * len(levels))
    return Step(
        change=math.expm1(after - before),
        p_value=p_value,
        at=at / count,
        rest=float(np.abs(rest).mean()),
        fit=np.exp(np.where(np.arange(len(levels)) < first, before, after)),
    )


def find_bursts(levels: Floats, asked: float) -> Bursts:
    """Rounds that are slower, or faster, than the level, and whether they come together.

    A round is off if it is three robust deviations and twice the asked share away. That some
    are says nothing: noise has tails. So the question is whether their order is by chance:
    rounds in any order fall into many clusters, bursts into few. The exact distribution of the
    number of clusters is that of Wald and Wolfowitz (1940); it holds for independent rounds of
    any distribution.

    Args:
        levels: one positive value a round, at least one.
        asked: share of the median that matters.
    """
    points = _relative(levels)
    slower, faster = _one_side(points, asked, 1), _one_side(points, asked, -1)
    return faster if faster.p_value < slower.p_value else slower


def _one_side(points: Floats, asked: float, sign: int) -> Bursts:
    points = sign * points
    # The side away from the bursts tells the deviation of a quiet round.
    quiet = -points[points < 0]
    deviation = float(np.median(quiet)) * 1.4826 if len(quiet) else 0.0
    off = points > max(_SLOW_DEVIATIONS * deviation, 2 * asked)
    share = float(off.mean())
    if not 0 < share < 1:
        return Bursts(0.0, 0.0, 1.0, off)
    change = math.expm1(sign * float(np.median(points[off])))
    clusters = int(np.count_nonzero(off[1:] & ~off[:-1])) + int(off[0])
    # Two sides are looked at.
    p_value = min(1.0, 2 * few_clusters(int(off.sum()), len(off), clusters))
    return Bursts(share, change, p_value, off)


def together(items: Floats, off: Booleans) -> float:
    """P-value of rounds in which items that have nothing to do with each other are all off.

    In a quiet round each item is above its own median with probability one half, whatever the
    others do, so the number of items above is binomial. The round that half of the rounds in
    question exceed decides, times the number of rounds (Bonferroni).

    Args:
        items: levels of several items, shape (items, rounds).
        off: the rounds in question.
    """
    if not off.any():
        return 1.0
    above = np.count_nonzero(items > np.median(items, axis=1, keepdims=True), axis=0)
    extreme = np.maximum(above, len(items) - above)[off]
    tail = 2 * (1 - binomial_cdf(int(np.median(extreme)) - 1, len(items), 0.5))
    return min(1.0, tail * len(off))


def few_clusters(marked: int, count: int, clusters: int) -> float:
    """P(at most so many clusters) of `marked` ones among `count` in an order by chance."""
    # Of the orders with r clusters: ways to cut the marked ones, times ways to place the cuts.
    total = math.comb(count, marked)
    few = sum(
        math.comb(marked - 1, r - 1) * math.comb(count - marked + 1, r)
        for r in range(1, clusters + 1)
    )
    return few / total


def _relative(levels: Floats) -> Floats:
    """Logarithms against the median: differences are relative changes."""
    logarithms = np.log(np.maximum(levels, np.finfo(np.float64).tiny))
    relative: Floats = logarithms - np.median(logarithms)
    return relative


def _thinned(levels: Floats) -> Floats:
    size = -(-len(levels) // _MOST_POINTS)
    if size == 1:
        return levels
    whole = levels[: len(levels) // size * size]
    thinned: Floats = np.median(whole.reshape(-1, size), axis=1)
    return thinned


def _ranks(points: Floats) -> Floats:
    """Ranks from 1; equal points share the mean of theirs."""
    _, place, held = np.unique(points, return_inverse=True, return_counts=True)
    last = np.cumsum(held)
    ranks: Floats = (last - (held - 1) / 2)[place]
    return ranks


def _two_sided(deviations: float) -> float:
    return 2 * NormalDist().cdf(-deviations)
