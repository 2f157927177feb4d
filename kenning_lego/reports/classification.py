"""What classifiers get right and wrong by class, as tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kenning_lego.core.records import ClassificationRecord
from kenning_lego.reports.findings import Findings
from kenning_lego.reports.formatting import counted, integer, share, significant

MOST_CLASSES = 40
"""With more, matrices cannot be read; of tables there are only the worst rows."""
_WORST = 12
_CONFUSED = 8


@dataclass(frozen=True, slots=True)
class Scores:
    """A configuration's figures over all classes."""

    name: str
    accuracy: str | None
    top5: str | None
    precision: str | None
    sensitivity: str | None
    g_mean: str | None
    f1: str | None
    roc_auc: str | None


@dataclass(frozen=True, slots=True)
class ClassScores:
    """A class with its precision and sensitivity in each configuration that is shown."""

    name: str
    samples: str
    figures: tuple[tuple[str | None, str | None], ...]


@dataclass(frozen=True, slots=True)
class Classification:
    """The tables and what is to be said about them.

    Args:
        rows: one for each configuration.
        has_top5: whether a row has that figure.
        shown: the configurations that the table of classes compares.
        classes: its rows.
        left_out: what it does not show; empty if nothing.
        main: whose confusions are listed.
        confused: the most frequent of them.
    """

    rows: tuple[Scores, ...]
    has_top5: bool
    shown: tuple[str, ...]
    classes: tuple[ClassScores, ...]
    left_out: str
    main: str
    confused: tuple[str, ...]


def classified(findings: Findings) -> Iterator[tuple[str, ClassificationRecord]]:
    """The configurations with figures by class, in order, with those figures."""
    for each in findings.outcomes:
        if each.configuration and each.configuration.classification:
            yield each.name, each.configuration.classification


def classification(findings: Findings) -> Classification | None:
    """The tables, or None where no configuration was a classifier's."""
    found = dict(classified(findings))
    if not found:
        return None
    main = findings.main.name if findings.main.name in found else next(iter(found))
    shown = dict.fromkeys((next(iter(found)), main))
    classes, left_out = _classes([found[name] for name in shown], found[main])
    return Classification(
        tuple(_scores(name, each) for name, each in found.items()),
        any(each.top5 is not None for each in found.values()),
        tuple(shown),
        classes,
        left_out,
        main,
        tuple(_confused(found[main])),
    )


def confusions(record: ClassificationRecord) -> list[tuple[int, int, int]]:
    """Cells off the diagonal (right class, predicted class, samples), the largest first."""
    wrong = [cell for cell in record.confusion if cell[0] != cell[1]]
    return sorted(wrong, key=lambda cell: (-cell[2], cell[:2]))


def _scores(name: str, record: ClassificationRecord) -> Scores:
    return Scores(
        name,
        share(record.accuracy, 2),
        share(record.top5, 2),
        share(record.mean_precision, 2),
        share(record.mean_sensitivity, 2),
        share(record.g_mean, 2),
        share(record.f1, 2),
        significant(record.roc_auc, 4),
    )


def _classes(
    shown: list[ClassificationRecord], main: ClassificationRecord
) -> tuple[tuple[ClassScores, ...], str]:
    """Rows for all classes in their order, or for the worst of many."""
    numbers = list(range(len(main.classes)))
    left_out = ""
    if len(numbers) > MOST_CLASSES:
        known = [number for number in numbers if main.sensitivity[number] is not None]
        numbers = sorted(known, key=lambda number: main.sensitivity[number] or 0.0)[:_WORST]
        left_out = (
            f"The {len(numbers)} classes of lowest sensitivity; record.json has all"
            f" {integer(len(main.classes))}."
        )
    rows = [
        ClassScores(
            main.classes[number],
            integer(main.samples[number]),
            tuple(
                (share(each.precision[number]), share(each.sensitivity[number]))
                for each in shown
                if each.classes == main.classes
            ),
        )
        for number in numbers
    ]
    return tuple(rows), left_out


def _confused(record: ClassificationRecord) -> Iterator[str]:
    for right, predicted, count in confusions(record)[:_CONFUSED]:
        yield (
            f"{record.classes[right]} taken for {record.classes[predicted]}:"
            f" {counted(count, 'sample')} of {integer(record.samples[right])}"
        )
