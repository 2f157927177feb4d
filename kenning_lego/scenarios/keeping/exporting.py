"""Rows of many records in one file, for other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kenning_lego.core.errors import ConfigurationError, MissingDependencyError
from kenning_lego.core.tables import Value
from kenning_lego.reports.tabular.of_records import tables_of
from kenning_lego.reports.tabular.samples import samples_of
from kenning_lego.scenarios.keeping.configuration import Format
from kenning_lego.scenarios.keeping.result import Result

if TYPE_CHECKING:
    import pyarrow

Row = Mapping[str, Value]

RUNS = "runs"
"""The name of the list's own rows."""


def rows_of(results: Iterable[Result], table: str) -> Iterator[Row]:
    """The rows of one table of every record that has it, each behind what its run is.

    Args:
        results: of which only the finished ones have rows.
        table: such as ``configurations``; :data:`RUNS` for the list itself.

    Raises:
        WorkspaceError: a record cannot be read.
    """
    for result in results:
        if table == RUNS:
            yield result.row()
        elif result.state == "finished":
            for each in tables_of(result.open()):
                if each.name == table:
                    yield from ({**_run(result), **row} for row in each.mappings())


def sample_rows(results: Iterable[Result]) -> Iterator[Row]:
    """A row for each sample of each measurement, in order.

    Raises:
        WorkspaceError: a record cannot be read.
    """
    for result in results:
        if result.state != "finished":
            continue
        run: Row = {"run": result.id}
        for name, samples in samples_of(result.open()):
            for number, sample in enumerate(samples):
                yield {**run, "measurement": name, "sample": number, "duration_ns": sample}


def format_of(asked: Format | None, output: Path | None) -> Format:
    """The format that is asked for, by name or by the end of a file's name.

    Raises:
        ConfigurationError: Parquet without a file.
    """
    endings: dict[str, Format] = {".json": "json", ".parquet": "parquet", ".pq": "parquet"}
    ending = output.suffix.lower() if output else ""
    found = asked or endings.get(ending, "csv")
    if found == "parquet" and output is None:
        raise ConfigurationError("Parquet cannot be printed", "name a file with --output")
    return found


def encoded(rows: Sequence[Row], kind: Format) -> bytes:
    """The rows as a file.

    Raises:
        MissingDependencyError: Parquet is wanted, and pyarrow is not installed.
    """
    match kind:
        case "csv":
            return as_csv(rows).encode()
        case "json":
            text = json.dumps([dict(row) for row in rows], indent=1, ensure_ascii=False)
            return f"{text}\n".encode()
        case "parquet":
            return _as_parquet(rows)


def as_csv(rows: Sequence[Row]) -> str:
    """Comma-separated values with a line of names; what is not known is empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns_of(rows), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def columns_of(rows: Iterable[Row]) -> list[str]:
    """The names of all columns, in the order in which they first come."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _as_parquet(rows: Sequence[Row]) -> bytes:
    try:
        import pyarrow
        import pyarrow.parquet
    except ModuleNotFoundError as error:
        raise MissingDependencyError("pyarrow", "parquet", "writing Parquet") from error
    columns = {name: [row.get(name) for row in rows] for name in columns_of(rows)}
    arrays: dict[str, pyarrow.Array] = {
        name: pyarrow.array(values) for name, values in columns.items()
    }
    stream = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table(arrays), stream)
    return stream.getvalue()


def _run(result: Result) -> dict[str, Value]:
    found = result.headline
    return {
        "run": result.id,
        "created": result.created.isoformat(),
        "kind": found.kind,
        "network": found.network,
        "board": found.board,
        "engine": found.engine,
        "tags": " ".join(result.labels.tags),
    }
