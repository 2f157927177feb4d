"""Tables as data: what people read in a cell, and the unrounded figure behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

Value = str | int | float | bool | None

Where = Literal["both", "page", "data"]
"""Shown to people, given to programs, or both."""

NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Brick:
    """One block of a configuration.

    Args:
        block: its name.
        said: block and variant in words.
        removed: % of the FLOPs that the variant removes, as text; None when unknown.
        kept: the share that is left, from 0 to 1.
        shade: of the palette.
    """

    block: str
    said: str
    removed: str | None
    kept: float
    shade: int


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Args:
        text: as people read it; None where nothing is there.
        value: as programs read it, in the base unit that its column's key names.
        note: a second line below the text.
        why: nothing is there.
        title: more of the text, where it had to be short.
        strong: it stands out.
        lines: below each other instead of the text, such as the bounds of a budget; below the
            text and the note in a cell that spans columns.
        bricks: blocks of a configuration, drawn instead of the text.
        shade: of the palette, for a mark before the text.
        ordinal: a number before the text, by which drawings refer to it.
        span: columns that it takes, shown or not.
        about: what its row is about, if it is the row's first; see
            :mod:`kenning_lego.reports.document.subjects`.
    """

    text: str | None
    value: Value = None
    note: str = ""
    why: str = NOT_MEASURED
    title: str = ""
    strong: bool = False
    lines: tuple[str, ...] = ()
    bricks: tuple[Brick, ...] = ()
    shade: int | None = None
    ordinal: str = ""
    span: int = 1
    about: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Args:
        key: for programs, with the base unit of its values, such as ``median_ns``.
        title: for people.
        unit: of the texts, such as ``ms``.
        band: a title above this and neighbouring columns.
        number: texts are figures, and stand on the right.
        where: who sees it.
    """

    key: str
    title: str
    unit: str = ""
    band: str = ""
    number: bool = True
    where: Where = "both"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows that belong together.

    Args:
        rows: a cell for each column, but for those that a cell before spans.
        title: above them; empty for rows that need none.
        note: behind the title.
        about: what all of them are about; see :mod:`kenning_lego.reports.document.subjects`.
    """

    rows: tuple[tuple[Cell, ...], ...]
    title: str = ""
    note: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first column on the page names its rows.

    Args:
        name: unique in the document; files are named after it.
        columns: from left to right.
        groups: of rows, from top to bottom.
        caption: above it; empty where the section's title says it.
        note: small print below it.
        style: how it is set.
    """

    name: str
    columns: tuple[Column, ...]
    groups: tuple[Rows, ...]
    caption: str = ""
    note: str = ""
    style: Literal["plain", "small", "blocks", "roomy", "matrix"] = "small"

    @property
    def shown(self) -> tuple[Column, ...]:
        """The columns that people see."""
        return tuple(each for each in self.columns if each.where != "data")

    def rows(self) -> Iterator[tuple[str, tuple[Cell, ...]]]:
        """Every row, with the title of its group."""
        for group in self.groups:
            for row in group.rows:
                yield group.title, row

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of what programs read of a row."""
        return tuple(each.key for each in self.columns if each.where != "page")

    @property
    def bands(self) -> tuple[tuple[str, tuple[Column, ...]], ...]:
        """The columns that people see, neighbours of one band together."""
        groups = groupby(self.shown, key=lambda column: column.band)
        return tuple((band, tuple(columns)) for band, columns in groups)

    def shown_cells(self, row: tuple[Cell, ...]) -> Iterator[tuple[Column, Cell, int]]:
        """The cells of a row that people see, each with how many of their columns it takes."""
        for columns, cell in self._placed(row):
            seen = sum(column.where != "data" for column in columns)
            if seen:
                yield columns[0], cell, seen

    def values(self, row: tuple[Cell, ...]) -> Iterator[tuple[str, Value]]:
        """What programs read of a row, by the columns' keys; None below a wide cell."""
        for columns, cell in self._placed(row):
            for column in columns:
                if column.where != "page":
                    yield column.key, cell.value if len(columns) == 1 else None

    def _placed(self, row: tuple[Cell, ...]) -> Iterator[tuple[tuple[Column, ...], Cell]]:
        start = 0
        for cell in row:
            yield self.columns[start : start + cell.span], cell
            start += cell.span
