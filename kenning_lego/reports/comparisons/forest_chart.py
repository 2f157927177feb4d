"""Ratios with their simultaneous intervals below each other: a forest plot.

Ratios stand on a logarithmic scale, on which twice as slow is as far from no change as twice as
fast. (J. Lewis and M. Clarke, "Forest plots: trying to see the wood and the trees", BMJ 322, 2001.)
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kenning_lego.reports.comparisons.comparison import Comparisons
from kenning_lego.reports.comparisons.series import legend, mark, style, whisker
from kenning_lego.reports.drawing.svg import (
    CHARACTER_PX,
    Scale,
    Tick,
    drawing,
    element,
    group,
    line,
    nice_ticks,
    shortened,
    text,
)
from kenning_lego.reports.formatting import share
from kenning_lego.stats.comparison import Difference

MOST_MARKS = 60
"""With more, only the rows of the largest differences are drawn."""

_ROW_PX = 15.0
_GAP_PX = 6.0
_RIGHT_PX = 22.0
_BOTTOM_PX = 42.0
_NAMES_PX = 250.0
_PHONE_PX = 500.0
_ROOM = 1.12


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One name, with its difference in each record but the first; None where there is none."""

    name: str
    differences: tuple[Difference | None, ...]


def forest_rows(comparisons: Comparisons, names: Sequence[str]) -> tuple[ForestRow, ...]:
    """What to draw: all together first, then the names, the largest differences if too many.

    Ratios of durations on different clocks are left out.
    """
    found = [
        row
        for name in names
        if any((row := ForestRow(name, tuple(_drawn(comparisons, name)))).differences)
    ]
    most = MOST_MARKS // len(comparisons.pairs)
    if len(found) > most:
        kept = {id(each) for each in sorted(found, key=_weight, reverse=True)[:most]}
        found = [each for each in found if id(each) in kept]
    overall = ForestRow("all together", tuple(each.overall for each in comparisons.pairs))
    mixed = any(
        len(each.clocks) != 1 or each.clocks != comparisons.sides[0].clocks
        for each in comparisons.sides
    )
    several = len(comparisons.names) > 1 and any(overall.differences) and not mixed
    return (overall, *found) if several else tuple(found)


def forest_chart(
    rows: Sequence[ForestRow], marks: Sequence[str], threshold: float, identity: str, width: float
) -> str | None:
    """The rows as an SVG of `width` px; None without a bounded difference.

    Args:
        rows: from top to bottom.
        marks: letters of the records but the first.
        threshold: share within which a difference does not matter.
        identity: of the drawing.
        width: in px.
    """
    bounds = [each for row in rows for each in row.differences if each and each.low is not None]
    if not bounds:
        return None
    narrow = width < _PHONE_PX
    names_px = min(_NAMES_PX, max(len(each.name) for each in rows) * CHARACTER_PX + 12)
    left = 8.0 if narrow else names_px
    reach = _reach(bounds, threshold)
    scale = Scale(-reach, reach, left, width - _RIGHT_PX)
    parts, top = legend([(number, each) for number, each in enumerate(marks, 1)], 10.0, width)
    top = top + 4 if len(marks) > 1 else 8.0
    row_px = len(marks) * (_ROW_PX - 3 if len(marks) > 1 else _ROW_PX) + _GAP_PX
    header = _ROW_PX if narrow else 0.0
    bottom = top + len(rows) * (row_px + header)
    body = [*(parts if len(marks) > 1 else ()), *_frame(scale, threshold, top, bottom, narrow)]
    y = top
    for number, row in enumerate(rows):
        label = shortened(row.name, width - 16 if narrow else names_px - 8)
        at = y + 11 if narrow else y + row_px / 2 + 4
        body.append(text(0, at, label, class_="label mark" if number == 0 else "label"))
        y += header
        body += _marks(row, marks, scale, y + _GAP_PX / 2, row_px - _GAP_PX)
        y += row_px
        body.append(line(0, y, width - _RIGHT_PX, y, class_="rule"))
    right, axis = width - _RIGHT_PX, "change of the median"
    body.append(text(right, bottom + 34, axis, class_="axis", text_anchor="end"))
    return drawing(
        identity,
        "Ratios of medians with their intervals",
        f"{len(rows)} rows; left of the middle is faster than the first record, right is slower;"
        f" the band is within {share(threshold)}. The table of medians holds the same figures.",
        width,
        bottom + _BOTTOM_PX,
        body,
    )


