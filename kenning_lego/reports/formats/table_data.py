"""Tables as programs read them: a value for each column, in the column's base unit."""

from __future__ import annotations

import math
from collections.abc import Iterator

from kenning_lego.reports.document.tables import Column, Table, Value


def data_columns(table: Table) -> tuple[Column, ...]:
    """The columns that programs are given."""
    return tuple(column for column in table.columns if column.where != "page")


def data_rows(table: Table) -> Iterator[tuple[str, tuple[Value, ...]]]:
    """The title of each row's group, and a value for each column that programs are given.

    A value is None where nothing is there, and where it is no finite number.
    """
    for title, row in table.rows():
        yield title, tuple(_finite(value) for _, value in table.values(row))


def _finite(value: Value) -> Value:
    return None if isinstance(value, float) and not math.isfinite(value) else value
