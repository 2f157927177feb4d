"""The energy that was used between two times, from telemetry, with its bounds.

From a counter of energy (RAPL, NVML) the bounds are certain: a counter only grows, so at any time
between two readings it was between them. From readings of power the energy is their integral by
the trapezoid rule; how far it can be off is judged by how much neighbouring readings differ (mean
square successive difference, which a slow trend leaves alone; von Neumann and others, "The mean
square successive difference", 1941), at 95 %. A load that swings in step with the sampling fools
it, and what the sensor itself is wrong by is not in it.

The energy of one inference is what the target used beyond what it uses when idle: the difference of
two mean powers, of which neither is known better than its readings scatter. Readings that resemble
their neighbours make these bounds too narrow (docs/explanation/measurement.md has figures).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from kenning_lego.core.errors import UsageError
from kenning_lego.core.telemetry import Telemetry, quantity_of
from kenning_lego.stats.power_domains import domains_of

_STUDENT_95 = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
"""Two-sided 95 % quantiles of Student's distribution for 1 to 30 degrees of freedom; the last one
is used beyond."""

_FEWEST = 2


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy used in an interval.

    Args:
        joules: the estimate.
        low: lower bound, in J.
        high: upper bound, in J.
        seconds: the interval's length.
        readings: that were taken within it.
        source: ``counter`` or ``power``.
    """

    joules: float
    low: float
    high: float
    seconds: float
    readings: int
    source: Literal["counter", "power"]

    @property
    def watts(self) -> float:
        """Mean power."""
        return self.joules / self.seconds


def energy_between(telemetry: Telemetry, key: str, begin_s: float, end_s: float) -> Energy | None:
    """The energy that one sensor tells for an interval.

    Args:
        telemetry: what was sampled.
        key: of a column of ``energy_uj`` or ``power_mw``.
        begin_s: on the target's monotonic clock, as the telemetry's times.
        end_s: later than that.

    Returns:
        None if the sensor did not tell all the time from before the beginning to after the end.

    Raises:
        UsageError: there is no such column, it tells no energy, or the interval is empty.
    """
    if not begin_s < end_s:
        raise UsageError(f"an interval from {begin_s} s to {end_s} s")
    column = telemetry.columns.get(key)
    if column is None:
        raise UsageError(f"the telemetry has no column {key!r}")
    stretch = _stretch(telemetry.times_s, column, begin_s, end_s)
    match quantity_of(key):
        case "energy_uj":
            return _from_counter(*stretch, begin_s, end_s) if stretch else None
        case "power_mw":
            return _from_power(*stretch, begin_s, end_s) if stretch else None
        case other:
            raise UsageError(f"{other} is neither energy nor power")


Interval = tuple[float, float]
"""Begin and end on the target's monotonic clock, in s."""


@dataclass(frozen=True, slots=True)
class InferenceEnergy:
    """Energy of one inference, beyond what the target uses when idle.

    Args:
        joules: the estimate; below zero if the target used less than when idle.
        low: lower bound at 95 %, in J; at or below zero, the load cannot be told from idle.
        high: upper bound at 95 %, in J.
        idle_watts: mean power in the idle interval.
        busy_watts: mean power under load.
        readings: that were taken under load.
        domains: keys of the columns that were added up.
        idle: when the target had nothing to do.
        busy: when it ran the inferences.
        inferences: that it ran.
    """

    joules: float
    low: float
    high: float
    idle_watts: float
    busy_watts: float
    readings: int
    domains: tuple[str, ...]
    idle: Interval
    busy: Interval
    inferences: int


def energy_per_inference(
    telemetry: Telemetry, idle: Interval, busy: Interval, inferences: int
) -> InferenceEnergy | None:
    """What one inference took, net of idle, over all domains that do not overlap.

    Only readings within the intervals count: the next one before or after belongs to another
    state. The bounds of idle and busy power are independent, so the squares of their half-widths
    add up; those of several domains may be wrong together, so these half-widths add up.

    Args:
        telemetry: what was sampled.
        idle: when the target had nothing to do.
        busy: when it ran inferences and nothing else, at an even pace.
        inferences: that it ran in `busy`.

    Returns:
        None without a sensor (see :func:`~kenning_lego.stats.power_domains.domains_of`), or if
        one of those that count did not tell all of both intervals, or told too little to say how
        far off it is: two readings of power, three of a counter, within each.

    Raises:
        UsageError: an interval is empty, no inference ran, or a counter goes back.
    """
    for begin, end in (idle, busy):
        if not begin < end:
            raise UsageError(f"an interval from {begin} s to {end} s")
    if inferences < 1:
        raise UsageError(f"energy of {inferences} inferences")
    domains = domains_of(telemetry.columns)
    idle_watts = busy_watts = half = 0.0
    for key in domains:
        at_rest, at_work = (_mean_power(telemetry, key, *each) for each in (idle, busy))
        if at_rest is None or at_work is None:
            return None
        idle_watts += at_rest.watts
        busy_watts += at_work.watts
        half += math.hypot(at_rest.half_width, at_work.half_width)
    if not domains:
        return None
    seconds_each = (busy[1] - busy[0]) / inferences
    net = busy_watts - idle_watts
    return InferenceEnergy(
        joules=net * seconds_each,
        low=(net - half) * seconds_each,
        high=(net + half) * seconds_each,
        idle_watts=idle_watts,
        busy_watts=busy_watts,
        readings=_within(telemetry.times_s, *busy),
        domains=domains,
        idle=idle,
        busy=busy,
        inferences=inferences,
    )


