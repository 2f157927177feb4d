"""The section of predictions: what was foretold of whole networks, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kenning_lego.reports.document.parts import Chart, Charts, Part, ReportTypes, Section
from kenning_lego.reports.document.subjects import configuration_subject
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.drawing.chart import chart
from kenning_lego.reports.formatting import (
    ENERGY_NJ,
    SIZE_BYTES,
    TIME_NS,
    Figures,
    Unit,
    share,
    significant,
)
from kenning_lego.reports.quality import Quality
from kenning_lego.reports.run.agreement import (
    Pair,
    energies,
    latencies,
    memories,
    scores,
)
from kenning_lego.reports.run.agreement_chart import Quantity, agreement_chart
from kenning_lego.reports.run.composition import latency_errors
from kenning_lego.reports.run.findings import Findings
from kenning_lego.reports.run.memory import MEMORY
from kenning_lego.reports.run.predicted_quality import quality_errors
from kenning_lego.reports.run.prediction_chart import prediction_chart

_ROWS = (
    "Latency of each configuration. Hollow: predicted; filled: measured, with the 95 % interval of"
    " its median; upright: the budget."
)
_OVER = (
    "Filled: configurations; hollow: trials, compositions that were run to try the prediction."
    " Uprights: 95 % intervals. On the diagonal the prediction was right; shaded: right to 1 % and"
    " to 5 %."
)


_NOTE = (
    "Residual: prediction minus measurement; error: as a share of the measurement. Trials were"
    " timed beside the blocks, and scored on the validation part. Predicted latencies"
    " contain terms fitted to them, if any were fitted; costs of accuracy have seen none of them."
)


def predictions(findings: Findings) -> Section | None:
    """The section, or None where nothing was both predicted and measured."""
    quantities = tuple(_quantities(findings))
    errors = (latency_errors(findings), quality_errors(findings.record))
    tables = [each for each in errors if each is not None]
    if quantities:
        tables.append(_table(quantities))
    if not tables:
        return None
    charts = [_over(each) for each in quantities]
    rows = chart("prediction", partial(prediction_chart, findings), _ROWS)
    found = tuple(each for each in (rows, *charts) if each)
    parts: list[Part] = [Charts(found)] if found else []
    parts += tables
    types: ReportTypes = frozenset({"selection"})
    title = "Predicted against measured"
    return Section("predictions", title, tuple(parts), types, short="Predictions")


def _quantities(findings: Findings) -> Iterator[Quantity]:
    quality = Quality.of(findings.record)
    memory = MEMORY[findings.record.memory].lower()
    score = (Unit(quality.unit, 1 / quality.factor),)
    compared: tuple[tuple[str, str, tuple[Pair, ...], tuple[Unit, ...]], ...] = (
        ("latency", "latency", latencies(findings), TIME_NS),
        ("score", quality.name, scores(findings), score),
        ("memory", memory, memories(findings), SIZE_BYTES),
        ("energy", "energy of an inference", energies(findings), ENERGY_NJ),
    )
    for key, name, pairs, fitting in compared:
        if pairs:
            unit = fitting[0]
            if len(fitting) > 1:
                unit = Figures.fitting([each.measured for each in pairs], fitting).unit
            yield Quantity(key, name, unit.symbol, unit.factor, pairs)


def _over(quantity: Quantity) -> Chart | None:
    draw = partial(agreement_chart, quantity)
    caption = f"Measured over predicted {quantity.name}. {_OVER}"
    return chart(f"agreement-{quantity.key}", draw, caption)


def _table(quantities: tuple[Quantity, ...]) -> Table:
    columns = (
        Column("network", "Network", number=False),
        Column("quantity", "Quantity", where="data"),
        Column("kind", "Kind", number=False),
        Column("predicted", "Predicted"),
        Column("measured", "Measured"),
        Column("measured_low", "low", where="data"),
        Column("measured_high", "high", where="data"),
        Column("residual", "Residual"),
        Column("error", "Error"),
    )
    groups = tuple(
        Rows(tuple(_row(each, quantity) for each in quantity.pairs), quantity.title)
        for quantity in quantities
    )
    return Table(
        "predictions",
        columns,
        groups,
        caption="Residuals",
        note=_NOTE,
        style="blocks",
    )


def _row(pair: Pair, quantity: Quantity) -> tuple[Cell, ...]:
    figures = Figures(Unit(quantity.unit, quantity.factor), _decimals(quantity))
    low, high = pair.interval or (None, None)
    named = pair.kind == "configuration"
    about = configuration_subject(pair.name) if named else ""
    residual = pair.residual / quantity.factor
    return (
        Cell(pair.name, pair.name, about=about),
        Cell(None, quantity.key),
        Cell("chosen" if named else "trial", pair.kind),
        Cell(figures.number(pair.predicted), pair.predicted),
        Cell(
            figures.number(pair.measured),
            pair.measured,
            note=figures.interval(low, high) or "",
            strong=True,
        ),
        Cell(None, low),
        Cell(None, high),
        Cell(significant(residual), pair.residual),
        Cell(share(pair.error, 2, signed=True), pair.error),
    )


def _decimals(quantity: Quantity) -> int:
    values = [each.measured for each in quantity.pairs]
    return Figures.fitting(values, (Unit(quantity.unit, quantity.factor),), 4).decimals
