"""The charts of what was traded for what: configurations and variants as points."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from kenning_lego.core.records import ScoreRecord
from kenning_lego.reports.document.subjects import block_subject, configuration_subject
from kenning_lego.reports.drawing.labels import Box, place
from kenning_lego.reports.drawing.palette import shade
from kenning_lego.reports.drawing.svg import (
    Scale,
    across,
    drawing,
    element,
    group,
    line,
    nice_ticks,
    padded,
    text,
    upwards,
)
from kenning_lego.reports.formatting import SIZE_BYTES, TIME_NS, Figures, Unit, duration, size
from kenning_lego.reports.quality import Quality
from kenning_lego.reports.run.findings import Findings, Outcome
from kenning_lego.reports.run.front import FrontPoint, best_along, front_points, front_said
from kenning_lego.reports.variant_names import described

HEIGHT_PX = 320.0
"""Of charts of points."""
_LEFT_PX = 50.0
_RIGHT_PX = 18.0
_TOP_PX = 30.0
_BOTTOM_PX = 46.0


@dataclass(frozen=True, slots=True)
class Plane:
    """Both scales of a chart and what is drawn beneath its points.

    Args:
        x: from left to right.
        y: upwards.
        frame: that both scales span.
        parts: grid, ticks and titles.
    """

    x: Scale
    y: Scale
    frame: Box
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Axis:
    """A figure of configurations: its name, where to find it, what it is in."""

    name: str
    figure: Callable[[ScoreRecord], float | None]
    of_point: Callable[[FrontPoint], float]
    units: tuple[Unit, ...]


def score_latency_chart(findings: Findings, identity: str, width: float) -> str | None:
    """Each configuration's score over its latency; None without two figures of one."""
    return _configurations(
        findings,
        identity,
        width,
        _Axis(
            "latency",
            lambda side: _ns(side.latency_ms),
            lambda point: point.latency_ns,
            TIME_NS,
        ),
    )


def score_size_chart(findings: Findings, identity: str, width: float) -> str | None:
    """Each configuration's score over its memory; None without two figures of one."""
    return _configurations(
        findings,
        identity,
        width,
        _Axis(
            "memory", lambda side: side.memory_bytes, lambda point: point.memory_bytes, SIZE_BYTES
        ),
    )


def _configurations(
    findings: Findings,
    identity: str,
    width: float,
    axis: _Axis,
) -> str | None:
    quality = Quality.of(findings.record)

    def point(side: ScoreRecord) -> tuple[float, float] | None:
        value = axis.figure(side)
        return None if value is None or side.score is None else (value, side.score)

    pairs = [(each, point(each.predicted), point(each.measured)) for each in findings.outcomes]
    shown = [pair for pair in pairs if pair[1] or pair[2]]
    points = [each for _, *both in shown for each in both if each]
    if not any(outcome.configuration for outcome, *_ in shown):
        return None
    front = front_points(findings.record)
    seen = [*points, *((axis.of_point(each), each.score) for each in front)]
    unit = Figures.fitting([max(x for x, _ in seen)], axis.units).unit
    higher = findings.record.network.higher_is_better
    better = "higher" if higher else "lower"
    plane = plane_around(
        [(x / unit.factor, y * quality.factor) for x, y in seen],
        width,
        f"{axis.name}, {unit.symbol}",
        f"{titled(quality.name, quality.unit)} ({better} is better)",
    )

    def at(values: tuple[float, float]) -> tuple[float, float]:
        return plane.x(values[0] / unit.factor), plane.y(values[1] * quality.factor)

    body = list(plane.parts)
    if front:
        steps = best_along(front, axis.of_point, higher=higher)
        dots = (at((axis.of_point(each), each.score)) for each in front)
        body.append(element("path", d=_dots(dots), class_="front"))
        body.append(element("path", d=step_line([at(step) for step in steps]), class_="best"))
    for outcome, predicted, measured in shown:
        said = f"{outcome.name}: {_figures(outcome, quality)}"
        marks = _pair(predicted and at(predicted), measured and at(measured))
        kind = "point original" if outcome.is_original else "point"
        about = configuration_subject(outcome.name)
        body.append(group(said, *marks, class_=kind, data_about=about))
    ends = [(outcome, at(end)) for outcome, *both in shown if (end := both[1] or both[0])]
    wanted = [(x, y, outcome.label) for outcome, (x, y) in ends]
    labels = place(wanted, [at(each) for each in points], plane.frame)
    body += [text(each.x, each.y, each.text, class_="label") for each in labels]
    return drawing(
        identity,
        f"{quality.name} over {axis.name}",
        f"{len(shown)} compositions of the network; predicted points are hollow, measured ones"
        " filled. The table of configurations holds the same figures."
        f"{front_said(findings.record, front)}",
        width,
        HEIGHT_PX,
        body,
    )


