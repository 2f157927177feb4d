"""Values of tables as people read them."""

from __future__ import annotations

from kenning_lego.core.tables import Column, Value
from kenning_lego.reports.formatting import decimal, integer, share, significant, size

NOTHING = "—"
"""Stands where nothing is known."""


def cell(column: Column, value: Value) -> str:
    """A value with its unit where the heading does not say it."""
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return value
    return _number(column, value) or NOTHING


def is_number(column: Column) -> bool:
    """Whether what stands in it is aligned to the right."""
    return column.kind in ("number", "bytes", "share")


def _number(column: Column, value: float) -> str | None:
    if column.kind == "bytes":
        return size(value)
    if column.kind == "share":
        return share(value)
    if column.digits == 0:
        return integer(int(value)) if float(value).is_integer() else decimal(value, 0)
    return significant(value, column.digits)
