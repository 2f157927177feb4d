"""Figures as rows: what terminals, notebooks, data frames and files of figures are made of."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

Value: TypeAlias = str | int | float | bool | None
"""Of a cell; None where nothing is known."""

Kind = Literal["text", "number", "bytes", "share", "flag"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Args:
        name: for programs: snake case, with the unit at its end where there is one.
        kind: of its values; a share is one of 1.
        digits: significant ones that people are shown of a number.
        heading: for people; the name without underscores if empty.
        in_full: left out where there is little room.
    """

    name: str
    kind: Kind = "number"
    digits: int = 4
    heading: str = ""
    in_full: bool = False

    @property
    def title(self) -> str:
        """What people read above it."""
        return self.heading or self.name.removesuffix("_bytes").replace("_", " ")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns.

    Args:
        name: for programs, such as ``configurations``.
        title: for people.
        columns: in order.
        rows: a value for each column.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]

    def mappings(self) -> Iterator[dict[str, Value]]:
        """The rows, as values by the columns' names."""
        names = [each.name for each in self.columns]
        for row in self.rows:
            yield dict(zip(names, row, strict=True))

    def short(self) -> Table:
        """Without the columns that take room and those that hold nothing."""
        kept = [
            index
            for index, column in enumerate(self.columns)
            if not column.in_full and any(row[index] not in (None, "") for row in self.rows)
        ]
        return Table(
            self.name,
            self.title,
            tuple(self.columns[index] for index in kept),
            tuple(tuple(row[index] for index in kept) for row in self.rows),
        )


class HasTables(Protocol):
    """Something whose figures are tables."""

    def tables(self) -> Sequence[Table]:
        """Its tables, the most telling first."""


def table_of(
    name: str, title: str, columns: Sequence[Column], rows: Sequence[Mapping[str, Value]]
) -> Table:
    """A table from rows that give values by the columns' names.

    What they leave out is None, as are figures that are not finite, which no format can hold.
    """
    values = tuple(tuple(known(row.get(column.name)) for column in columns) for row in rows)
    return Table(name, title, tuple(columns), values)


def known(value: Value) -> Value:
    """The value; None in place of a figure that is not finite."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
