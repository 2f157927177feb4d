"""An integer program of multiple choice in whole numbers: what is bounded and what is minimised.

There are groups (a block of a network each), and one option is picked of every group. Nothing here
knows networks or solvers: :mod:`.posing` makes programs, :mod:`.model` gives them to a solver, and
:mod:`.sums` looks through them exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

D = TypeVar("D")

Table = tuple[tuple[int, ...], ...]
"""A whole number for every option of every group."""

Picked = tuple[int, ...]
"""The index of an option of every group."""


def total(table: Table, picked: Sequence[int]) -> int:
    """The sum of a table's figures over what is picked."""
    return sum(group[option] for group, option in zip(table, picked, strict=True))


def times(table: Table, factor: int) -> Table:
    """A table with all figures multiplied."""
    return tuple(tuple(figure * factor for figure in group) for group in table)


@dataclass(frozen=True, slots=True)
class Quantity:
    """The sum of the largest of several totals; of one total, the total itself.

    Sums of the 1, 2, 3, ... largest, minimised in this order, put the worst total as low as it
    can be, then the next worst, and so on (Ogryczak and Śliwiński, "On solving linear programs
    with the ordered weighted averaging objective", 2003).

    Args:
        tables: one for each total.
        offsets: what each total starts from.
        largest: how many totals are added up.
    """

    tables: tuple[Table, ...]
    offsets: tuple[int, ...]
    largest: int = 1

    @classmethod
    def of(cls, table: Table) -> Quantity:
        """The total of one table."""
        return cls((table,), (0,))

    def values(self, picked: Sequence[int]) -> list[int]:
        """Every total, the offsets included."""
        return [
            offset + total(table, picked)
            for table, offset in zip(self.tables, self.offsets, strict=True)
        ]

    def value(self, picked: Sequence[int]) -> int:
        """What it amounts to, exactly."""
        return sum(sorted(self.values(picked))[-self.largest :])

    @property
    def least(self) -> int:
        """A bound from below: every group at its least, for each total by itself."""
        lowest = [
            offset + sum(map(min, table))
            for table, offset in zip(self.tables, self.offsets, strict=True)
        ]
        return sum(sorted(lowest)[-self.largest :])


@dataclass(frozen=True, slots=True)
class Row:
    """A total that must not exceed a bound.

    Args:
        table: what is added up.
        most: the bound.
        unit: what an overrun is compared with.
    """

    table: Table
    most: int
    unit: int = 1

    @property
    def least(self) -> int:
        """What it takes at least."""
        return sum(map(min, self.table))

    def keeps(self, picked: Sequence[int]) -> bool:
        """Whether the bound is kept."""
        return total(self.table, picked) <= self.most


@dataclass(frozen=True, slots=True)
class Restriction(Generic[D]):
    """Something that was demanded, by the name that people know it by.

    Args:
        name: such as ``latency``; unique in the program.
        rows: that hold if it is kept.
        loosen: a demand like the one given, with this restriction's rows bounded by these
            numbers instead; what cannot be loosened by a little is left out of it.
    """

    name: str
    rows: tuple[Row, ...]
    loosen: Callable[[D, tuple[int, ...]], D]


@dataclass(frozen=True, slots=True)
class Program(Generic[D]):
    """What to pick, within what, and what to minimise.

    Args:
        sizes: how many options each group has.
        restrictions: to be kept.
        objectives: minimised one after the other, each without harm to those before it.
    """

    sizes: tuple[int, ...]
    restrictions: tuple[Restriction[D], ...]
    objectives: tuple[Quantity, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """Those of all restrictions."""
        return tuple(row for each in self.restrictions for row in each.rows)
