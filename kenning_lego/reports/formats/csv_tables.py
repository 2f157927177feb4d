"""Tables of a report as CSV, with the unrounded figures; see RFC 4180.

A header names the columns with the base units of their values. What is not there is empty, truth is
``true`` or ``false``.
"""

from __future__ import annotations

import re

from kenning_lego.reports.document.tables import Table, Value
from kenning_lego.reports.formats.table_data import data_columns, data_rows

_QUOTE = '"'
_NEEDS_QUOTES = re.compile(r'[",\r\n]')


def render_csv(table: Table) -> str:
    """A table; the same table always gives the same text.

    Where rows have titles, a last column ``group`` has them.
    """
    grouped = any(group.title for group in table.groups)
    keys = [column.key for column in data_columns(table)]
    lines = [_line([*keys, "group"] if grouped else keys)]
    for title, values in data_rows(table):
        texts = [_text(value) for value in values]
        lines.append(_line([*texts, title] if grouped else texts))
    return "".join(lines)


def _line(texts: list[str]) -> str:
    # An empty line would be no row; and a lone carriage return, which Python's csv module leaves
    # bare before 3.13, would end one.
    return f"{','.join(map(_quoted, texts)) if texts != [''] else _QUOTE * 2}\n"


def _quoted(text: str) -> str:
    doubled = text.replace(_QUOTE, _QUOTE * 2)
    return f"{_QUOTE}{doubled}{_QUOTE}" if _NEEDS_QUOTES.search(text) else text


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)
