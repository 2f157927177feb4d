"""Curves of several records over the same axes, with a letter at each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kenning_lego.reports.comparisons.series import legend, mark, trace, whisker
from kenning_lego.reports.drawing.labels import Box, place
from kenning_lego.reports.drawing.svg import (
    Scale,
    Tick,
    across,
    drawing,
    group,
    nice_ticks,
    padded,
    text,
    upwards,
)

_PLOT_PX = 190.0
_LEFT_PX = 56.0
_RIGHT_PX = 22.0
_BOTTOM_PX = 42.0
_PHONE_PX = 500.0

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Curve:
    """One record's line.

    Args:
        number: of the record, from 0.
        name: of the record: its letter.
        points: x and y, in the axes' units, x ascending; at least one.
        said: what hovering over it shows.
        labelled: where its letter stands; the last point by default.
        spans: intervals at a height: y, from x, to x, and the x of the mark.
        stairs: it keeps its height until the next point.
    """

    number: int
    name: str
    points: tuple[Point, ...]
    said: str
    labelled: Point | None = None
    spans: tuple[tuple[float, float, float, float], ...] = ()
    stairs: bool = False


@dataclass(frozen=True, slots=True)
class Overlay:
    """A drawing.

    Args:
        title: what it shows.
        described: the same in more words, for those who cannot see it.
        x_title: with the unit.
        y_title: with the unit.
        curves: at least one.
        y_from_zero: the axis begins at zero.
        x_range: of the axis; that of the points by default.
    """

    title: str
    described: str
    x_title: str
    y_title: str
    curves: tuple[Curve, ...]
    y_from_zero: bool = False
    x_range: Point | None = None


def overlay_chart(overlay: Overlay, identity: str, width: float) -> str:
    """The drawing as an SVG of `width` px."""
    keys, below = legend([(each.number, each.name) for each in overlay.curves], 28.0, width)
    top, right = below, width - _RIGHT_PX
    bottom = top + _PLOT_PX
    x, y = _scales(overlay, (_LEFT_PX, right), (bottom, top))
    body = [
        *across(x, _ticks(x, 3 if width < _PHONE_PX else 5), top, bottom),
        *upwards(y, _ticks(y, 4), _LEFT_PX, right),
        text(0, 12, overlay.y_title, class_="axis"),
        text(right, bottom + 34, overlay.x_title, class_="axis", text_anchor="end"),
        *keys,
    ]
    body += [group(each.said, *_curve(each, x, y)) for each in overlay.curves]
    wanted = [(*_at(each.labelled or each.points[-1], x, y), each.name) for each in overlay.curves]
    marks = [(a, b) for a, b, _ in wanted]
    marks += [
        _at((end, height), x, y)
        for each in overlay.curves
        for height, low, high, _ in each.spans
        for end in (low, high)
    ]
    labels = place(wanted, marks, Box(_LEFT_PX, top, width, bottom))
    body += [text(each.x, each.y, each.text, class_="label mark") for each in labels]
    return drawing(identity, overlay.title, overlay.described, width, bottom + _BOTTOM_PX, body)


def _scales(overlay: Overlay, across_px: Point, upwards_px: Point) -> tuple[Scale, Scale]:
    points = [point for each in overlay.curves for point in each.points]
    low, high = min(y for _, y in points), max(y for _, y in points)
    if overlay.y_from_zero and low >= 0:
        low, high = 0.0, padded(0.0, high)[1]
    else:
        low, high = padded(low, high)
    if overlay.x_range is None:
        first, last = padded(min(x for x, _ in points), max(x for x, _ in points), 0.02)
    else:
        first, last = padded(*overlay.x_range, 0.02)
    return Scale(first, last, *across_px), Scale(low, high, *upwards_px)


def _ticks(scale: Scale, count: int) -> tuple[Tick, ...]:
    return nice_ticks(scale.low, scale.high, count)


def _curve(curve: Curve, x: Scale, y: Scale) -> Iterator[str]:
    inside = [each for each in curve.points if x.low <= each[0] <= x.high]
    if inside:
        yield trace(curve.number, _path(inside, x, y, stairs=curve.stairs))
    for height, low, high, at in curve.spans:
        left, right = (x(min(max(end, x.low), x.high)) for end in (low, high))
        yield whisker(curve.number, left, right, y(height))
        yield mark(curve.number, x(min(max(at, x.low), x.high)), y(height))
    if len(inside) == 1:
        yield mark(curve.number, *_at(inside[0], x, y))


def _path(points: Sequence[Point], x: Scale, y: Scale, *, stairs: bool) -> str:
    pixels = [(x(across_), y(up)) for across_, up in points]
    (first, height), others = pixels[0], pixels[1:]
    if stairs:
        steps = "".join(f"H{across_:.1f}V{up:.1f}" for across_, up in others)
    else:
        steps = "".join(f"L{across_:.1f} {up:.1f}" for across_, up in others)
    return f"M{first:.1f} {height:.1f}{steps}"


def _at(point: Point, x: Scale, y: Scale) -> Point:
    return x(min(max(point[0], x.low), x.high)), y(point[1])
