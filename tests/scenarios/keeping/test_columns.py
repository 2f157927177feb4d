"""Tables give way to narrow terminals, and are whole where there is none."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from kenning_lego.scenarios.keeping.columns import Shown, fitting, print_columns, squeezed

WIDE = Shown("network", ["a" * 40, "b"], long=True)
COLUMNS = (
    Shown("id", ["20260601T120000.000Z-0000", "x"]),
    WIDE,
    Shown("low ms", ["1.0", "2.0"], right=True, spare=True),
    Shown("the last of all", ["yes", "no"]),
)


def printed(width: int, *, terminal: bool) -> tuple[list[str], list[str]]:
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=terminal, color_system=None)
    without = print_columns(console, COLUMNS)
    return stream.getvalue().splitlines(), without


@given(
    st.lists(st.tuples(st.integers(1, 60), st.booleans()), min_size=1, max_size=8),
    st.integers(1, 300),
)
def test_only_long_columns_give_way_and_no_more_than_is_needed(
    columns: list[tuple[int, bool]], room: int
) -> None:
    widths, long = [each[0] for each in columns], [each[1] for each in columns]
    found = squeezed(widths, long, room)
    for before, after, may in zip(widths, found, long, strict=True):
        assert after == before or (may and 8 <= after < before)
    least = sum(min(width, 8) if may else width for width, may in columns)
    assert sum(found) <= max(room, least)
    assert sum(found) == min(sum(widths), max(room, least))


def test_without_a_terminal_rows_are_whole_lines() -> None:
    lines, without = printed(20, terminal=False)
    assert len(lines) == 3
    assert "a" * 40 in lines[1]
    assert without == []


@pytest.mark.parametrize("width", [30, 45, 60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines, _ = printed(width, terminal=True)
    assert max(map(len, lines)) <= width
    assert len(lines) <= 3 + 3  # headings may take several lines, rows take one


def test_spare_columns_go_first_and_it_is_told() -> None:
    assert printed(70, terminal=True)[1] == []
    assert printed(44, terminal=True)[1] == ["low ms"]
    assert printed(38, terminal=True)[1] == ["low ms", "the last of all"]
    assert fitting(COLUMNS, 1) == [COLUMNS[0]]


def test_cells_are_no_markup() -> None:
    stream = io.StringIO()
    print_columns(Console(file=stream), [Shown("a", ["[red]x[/red] [1]"])])
    assert "[red]x[/red] [1]" in stream.getvalue()
