"""What mixing bought: scores of one precision, of one ratio, and of all variants, by budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kenning_lego.core.mixing_records import ChoiceRecord, CompiledAccuracyRecord
from kenning_lego.core.records import RunRecord
from kenning_lego.reports.configuration_table import Bound, bounds
from kenning_lego.reports.formatting import counted, milliseconds
from kenning_lego.reports.quality import Quality


@dataclass(frozen=True, slots=True)
class Cell:
    """The best of a part of the variants; figures are None where there are none.

    Args:
        feasible: whether the part keeps the budget at all.
        predicted: score.
        measured: score of the same variants on the target.
        latency: predicted.
    """

    feasible: bool
    predicted: str | None = None
    measured: str | None = None
    latency: str | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A budget with what ratios alone, precisions alone and all variants give."""

    name: str
    budget: tuple[Bound, ...]
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Mixing:
    """The rows, what is to be said of them, and what variants are missing."""

    rows: tuple[Row, ...]
    said: str
    left_out: tuple[str, ...]


def mixing(record: RunRecord) -> Mixing | None:
    """The table, or None where all variants were compiled in one way."""
    found = record.mixing
    if found is None or not found.ways:
        return None
    quality = Quality.of(record)
    budgets = {each.name: bounds(each.budget) for each in record.configurations}
    scores = {each.name: each.measured.score for each in record.configurations if each.measured}
    rows = tuple(
        Row(
            gain.configuration,
            budgets.get(gain.configuration, ()),
            tuple(_cell(each, scores, quality) for each in gain.choices),
        )
        for gain in found.gains
    )
    further = ", ".join(str(each.runtime) for each in found.engines)
    said = [f"Each variant comes in {counted(len(found.ways), 'further way')}"]
    said[0] += f" ({', '.join(found.ways)}){f', some on {further}' if further else ''}."
    said.append(_accuracy(found.accuracy, quality))
    left_out = tuple(f"{name}: {why}" for name, why in found.left_out.items())
    return Mixing(rows, " ".join(filter(None, said)), left_out)


def _cell(choice: ChoiceRecord, scores: Mapping[str, float | None], quality: Quality) -> Cell:
    if not choice.feasible:
        return Cell(feasible=False)
    measured = scores.get(choice.configuration) if choice.configuration else None
    return Cell(
        True,
        quality.score(choice.score),
        quality.score(measured),
        milliseconds(choice.latency_ms),
    )


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
    return f"{said} Predicted scores of {runs} of these were off by {median} (p95 {p95})."
