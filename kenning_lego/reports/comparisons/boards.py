"""What the boards' sensors told during several runs, each from its own beginning."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from functools import partial

from kenning_lego.reports.board.timeline import Line, Panel, panels, seconds_of
from kenning_lego.reports.comparisons.comparison import Comparisons
from kenning_lego.reports.comparisons.overlay_chart import Curve, Overlay, Point, overlay_chart
from kenning_lego.reports.comparisons.sides import Side
from kenning_lego.reports.document.parts import Chart
from kenning_lego.reports.drawing.chart import chart
from kenning_lego.reports.formatting import significant

_MOST_POINTS = 240
"""Of a line; neighbours beyond are averaged."""

Told = tuple[int, Side, Panel]


def board_charts(comparisons: Comparisons) -> Iterator[Chart]:
    """One drawing of each quantity that at least two records hold."""
    found: dict[str, list[Told]] = {}
    for number, side in enumerate(comparisons.sides):
        for panel in panels(side.telemetry):
            found.setdefault(panel.identity, []).append((number, side, panel))
    for identity, told in found.items():
        if len(told) > 1:
            sensor = _sensor(told)
            drawn = chart(f"board-{identity}", partial(_draw, told, sensor), _caption(told, sensor))
            if drawn:
                yield drawn


def _sensor(told: Sequence[Told]) -> str | None:
    """The sensor with the highest value of those that all records have; None if they share none."""
    shared = set.intersection(*({line.name for line in panel.lines} for *_, panel in told))
    if not shared:
        return None
    peaks = {line.name: line.peak for *_, panel in told for line in panel.lines}
    return max(sorted(shared), key=lambda name: peaks[name])


def _line(panel: Panel, sensor: str | None) -> Line:
    if sensor is None:
        return max(panel.lines, key=lambda line: line.peak)
    return next(line for line in panel.lines if line.name == sensor)


def _caption(told: Sequence[Told], sensor: str | None) -> str:
    title = told[0][2].title
    if sensor is None:
        names = ", ".join(f"{side.mark} {_line(panel, None).name}" for _, side, panel in told)
        return f"{title}: other sensors in each record, the highest of each ({names})."
    return f"{title}{f' ({sensor})' if sensor else ''}, from each record's first sample."


def _draw(told: Sequence[Told], sensor: str | None, identity: str, width: float) -> str | None:
    curves = []
    for number, side, panel in told:
        line = _line(panel, sensor)
        points = _points(side, line)
        low, high = min(y for _, y in points), max(y for _, y in points)
        said = f"{side.mark}: {significant(low)} to {significant(high)} {panel.unit}"
        curves.append(Curve(number, side.mark, points, said))
    panel = told[0][2]
    overlay = Overlay(
        title=f"{panel.title} over time",
        described="; ".join(each.said for each in curves) + ".",
        x_title="time, s",
        y_title=f"{panel.title}, {panel.unit}",
        curves=tuple(curves),
        y_from_zero=panel.from_zero,
    )
    return overlay_chart(overlay, identity, width)


def _points(side: Side, line: Line) -> tuple[Point, ...]:
    times = seconds_of(side.telemetry) if side.telemetry is not None else []
    told = [(at, value) for at, value in zip(times, line.values, strict=True) if value is not None]
    size = -(-len(told) // _MOST_POINTS)
    parts = (told[start : start + size] for start in range(0, len(told), size))
    return tuple(
        (statistics.fmean(at for at, _ in part), statistics.fmean(value for _, value in part))
        for part in parts
    )
