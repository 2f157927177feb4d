"""The section of classes: what classifiers get right and wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kenning_lego.core.records import ClassificationRecord
from kenning_lego.reports.document.parts import Bullets, Chart, Charts, Heading, Part, Section
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.formatting import counted, integer, share, significant
from kenning_lego.reports.run.findings import Findings

MOST_CLASSES = 40
"""With more, matrices cannot be read; of tables there are only the worst rows."""
_WORST = 12
_CONFUSED = 8


def classified(findings: Findings) -> Iterator[tuple[str, ClassificationRecord]]:
    """The configurations with figures by class, in order, with those figures."""
    for each in findings.outcomes:
        if each.configuration and each.configuration.classification:
            yield each.name, each.configuration.classification


def classification(findings: Findings, matrices: tuple[Chart, ...]) -> Section | None:
    """The section, or None where no configuration was a classifier's.

    Args:
        findings: of the run.
        matrices: the confusion matrices, drawn.
    """
    found = dict(classified(findings))
    if not found:
        return None
    main = findings.main.name if findings.main.name in found else next(iter(found))
    shown = dict.fromkeys((next(iter(found)), main))
    parts: list[Part] = [_scores(found)]
    if matrices:
        parts.append(Charts(matrices))
    parts.append(_by_class({name: found[name] for name in shown}, found[main]))
    confused = tuple(_confused(found[main]))
    if confused:
        parts += [Heading(f"What {main} confuses most"), Bullets(confused)]
    return Section("classes", "Classes", tuple(parts), frozenset({"classification"}))


def confusions(record: ClassificationRecord) -> list[tuple[int, int, int]]:
    """Cells off the diagonal (right class, predicted class, samples), the largest first."""
    wrong = [cell for cell in record.confusion if cell[0] != cell[1]]
    return sorted(wrong, key=lambda cell: (-cell[2], cell[:2]))


def _scores(found: Mapping[str, ClassificationRecord]) -> Table:
    has_top5 = any(each.top5 is not None for each in found.values())

    def row(name: str, record: ClassificationRecord) -> tuple[Cell, ...]:
        top5 = Cell(share(record.top5, 2), record.top5, why="too few classes")
        auc = record.roc_auc
        return (
            Cell(name, name),
            Cell(share(record.accuracy, 2), record.accuracy),
            *((top5,) if has_top5 else ()),
            Cell(share(record.mean_precision, 2), record.mean_precision),
            Cell(share(record.mean_sensitivity, 2), record.mean_sensitivity),
            Cell(share(record.g_mean, 2), record.g_mean),
            Cell(share(record.f1, 2), record.f1),
            Cell(significant(auc, 4), auc, why="samples of one class alone"),
        )

    return Table(
        "classification",
        (
            Column("configuration", "Configuration", number=False),
            Column("accuracy", "Accuracy"),
            *((Column("top5", "Top 5"),) if has_top5 else ()),
            Column("mean_precision", "Mean precision"),
            Column("mean_sensitivity", "Mean sensitivity"),
            Column("g_mean", "G-mean"),
            Column("f1", "F1"),
            Column("roc_auc", "ROC AUC"),
        ),
        (Rows(tuple(row(*each) for each in found.items())),),
        caption="Outputs on the test part, from the target",
        note="Means are over the classes that have samples, each counted alike. Sensitivity"
        " (recall) is the share of a class that is recognised; G-mean is the geometric mean of"
        " sensitivities; ROC AUC sets each class against the rest.",
    )


def _by_class(shown: Mapping[str, ClassificationRecord], main: ClassificationRecord) -> Table:
    """Rows for all classes in their order, or for the worst of many."""
    numbers = list(range(len(main.classes)))
    note = ""
    if len(numbers) > MOST_CLASSES:
        known = [number for number in numbers if main.sensitivity[number] is not None]
        numbers = sorted(known, key=lambda number: main.sensitivity[number] or 0.0)[:_WORST]
        note = (
            f"The {len(numbers)} classes of lowest sensitivity; record.json has all"
            f" {integer(len(main.classes))}."
        )
    alike = {name: each for name, each in shown.items() if each.classes == main.classes}

    def row(number: int) -> tuple[Cell, ...]:
        figures = [cell for each in alike.values() for cell in _of_class(each, number)]
        name, samples = main.classes[number], main.samples[number]
        return Cell(name, name), Cell(integer(samples), samples), *figures

    return Table(
        "classes",
        (
            Column("class", "Class", number=False),
            Column("samples", "Samples"),
            *(column for name in alike for column in _columns(name)),
        ),
        (Rows(tuple(map(row, numbers))),),
        caption="Precision and sensitivity of each class",
        note=note,
    )


def _columns(configuration: str) -> tuple[Column, Column]:
    return (
        Column(f"precision {configuration}", "precision", "", configuration),
        Column(f"sensitivity {configuration}", "sensitivity", "", configuration),
    )


def _of_class(record: ClassificationRecord, number: int) -> tuple[Cell, Cell]:
    precision, sensitivity = record.precision[number], record.sensitivity[number]
    return (
        Cell(share(precision), precision, why="never predicted"),
        Cell(share(sensitivity), sensitivity, why="no samples"),
    )


def _confused(record: ClassificationRecord) -> Iterator[str]:
    for right, predicted, count in confusions(record)[:_CONFUSED]:
        yield (
            f"{record.classes[right]} taken for {record.classes[predicted]}:"
            f" {counted(count, 'sample')} of {integer(record.samples[right])}"
        )
