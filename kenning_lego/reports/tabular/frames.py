"""Tables as data frames of pandas."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kenning_lego.core.errors import MissingDependencyError
from kenning_lego.core.tables import Table
from kenning_lego.reports.tabular.of_records import Tabular, table_named

if TYPE_CHECKING:
    from pandas import DataFrame


def frame_of(value: Tabular, table: str | None = None) -> DataFrame:
    """A table of a value.

    Raises:
        UnknownNameError: it has no such table.
        MissingDependencyError: pandas is not installed.
    """
    return data_frame(table_named(value, table))


def data_frame(table: Table) -> DataFrame:
    """The table with all its columns; what is not known is missing there too.

    Raises:
        MissingDependencyError: pandas is not installed.
    """
    try:
        from pandas import DataFrame
    except ModuleNotFoundError as error:
        raise MissingDependencyError("pandas", "notebook", "a data frame") from error
    return DataFrame.from_records(list(table.rows), columns=[each.name for each in table.columns])
