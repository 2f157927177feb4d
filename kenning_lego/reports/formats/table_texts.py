"""Tables as texts in rows and columns, for formats without cells that span others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from kenning_lego.reports.document.tables import Cell, Column, Table
from kenning_lego.reports.formats.text import one_line

NOTHING = "—"
"""Stands where nothing is there."""


@dataclass(frozen=True, slots=True)
class TextRow:
    """A row; `title` names the rows that follow, and `cells` are empty then."""

    cells: tuple[str, ...]
    title: str = ""


def headings(table: Table) -> tuple[str, ...]:
    """What stands above the columns that people see, with bands and units."""
    return tuple(_heading(column) for column in table.shown)


def text_rows(table: Table) -> Iterator[TextRow]:
    """All rows, and before each group its title; every row has a text for each shown column."""
    for group in table.groups:
        title = one_line(group.title)
        if title:
            yield TextRow((), one_line(f"{title} ({group.note})" if group.note else title))
        for row in group.rows:
            yield TextRow(row_texts(table, row))


def row_texts(table: Table, row: tuple[Cell, ...]) -> tuple[str, ...]:
    """A text for each column that people see; none beside a cell that spans several."""
    texts: list[str] = []
    for _, cell, span in table.shown_cells(row):
        texts += [cell_text(cell, spanning=span > 1), *[""] * (span - 1)]
    return tuple(texts)


def cell_text(cell: Cell, *, spanning: bool = False) -> str:
    """A cell in one line: its ordinal, its text, and its note in brackets."""
    listed = "; ".join(cell.lines)
    note = cell.note
    if cell.bricks:
        text = " ".join("?" if each.removed is None else each.removed for each in cell.bricks)
    elif spanning:
        text = " ".join(filter(None, (cell.text, cell.note, listed)))
        note = ""
    else:
        text = listed or cell.text or ""
    said = f"{text} ({note})" if text and note else text or note
    return one_line(f"{cell.ordinal} {said}") or NOTHING


def absences(table: Table) -> str:
    """Why nothing is there where nothing is; empty if all is there."""
    whys = Counter(
        one_line(cell.why)
        for _, row in table.rows()
        for _, cell, span in table.shown_cells(row)
        if cell_text(cell, spanning=span > 1) == NOTHING
    )
    told = [why for why, _ in whys.most_common() if why]
    return f"{NOTHING}: {'; '.join(told)}." if told else ""


def _heading(column: Column) -> str:
    title = f"{column.band}: {column.title}" if column.band else column.title
    return one_line(f"{title} ({column.unit})" if column.unit else title) or column.key
