"""The chart of one measurement's runs in order: drift, steps and outliers show there."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.reports.drawing.reading import Axis, plot, series
from kenning_lego.reports.drawing.svg import (
    Scale,
    across,
    drawing,
    element,
    line,
    nice_ticks,
    padded,
    text,
    upwards,
)
from kenning_lego.reports.formatting import TIME_NS, Figures, counted, duration, share
from kenning_lego.reports.run.findings import Findings
from kenning_lego.reports.run.timings import Timing
from kenning_lego.stats.intervals import ordered_quantile

_HEIGHT_PX = 220.0
_LEFT_PX = 56.0
_RIGHT_PX = 16.0
_TOP_PX = 28.0
_BOTTOM_PX = 42.0
_GROUP_PX = 3.0
"""Room for each mark; where runs are closer, neighbours share one."""
_FEWEST = 8
_SHOWN = 0.99
_FARTHEST = 1.0
"""Of the range of nearly all runs: so much further the scale may reach for the slowest."""
_SERIES = {"it": "", "all together": "all_together_", "the reference": "reference_"}
"""What verdicts speak of, and what the names of its figures begin with."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbouring runs: the middle one's position from 1, and their latencies in the unit."""

    position: float
    low: float
    median: float
    high: float


def runs_chart(findings: Findings, identity: str, width: float) -> str | None:
    """The runs behind the main latency, in the order in which they were made.

    Returns:
        An SVG of `width` px, or None with too few runs to see anything in.
    """
    timing = findings.main.timing
    if timing is None or timing.summary.count < _FEWEST:
        return None
    right, bottom = width - _RIGHT_PX, _HEIGHT_PX - _BOTTOM_PX
    summary = timing.summary
    unit = Figures.fitting([summary.median], TIME_NS).unit
    size = math.ceil(summary.count / ((right - _LEFT_PX) / _GROUP_PX))
    groups = _groups([each / unit.factor for each in timing.record.samples_ns], size)
    x = Scale(0.0, summary.count + 1.0, _LEFT_PX, right)
    low, high = padded(summary.minimum / unit.factor, _highest(timing) / unit.factor)
    y = Scale(low, high, bottom, _TOP_PX)
    body = [
        *_band(timing, unit.factor, y, right),
        *across(x, nice_ticks(x.low, x.high, 4 if width < 500 else 8), _TOP_PX, bottom),
        *upwards(y, nice_ticks(low, high, 4), _LEFT_PX, right),
        text(0, 14, f"latency, {unit.symbol}", class_="axis"),
        text(right, _HEIGHT_PX - 4, "run", class_="axis", text_anchor="end"),
        *_changes(timing.record, x),
        *_marks(groups, x, y, unit.symbol, spans=size > 1),
    ]
    shared = f" Each mark stands for {counted(size, 'run')}." if size > 1 else ""
    return drawing(
        identity,
        f"Runs of {timing.record.name} in order",
        f"{counted(summary.count, 'run')} from {duration(summary.minimum)} to"
        f" {duration(summary.maximum)}, median {duration(summary.median)}.{shared}",
        width,
        _HEIGHT_PX,
        body,
    )


def _highest(timing: Timing) -> float:
    """The slowest run, unless a few are so slow that the others would seem to be one line."""
    summary = timing.summary
    tail = ordered_quantile(timing.ascending, _SHOWN)
    return min(summary.maximum, tail + _FARTHEST * (tail - summary.minimum))


def _band(timing: Timing, factor: float, y: Scale, right: float) -> Iterator[str]:
    summary = timing.summary
    if summary.median_low is not None and summary.median_high is not None:
        top, bottom = y(summary.median_high / factor), y(summary.median_low / factor)
        size = {"width": right - _LEFT_PX, "height": max(bottom - top, 1.0)}
        yield element("rect", x=_LEFT_PX, y=top, **size, class_="band-of")
    middle = y(summary.median / factor)
    yield line(_LEFT_PX, middle, right, middle, class_="median")


def _changes(record: MeasurementRecord, x: Scale) -> Iterator[str]:
    """Where the level changed and stayed so, if the record's verdict says that it did."""
    verdict = record.verdict
    for who, prefix in _SERIES.items():
        found = any(
            reason.startswith(f"{who} became") and reason.endswith("stayed so")
            for reason in (verdict.reasons if verdict else ())
        )
        at = verdict.figures.get(f"{prefix}step_at") if verdict else None
        change = verdict.figures.get(f"{prefix}step") if verdict else None
        if not found or at is None or change is None:
            continue
        where = x(at * len(record.samples_ns))
        said = f"{who} {share(abs(change))} {'slower' if change > 0 else 'faster'} from here"
        yield line(where, _TOP_PX, where, _HEIGHT_PX - _BOTTOM_PX, class_="change")
        beside = 5 if where < (x.start + x.end) / 2 else -5
        anchor = "start" if beside > 0 else "end"
        yield text(where + beside, _TOP_PX + 11, said, class_="tick", text_anchor=anchor)


def _marks(
    groups: Sequence[_Group], x: Scale, y: Scale, unit: str, *, spans: bool
) -> Iterator[str]:
    def at(value: float) -> float:
        return y(min(value, y.high))

    if spans:
        ranges = "".join(f"M{x(g.position):.1f} {at(g.low):.1f}V{at(g.high):.1f}" for g in groups)
        yield element("path", d=ranges, class_="range")
    dots = "".join(
        f"M{x(g.position):.1f} {y(g.median):.1f}h0" for g in groups if g.median <= y.high
    )
    yield plot(Axis(x, "run"), Axis(y, unit=unit), series("", dots, "runs"))
    beyond = [g for g in groups if g.high > y.high]
    if beyond:
        heads = "".join(f"M{x(g.position) - 3:.1f} {_TOP_PX:.1f}h6l-3 -6z" for g in beyond)
        yield element("path", d=heads, class_="beyond")


def _groups(samples: Sequence[float], size: int) -> list[_Group]:
    groups = []
    for start in range(0, len(samples), size):
        part = samples[start : start + size]
        middle = start + (len(part) + 1) / 2
        groups.append(_Group(middle, min(part), statistics.median(part), max(part)))
    return groups