@dataclass(frozen=True, slots=True)
class _MeanPower:
    watts: float
    half_width: float


def _mean_power(telemetry: Telemetry, key: str, begin: float, end: float) -> _MeanPower | None:
    """Mean power of an even load, from the readings within its interval."""
    stretch = _stretch(telemetry.times_s, telemetry.columns[key], begin, end)
    if stretch is None:
        return None
    readings = [(t, v) for t, v in zip(*stretch, strict=True) if begin <= t <= end]
    if quantity_of(key) == "energy_uj":
        if any(before > after for (_, before), (_, after) in pairwise(readings)):
            raise UsageError("a counter of energy that goes back")
        steps = [
            (t2 - t1, (v2 - v1) / 1e6 / (t2 - t1)) for (t1, v1), (t2, v2) in pairwise(readings)
        ]
        powers = [watts for _, watts in steps]
    else:
        steps = [(t2 - t1, (p1 + p2) / 2e3) for (t1, p1), (t2, p2) in pairwise(readings)]
        powers = [milliwatts / 1e3 for _, milliwatts in readings]
    if len(powers) < _FEWEST:
        return None
    mean = sum(seconds * watts for seconds, watts in steps) / sum(seconds for seconds, _ in steps)
    return _MeanPower(mean, _mean_half_width(powers))


def _stretch(
    times: Sequence[float], column: Sequence[float | None], begin: float, end: float
) -> tuple[list[float], list[float]] | None:
    """The readings from the last one before the interval to the first one after it."""
    first, last = bisect_right(times, begin) - 1, bisect_left(times, end)
    if first < 0 or last >= len(times):
        return None
    values = [value for value in column[first : last + 1] if value is not None]
    whole = len(values) == last + 1 - first >= _FEWEST
    return (list(times[first : last + 1]), values) if whole else None


def _from_counter(times: list[float], values: list[float], begin: float, end: float) -> Energy:
    if any(before > after for before, after in pairwise(values)):
        raise UsageError("a counter of energy that goes back")
    began_at_most = values[0] if times[0] == begin else values[1]
    ended_at_least = values[-1] if times[-1] == end else values[-2]
    joules = _at(times, values, end) - _at(times, values, begin)
    return Energy(
        joules=joules / 1e6,
        low=max(ended_at_least - began_at_most, 0.0) / 1e6,
        high=(values[-1] - values[0]) / 1e6,
        seconds=end - begin,
        readings=_within(times, begin, end),
        source="counter",
    )


def _from_power(times: list[float], values: list[float], begin: float, end: float) -> Energy:
    inner = [(time, value) for time, value in zip(times, values, strict=True) if begin < time < end]
    points = [
        (begin, _at(times, values, begin)),
        *inner,
        (end, _at(times, values, end)),
    ]
    joules = sum((t2 - t1) * (p1 + p2) / 2 for (t1, p1), (t2, p2) in pairwise(points)) / 1e3
    half = _mean_half_width(values) * (end - begin) / 1e3
    return Energy(
        joules=joules,
        low=joules - half,
        high=joules + half,
        seconds=end - begin,
        readings=_within(times, begin, end),
        source="power",
    )


def _mean_half_width(values: Sequence[float]) -> float:
    """How far the mean of such readings can be from the mean of what they were taken from."""
    differences = [after - before for before, after in pairwise(values)]
    variance = sum(each * each for each in differences) / (2 * len(differences))
    student = _STUDENT_95[min(len(differences), len(_STUDENT_95)) - 1]
    return student * math.sqrt(variance / len(values))


def _at(times: Sequence[float], values: Sequence[float], time: float) -> float:
    """The value at a time between the first and the last, on the line between its neighbours."""
    after = min(max(bisect_right(times, time), 1), len(times) - 1)
    before = after - 1
    length = times[after] - times[before]
    share = (time - times[before]) / length if length else 1.0
    return values[before] + share * (values[after] - values[before])


def _within(times: Sequence[float], begin: float, end: float) -> int:
    return sum(begin <= time <= end for time in times)
