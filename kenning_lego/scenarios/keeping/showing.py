"""One run as people read it: what it is, then the tables of its record."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from rich.console import Console

from kenning_lego.core.opening import AnyRecord
from kenning_lego.core.tables import Table, Value
from kenning_lego.reports.tabular.cells import cell, is_number
from kenning_lego.reports.tabular.of_records import table_named, tables_of
from kenning_lego.scenarios.keeping.columns import Shown, print_columns
from kenning_lego.scenarios.keeping.listing import latency, score
from kenning_lego.scenarios.keeping.result import Result


def print_result(console: Console, result: Result, rows: int, table: str | None = None) -> None:
    """What a run is, and its tables.

    Args:
        console: where to.
        result: the run.
        rows: of each table at most.
        table: only this one, with all its columns and rows; None for all.

    Raises:
        UnknownNameError: there is no such table.
    """
    record = result.open() if result.state == "finished" else None
    if table is not None and record is not None:
        print_table(console, table_named(record, table))
        return
    for line in lines_of(result, record):
        console.print(line, soft_wrap=True, markup=False)
    for each in () if record is None else tables_of(record):
        if each.rows:
            console.print()
            print_table(console, each.short(), rows)


def print_table(console: Console, table: Table, most: int | None = None) -> None:
    """A table; `most` is how many rows of it are shown, None for all."""
    rows = table.rows[:most]
    columns = [
        Shown(
            column.title,
            [cell(column, row[at]) for row in rows],
            right=is_number(column),
            long=column.kind == "text",
            spare=column.name.endswith(("_low_ms", "_high_ms")),
        )
        for at, column in enumerate(table.columns)
    ]
    without = print_columns(console, columns, table.title)
    left = 0 if most is None else len(table.rows) - most
    more = [f"{left:,} rows"] * (left > 0) + [", ".join(without)] * bool(without)
    if more:
        console.print(f"not shown: {'; '.join(more)}", soft_wrap=True, markup=False)


def lines_of(result: Result, record: AnyRecord | None) -> Iterator[str]:
    """What a run is, without its tables."""
    found = result.headline
    yield f"{found.kind or result.state} {result.id}"
    facts = {
        "problem": result.problem,
        "made": f"{result.created.astimezone():%Y-%m-%d %H:%M:%S %z}",
        "network": found.network,
        "configuration": found.configuration,
        "on": ", ".join(filter(None, (found.board, found.engine))),
        "latency": latency(found),
        "score": " ".join(filter(None, (score(found), found.metric if found.score else ""))),
        "verdict": found.verdict.replace("_", " "),
        "tags": " ".join(result.labels.tags),
        "note": result.labels.note,
        "with": "" if record is None else f"kenning-lego {record.version}",
        "command": "" if record is None else shlex.join(record.command),
        "path": str(result.path),
    }
    for name, value in facts.items():
        if value:
            yield f"  {name:<14}{value}"


def as_document(result: Result) -> dict[str, object]:
    """The same for programs: the row of the list, and every table as rows."""
    tables: dict[str, list[dict[str, Value]]] = {}
    if result.state == "finished":
        tables = {each.name: list(each.mappings()) for each in tables_of(result.open())}
    return {**result.row(), "tags": list(result.labels.tags), "tables": tables}
