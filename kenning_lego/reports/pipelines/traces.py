"""The drawings of a pipeline over time: latency, memory and score."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kenning_lego.reports.drawing.reading import Axis, plot, series
from kenning_lego.reports.drawing.svg import (
    CHARACTER_PX,
    Scale,
    across,
    drawing,
    element,
    group,
    nice_ticks,
    padded,
    text,
    upwards,
)
from kenning_lego.reports.formatting import (
    SIZE_BYTES,
    TIME_NS,
    Figures,
    Unit,
    counted,
    seconds,
    significant,
)
from kenning_lego.reports.pipelines.findings import PipelineFindings
from kenning_lego.reports.quality import Quality

_PLOT_PX = 170.0
_LEFT_PX = 56.0
_RIGHT_PX = 16.0
_TOP_PX = 28.0
_BOTTOM_PX = 42.0
_MARK_PX = 3.0
"""Room for each mark; where frames are closer, neighbours share one."""
_HIGHEST_BOUND = 1.25
"""Bounds further above all that was measured than this factor do not stretch the axis."""

_SHOWN = 0.995
"""Share of the points that the axis reaches to; the others are cut at its end."""

Steps = Sequence[tuple[float, float | None]]
"""From when on which value holds; None for no value."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What is drawn over one axis.

    Args:
        title: what it shows.
        unit: of the axis, and its factor.
        points: time in s and value, in order of time; many share a mark.
        steps: a line that holds its value until the next.
        bound: the same, drawn as a bound.
    """

    title: str
    unit: Unit
    points: Sequence[tuple[float, float]] = ()
    steps: Steps = ()
    bound: Steps = ()


def latency_trace(findings: PipelineFindings) -> Trace | None:
    """Every frame's duration and the bound on it."""
    durations = findings.record.frames.duration_ns
    if not durations:
        return None
    unit = Figures.fitting([statistics.median(durations)], TIME_NS).unit
    bounds = [(each.at_s, each.budget.latency_ms) for each in findings.record.bounds]
    return Trace(
        f"latency of a frame, {unit.symbol}",
        unit,
        points=list(zip(findings.begins_s, map(float, durations), strict=True)),
        bound=[(at, None if bound is None else bound * 1e6) for at, bound in bounds],
    )


def memory_trace(findings: PipelineFindings) -> Trace | None:
    """What was loaded and the bound on it."""
    loaded = [(each.at_s, float(each.memory_bytes)) for each in findings.record.loaded]
    if not loaded:
        return None
    unit = Figures.fitting([max(value for _, value in loaded)], SIZE_BYTES).unit
    bounds = [(each.at_s, each.budget.memory_bytes) for each in findings.record.bounds]
    return Trace(
        f"artifacts loaded, {unit.symbol}",
        unit,
        steps=loaded,
        bound=[(at, None if bound is None else float(bound)) for at, bound in bounds],
    )


def score_trace(findings: PipelineFindings, quality: Quality) -> Trace | None:
    """The predicted score of the configuration that ran each frame."""
    scores = [each.predicted.score for each in findings.record.configurations]
    steps: list[tuple[float, float | None]] = []
    for begin, index in zip(findings.begins_s, findings.record.frames.configuration, strict=True):
        if not steps or steps[-1][1] != scores[index]:
            steps.append((begin, scores[index]))
    if not any(score is not None for _, score in steps):
        return None
    unit = f", {quality.unit}" if quality.unit else ""
    return Trace(
        f"predicted {quality.name}{unit}", Unit(quality.unit, 1 / quality.factor), steps=steps
    )


def room_for_names(findings: PipelineFindings, width: float) -> float:
    """Where time begins in all drawings of a pipeline, in px from their left."""
    longest = max((len(each.block) for each in findings.record.variants), default=0)
    return max(_LEFT_PX, min(0.32 * width, CHARACTER_PX * longest + 10))


