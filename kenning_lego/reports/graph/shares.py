"""Each part's share of a whole time, with its interval, and which shares can be told apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kenning_lego.reports.run.timings import Timing

LEVELS = 6
"""Steps of the scale of colours."""

_STEPS = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)


@dataclass(frozen=True, slots=True)
class Latency:
    """A median in ns and how far its bounds are away; `half` is None where nobody knows."""

    ns: float
    half: float | None


@dataclass(frozen=True, slots=True)
class Share:
    """A share of one with its bounds; None where they are not known."""

    value: float
    low: float | None
    high: float | None


def latency_of(timing: Timing) -> Latency:
    """A measured median for shares of a sum.

    The one at the plan's median pace is taken where there is one: what slowed everything at once
    is not in it, and in no share either.
    """
    record, summary = timing.record, timing.summary
    if record.at_pace_ns is not None and record.at_pace_half_width is not None:
        return Latency(record.at_pace_ns, record.at_pace_ns * record.at_pace_half_width)
    if summary.median_low is None or summary.median_high is None:
        return Latency(summary.median, None)
    half = max(summary.median - summary.median_low, summary.median_high - summary.median)
    return Latency(summary.median, half)


def summed(latencies: Sequence[Latency]) -> Latency:
    """The time of parts that run one after another; errors are taken to be independent."""
    halves = [each.half for each in latencies]
    known = [half for half in halves if half is not None]
    half = math.hypot(*known) if len(known) == len(halves) else None
    return Latency(math.fsum(each.ns for each in latencies), half)


def shares_of(latencies: Sequence[Latency]) -> tuple[Share, ...]:
    """The share of each part in their sum.

    Bounds are those of the odds, the part over all others, by the delta method on their
    logarithm: they stay between 0 and 1, and the part itself is not counted twice.
    """
    whole = math.fsum(each.ns for each in latencies)
    squares = math.fsum((each.half or 0.0) ** 2 for each in latencies)
    known = all(each.half is not None for each in latencies)
    return tuple(_share(each, whole, squares, known=known) for each in latencies)


def _share(part: Latency, whole: float, squares: float, *, known: bool) -> Share:
    value = part.ns / whole if whole > 0 else 0.0
    others = whole - part.ns
    if not known or part.half is None:
        return Share(value, None, None)
    if part.ns <= 0 or others <= 0:
        return Share(value, value, value)
    rest = max(squares - part.half**2, 0.0)
    away = math.hypot(part.half / part.ns, math.sqrt(rest) / others)
    odds = part.ns / others
    low, high = odds * math.exp(-away), odds * math.exp(min(away, 50.0))
    return Share(value, min(low / (1 + low), value), max(high / (1 + high), value))


def apart(shares: Sequence[Share]) -> tuple[float, ...]:
    """One value for all shares that cannot be told apart: the mean of those that overlap.

    Intervals that overlap, directly or through others between them, make one group; where one has
    no interval, nothing can be told apart.
    """
    if any(each.low is None for each in shares):
        mean = math.fsum(each.value for each in shares) / len(shares) if shares else 0.0
        return (mean,) * len(shares)
    ascending = sorted(range(len(shares)), key=lambda index: shares[index].low or 0.0)
    groups: list[list[int]] = []
    reach = -math.inf
    for index in ascending:
        low, high = shares[index].low or 0.0, shares[index].high or 0.0
        if low > reach or not groups:
            groups.append([])
        groups[-1].append(index)
        reach = max(reach, high)
    means = [0.0] * len(shares)
    for group in groups:
        mean = math.fsum(shares[index].value for index in group) / len(group)
        for index in group:
            means[index] = mean
    return tuple(means)


def scale_step(largest: float) -> float:
    """A round step of which :data:`LEVELS` reach as far as the largest share."""
    rough = max(largest, 1e-6) / LEVELS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step * power for step in _STEPS if step * power >= rough * (1 - 1e-9))


def level(value: float, step: float) -> int:
    """The colour of a share, from 0 to :data:`LEVELS` - 1."""
    return min(LEVELS - 1, max(0, int(value / step)))
