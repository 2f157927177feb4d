"""What the verb ``select`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from kenning_lego.core.records import BudgetRecord
from kenning_lego.core.selection_records import (
    AnswerRecord,
    ChosenRecord,
    SelectedFromRecord,
    SelectionRecord,
)
from kenning_lego.reports.run.memory import MEMORY
from kenning_lego.scenarios.selecting.answering import describe_choice
from kenning_lego.scenarios.selecting.asking import Asked
from kenning_lego.scenarios.tester.choice import original_choice
from kenning_lego.scenarios.tester.mixing_summary import labels_of


def print_selection(console: Console, record: SelectionRecord, asked: Sequence[Asked]) -> None:
    """One row a budget and network, then what was chosen and why nothing could be."""
    labels = _labels(asked)
    table = Table(box=None, pad_edge=False)
    several = len(asked) > 1
    for heading in ("", "within", *(["network"] if several else [])):
        table.add_column(heading, no_wrap=True)
    for heading in ("latency ms", "memory MB", "score", "energy mJ", "% removed from its blocks"):
        if heading != "energy mJ" or _energy_known(record):
            table.add_column(heading, justify="left" if "%" in heading else "right", no_wrap=True)
    label = "original"
    for network in asked:
        original = describe_choice(network, original_choice(network.tested.problem))
        cells = _figures(original, energy=_energy_known(record))
        table.add_row(label, "", *([network.name] if several else []), *cells)
        label = ""
    for answer in record.answers:
        _add_rows(table, answer, labels, several=several, energy=_energy_known(record))
    console.print()
    for line in _titles(record.networks):
        console.print(line, soft_wrap=True)
    console.print(table)
    for term in sorted({network.memory for network in record.networks}):
        console.print(f"memory: {MEMORY[term].lower()}")
    for answer in record.answers:
        for line in _explained(answer, labels):
            console.print(line, soft_wrap=True)
    console.print()


def _add_rows(
    table: Table, answer: AnswerRecord, labels: dict[str, str], *, several: bool, energy: bool
) -> None:
    name, within = answer.name, bounds(answer.budget)
    if not answer.feasible:
        table.add_row(name, within, *([""] if several else []), "—", "—", "—")
    for chosen in answer.chosen:
        table.add_row(
            name,
            within,
            *([chosen.network] if several else []),
            *_figures(chosen, energy=energy),
            _removed(chosen, labels),
        )
        name = within = ""


def _figures(chosen: ChosenRecord, *, energy: bool) -> Iterator[str]:
    predicted = chosen.predicted
    yield _number(predicted.latency_ms, ".3f")
    yield _number(predicted.memory_bytes, ",.2f", 1e-6)
    yield _number(predicted.score, ".2%")
    if energy:
        yield _number(predicted.energy_mj, ".3g")


def _removed(chosen: ChosenRecord, labels: dict[str, str]) -> str:
    removed = " ".join(labels[name] for name in chosen.variants.values())
    return removed if chosen.changed is None else f"{removed} ({chosen.changed} changed)"


def _explained(answer: AnswerRecord, labels: dict[str, str]) -> Iterator[str]:
    if answer.feasible:
        exact = f"within {answer.gap:g}" if answer.gap else "exact"
        yield f"{answer.name}: {exact}, by {answer.solver} in {answer.solve_ms or 0:.1f} ms"
        return
    yield f"{answer.name} cannot be met: {answer.demand}"
    for conflict in answer.conflicts:
        yield f"  in the way: {' with '.join(conflict)}"
    for near in answer.nearest:
        chosen = "; ".join(
            " ".join(
                (
                    *([each.network + ":"] if len(near.chosen) > 1 else []),
                    f"{_number(each.predicted.latency_ms, '.3f')} ms,",
                    f"{_number(each.predicted.memory_bytes, ',.2f', 1e-6)} MB,",
                    f"score {_number(each.predicted.score, '.2%')}",
                    f"({_removed(each, labels)})",
                )
            )
            for each in near.chosen
        )
        within = bounds(near.budget)
        changed = " and ".join(near.changed)
        yield f"  with {changed} relaxed{f', within {within}' if within else ''}: {chosen}"


def bounds(budget: BudgetRecord) -> str:
    """A budget in words; empty where there is none."""
    words = []
    if budget.latency_ms is not None:
        words.append(f"≤ {budget.latency_ms:.3f} ms")
    if budget.memory_bytes is not None:
        words.append(f"≤ {budget.memory_bytes / 1e6:.2f} MB")
    if budget.energy_mj is not None:
        words.append(f"≤ {budget.energy_mj:.3g} mJ")
    return ", ".join(words)


def _titles(networks: Sequence[SelectedFromRecord]) -> Iterator[str]:
    for each in networks:
        yield f"Predicted for {each.name} ({each.metric} on the test part), run {each.run}"


def _energy_known(record: SelectionRecord) -> bool:
    return any(
        each.predicted.energy_mj is not None for answer in record.answers for each in answer.chosen
    )


def _labels(asked: Sequence[Asked]) -> dict[str, str]:
    return {
        name: label
        for each in asked
        for name, label in labels_of(each.tested.record.segments).items()
    }


def _number(value: float | None, form: str, scale: float = 1.0) -> str:
    return "—" if value is None else format(value * scale, form)
