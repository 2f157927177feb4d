"""What mixing bought: scores of one precision, of one ratio, and of all variants, by budget."""

from __future__ import annotations

from collections.abc import Mapping

from kenning_lego.core.mixing_records import (
    ChoiceRecord,
    CompiledAccuracyRecord,
    GainRecord,
    MixingRecord,
)
from kenning_lego.core.mixing_records import Part as Variants
from kenning_lego.core.records import RunRecord
from kenning_lego.reports.document.parts import Bullets, Heading, Paragraph, Part, Section
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.formatting import counted, milliseconds
from kenning_lego.reports.quality import Quality
from kenning_lego.reports.run.budgets import bounds

_PARTS: Mapping[Variants, str] = {
    "ratios": "Ratios only",
    "precisions": "Precisions only",
    "mixed": "Mixed",
}
_SAID = (
    "Ratios only: variants compiled in the main way. Precisions only: the blocks themselves,"
    " compiled in any way."
)


def mixing(record: RunRecord) -> Section | None:
    """The section, or None where all variants were compiled in one way."""
    found = record.mixing
    if found is None or not found.ways:
        return None
    parts: list[Part] = []
    if found.gains:
        parts.append(_table(record, found))
    parts.append(Paragraph(_said(found, Quality.of(record)), "small-print"))
    if found.left_out:
        parts.append(Heading("Variants that are left out"))
        parts.append(Bullets(tuple(f"{name}: {why}" for name, why in found.left_out.items())))
    return Section(
        "mixing", "What mixing bought", tuple(parts), frozenset({"selection"}), short="Mixing"
    )


def _table(record: RunRecord, found: MixingRecord) -> Table:
    quality = Quality.of(record)
    budgets = {each.name: bounds(each.budget) for each in record.configurations}
    scores = {each.name: each.measured.score for each in record.configurations if each.measured}

    def row(gain: GainRecord) -> tuple[Cell, ...]:
        choices = {each.part: each for each in gain.choices}
        cells = [cell for part in _PARTS for cell in _cells(choices.get(part), scores, quality)]
        budget = budgets.get(gain.configuration, ())
        name = Cell(gain.configuration, gain.configuration)
        return name, Cell(None, "; ".join(budget) or None, lines=budget, why="no bound"), *cells

    return Table(
        "mixing-gains",
        (
            Column("configuration", "Configuration", number=False),
            Column("budget", "Budget", number=False),
            *(column for part in _PARTS.items() for column in _columns(*part, quality)),
        ),
        (Rows(tuple(row(each) for each in found.gains)),),
    )


def _columns(key: str, band: str, quality: Quality) -> tuple[Column, ...]:
    return (
        Column(f"{key}_latency_ns", "latency", "", band),
        Column(f"{key}_score_predicted", f"{quality.name} predicted", "", band),
        Column(f"{key}_score_measured", "measured", "", band),
    )


def _cells(
    choice: ChoiceRecord | None, scores: Mapping[str, float | None], quality: Quality
) -> tuple[Cell, ...]:
    if choice is None or not choice.feasible:
        return (Cell(None, why="cannot be met", span=3),)
    measured = scores.get(choice.configuration) if choice.configuration else None
    latency = None if choice.latency_ms is None else choice.latency_ms * 1e6
    return (
        Cell(milliseconds(choice.latency_ms), latency),
        Cell(quality.score(choice.score), choice.score, why="not predicted"),
        Cell(quality.score(measured), measured, why="not run on the target", strong=True),
    )


def _said(found: MixingRecord, quality: Quality) -> str:
    further = ", ".join(str(each.runtime) for each in found.engines)
    ways = f"Each variant comes in {counted(len(found.ways), 'further way')}"
    said = [
        _SAID,
        f"{ways} ({', '.join(found.ways)}){f', some on {further}' if further else ''}.",
        _accuracy(found.accuracy, quality),
    ]
    return " ".join(filter(None, said))


def _accuracy(found: CompiledAccuracyRecord | None, quality: Quality) -> str:
    if found is None:
        return ""
    said = (
        f"What {counted(found.measured, 'artifact')} cost in accuracy was measured by running them"
        f" within the network on {counted(found.samples, 'validation sample')}, in"
        f" {counted(found.environments, 'environment')}."
    )
    median, p95 = (
        None if each is None else quality.with_unit(quality.difference(each) or "")
        for each in (found.error_median, found.error_p95)
    )
    if median is None:
        return said
    runs = counted(len(found.runs), "random configuration")
    tail = f" (p95 {p95})" if p95 is not None else ""
    return f"{said} Predicted scores of {runs} of these were off by {median}{tail}."
