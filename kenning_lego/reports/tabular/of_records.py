"""The tables of anything that has some: records of every kind, parts of them, and others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from kenning_lego.core.conversion_records import ConversionRecord
from kenning_lego.core.errors import UnknownNameError
from kenning_lego.core.export_records import ExportRecord
from kenning_lego.core.load_records import LoadRecord
from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.core.opening import AnyRecord
from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.core.pipeline_records import PipelinesRecord
from kenning_lego.core.records import ConfigurationRecord, RunRecord
from kenning_lego.core.selection_records import SelectionRecord
from kenning_lego.core.tables import HasTables, Table
from kenning_lego.core.training_records import TrainingRecord
from kenning_lego.reports.tabular.on_host import (
    conversion_tables,
    export_tables,
    selection_tables,
    training_tables,
)
from kenning_lego.reports.tabular.on_target import load_tables, pipeline_tables, search_tables
from kenning_lego.reports.tabular.tested import configuration_table, run_tables
from kenning_lego.reports.tabular.timed import measurements

Tabular: TypeAlias = AnyRecord | ConfigurationRecord | MeasurementRecord | HasTables


def tables_of(value: Tabular) -> Sequence[Table]:
    """All tables of a value, the most telling first."""
    match value:
        case RunRecord():
            return run_tables(value)
        case PipelinesRecord():
            return pipeline_tables(value)
        case LoadRecord():
            return load_tables(value)
        case OptimisationRecord():
            return search_tables(value)
        case TrainingRecord():
            return training_tables(value)
        case ConversionRecord():
            return conversion_tables(value)
        case SelectionRecord():
            return selection_tables(value)
        case ExportRecord():
            return export_tables(value)
        case ConfigurationRecord():
            return (configuration_table(value),)
        case MeasurementRecord():
            return (measurements([value]),)
        case _:
            return value.tables()


def table_named(value: Tabular, name: str | None) -> Table:
    """One of a value's tables.

    Args:
        value: that has tables.
        name: of the table; None for the first.

    Raises:
        UnknownNameError: there is none of that name.
    """
    tables = {each.name: each for each in tables_of(value)}
    if name is None:
        return next(iter(tables.values()))
    if name not in tables:
        raise UnknownNameError("table", name, tables)
    return tables[name]