def trace_chart(trace: Trace, end_s: float, left: float, identity: str, width: float) -> str:
    """A trace as an SVG of `width` px, over the time from 0, at `left`, to `end_s`."""
    right, bottom = width - _RIGHT_PX, _TOP_PX + _PLOT_PX
    x = Scale(0.0, max(end_s, 1e-3), left, right)
    y = _vertical(trace, bottom)
    factor = trace.unit.factor

    def at(value: float) -> float:
        return min(max(y(value / factor), _TOP_PX), bottom)

    size = math.ceil(len(trace.points) / ((right - left) / _MARK_PX)) or 1
    body = [
        *across(x, nice_ticks(0.0, x.high, 4 if width < 500 else 8), _TOP_PX, bottom),
        *upwards(y, nice_ticks(y.low, y.high, 4), left, right),
        text(0, 14, trace.title, class_="axis"),
        text(right, bottom + _BOTTOM_PX - 6, "time, s", class_="axis", text_anchor="end"),
    ]
    lines = _marks(trace.points, size, x, at)
    if trace.steps:
        lines.append(series("", _stairs(trace.steps, x, at), "trace shade-1", steps=True))
    if any(value is not None for _, value in trace.bound):
        bound = series("bound", _stairs(trace.bound, x, at), "bound", steps=True)
        lines.append(group("the bound", bound))
    body.append(plot(Axis(x, unit="s"), Axis(y, unit=trace.unit.symbol), *lines))
    return drawing(
        identity, trace.title, _said(trace, size, end_s), width, bottom + _BOTTOM_PX, body
    )


def _vertical(trace: Trace, bottom: float) -> Scale:
    factor = trace.unit.factor
    told = sorted(value for _, value in trace.points)
    told = told[: 1 + round(_SHOWN * (len(told) - 1))] if told else told
    told += [value for _, value in trace.steps if value is not None]
    highest, lowest = max(told), min(told)
    bounds = [value for _, value in trace.bound if value is not None]
    near = [value for value in bounds if value <= _HIGHEST_BOUND * highest]
    highest, lowest = max([highest, *near]), min([lowest, *near])
    if trace.bound:  # amounts: their size counts, not only their change
        lowest, highest = min(0.0, lowest), max(0.0, highest)
    low, high = padded(lowest / factor, highest / factor)
    return Scale(0.0 if trace.bound and lowest == 0 else low, high, bottom, _TOP_PX)


def _marks(
    points: Sequence[tuple[float, float]],
    size: int,
    x: Scale,
    at: Callable[[float], float],
) -> list[str]:
    """A dot for the median of so many neighbours, and an upright for their range."""
    dots, spans = [], []
    for start in range(0, len(points), size):
        part = points[start : start + size]
        middle = x(part[len(part) // 2][0])
        values = [value for _, value in part]
        dots.append(f"M{middle:.1f} {at(statistics.median(values)):.1f}h0")
        if size > 1:
            spans.append(f"M{middle:.1f} {at(min(values)):.1f}V{at(max(values)):.1f}")
    parts = [element("path", d="".join(spans), class_="range")] if spans else []
    return [*parts, series("", "".join(dots), "runs")] if dots else parts


def _stairs(steps: Steps, x: Scale, at: Callable[[float], float]) -> str:
    """Each value held until the next; lifted where there is none."""
    parts = []
    before: float | None = None
    for position, (begin, value) in enumerate(steps):
        end = steps[position + 1][0] if position + 1 < len(steps) else x.high
        if value is not None:
            start = x(max(begin, 0.0))
            parts.append(f"M{start:.1f} {at(value):.1f}" if before is None else f"V{at(value):.1f}")
            parts.append(f"H{x(min(max(end, 0.0), x.high)):.1f}")
        before = value
    return "".join(parts)


def _said(trace: Trace, size: int, end_s: float) -> str:
    values = [value for _, value in trace.points]
    values += [value for _, value in trace.steps if value is not None]
    low, high = (significant(each / trace.unit.factor) for each in (min(values), max(values)))
    shared = f" Each mark stands for {counted(size, 'frame')}." if size > 1 else ""
    bounded = " The line is the bound." if trace.bound else ""
    return f"From {low} to {high} {trace.unit.symbol} in {seconds(end_s)}.{shared}{bounded}"
