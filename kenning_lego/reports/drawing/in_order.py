"""Charts of values in the order in which they came: drift, steps and outliers show there."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
from kenning_lego.reports.formatting import TIME_NS, Figures, counted, duration
from kenning_lego.stats.intervals import ordered_quantile

_HEIGHT_PX = 220.0
_LEFT_PX = 56.0
_RIGHT_PX = 16.0
_TOP_PX = 28.0
_BOTTOM_PX = 42.0
_GROUP_PX = 3.0
"""Room for each mark; where values are closer, neighbours share one."""
_SHOWN = 0.99
_FARTHEST = 1.0
"""Of the range of nearly all values: so much further the scale may reach for the largest."""


@dataclass(frozen=True, slots=True)
class Change:
    """Where the level changed; `at` is the share of the values before it."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class InOrder:
    """Latencies in the order in which they came.

    Args:
        title: of the drawing.
        noun: what each is, such as ``run``.
        samples_ns: at least one.
        ascending: the same by size.
        interval_ns: of their median; None where it is not known.
        changes: that are marked.
        line_ns: a further value to compare with; None for none.
    """

    title: str
    noun: str
    samples_ns: Sequence[int]
    ascending: Sequence[int]
    interval_ns: tuple[float, float] | None = None
    changes: tuple[Change, ...] = ()
    line_ns: float | None = None


@dataclass(frozen=True, slots=True)
class _Group:
    """Neighbours: the middle one's position from 1, and their latencies in the unit."""

    position: float
    low: float
    median: float
    high: float


def in_order_chart(shown: InOrder, identity: str, width: float) -> str:
    """An SVG of `width` px."""
    right, bottom = width - _RIGHT_PX, _HEIGHT_PX - _BOTTOM_PX
    ascending, count = shown.ascending, len(shown.samples_ns)
    median = ordered_quantile(ascending, 0.5)
    unit = Figures.fitting([median], TIME_NS).unit
    size = math.ceil(count / ((right - _LEFT_PX) / _GROUP_PX))
    groups = _groups(shown.samples_ns, size, unit.factor)
    x = Scale(0.0, count + 1.0, _LEFT_PX, right)
    lowest = min(ascending[0], math.inf if shown.line_ns is None else shown.line_ns)
    low, high = padded(lowest / unit.factor, _highest(ascending) / unit.factor)
    y = Scale(low, high, bottom, _TOP_PX)
    body = [
        *_band(shown.interval_ns, median, unit.factor, y, right),
        *across(x, nice_ticks(x.low, x.high, 4 if width < 500 else 8), _TOP_PX, bottom),
        *upwards(y, nice_ticks(low, high, 4), _LEFT_PX, right),
        text(0, 14, f"latency, {unit.symbol}", class_="axis"),
        text(right, _HEIGHT_PX - 4, shown.noun, class_="axis", text_anchor="end"),
        *(part for each in shown.changes for part in _change(each, count, x)),
        *_compared(shown.line_ns, unit.factor, y, right),
        *_marks(groups, x, y, unit.symbol, shown.noun, spans=size > 1),
    ]
    shared = f" Each mark stands for {counted(size, shown.noun)}." if size > 1 else ""
    return drawing(
        identity,
        shown.title,
        f"{counted(count, shown.noun)} from {duration(ascending[0])} to"
        f" {duration(ascending[-1])}, median {duration(median)}.{shared}",
        width,
        _HEIGHT_PX,
        body,
    )


def _highest(ascending: Sequence[int]) -> float:
    """The largest, unless a few are so large that the others would seem to be one line."""
    tail = ordered_quantile(ascending, _SHOWN)
    return min(float(ascending[-1]), tail + _FARTHEST * (tail - ascending[0]))


def _band(
    interval: tuple[float, float] | None, median: float, factor: float, y: Scale, right: float
) -> Iterator[str]:
    if interval is not None:
        bottom, top = (y(min(max(each / factor, y.low), y.high)) for each in interval)
        size = {"width": right - _LEFT_PX, "height": max(bottom - top, 1.0)}
        yield element("rect", x=_LEFT_PX, y=top, **size, class_="band-of")
    middle = y(median / factor)
    yield line(_LEFT_PX, middle, right, middle, class_="median")


def _change(change: Change, count: int, x: Scale) -> Iterator[str]:
    where = x(change.at * count)
    left = where > (x.start + x.end) / 2
    yield line(where, _TOP_PX, where, _HEIGHT_PX - _BOTTOM_PX, class_="change")
    anchor = "end" if left else "start"
    beside = where - 5 if left else where + 5
    yield text(beside, _TOP_PX + 11, change.text, class_="tick", text_anchor=anchor)


def _compared(line_ns: float | None, factor: float, y: Scale, right: float) -> Iterator[str]:
    if line_ns is not None:
        at = y(min(line_ns / factor, y.high))
        yield line(_LEFT_PX, at, right, at, class_="zero")


def _marks(
    groups: Sequence[_Group], x: Scale, y: Scale, unit: str, noun: str, *, spans: bool
) -> Iterator[str]:
    def at(value: float) -> float:
        return y(min(value, y.high))

    if spans:
        ranges = "".join(f"M{x(g.position):.1f} {at(g.low):.1f}V{at(g.high):.1f}" for g in groups)
        yield element("path", d=ranges, class_="range")
    dots = "".join(
        f"M{x(g.position):.1f} {y(g.median):.1f}h0" for g in groups if g.median <= y.high
    )
    yield plot(Axis(x, noun), Axis(y, unit=unit), series("", dots, "runs"))
    beyond = [g for g in groups if g.high > y.high]
    if beyond:
        heads = "".join(f"M{x(g.position) - 3:.1f} {_TOP_PX:.1f}h6l-3 -6z" for g in beyond)
        yield element("path", d=heads, class_="beyond")


def _groups(samples: Sequence[int], size: int, factor: float) -> list[_Group]:
    groups = []
    for start in range(0, len(samples), size):
        part = samples[start : start + size]
        middle = start + (len(part) + 1) / 2
        values = min(part), statistics.median(part), max(part)
        groups.append(_Group(middle, *(each / factor for each in values)))
    return groups