def _drawn(comparisons: Comparisons, name: str) -> Iterator[Difference | None]:
    first = comparisons.sides[0].measurements[name]
    for pair, side in zip(comparisons.pairs, comparisons.sides[1:], strict=True):
        row = pair.row(name)
        alike = row is not None and side.measurements[name].clock == first.clock
        yield row.difference if row is not None and alike else None


def _weight(row: ForestRow) -> tuple[bool, float]:
    known = [each for each in row.differences if each]
    decided = any(each.outcome in ("faster", "slower") for each in known)
    return decided, max(abs(math.log1p(each.change)) for each in known)


def _reach(differences: Sequence[Difference], threshold: float) -> float:
    """Of the scale to both sides: no interval that says nothing decides it."""
    points = [abs(math.log1p(each.change)) for each in differences]
    ends = [
        abs(math.log1p(end))
        for each in differences
        for end in (each.low, each.high)
        if end is not None
    ]
    most = max(4 * max(points), 4 * math.log1p(threshold), 0.01)
    return _ROOM * max(min(max(ends), most), math.log1p(threshold), 1e-3)


def _frame(
    scale: Scale, threshold: float, top: float, bottom: float, narrow: bool
) -> Iterator[str]:
    band = math.log1p(threshold)
    if threshold:
        left, right = scale(max(-band, scale.low)), scale(min(band, scale.high))
        yield element("rect", x=left, y=top, width=right - left, height=bottom - top, class_="band")
    for tick in _ticks(scale, 4 if narrow else 8):
        x = scale(math.log1p(tick.value))
        yield line(x, top, x, bottom, class_="grid")
        yield text(x, bottom + 16, tick.label, class_="tick", text_anchor="middle")
    yield line(scale(0), top, scale(0), bottom, class_="zero")


def _ticks(scale: Scale, count: int) -> list[Tick]:
    """Round shares with a sign, not closer than they can be read."""
    low, high = math.expm1(scale.low), math.expm1(scale.high)
    found: list[Tick] = []
    for each in nice_ticks(low * 100, high * 100, count):
        value = each.value / 100
        if value <= -1:
            continue
        label = f"+{each.label} %" if value > 0 else f"{each.label} %"
        x = scale(math.log1p(value))
        room = len(label) * CHARACTER_PX + 6
        if not found or x - scale(math.log1p(found[-1].value)) >= room:
            found.append(Tick(value, label))
    return found


def _marks(
    row: ForestRow, marks: Sequence[str], scale: Scale, top: float, height: float
) -> Iterator[str]:
    step = height / len(marks)
    for number, (letter, each) in enumerate(zip(marks, row.differences, strict=True), 1):
        if each is None or each.low is None or each.high is None:
            continue
        y = top + (number - 0.5) * step
        low, high = (_within(scale, math.log1p(end)) for end in (each.low, each.high))
        parts = [whisker(number, scale(low), scale(high), y)]
        parts += _arrows(number, each, scale, y)
        parts.append(mark(number, scale(_within(scale, math.log1p(each.change))), y))
        if len(marks) > 1:
            parts.append(text(scale(high) + 5, y + 4, letter, class_="tick"))
        said = (
            f"{row.name}, {letter}: {share(each.change, 2, signed=True)}"
            f" ({share(each.low, 2, signed=True)} to {share(each.high, 2, signed=True)})"
        )
        yield group(said, *parts)


def _arrows(number: int, each: Difference, scale: Scale, y: float) -> Iterator[str]:
    """Where an interval goes on beyond the scale."""
    for end, edge, way in ((each.low, scale.low, -5.0), (each.high, scale.high, 5.0)):
        if end is not None and (math.log1p(end) < edge if way < 0 else math.log1p(end) > edge):
            x = scale(edge)
            path = f"M{x:.1f} {y - 4:.1f}l{way:.1f} 4l{-way:.1f} 4z"
            yield element("path", d=path, class_=style(number))


def _within(scale: Scale, value: float) -> float:
    return min(max(value, scale.low), scale.high)
