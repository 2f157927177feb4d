"""Tables of a report as CSV, with the unrounded figures; see RFC 4180.

A header names the columns with the base units of their values. What is not there is empty, truth is
``true`` or ``false``.
"""

from __future__ import annotations

import csv
import io

from kenning_lego.reports.document.tables import Table, Value
from kenning_lego.reports.formats.table_data import data_columns, data_rows


def render_csv(table: Table) -> str:
    """A table; the same table always gives the same text.

    Where rows have titles, a last column ``group`` has them.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    grouped = any(group.title for group in table.groups)
    keys = [column.key for column in data_columns(table)]
    writer.writerow([*keys, "group"] if grouped else keys)
    for title, values in data_rows(table):
        texts = [_text(value) for value in values]
        writer.writerow([*texts, title] if grouped else texts)
    return buffer.getvalue()


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)
