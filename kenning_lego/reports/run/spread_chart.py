"""The chart of distributions of latency: one above the other, on one scale."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from kenning_lego.reports.drawing.svg import (
    CHARACTER_PX,
    Scale,
    across,
    drawing,
    element,
    group,
    line,
    nice_ticks,
    padded,
    shortened,
    text,
)
from kenning_lego.reports.formatting import TIME_NS, Figures, counted, duration
from kenning_lego.reports.run.timings import Timing
from kenning_lego.stats.intervals import ordered_quantile

_ROW_PX = 68.0
_HUMP_PX = 26.0
_TOP_PX = 6.0
_BOTTOM_PX = 42.0
_RIGHT_PX = 10.0
_BARS_PX = (3.0, 8.0)
"""The narrowest and the widest bar."""
_NAME_PX = 24.0
_SHOWN = 0.99
"""So much of each distribution is within the scale; what is slower is counted."""
_FARTHEST = 3.0
"""Of its median: a longer tail would leave nothing else to see."""
_FEWEST = 8
"""A histogram of fewer runs says nothing."""
MOST_ROWS = 14


def spread_chart(timings: Sequence[Timing], identity: str, width: float) -> str | None:
    """Histogram, median with its interval, and percentiles of each measurement.

    Args:
        timings: on one clock, in order; those beyond :data:`MOST_ROWS` are left out.
        identity: of the drawing.
        width: in px.

    Returns:
        An SVG of `width` px, or None with too few runs to draw a distribution of.
    """
    rows = [each for each in timings if each.summary.count >= _FEWEST][:MOST_ROWS]
    if not rows:
        return None
    lowest = min(_low(each) for each in rows)
    highest = max(_high(each) for each in rows)
    unit = Figures.fitting([highest], TIME_NS).unit
    low, high = padded(lowest / unit.factor, highest / unit.factor, 0.03)
    scale = Scale(max(0.0, low), high, 2.0, width - _RIGHT_PX)
    bottom = _TOP_PX + len(rows) * _ROW_PX
    body = [
        *across(scale, nice_ticks(scale.low, high, 4 if width < 500 else 8), _TOP_PX, bottom),
        text(scale.end, bottom + 34, f"latency, {unit.symbol}", class_="axis", text_anchor="end"),
    ]
    for number, each in enumerate(rows):
        base = _TOP_PX + number * _ROW_PX + 18 + _HUMP_PX
        row = _row(each, scale, unit.factor, base, width)
        body.append(group(_told(each), *row, class_="spread"))
    names = ", ".join(each.record.name for each in rows)
    return drawing(
        identity,
        "Distributions of latency",
        f"{counted(len(rows), 'measurement')} from {duration(lowest)} to {duration(highest)}:"
        f" {names}. The table below holds the same figures.",
        width,
        bottom + _BOTTOM_PX,
        body,
    )


def _row(timing: Timing, scale: Scale, factor: float, base: float, width: float) -> Iterator[str]:
    def at(ns: float) -> float:
        return min(max(scale(ns / factor), scale.start), scale.end)

    summary = timing.summary
    beyond = _beyond(timing, scale.high * factor)
    room = width - _RIGHT_PX - len(beyond) * CHARACTER_PX - 12
    yield text(0, base - _HUMP_PX - 4, shortened(timing.record.name, room), class_="name")
    if beyond:
        yield text(scale.end, base - _HUMP_PX - 4, beyond, class_="tick", text_anchor="end")
    yield element("path", d=_hump(timing, scale, factor, base), class_="hump")
    yield line(scale.start, base, scale.end, base, class_="rule")
    if summary.median_low is not None and summary.median_high is not None:
        yield line(at(summary.median_low), base, at(summary.median_high), base, class_="interval")
    middle = at(summary.median)
    yield line(middle, base - _HUMP_PX, middle, base + 4, class_="centre")
    yield from _percentiles(timing, at, scale.high * factor, base)


def _percentiles(
    timing: Timing, at: Callable[[float], float], highest: float, base: float
) -> Iterator[str]:
    """Those that the runs are enough to claim, as far as the scale reaches."""
    summary = timing.summary
    first, free = at(summary.median) + 6, math.inf
    # From the farthest: where there is room for one name alone, it says most.
    named = (("p99", summary.p99), ("p95", summary.p95), ("p90", summary.p90))
    for name, found in named:
        if found is None or found.value > highest:
            continue
        x = at(found.value)
        yield line(at(found.low), base + 4, at(found.high), base + 4, class_="likely")
        yield line(x, base, x, base + 8, class_="percentile")
        if first <= x - _NAME_PX / 2 and x + _NAME_PX / 2 <= free:
            yield text(x, base + 18, name, class_="mini", text_anchor="middle")
            free = x - _NAME_PX / 2


def _hump(timing: Timing, scale: Scale, factor: float, base: float) -> str:
    """The histogram as one outline, its highest bar as high as there is room.

    The bars' width is that of Freedman and Diaconis, "On the histogram as a density estimator"
    (1981), within what can be drawn and seen.
    """
    ascending = timing.ascending
    middle = timing.quartiles[1] - timing.quartiles[0]
    px_per_ns = (scale.end - scale.start) / (scale.high - scale.low) / factor
    wanted = 2 * middle * len(ascending) ** (-1 / 3) * px_per_ns
    bar = min(max(wanted, _BARS_PX[0]), _BARS_PX[1])
    count = math.ceil((scale.end - scale.start) / bar)
    edges = [scale.low * factor + at * bar / px_per_ns for at in range(count + 1)]
    places = [bisect_left(ascending, edge) for edge in edges]
    runs = [after - before for before, after in pairwise(places)]
    highest = max(runs) or 1
    path, height = f"M{scale.start:.1f} {base:.1f}", 0
    for at, number in enumerate(runs):
        if number != height:
            path += f"H{scale.start + at * bar:.1f}V{base - number / highest * _HUMP_PX:.1f}"
            height = number
    return f"{path}H{scale.end:.1f}V{base:.1f}z"


def _low(timing: Timing) -> float:
    return min(timing.summary.median_low or math.inf, _quantile(timing, 1 - _SHOWN))


def _high(timing: Timing) -> float:
    summary = timing.summary
    tail = min(_quantile(timing, _SHOWN), _FARTHEST * summary.median)
    return max(tail, summary.median_high or 0.0, timing.quartiles[1])


def _quantile(timing: Timing, quantile: float) -> float:
    return ordered_quantile(timing.ascending, quantile)


def _beyond(timing: Timing, highest: float) -> str:
    """How many runs are slower than the scale reaches, and how slow the slowest was."""
    ascending = timing.ascending
    number = len(ascending) - bisect_right(ascending, highest)
    if not number:
        return ""
    return f"{counted(number, 'run')} beyond, to {duration(timing.summary.maximum)}"


def _told(timing: Timing) -> str:
    summary = timing.summary
    column = Figures.fitting([summary.median], TIME_NS, 4)
    between = column.interval(summary.median_low, summary.median_high)
    named = {"p90": summary.p90, "p95": summary.p95, "p99": summary.p99}
    tails = [f"{name} {duration(each.value)}" for name, each in named.items() if each]
    interval = f" ({between} {column.unit.symbol})" if between else ""
    figures = [f"median {duration(summary.median, 4)}{interval}", *tails]
    return (
        f"{timing.record.name}: {', '.join(figures)}, slowest {duration(summary.maximum)},"
        f" {counted(summary.count, 'run')}"
    )
