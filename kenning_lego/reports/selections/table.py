"""The tables of a selection: what was chosen for each demand, and what is in the way of others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from kenning_lego.core.selection_records import (
    AnswerRecord,
    ChosenRecord,
    NearRecord,
    SelectionRecord,
)
from kenning_lego.reports.document.subjects import configuration_subject
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.formatting import (
    ENERGY_NJ,
    SIZE_BYTES,
    TIME_NS,
    TIMES,
    Figures,
    milliseconds,
    significant,
    size,
)
from kenning_lego.reports.quality import Quality
from kenning_lego.reports.run.budgets import bounds, in_the_way
from kenning_lego.reports.selections.bricks import named_brick


def choices_table(record: SelectionRecord) -> Table:
    """A row for each demand and network; for those that cannot be met, why and what is near."""
    chosen = [each for answer in record.answers for each in answer.chosen]
    several = len(record.networks) > 1
    energy = any(each.predicted.energy_mj is not None for each in chosen)
    latency = Figures.fitting([_ns(each) for each in chosen], TIME_NS, 4)
    memory = Figures.fitting([each.predicted.memory_bytes for each in chosen], SIZE_BYTES)
    energies = Figures.fitting([_nj(each) for each in chosen], ENERGY_NJ)
    qualities = qualities_of(record)
    columns = (
        Column("demand", "Demand", number=False),
        Column("within", "Within", number=False),
        *((Column("network", "Network", number=False),) if several else ()),
        Column("latency_ns", "Latency", latency.unit.symbol),
        Column("memory_bytes", "Memory", memory.unit.symbol),
        Column("score", "Score"),
        Column("accuracy_cost", "Accuracy cost"),
        *((Column("energy_nj", "Energy", energies.unit.symbol),) if energy else ()),
        Column("variants", "Variants", number=False),
        Column("solver", "Solver", where="data"),
        Column("solve_ms", "Solved in, ms", where="data"),
        Column("gap", "Gap", where="data"),
    )

    def row(answer: AnswerRecord, each: ChosenRecord) -> tuple[Cell, ...]:
        predicted = each.predicted
        quality = qualities.get(each.network, Quality("score", False))
        return (
            _name(answer),
            _within(answer),
            *((Cell(each.network, each.network),) if several else ()),
            Cell(latency.number(_ns(each)), _ns(each), strong=True),
            Cell(memory.number(predicted.memory_bytes), predicted.memory_bytes, strong=True),
            Cell(quality.score(predicted.score), predicted.score, strong=True),
            Cell(significant(each.accuracy_cost), each.accuracy_cost),
            *((Cell(energies.number(_nj(each)), _nj(each)),) if energy else ()),
            _variants(each),
            Cell(None, answer.solver),
            Cell(None, answer.solve_ms),
            Cell(None, answer.gap),
        )

    rows = []
    for answer in record.answers:
        rows += [row(answer, each) for each in answer.chosen]
        if not answer.feasible:
            rows.append((_name(answer), _within(answer), _unmet(answer, len(columns) - 2)))
    return Table(
        "choices",
        columns,
        (Rows(tuple(rows)),),
        note="All figures are predicted from what the tests measured; choosing measures nothing. A"
        " bar is a block, in the network's order: its height is the share that was to be kept, the"
        " number below it the % that was to be removed.",
        style="roomy",
    )


def qualities_of(record: SelectionRecord) -> Mapping[str, Quality]:
    """How each network's scores are written."""
    scores: dict[str, list[float | None]] = {each.name: [] for each in record.networks}
    for answer in record.answers:
        for each in answer.chosen:
            scores.setdefault(each.network, []).append(each.predicted.score)
    return {each.name: Quality.named(each.metric, scores[each.name]) for each in record.networks}


def _name(answer: AnswerRecord) -> Cell:
    exact = "exact" if not answer.gap else f"to within {significant(answer.gap)}"
    note = f"{answer.solver}, {exact}" if answer.solver and answer.feasible else ""
    return Cell(answer.name, answer.name, note=note, about=configuration_subject(answer.name))


def _within(answer: AnswerRecord) -> Cell:
    found = bounds(answer.budget)
    return Cell(None, answer.demand or None, lines=found or (answer.demand,), why="no bound")


def _variants(chosen: ChosenRecord) -> Cell:
    """A bar for each block; what has another name than ours is counted by its kind."""
    every = "; ".join(f"{block}={name}" for block, name in chosen.variants.items()) or None
    changed = "" if chosen.changed is None else f"{chosen.changed} changed"
    bricks = [named_brick(block, name) for block, name in chosen.variants.items()]
    known = tuple(each for each in bricks if each is not None)
    if len(known) == len(bricks):
        return Cell(None, every, note=changed, bricks=known, why="no blocks")
    kinds = Counter(name.rpartition("@")[2] for name in chosen.variants.values())
    lines = tuple(f"{many} {TIMES} {kind}" for kind, many in sorted(kinds.items()))
    return Cell(None, every, note=changed, lines=lines, title=every or "")


def _unmet(answer: AnswerRecord, span: int) -> Cell:
    return Cell(
        "Cannot be met.",
        note=" ".join(in_the_way(answer.conflicts)),
        lines=tuple(_near(each) for each in answer.nearest),
        span=span,
    )


def _near(near: NearRecord) -> str:
    within = ", ".join(bounds(near.budget)) or near.demand
    figures = [
        " ".join(
            filter(
                None,
                (
                    f"{each.network}:" if len(near.chosen) > 1 else "",
                    ", ".join(filter(None, _figures(each))),
                ),
            )
        )
        for each in near.chosen
    ]
    gives = f", which gives {'; '.join(figures)}" if any(figures) else ""
    return f"With {' and '.join(near.changed) or 'less'} relaxed: {within}{gives}"


def _figures(chosen: ChosenRecord) -> tuple[str | None, str | None]:
    return milliseconds(chosen.predicted.latency_ms), size(chosen.predicted.memory_bytes)


def _ns(chosen: ChosenRecord) -> float | None:
    latency = chosen.predicted.latency_ms
    return None if latency is None else latency * 1e6


def _nj(chosen: ChosenRecord) -> float | None:
    energy = chosen.predicted.energy_mj
    return None if energy is None else energy * 1e6
