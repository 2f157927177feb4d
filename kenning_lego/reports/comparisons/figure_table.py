"""The section of figures beside latency and quality."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from kenning_lego.reports.comparisons.figures import Figure, FigureRow
from kenning_lego.reports.comparisons.sides import Side
from kenning_lego.reports.document.parts import Section
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.formatting import RANGE, share


def figures(sides: Sequence[Side], rows: Sequence[FigureRow]) -> Section | None:
    """The section, or None where no figure is in two records."""
    if not rows:
        return None
    groups = groupby(rows, key=lambda each: each.group)
    table = Table(
        "figures",
        (
            Column("figure", "Figure", number=False),
            Column("unit", "unit", number=False, where="data"),
            *(column for each in sides for column in _columns(each.mark)),
        ),
        tuple(Rows(tuple(map(_row, several)), title=group) for group, several in groups),
        note=f"Below a figure: how it differs from that of {sides[0].mark}. Where both have bounds,"
        " and these overlap, the two cannot be told apart.",
        style="blocks",
    )
    return Section(
        "figures",
        "Further figures",
        (table,),
        frozenset({"performance", "energy"}),
        short="Figures",
    )


def _columns(mark: str) -> tuple[Column, ...]:
    return (
        Column(mark, mark),
        Column(f"{mark} low", "low", where="data"),
        Column(f"{mark} high", "high", where="data"),
    )


def _row(row: FigureRow) -> tuple[Cell, ...]:
    cells = [Cell(row.name, row.name), Cell(None, row.unit)]
    first = row.figures[0]
    for number, each in enumerate(row.figures):
        if each is None:
            cells += [Cell(None), Cell(None), Cell(None)]
            continue
        note = "; ".join(filter(None, (_bounds(each), against(first, each) if number else "")))
        cells.append(Cell(each.said(each.value), each.value, note))
        cells += [Cell(None, each.low), Cell(None, each.high)]
    return tuple(cells)


def against(first: Figure | None, other: Figure) -> str:
    """How a figure differs from the first record's, in words; empty where that says nothing."""
    if first is None or first.value == other.value:
        return ""
    if first.source != other.source:
        return "another source"
    if _overlap(first, other):
        return "cannot be told apart"
    if first.value <= 0 or first.unit == "share":
        return ""
    change = other.value / first.value - 1
    return share(change, 1, signed=True) or ""


def _bounds(figure: Figure) -> str:
    if figure.low is None or figure.high is None:
        return ""
    return RANGE.join(figure.said(end) or "" for end in (figure.low, figure.high))


def _overlap(first: Figure, other: Figure) -> bool:
    ends = first.low, first.high, other.low, other.high
    if any(end is None for end in ends):
        return False
    low, high, other_low, other_high = (end or 0.0 for end in ends)
    return low <= other_high and other_low <= high