def variants_chart(findings: Findings, identity: str, width: float) -> str | None:
    """Each variant's accuracy cost over the latency that it saves; None without any such pair.

    A marker's area grows with the artifact's bytes.
    """
    quality = Quality.of(findings.record)
    points = []
    for segment in findings.record.segments:
        original = next((each for each in segment.variants if each.is_original), None)
        before = findings.timing(original) if original else None
        for variant in segment.variants:
            after = findings.timing(variant)
            if variant is original or not before or not after or variant.accuracy_cost is None:
                continue
            saved = before.summary.median - after.summary.median
            points.append((saved, variant.accuracy_cost, segment, variant))
    if not points:
        return None
    unit = Figures.fitting([max(abs(saved) for saved, *_ in points)], TIME_NS).unit
    plane = plane_around(
        [(0.0, 0.0), *((saved / unit.factor, cost * quality.factor) for saved, cost, *_ in points)],
        width,
        f"latency saved, {unit.symbol}",
        f"{titled('accuracy cost', quality.difference_unit)} (lower is better)",
        zero=True,
    )
    largest = max(variant.artifact.size_bytes for *_, variant in points) or 1
    body = list(plane.parts)
    # Large markers first, so that small ones stay in sight.
    for saved, cost, segment, variant in sorted(
        points, key=lambda point: -point[3].artifact.size_bytes
    ):
        bytes_ = variant.artifact.size_bytes
        said = (
            f"{segment.name}, {described(variant)}: saves {duration(saved)} for"
            f" {quality.with_unit(quality.difference(cost) or '')}, {size(bytes_)}"
        )
        mark = element(
            "circle",
            cx=plane.x(saved / unit.factor),
            cy=plane.y(cost * quality.factor),
            r=2.5 + 6.5 * math.sqrt(max(bytes_, 0) / largest),
            class_=f"bubble shade-{shade(variant)}",
        )
        body.append(group(said, mark, data_about=block_subject(segment.name)))
    return drawing(
        identity,
        "What each variant saves and costs",
        f"{len(points)} variants; the area of a point grows with the artifact's size, its colour"
        " with the share removed. The table of blocks holds the same figures.",
        width,
        HEIGHT_PX,
        body,
    )


def plane_around(
    points: Sequence[tuple[float, float]],
    width: float,
    x_title: str,
    y_title: str,
    *,
    zero: bool = False,
) -> Plane:
    """Axes around the points."""
    bottom, right = HEIGHT_PX - _BOTTOM_PX, width - _RIGHT_PX
    x = Scale(*padded(min(x for x, _ in points), max(x for x, _ in points)), _LEFT_PX, right)
    y = Scale(*padded(min(y for _, y in points), max(y for _, y in points)), bottom, _TOP_PX)
    parts = [
        *across(x, nice_ticks(x.low, x.high, 5), _TOP_PX, bottom),
        *upwards(y, nice_ticks(y.low, y.high, 5), _LEFT_PX, right),
        text(right, HEIGHT_PX - 8, x_title, class_="axis", text_anchor="end"),
        text(0, 14, y_title, class_="axis"),
    ]
    if zero:
        parts.append(line(_LEFT_PX, y(0), right, y(0), class_="zero"))
        parts.append(line(x(0), _TOP_PX, x(0), bottom, class_="zero"))
    return Plane(x, y, Box(_LEFT_PX, _TOP_PX, right, bottom), tuple(parts))


def _dots(points: Iterable[tuple[float, float]]) -> str:
    return "".join(f"M{x:.1f} {y:.1f}h0" for x, y in points)


def step_line(points: Sequence[tuple[float, float]]) -> str:
    """A line that keeps its height until the next point."""
    x, y = points[0]
    return f"M{x:.1f} {y:.1f}" + "".join(f"H{x:.1f}V{y:.1f}" for x, y in points[1:])


def _pair(
    predicted: tuple[float, float] | None, measured: tuple[float, float] | None
) -> Sequence[str]:
    """A hollow and a filled mark, with a line between them when both are there."""
    marks = []
    if predicted and measured:
        marks.append(line(*predicted, *measured, class_="link"))
    if predicted:
        x, y = predicted
        marks.append(element("circle", cx=x, cy=y, r=5.0, class_="predicted"))
    if measured:
        x, y = measured
        marks.append(element("circle", cx=x, cy=y, r=4.5, class_="measured"))
    return marks


def _figures(outcome: Outcome, quality: Quality) -> str:
    figures = [
        duration(_ns(outcome.latency_ms)),
        size(outcome.memory_bytes),
        quality.score(outcome.score),
    ]
    return ", ".join(each for each in figures if each)


def titled(name: str, unit: str) -> str:
    """An axis: what, and in which unit if in any."""
    return f"{name}, {unit}" if unit else name


def _ns(ms: float | None) -> float | None:
    return None if ms is None else ms * 1e6
