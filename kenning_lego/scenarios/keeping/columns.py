"""Tables for terminals of any width: what may be long gives way, and a row stays a line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

_GAP = 2
_LEAST = 8
"""Characters that a column keeps in any case."""
_UNBOUNDED = 10_000


@dataclass(frozen=True, slots=True)
class Shown:
    """A column of a table.

    Args:
        heading: above it.
        cells: one a row.
        right: whether they stand on the right.
        long: whether cells are cut where there is no room for them.
        styles: of the cells, if they have any.
        spare: whether it is left out first where there is no room for all columns.
    """

    heading: str
    cells: Sequence[str]
    right: bool = False
    long: bool = False
    styles: Sequence[str] = ()
    spare: bool = False


def print_columns(console: Console, columns: Sequence[Shown], title: str = "") -> list[str]:
    """Print a table; without a terminal all of it, a row a line, for programs that search lines.

    Returns:
        The headings of columns that were left out for want of room.
    """
    plain = not console.is_terminal
    if plain:
        console.width = _UNBOUNDED
    every = columns
    columns = every if plain else fitting(every, console.width)
    natural = [_natural(each, whole=plain) for each in columns]
    room = console.width - _GAP * (len(columns) - 1)
    widths = natural if plain else squeezed(natural, [each.long for each in columns], room)
    table = Table(
        title=Text(title) if title else None,
        title_justify="left",
        box=None,
        padding=(0, _GAP, 0, 0),
        pad_edge=False,
        header_style="bold",
    )
    for column, width in zip(columns, widths, strict=True):
        side: Literal["left", "right"] = "right" if column.right else "left"
        heading = Text("\n".join(wrap(column.heading, width)))
        table.add_column(heading, justify=side, vertical="bottom", no_wrap=True, max_width=width)
    for number in range(len(columns[0].cells) if columns else 0):
        table.add_row(*(_text(each, number) for each in columns))
    console.print(table)
    return [each.heading for each in every if each not in columns]


def fitting(columns: Sequence[Shown], room: int) -> list[Shown]:
    """The columns that fit if the long ones give way: spare ones go first, then the last ones."""
    found = list(columns)
    while len(found) > 1 and sum(map(_least, found)) + _GAP * (len(found) - 1) > room:
        found = [each for each in found if not each.spare] if _spare(found) else found[:-1]
    return found


def squeezed(widths: Sequence[int], long: Sequence[bool], room: int) -> list[int]:
    """Widths that fit, if the long columns can give way so far; the widest gives way first."""
    found = list(widths)
    while sum(found) > room:
        able = [at for at, each in enumerate(long) if each and found[at] > _LEAST]
        if not able:
            break
        found[max(able, key=lambda at: found[at])] -= 1
    return found


def _spare(columns: Sequence[Shown]) -> bool:
    return any(each.spare for each in columns)


def _least(column: Shown) -> int:
    natural = _natural(column, whole=False)
    return min(natural, _LEAST) if column.long else natural


def _natural(column: Shown, *, whole: bool) -> int:
    """The width of a column: its heading may be broken between words, or is to be whole."""
    words = [column.heading] if whole else column.heading.split()
    return max(map(len, (*words, *column.cells)), default=0)


def _text(column: Shown, number: int) -> Text:
    style = column.styles[number] if column.styles else ""
    return Text(column.cells[number], style=style, overflow="ellipsis")
