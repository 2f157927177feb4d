"""The chart of a confusion matrix: a row for each class, shaded by what it is taken for."""

from __future__ import annotations

import math
from collections.abc import Iterator

from kenning_lego.core.records import ClassificationRecord
from kenning_lego.reports.drawing.svg import CHARACTER_PX, drawing, element, group, shortened, text
from kenning_lego.reports.formatting import counted, integer, share
from kenning_lego.reports.run.classification import MOST_CLASSES, confusions

_MOST_CELL_PX = 40.0
_LABEL_PX = 13.0
"""Room that a line of type needs."""
_NAMES_PX = 110.0
"""Most room for the classes' names."""
_AXIS_PX = 18.0
_DARK = 0.5
"""Shares from here on are so dark that their number is written in the ground's colour."""


def confusion_chart(
    record: ClassificationRecord, name: str, identity: str, width: float
) -> str | None:
    """Right classes down, predicted ones across; numbers of samples where they fit.

    Returns:
        An SVG of `width` px, or None with more classes than can be told apart, or none at all.
    """
    count = len(record.classes)
    if not 0 < count <= MOST_CLASSES:
        return None
    longest = max(len(each) for each in record.classes)
    names_px = min(longest * CHARACTER_PX + 8, _NAMES_PX, width * 0.3)
    left = _AXIS_PX + names_px
    cell = min(_MOST_CELL_PX, (width - left) / count)
    side = cell * count
    body = [
        text(left, 12, "predicted", class_="axis"),
        text(0, left - 6, "right", class_="axis"),
        *_names(record, names_px, left, cell),
        *_cells(record, left, left, cell),
        element("rect", x=left, y=left, width=side, height=side, class_="frame"),
    ]
    answered = sum(cells for _, _, cells in record.confusion)
    return drawing(
        identity,
        f"Confusion matrix of {name}",
        _said(record, answered),
        width,
        left + side + 2,
        body,
    )


def _names(record: ClassificationRecord, room: float, start: float, cell: float) -> Iterator[str]:
    step = math.ceil(_LABEL_PX / cell)
    for number in range(0, len(record.classes), step):
        label = shortened(record.classes[number], room - 6)
        middle = start + (number + 0.5) * cell
        yield text(start - 6, middle + 4, label, class_="tick", text_anchor="end")
        turned = f"rotate(-90 {middle + 4:.1f} {start - 6:.1f})"
        yield text(middle + 4, start - 6, label, class_="tick", transform=turned)


def _cells(record: ClassificationRecord, left: float, top: float, cell: float) -> Iterator[str]:
    for right, predicted, count in record.confusion:
        part = count / record.samples[right] if record.samples[right] else 0.0
        x, y = left + predicted * cell, top + right * cell
        parts = [
            element(
                "rect",
                x=x,
                y=y,
                width=cell,
                height=cell,
                class_="cell",
                fill_opacity=max(part, 0.04),
            )
        ]
        number = integer(count)
        if len(number) * CHARACTER_PX + 4 <= cell and cell >= _LABEL_PX:
            tone = "inside dark" if part >= _DARK else "inside"
            middle = y + cell / 2 + 4
            parts.append(text(x + cell / 2, middle, number, class_=tone, text_anchor="middle"))
        said = (
            f"{record.classes[right]} taken for {record.classes[predicted]}:"
            f" {counted(count, 'sample')}, {share(part)}"
        )
        yield group(said, *parts)


def _said(record: ClassificationRecord, answered: int) -> str:
    total = sum(record.samples)
    said = f"{share(record.accuracy, 2)} of {counted(total, 'sample')} are right."
    wrong = confusions(record)
    if wrong:
        right, predicted, count = wrong[0]
        said += (
            f" Most often {record.classes[right]} is taken for {record.classes[predicted]}:"
            f" {counted(count, 'sample')}."
        )
    if answered < total:
        said += (
            f" {counted(total - answered, 'sample')} got no class, since an output was no number."
        )
    return said
