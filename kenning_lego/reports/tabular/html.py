"""What notebooks show of records, fronts and comparisons: small tables without styles of a page.

Colours are those of whatever stands around, so they read in light and in dark.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from typing import get_args

from kenning_lego.core.opening import AnyRecord
from kenning_lego.core.tables import Table
from kenning_lego.reports.headlines import headline_of
from kenning_lego.reports.tabular.cells import cell, is_number
from kenning_lego.reports.tabular.of_records import Tabular, tables_of

MOST_ROWS = 20
_CELL = "padding:0.2em 0.8em 0.2em 0;border-bottom:1px solid rgba(128,128,128,0.35);"


def html_of(value: Tabular) -> str:
    """A value's first table that has rows, under what else is to be said of it."""
    tables = [each for each in tables_of(value) if each.rows]
    said = "".join(f"<div>{escape(line)}</div>" for line in _lines(value))
    first = table_html(tables[0]) if tables else ""
    more = ", ".join(f"{len(each.rows):,} {each.name}" for each in tables[1:])
    hint = f"<div><small>{escape(f'.frame(name) has more: {more}')}</small></div>" if more else ""
    return f"<div>{said}{first}{hint}</div>"


def table_html(table: Table, most: int = MOST_ROWS) -> str:
    """A table, without the columns that take room and with so many rows at most."""
    short = table.short()
    heads = "".join(
        f'<th scope="col" style="{_CELL}{_side(is_number(column))}">{escape(column.title)}</th>'
        for column in short.columns
    )
    rows = "".join(
        "<tr>"
        + "".join(
            f'<td style="{_CELL}{_side(is_number(column))}">{escape(cell(column, value))}</td>'
            for column, value in zip(short.columns, row, strict=True)
        )
        + "</tr>"
        for row in short.rows[:most]
    )
    left = len(short.rows) - most
    rest = f"<div><small>and {left:,} more</small></div>" if left > 0 else ""
    return (
        f'<table style="border-collapse:collapse;color:inherit;font-variant-numeric:tabular-nums">'
        f'<caption style="text-align:left;white-space:nowrap"><b>{escape(short.title)}</b>'
        "</caption>"
        f"<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>{rest}"
    )


def _lines(value: Tabular) -> Iterator[str]:
    if not isinstance(value, get_args(AnyRecord)):
        return
    found = headline_of(value)
    of_run = getattr(value, "id", "")
    yield " · ".join(filter(None, (found.network, found.kind, of_run, found.created)))
    where = ", ".join(filter(None, (found.board, found.engine)))
    if where:
        yield where


def _side(right: bool) -> str:
    return "text-align:right;" if right else "text-align:left;"
