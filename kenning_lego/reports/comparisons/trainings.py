"""Curves of several trainings over the same axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from kenning_lego.core.training_records import EpochRecord, TrainingRecord
from kenning_lego.reports.comparisons.comparison import Comparisons
from kenning_lego.reports.comparisons.overlay_chart import Curve, Overlay, overlay_chart
from kenning_lego.reports.comparisons.sides import Side, records_of
from kenning_lego.reports.document.parts import Chart
from kenning_lego.reports.drawing.chart import chart
from kenning_lego.reports.formatting import significant
from kenning_lego.reports.quality import Quality

Trained = tuple[int, Side, TrainingRecord]
Of = Callable[[EpochRecord], float]


def training_charts(comparisons: Comparisons) -> Iterator[Chart]:
    """The score and the loss of every epoch; of each metric and dataset a drawing of its own."""
    sides = {id(each): number for number, each in enumerate(comparisons.sides)}
    trained = [
        (sides[id(side)], side, record)
        for side, record in records_of(comparisons.sides, TrainingRecord)
    ]
    groups: dict[tuple[str, str], list[Trained]] = {}
    for each in trained:
        groups.setdefault((each[2].metric, each[2].dataset), []).append(each)
    for place, ((metric, dataset), several) in enumerate(groups.items(), 1):
        where = f" ({dataset})" if len(groups) > 1 else ""
        scale = Quality.named(metric, [each for *_, one in several for each in _scores(one)])
        unit = f", {scale.unit}" if scale.unit else ""
        y_title = f"{metric} on the validation part{unit}"
        drawn = (
            chart(
                f"scores-{place}",
                partial(_draw, several, partial(_score, scale.factor), y_title),
                f"{metric} on the validation part after each epoch{where}; a mark is the best"
                " epoch, whose weights were kept.",
            ),
            chart(
                f"losses-{place}",
                partial(_draw, several, _loss, "loss on the training part"),
                f"Mean loss over the training part in each epoch{where}.",
            ),
        )
        yield from (each for each in drawn if each)


def _scores(training: TrainingRecord) -> Iterator[float]:
    yield from (each.validation_score for each in training.epochs)


def _score(factor: float, epoch: EpochRecord) -> float:
    return epoch.validation_score * factor


def _loss(epoch: EpochRecord) -> float:
    return epoch.loss


def _draw(
    trained: Sequence[Trained], of: Of, y_title: str, identity: str, width: float
) -> str | None:
    curves = []
    for number, side, record in trained:
        points = tuple(
            (float(epoch), value)
            for epoch, value in enumerate(map(of, record.epochs), 1)
            if math.isfinite(value)
        )
        if not points:
            continue
        best = of(record.epochs[record.best_epoch - 1])
        spans = ((best, *3 * (float(record.best_epoch),)),) if math.isfinite(best) else ()
        which = f"best epoch {record.best_epoch} of {len(record.epochs)}"
        said = f"{side.mark}: {which}, {significant(best)}"
        curves.append(Curve(number, side.mark, points, said, spans=spans))
    if not curves:
        return None
    overlay = Overlay(
        title=f"{y_title[:1].upper()}{y_title[1:]}",
        described="; ".join(each.said for each in curves) + ".",
        x_title="epoch",
        y_title=y_title,
        curves=tuple(curves),
    )
    return overlay_chart(overlay, identity, width)
