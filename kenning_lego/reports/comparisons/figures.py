"""Figures beside latency and quality: sizes, memory, energy, throughput, by kind of record."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kenning_lego.core.load_records import LoadRecord
from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.core.pipeline_records import PipelinesRecord
from kenning_lego.core.records import RunRecord, ScoreRecord
from kenning_lego.core.training_records import TrainingRecord
from kenning_lego.reports.comparisons.sides import Comparable, Side, named_results
from kenning_lego.reports.formatting import (
    ENERGY_NJ,
    count,
    integer,
    milliseconds,
    quantity,
    seconds,
    share,
    significant,
    size,
)
from kenning_lego.reports.pipelines.findings import pipeline_findings
from kenning_lego.reports.run.memory import MEMORY

Said = Callable[[float], str | None]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of one record.

    Args:
        group: title of the figures that it stands with; what it means is in it.
        name: of what it is.
        value: in the unit.
        unit: base unit, for programs.
        said: the value as people read it.
        low: lower bound; None where it has no bounds.
        high: upper bound likewise.
        source: of the value, such as a sensor; those of other sources are not compared.
    """

    group: str
    name: str
    value: float
    unit: str
    said: Said
    low: float | None = None
    high: float | None = None
    source: str = ""


@dataclass(frozen=True, slots=True)
class FigureRow:
    """One figure in all records; None where it is not known."""

    group: str
    name: str
    unit: str
    figures: tuple[Figure | None, ...]


def figure_rows(sides: Sequence[Side]) -> tuple[FigureRow, ...]:
    """All figures that at least two records hold, those of one group together."""
    found = [{(each.group, each.name): each for each in _figures(side.record)} for side in sides]
    keys = dict.fromkeys(key for each in found for key in each)
    groups = list(dict.fromkeys(group for group, _ in keys))
    rows = []
    for key in sorted(keys, key=lambda key: groups.index(key[0])):
        several = tuple(each.get(key) for each in found)
        known = [each for each in several if each is not None]
        if len(known) > 1:
            rows.append(FigureRow(*key, known[0].unit, several))
    return tuple(rows)


def _figures(record: Comparable) -> Iterator[Figure]:
    match record:
        case RunRecord():
            found = _of_run(record)
        case OptimisationRecord():
            found = _of_search(record)
        case LoadRecord():
            found = _of_loads(record)
        case PipelinesRecord():
            found = _of_pipelines(record)
        case TrainingRecord():
            found = _of_training(record)
    # A figure that is no number was not measured.
    yield from (each for each in found if math.isfinite(each.value))


def _of_run(run: RunRecord) -> Iterator[Figure]:
    for each in run.configurations:
        both = {"measured": each.measured, "predicted": each.predicted}
        for how, side in both.items():
            if side is not None and side.memory_bytes is not None:
                group = f"{MEMORY[run.memory]}, {how}"
                yield Figure(group, each.name, side.memory_bytes, "bytes", size)
        if each.measured is not None:
            yield from _energy(each.name, each.measured)
    if run.whole is not None:
        yield _size("original in one piece", run.whole.artifact.size_bytes)
    originals = [
        each.artifact.size_bytes
        for segment in run.segments
        for each in segment.variants
        if each.is_original
    ]
    if len(originals) == len(run.segments) and originals:
        yield _size("original, all segments", sum(originals))
    yield from (
        _size(f"{each.name}, fused", each.fused.size_bytes)
        for each in run.configurations
        if each.fused is not None
    )


def _energy(name: str, measured: ScoreRecord) -> Iterator[Figure]:
    if measured.energy_mj is not None:
        yield Figure(
            "Energy of an inference, net of idle",
            name,
            measured.energy_mj,
            "mJ",
            _millijoules,
            measured.energy_low_mj,
            measured.energy_high_mj,
            measured.energy_source or "",
        )


def _of_search(search: OptimisationRecord) -> Iterator[Figure]:
    for each in search.candidates:
        if each.size_bytes is not None:
            yield _size(each.name, each.size_bytes)


def _of_loads(record: LoadRecord) -> Iterator[Figure]:
    for name, each in named_results(record).items():
        answered = len(each.latencies_ns)
        if each.duration_ns:
            samples = answered * each.samples_per_query
            rate = samples / each.duration_ns * 1e9
            yield Figure("Throughput", name, rate, "samples/s", _per_second)
        if each.offered:
            lost = (each.offered - answered) / each.offered
            yield Figure("Queries that were not answered", name, lost, "share", share)


def _of_pipelines(record: PipelinesRecord) -> Iterator[Figure]:
    for each in pipeline_findings(record):
        name = each.record.name
        if each.median_ms is not None:
            yield Figure(
                "Median of all frames, whatever ran them", name, each.median_ms, "ms", milliseconds
            )
        within = each.within.value
        if within is not None:
            yield Figure("Frames within their bound on latency", name, within, "share", share)
        yield Figure("Switches", name, each.switches, "switches", _whole)
        yield Figure("Over the bound on memory", name, each.over_memory_s, "s", seconds)


def _of_training(training: TrainingRecord) -> Iterator[Figure]:
    yield Figure("Network", "parameters", training.parameters, "parameters", count)
    yield Figure("Training", "epochs", len(training.epochs), "epochs", _whole)
    yield Figure("Training", "best epoch", training.best_epoch, "epoch", _whole)
    spent = sum(each.seconds for each in training.epochs)
    yield Figure("Training", "time of all epochs", spent, "s", seconds)
    last = training.epochs[-1].loss
    yield Figure("Training", "loss of the last epoch", last, "loss", significant)


def _size(name: str, value: float) -> Figure:
    return Figure("Size of files", name, value, "bytes", size)


def _millijoules(value: float) -> str | None:
    return quantity(value * 1e6, ENERGY_NJ)


def _per_second(value: float) -> str | None:
    return f"{significant(value)} samples/s"


def _whole(value: float) -> str:
    return integer(round(value))
