"""The curves of a training over its epochs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kenning_lego.core.training_records import TrainingRecord
from kenning_lego.reports.document.parts import Chart
from kenning_lego.reports.drawing.chart import chart
from kenning_lego.reports.drawing.curves import Curve, Mark, Plane, Points, curve_chart
from kenning_lego.reports.formatting import counted, significant
from kenning_lego.reports.quality import Quality

_DOTS = 60
"""With more epochs the line alone is drawn."""


def quality_of(record: TrainingRecord) -> Quality:
    """How scores of a training are written."""
    scores = [each.validation_score for each in record.epochs]
    return Quality.named(record.metric, [*scores, record.validation_score, record.test_score])


def training_charts(record: TrainingRecord) -> Iterator[Chart]:
    """Score, loss and learning rate, each over the epochs."""
    quality = quality_of(record)
    best = Mark(f"best, epoch {record.best_epoch}", x=float(record.best_epoch))
    test = Mark("test part", y=record.test_score * quality.factor)
    unit = f", {quality.unit}" if quality.unit else ""
    better = "higher" if record.higher_is_better else "lower"
    score_said = (
        f"Score on the validation part after each epoch; {better} is better. Across: that of the"
        " best epoch's weights on the test part, by which nothing was chosen."
    )
    drawn = (
        (
            "score",
            [each.validation_score * quality.factor for each in record.epochs],
            f"{quality.name} on the validation part{unit}",
            (best, test),
            score_said,
        ),
        (
            "loss",
            [each.loss for each in record.epochs],
            "loss on the training part",
            (best,),
            "Mean loss over the training part, while it was trained on.",
        ),
        (
            "learning-rate",
            [each.learning_rate for each in record.epochs],
            "learning rate",
            (),
            "Learning rate of each epoch's last step.",
        ),
    )
    for name, values, title, marks, caption in drawn:
        points = [(float(number), value) for number, value in enumerate(values, 1)]
        found = chart(name, partial(_draw, points, title, quality, marks), caption)
        if found and not (name == "learning-rate" and len(set(values)) == 1):
            yield found


def _draw(
    points: Points, title: str, quality: Quality, marks: tuple[Mark, ...], name: str, width: float
) -> str | None:
    first, last = points[0][1], points[-1][1]
    plane = Plane(
        f"{title.partition(',')[0]} over epochs",
        f"{counted(len(points), 'epoch')}, from {significant(first) or 'no number'} to"
        f" {significant(last) or 'no number'}. The table of epochs holds the same figures.",
        "epoch",
        title,
        x_name="epoch",
        y_unit=quality.unit if quality.name in title else "",
        from_zero=title == "learning rate",
    )
    return curve_chart([Curve("", points, dots=len(points) <= _DOTS)], plane, marks, name, width)
