"""The chart that sets each configuration's predicted latency against the measured one."""

from __future__ import annotations

from kenning_lego.reports.document.subjects import configuration_subject
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
from kenning_lego.reports.formatting import TIME_NS, Figures, milliseconds, share
from kenning_lego.reports.run.findings import Findings, Outcome

_ROW_PX = 42.0
_TOP_PX = 8.0
_BOTTOM_PX = 40.0
_ERROR_PX = 64.0


def prediction_chart(findings: Findings, identity: str, width: float) -> str | None:
    """A row for each configuration: budget, prediction, measurement and the error.

    Returns:
        An SVG of `width` px, or None when no configuration has both latencies.
    """
    rows = [
        each for each in findings.outcomes if each.configuration or each.latency_error is not None
    ]
    if not any(each.latency_error is not None for each in rows):
        return None
    rows = [each for each in rows if each.latency_ms is not None]
    ns = [ms * 1e6 for each in rows for ms in _values(each)]
    unit = Figures.fitting([max(ns)], TIME_NS).unit
    names_px = min(max(len(each.name) for each in rows) * CHARACTER_PX + 16, width * 0.32)
    low, high = padded(min(ns) / unit.factor, max(ns) / unit.factor)
    scale = Scale(low, high, names_px, width - _ERROR_PX)
    ticks = nice_ticks(low, high, 3 if width < 500 else 6)
    bottom = _TOP_PX + len(rows) * _ROW_PX
    body = [
        *across(scale, ticks, _TOP_PX, bottom),
        text(scale.end, bottom + 34, f"latency, {unit.symbol}", class_="axis", text_anchor="end"),
        text(width, bottom + 16, "error", class_="axis", text_anchor="end"),
    ]
    for index, each in enumerate(rows):
        y = _TOP_PX + (index + 0.5) * _ROW_PX
        body.append(text(0, y + 4, shortened(each.name, names_px - 10), class_="label"))
        marks = _marks(each, scale, unit.factor / 1e6, y)
        about = configuration_subject(each.name)
        body.append(group(_said(each), *marks, class_="point", data_about=about))
        error = share(each.latency_error, signed=True)
        if error:
            body.append(text(width, y + 4, error, class_="label", text_anchor="end"))
    return drawing(
        identity,
        "Predicted and measured latency",
        f"{len(rows)} configurations; predictions are hollow, measurements filled. The table of"
        " configurations holds the same figures.",
        width,
        bottom + _BOTTOM_PX,
        body,
    )


def _values(outcome: Outcome) -> list[float]:
    """Every latency of a row, in ms."""
    budget = outcome.configuration.budget.latency_ms if outcome.configuration else None
    values = [outcome.predicted.latency_ms, outcome.measured.latency_ms, budget, *_bounds(outcome)]
    return [each for each in values if each is not None]


def _bounds(outcome: Outcome) -> list[float]:
    """The interval of the measured median in ms; empty when it is not known."""
    if outcome.timing is None:
        return []
    low, high = outcome.timing.summary.median_low, outcome.timing.summary.median_high
    return [] if low is None or high is None else [low / 1e6, high / 1e6]


def _marks(outcome: Outcome, scale: Scale, unit_ms: float, y: float) -> list[str]:
    def at(ms: float) -> float:
        return scale(ms / unit_ms)

    marks = []
    budget = outcome.configuration.budget.latency_ms if outcome.configuration else None
    predicted, measured = outcome.predicted.latency_ms, outcome.measured.latency_ms
    if budget is not None:
        marks.append(line(at(budget), y - 13, at(budget), y + 13, class_="budget"))
    if bounds := _bounds(outcome):
        marks.append(line(at(bounds[0]), y, at(bounds[1]), y, class_="interval"))
    if predicted is not None:
        marks.append(element("circle", cx=at(predicted), cy=y, r=6.0, class_="predicted"))
    if measured is not None:
        marks.append(element("circle", cx=at(measured), cy=y, r=3.5, class_="measured"))
    return marks


def _said(outcome: Outcome) -> str:
    budget = outcome.configuration.budget.latency_ms if outcome.configuration else None
    figures = {
        "predicted": outcome.predicted.latency_ms,
        "measured": outcome.measured.latency_ms,
        "budget": budget,
    }
    said = [f"{name} {milliseconds(ms)}" for name, ms in figures.items() if ms is not None]
    return f"{outcome.name}: {', '.join(said)}"
