"""The report of a training: what came of it, its curves, every epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise

from kenning_lego.core.training_records import EpochRecord, TrainingRecord
from kenning_lego.reports.document.parts import (
    Charts,
    Document,
    Fact,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Part,
    Remark,
    Remarks,
    ReportTypes,
    Section,
)
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.environment import board
from kenning_lego.reports.formatting import (
    PLAIN,
    Figures,
    count,
    counted,
    integer,
    seconds,
    significant,
)
from kenning_lego.reports.origin import environment, moment, reproduce
from kenning_lego.reports.trainings.curves import quality_of, training_charts

SOURCE = "training.json"
_BREAK_S = 60.0
"""A longer time between epochs, beyond what they took, was an interruption."""


def training_document(record: TrainingRecord) -> Document:
    """The report; the same record always gives the same one."""
    subject = (f"{count(record.parameters)} parameters", record.dataset)
    return Document(
        kind="training",
        title=record.network,
        place=board(record.host) or "",
        subject=" · ".join(subject),
        id=record.id,
        created=moment(record.created),
        version=record.version,
        source=SOURCE,
        sections=tuple(_sections(record)),
    )


def _sections(record: TrainingRecord) -> Iterator[Section]:
    yield _summary(record)
    types: ReportTypes = frozenset({"training"})
    charts = tuple(training_charts(record))
    if charts:
        yield Section("curves", "Curves", (Charts(charts),), types)
    yield Section("epochs", "Epochs", (_epochs(record),), types)
    yield environment(record, durations_s=record.durations_s)
    parts = ", ".join(f"{integer(size)} {part}" for part, size in record.samples.items())
    data = Fact("dataset", f"{record.dataset}: {parts}" if parts else record.dataset)
    weights = Fact("weights", f"{record.checkpoint}, sha256 {record.checkpoint_digest}")
    yield reproduce(record, (data, weights))


def _summary(record: TrainingRecord) -> Section:
    quality = quality_of(record)
    taken = seconds(sum(each.seconds for each in record.epochs))
    test = quality.score(record.test_score) or "no number"
    answer = (
        f"{record.network} scores {test} {quality.name} on the test part of {record.dataset}, with"
        f" the weights of epoch {record.best_epoch} of {len(record.epochs)}."
    )
    best = record.epochs[record.best_epoch - 1]
    figures = (
        KeyFigure(quality.name, test, _on(record, "test")),
        KeyFigure(
            f"{quality.name}, validation",
            quality.score(record.validation_score),
            f"{_on(record, 'validation')}; chosen by it",
        ),
        KeyFigure("Best epoch", integer(record.best_epoch), f"of {len(record.epochs)}"),
        KeyFigure("Loss", significant(best.loss), "on the training part, in that epoch"),
        KeyFigure("Time", taken, f"for {counted(len(record.epochs), 'epoch')}, without breaks"),
    )
    parts: list[Part] = [Paragraph(answer, "answer"), KeyFigures(figures)]
    known = tuple(_remarks(record))
    if known:
        parts.append(Remarks(known))
    types: ReportTypes = frozenset({"summary", "training"})
    return Section("summary", "Summary", tuple(parts), types, unseen=True)


def _on(record: TrainingRecord, part: str) -> str:
    number = record.samples.get(part)
    return f"on the {part} part" if number is None else f"on {counted(number, 'sample')}"


def _remarks(record: TrainingRecord) -> Iterator[Remark]:
    broken = [
        number
        for number, each in enumerate(record.epochs, 1)
        if not (math.isfinite(each.loss) and math.isfinite(each.validation_score))
    ]
    if broken:
        yield Remark(
            "warning",
            f"Loss or score was no finite number in {counted(len(broken), 'epoch')}, first in epoch"
            f" {broken[0]}. Try a lower learning rate, or clip the gradients.",
        )
    if record.best_epoch == len(record.epochs) > 1:
        yield Remark(
            "warning",
            "The last epoch was the best one: the score was still improving, and more epochs may"
            " help.",
        )
    for number, pause in _breaks(record.epochs):
        yield Remark("neutral", f"Interrupted before epoch {number} for {seconds(pause)}, resumed.")
    if not record.trained_now:
        yield Remark(
            "neutral",
            "Nothing was trained in this run: the weights of an earlier one were found, and these"
            " are its epochs.",
        )


def _breaks(epochs: tuple[EpochRecord, ...]) -> Iterator[tuple[int, float]]:
    """Epochs before which nothing was done for some time, with that time in s."""
    for number, (before, after) in enumerate(pairwise(epochs), 2):
        ends = _moment(before.ended), _moment(after.ended)
        if ends[0] is None or ends[1] is None:
            continue
        pause = (ends[1] - ends[0]).total_seconds() - after.seconds
        if pause > _BREAK_S:
            yield number, pause


def _moment(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _epochs(record: TrainingRecord) -> Table:
    quality = quality_of(record)
    losses = Figures.fitting([each.loss for each in record.epochs], PLAIN, 4)
    best = Cell("best", True)

    def row(number: int, each: EpochRecord) -> tuple[Cell, ...]:
        is_best = number == record.best_epoch
        return (
            Cell(integer(number), number),
            Cell(losses.number(each.loss), each.loss, why="no number"),
            Cell(
                quality.score(each.validation_score),
                each.validation_score,
                why="no number",
                strong=is_best,
            ),
            Cell(significant(each.learning_rate), each.learning_rate, why="no number"),
            Cell(seconds(each.seconds), each.seconds),
            best if is_best else Cell("", False),
        )

    return Table(
        "epochs",
        (
            Column("epoch", "Epoch"),
            Column("loss", "Loss"),
            Column("validation_score", f"{quality.name}, validation"),
            Column("learning_rate", "Learning rate"),
            Column("seconds", "Time"),
            Column("best", "", number=False),
        ),
        (Rows(tuple(row(number, each) for number, each in enumerate(record.epochs, 1))),),
    )
