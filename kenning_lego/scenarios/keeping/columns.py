"""Tables for terminals of any width: what may be long gives way, and a row stays a line."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

_GAP = 2
_LEAST = 8
"""Characters that a column keeps in any case."""


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
    kept = list(columns) if plain else fitting(columns, console.width)
    natural = [_natural(each, whole=plain) for each in kept]
    room = console.width - _GAP * (len(kept) - 1)
    widths = natural if plain else squeezed(natural, [each.long for each in kept], room)
    lines = [Text(title, "italic")] if title else []
    lines += _headings(kept, widths)
    for number in range(len(kept[0].cells)):
        lines.append(_row(kept, widths, number))
    if plain:  # at once: a list may be long
        console.file.write("".join(f"{each.plain.rstrip()}\n" for each in lines))
    else:
        for line in lines:
            console.print(line, soft_wrap=True)
    return [each.heading for each in columns if each not in kept]


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
    return max(map(cell_len, (*words, *column.cells)), default=0)


def _headings(columns: Sequence[Shown], widths: Sequence[int]) -> Iterator[Text]:
    """The headings, over as many lines as the longest takes."""
    broken = [wrap(each.heading, width) for each, width in zip(columns, widths, strict=True)]
    most = max(map(len, broken))
    filled = [[*[""] * (most - len(lines)), *lines] for lines in broken]
    for parts in zip(*filled, strict=True):
        yield _line(columns, widths, parts, ["bold"] * len(columns))


def _row(columns: Sequence[Shown], widths: Sequence[int], number: int) -> Text:
    cells = [each.cells[number] for each in columns]
    return _line(
        columns, widths, cells, [each.styles[number] if each.styles else "" for each in columns]
    )


def _line(
    columns: Sequence[Shown], widths: Sequence[int], cells: Sequence[str], styles: Sequence[str]
) -> Text:
    line = Text()
    for number, (column, width) in enumerate(zip(columns, widths, strict=True)):
        line.append(" " * (_GAP if number else 0))
        line.append(_filled(cells[number], width, right=column.right), styles[number] or None)
    return line


def _filled(cell: str, width: int, *, right: bool) -> str:
    """A cell in as many columns of the terminal, cut if it is longer."""
    left = width - cell_len(cell)
    if left < 0:
        return f"{set_cell_size(cell, width - 1)}…" if width > 1 else set_cell_size(cell, width)
    return f"{' ' * left}{cell}" if right else f"{cell}{' ' * left}"
