"""The chart of one measurement's runs in order: drift, steps and outliers show there."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

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
from kenning_lego.reports.formatting import TIME_NS, Figures, counted, duration
from kenning_lego.reports.run.findings import Findings

_HEIGHT_PX = 220.0
_LEFT_PX = 56.0
_RIGHT_PX = 16.0
_TOP_PX = 28.0
_BOTTOM_PX = 42.0
_GROUP_PX = 3.0
"""Room for each mark; where runs are closer, neighbours share one."""
_FEWEST = 8


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
    low, high = padded(summary.minimum / unit.factor, summary.maximum / unit.factor)
    y = Scale(low, high, bottom, _TOP_PX)
    median = y(summary.median / unit.factor)
    body = [
        *across(x, nice_ticks(x.low, x.high, 4 if width < 500 else 8), _TOP_PX, bottom),
        *upwards(y, nice_ticks(low, high, 4), _LEFT_PX, right),
        text(0, 14, f"latency, {unit.symbol}", class_="axis"),
        text(right, _HEIGHT_PX - 4, "run", class_="axis", text_anchor="end"),
        line(_LEFT_PX, median, right, median, class_="median"),
    ]
    if size > 1:
        spans = "".join(f"M{x(g.position):.1f} {y(g.low):.1f}V{y(g.high):.1f}" for g in groups)
        body.append(element("path", d=spans, class_="range"))
    dots = "".join(f"M{x(g.position):.1f} {y(g.median):.1f}h0" for g in groups)
    body.append(element("path", d=dots, class_="runs"))
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


def _groups(samples: Sequence[float], size: int) -> list[_Group]:
    groups = []
    for start in range(0, len(samples), size):
        part = samples[start : start + size]
        middle = start + (len(part) + 1) / 2
        groups.append(_Group(middle, min(part), statistics.median(part), max(part)))
    return groups
