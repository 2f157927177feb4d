"""Charts of curves: a few lines over one axis."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from kenning_lego.reports.drawing.reading import Axis, plot, series
from kenning_lego.reports.drawing.svg import (
    CHARACTER_PX,
    Scale,
    Tick,
    across,
    drawing,
    element,
    group,
    line,
    nice_ticks,
    padded,
    shortened,
    text,
    upwards,
)
from kenning_lego.reports.drawing.thinning import thinned

Points = Sequence[tuple[float, float]]

SHADES = (1, 5, 3, 2, 4, 0)
"""Of the style sheet, in an order in which neighbours differ most."""

_PLOT_PX = 190.0
_LEFT_PX = 56.0
_RIGHT_PX = 16.0
_TITLE_PX = 22.0
_ROW_PX = 18.0
_BOTTOM_PX = 42.0
_KEY_PX = 22.0
_LONGEST_NAME_PX = 180.0
_DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 2", "12 4")
"""Beside the shades, for those who see no colours."""


@dataclass(frozen=True, slots=True)
class Curve:
    """One line.

    Args:
        name: in the key; empty for the only one.
        points: ascending in x; those that are no finite numbers lift the line.
        steps: it holds its value until the next point.
        dots: the points are marked.
    """

    name: str
    points: Points
    steps: bool = False
    dots: bool = False


@dataclass(frozen=True, slots=True)
class Mark:
    """What stands out: a line across or upwards at a value, or all between two values of x.

    Args:
        text: beside it; of an area, told on hover.
        x: of an upright line, or where an area begins; None for a line across.
        y: of a line across.
        x_end: where the area ends; None for a line.
    """

    text: str
    x: float | None = None
    y: float | None = None
    x_end: float | None = None


@dataclass(frozen=True, slots=True)
class Plane:
    """What the axes show.

    Args:
        title: of the whole.
        said: of the whole, for those who cannot see it.
        x_title: with its unit.
        y_title: with its unit.
        x_name: said before a value of x, such as ``epoch``.
        y_unit: said behind a value of y.
        from_zero: y begins at zero.
        limits: y reaches no further than these.
        x_ticks: where x is written, instead of at round values.
    """

    title: str
    said: str
    x_title: str
    y_title: str
    x_name: str = ""
    y_unit: str = ""
    from_zero: bool = False
    limits: tuple[float, float] = (-math.inf, math.inf)
    x_ticks: tuple[Tick, ...] = ()


def curve_chart(
    curves: Sequence[Curve],
    plane: Plane,
    marks: Sequence[Mark],
    identity: str,
    width: float,
) -> str | None:
    """Curves as an SVG of `width` px, or None where there is no point to draw.

    Args:
        curves: at most as many as there are shades.
        plane: the axes.
        marks: what stands out.
        identity: of the drawing.
        width: in px.
    """
    shown = [point for each in curves for point in each.points if _finite(point)]
    if not shown:
        return None
    key, rows = _key(curves, width) if len(curves) > 1 else ([], 0)
    top = _TITLE_PX + rows * _ROW_PX + 6
    bottom, right = top + _PLOT_PX, width - _RIGHT_PX
    x = Scale(*_range([x for x, _ in shown]), _LEFT_PX, right)
    y = _vertical(shown, plane, marks, bottom, top)
    lines = (_line(each, number, x, y) for number, each in enumerate(curves))
    return drawing(
        identity,
        plane.title,
        plane.said,
        width,
        bottom + _BOTTOM_PX,
        [
            *(_area(each, x, y) for each in marks if each.x_end is not None),
            *across(x, _ticks(plane, x, width), top, bottom),
            *upwards(y, nice_ticks(y.low, y.high, 5), _LEFT_PX, right),
            text(0, 14, plane.y_title, class_="axis"),
            text(right, bottom + 34, plane.x_title, class_="axis", text_anchor="end"),
            *key,
            plot(Axis(x, plane.x_name), Axis(y, unit=plane.y_unit), *lines),
            *(part for each in marks if each.x_end is None for part in _mark(each, x, y)),
        ],
    )


def _ticks(plane: Plane, x: Scale, width: float) -> Sequence[Tick]:
    if not plane.x_ticks:
        return nice_ticks(x.low, x.high, 4 if width < 500 else 6)
    return [each for each in plane.x_ticks if x.low <= each.value <= x.high]


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (low, high) if high > low else padded(low, high)


def _vertical(
    shown: Points, plane: Plane, marks: Sequence[Mark], bottom: float, top: float
) -> Scale:
    values = [y for _, y in shown] + [each.y for each in marks if each.y is not None]
    least, most = plane.limits
    values = [min(max(value, least), most) for value in values if math.isfinite(value)]
    zero = plane.from_zero and min(values) >= 0
    low, high = padded(0.0 if zero else min(values), max(values))
    return Scale(0.0 if zero else low, high, bottom, top)


def _line(curve: Curve, number: int, x: Scale, y: Scale) -> str:
    shade = f"shade-{SHADES[number % len(SHADES)]}"
    path = "".join(_path(stretch, x, y, steps=curve.steps) for stretch in _stretches(curve))
    dashes = _DASHES[number % len(_DASHES)]
    dashed = {"stroke_dasharray": dashes} if dashes else {}
    line_ = series(curve.name, path, f"trace {shade}", steps=curve.steps)
    drawn = [element("g", line_, **dashed)]
    if curve.dots:
        places = ((x(at), _within(y, value)) for at, value in filter(_finite, curve.points))
        dots = "".join(f"M{at:.1f} {value:.1f}h0" for at, value in places)
        drawn.append(element("path", d=dots, class_=f"dots {shade}"))
    return group(curve.name or "the curve", *drawn)


def _path(stretch: Points, x: Scale, y: Scale, *, steps: bool) -> str:
    drawn = [(x(at), _within(y, value)) for at, value in stretch]
    (left, up), *others = drawn if steps else thinned(drawn)
    path = [f"M{left:.1f} {up:.1f}"]
    path += [f"H{at:.1f}V{to:.1f}" if steps else f"L{at:.1f} {to:.1f}" for at, to in others]
    return "".join(path) if others else f"{path[0]}h0"


def _stretches(curve: Curve) -> Iterator[Points]:
    """The points between those that are no numbers."""
    for finite, points in groupby(curve.points, key=_finite):
        if finite:
            yield list(points)


def _area(mark: Mark, x: Scale, y: Scale) -> str:
    begin, end = (min(max(x(each or 0.0), x.start), x.end) for each in (mark.x, mark.x_end))
    size = {"width": max(end - begin, 1.0), "height": y.start - y.end}
    return group(mark.text, element("rect", x=begin, y=y.end, **size, class_="band-of"))


def _mark(mark: Mark, x: Scale, y: Scale) -> Iterator[str]:
    if mark.x is not None:
        at = x(mark.x)
        left = at > (x.start + x.end) / 2
        yield line(at, y.end, at, y.start, class_="change")
        beside = at - 5 if left else at + 5
        anchor = "end" if left else "start"
        yield text(beside, y.end + 11, mark.text, class_="tick", text_anchor=anchor)
    if mark.y is not None:
        at = _within(y, mark.y)
        yield line(x.start, at, x.end, at, class_="change")
        yield text(x.start + 4, at - 5, mark.text, class_="tick")


def _key(curves: Sequence[Curve], width: float) -> tuple[list[str], int]:
    """A short line in each shade with its name, and how many rows they take."""
    parts = []
    x, row = 0.0, 0
    for number, each in enumerate(curves):
        name = shortened(each.name, _LONGEST_NAME_PX)
        room = _KEY_PX + 8 + len(name) * CHARACTER_PX + 12
        if x and x + room > width:
            x, row = 0.0, row + 1
        y = _TITLE_PX + row * _ROW_PX + 8
        shade, dashes = SHADES[number % len(SHADES)], _DASHES[number % len(_DASHES)]
        dashed = {"stroke_dasharray": dashes} if dashes else {}
        parts.append(line(x, y, x + 22, y, class_=f"trace shade-{shade}", **dashed))
        parts.append(text(x + 27, y + 4, name))
        x += room
    return parts, row + 1


def _finite(point: tuple[float, float]) -> bool:
    return math.isfinite(point[0]) and math.isfinite(point[1])


def _within(y: Scale, value: float) -> float:
    return y(min(max(value, y.low), y.high))
