"""A record as experiment trackers know runs: parameters, metrics in steps, tags."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.opening import AnyRecord
from kenning_lego.core.records import RunRecord
from kenning_lego.core.run_headers import HeaderRecord, OriginRecord, TelemetryRecord
from kenning_lego.core.tables import Table
from kenning_lego.reports.headline import Headline
from kenning_lego.reports.headlines import headline_of
from kenning_lego.reports.tabular.of_records import tables_of

_LONGEST_NAME: Final = 250
_LONGEST_VALUE: Final = 500
"""Characters, of every version of MLflow's servers since 1.28."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A figure.

    Args:
        name: of the series that it belongs to.
        value: finite.
        step: its place in the series.
        time_ms: since 1970; None for the record's own time.
    """

    name: str
    value: float
    step: int = 0
    time_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Experiment:
    """What a tracker is told of a record.

    Args:
        name: of the run.
        began_ms: when the record was made, since 1970; None if its date cannot be read.
        parameters: what was asked for, by dotted names of the scenario.
        metrics: what came out.
        tags: by which runs are found.
    """

    name: str
    began_ms: int | None
    parameters: Mapping[str, str]
    metrics: tuple[Metric, ...]
    tags: Mapping[str, str]


def experiment_of(record: AnyRecord) -> Experiment:
    """What a tracker is told; the same record always gives the same.

    Raises:
        ConfigurationError: it is of no run, but of something made from one.
    """
    if not isinstance(record, OriginRecord):
        raise ConfigurationError(
            "an experiment tracker is told of runs, and this record is of none",
            "name the record of the run that it was made from",
        )
    headline = headline_of(record)
    flat = dict(_flat(record.model_dump(mode="json", include={"scenario"})["scenario"], ""))
    return Experiment(
        name=record.id,
        began_ms=_ms(record.created),
        parameters={_name(key): _value(value) for key, value in flat.items()},
        metrics=tuple(_finite(_metrics(record, headline))),
        tags={_name(key): _value(each) for key, each in _tags(record, headline) if each},
    )


def _metrics(record: AnyRecord, headline: Headline) -> Iterator[Metric]:
    for each in fields(Headline):
        value = getattr(headline, each.name)
        if isinstance(value, (int, float)):
            yield Metric(each.name, value)
    for table in tables_of(record):
        yield from _of_epochs(table) if table.columns[0].name == "epoch" else _of_rows(table)
    if isinstance(record, RunRecord) and record.telemetry is not None:
        yield from _of_telemetry(record.telemetry)


def _of_epochs(table: Table) -> Iterator[Metric]:
    for row in table.mappings():
        step = row.pop("epoch")
        for name, value in row.items():
            if isinstance(value, (int, float)) and isinstance(step, int):
                yield Metric(_name(name), float(value), step)


def _of_rows(table: Table) -> Iterator[Metric]:
    """Figures under the names of their rows; rows of one name are steps."""
    seen: Counter[str] = Counter()
    for row in table.mappings():
        named = next((each for each in row.values() if isinstance(each, str)), None)
        for column, value in row.items():
            if named is not None and isinstance(value, (int, float)):
                name = _name(f"{table.name}/{named}/{column}")
                yield Metric(name, float(value), seen[name])
                seen[name] += 1


def _of_telemetry(telemetry: TelemetryRecord) -> Iterator[Metric]:
    began = _ms(telemetry.began) if telemetry.began else None
    for key, column in telemetry.columns.items():
        for step, (time_s, value) in enumerate(zip(telemetry.times_s, column, strict=True)):
            passed = round((time_s - telemetry.times_s[0]) * 1000)
            if value is not None:
                at = None if began is None else began + passed
                yield Metric(_name(f"telemetry/{key}"), value, step, at)


def _tags(record: OriginRecord, headline: Headline) -> Iterator[tuple[str, str]]:
    yield "kenning_lego.kind", headline.kind
    yield "kenning_lego.record", record.id
    yield "kenning_lego.version", record.version
    for name in ("network", "board", "engine", "configuration", "metric", "verdict"):
        yield name, getattr(headline, name)
    if isinstance(record, HeaderRecord):
        yield from (
            (f"target.{key}", str(each)) for key, each in record.target.environment.facts.items()
        )


def _flat(value: Any, name: str) -> Iterator[tuple[str, str]]:
    """Values by their dotted names."""
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from _flat(each, f"{name}.{key}" if name else str(key))
    elif name:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield name, text


def _finite(metrics: Iterator[Metric]) -> Iterator[Metric]:
    return (each for each in metrics if math.isfinite(each.value))


def _name(text: str) -> str:
    """With the characters that trackers take."""
    plain = re.sub(r"[^\w\-. /]", "_", text.replace("@", "/"), flags=re.ASCII)
    # A name is a path too: without steps to the parent, and without empty ones.
    steps = [each.strip(" .") for each in plain.split("/")]
    return "/".join(filter(None, steps))[:_LONGEST_NAME] or "unnamed"


def _value(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _ms(created: str) -> int | None:
    try:
        return round(datetime.fromisoformat(created).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        return None
