"""The drawing of one panel of the board's sensors over time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kenning_lego.reports.board.timeline import Line, Panel
from kenning_lego.reports.drawing.reading import Axis, plot, series
from kenning_lego.reports.drawing.svg import (
    CHARACTER_PX,
    Scale,
    across,
    drawing,
    group,
    line,
    nice_ticks,
    padded,
    shortened,
    text,
    upwards,
)
from kenning_lego.reports.drawing.thinning import thinned
from kenning_lego.reports.formatting import counted, seconds, significant

_PLOT_PX = 150.0
_LEFT_PX = 56.0
_RIGHT_PX = 16.0
_TITLE_PX = 22.0
_ROW_PX = 18.0
_BOTTOM_PX = 42.0
_KEY_PX = 22.0
"""Room for the short line before a name, and for the space behind it."""
_LONGEST_NAME_PX = 150.0

_SHADES = (1, 5, 3, 2, 4, 0)
"""In an order in which neighbours differ most."""


def timeline_chart(panel: Panel, times_s: Sequence[float], identity: str, width: float) -> str:
    """One panel as an SVG of `width` px.

    Args:
        panel: what to draw.
        times_s: of the samples, from the first.
        identity: of the drawing.
        width: in px.
    """
    legend, rows = _legend(panel.lines, width)
    top = _TITLE_PX + rows * _ROW_PX + 6
    bottom, right = top + _PLOT_PX, width - _RIGHT_PX
    told = [value for each in panel.lines for value in each.values if value is not None]
    from_zero = panel.from_zero and min(told) >= 0
    low, high = padded(0.0 if from_zero else min(told), max(told))
    y = Scale(0.0 if from_zero else low, high, bottom, top)
    x = Scale(0.0, max(times_s[-1], 1e-3), _LEFT_PX, right)
    traces = (
        group(each.name, series(each.name, _path(each, times_s, x, y), f"trace shade-{shade}"))
        for each, shade in zip(panel.lines, _SHADES, strict=False)
    )
    return drawing(
        identity,
        f"{panel.title} over time",
        _described(panel, times_s),
        width,
        bottom + _BOTTOM_PX,
        [
            *across(x, nice_ticks(x.low, x.high, 4 if width < 500 else 6), top, bottom),
            *upwards(y, nice_ticks(y.low, y.high, 4), _LEFT_PX, right),
            text(0, 14, f"{panel.title}, {panel.unit}", class_="axis"),
            text(right, bottom + _BOTTOM_PX - 6, "time, s", class_="axis", text_anchor="end"),
            *legend,
            plot(Axis(x, unit="s"), Axis(y, unit=panel.unit), *traces),
        ],
    )


def _legend(lines: Sequence[Line], width: float) -> tuple[list[str], int]:
    """A short line in each shade with its name, and how many rows they take."""
    parts = []
    x, row = 0.0, 0
    for each, shade in zip(lines, _SHADES, strict=False):
        name = shortened(each.name, _LONGEST_NAME_PX)
        room = _KEY_PX + len(name) * CHARACTER_PX + 12
        if x and x + room > width:
            x, row = 0.0, row + 1
        y = _TITLE_PX + row * _ROW_PX + 8
        parts.append(line(x, y, x + 14, y, class_=f"trace shade-{shade}"))
        parts.append(text(x + 19, y + 4, name))
        x += room
    return parts, row + 1


def _path(each: Line, times_s: Sequence[float], x: Scale, y: Scale) -> str:
    """The line, lifted where the sensor told nothing; a lone value is a dot."""
    parts = []
    for stretch in _stretches(each):
        points = thinned((x(times_s[at]), y(value)) for at, value in stretch)
        line_ = "L".join(f"{left:.1f} {up:.1f}" for left, up in points)
        parts.append(f"M{line_}" if len(stretch) > 1 else f"M{line_}h0")
    return "".join(parts)


def _stretches(each: Line) -> Iterator[list[tuple[int, float]]]:
    stretch: list[tuple[int, float]] = []
    for at, value in enumerate(each.values):
        if value is not None:
            stretch.append((at, value))
        elif stretch:
            yield stretch
            stretch = []
    if stretch:
        yield stretch


def _described(panel: Panel, times_s: Sequence[float]) -> str:
    ranges = []
    for each in panel.lines:
        told = [value for value in each.values if value is not None]
        ranges.append(f"{each.name} {significant(min(told))} to {significant(max(told))}")
    more = f"; {counted(panel.left_out, 'lower line')} left out" if panel.left_out else ""
    return f"{seconds(times_s[-1])}, in {panel.unit}: {'; '.join(ranges)}{more}."
