"""What every report ends with: the machines, and how to repeat the run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import TypeAlias

import yaml

from kenning_lego.core.export_records import ExportRecord
from kenning_lego.core.run_headers import OriginRecord, TargetRecord
from kenning_lego.core.selection_records import SelectionRecord
from kenning_lego.reports.document.parts import (
    Columns,
    Fact,
    Facts,
    Heading,
    Listing,
    Paragraph,
    Part,
    ReportTypes,
    Section,
)
from kenning_lego.reports.environment import facts, machine
from kenning_lego.reports.formatting import seconds

Repeatable: TypeAlias = OriginRecord | SelectionRecord | ExportRecord
"""What says by which command it was made."""


def environment(
    record: OriginRecord,
    target: TargetRecord | None = None,
    durations_s: Mapping[str, float] | None = None,
) -> Section:
    """The machines that took part, what really ran, and how long steps took.

    Args:
        record: of the run.
        target: where it ran; None where the host alone took part.
        durations_s: of the run's steps, by name.
    """
    columns = []
    if target is not None:
        columns += [tuple(_target(target)), tuple(_ran(target, durations_s or {}))]
    elif durations_s:
        columns.append(tuple(_durations(durations_s, 3)))
    host = machine(record.host, "host", "Packages on the host")
    columns.append((Heading("Host"), *host))
    types: ReportTypes = frozenset({"environment"})
    return Section("environment", "Environment", (Columns(tuple(columns)),), types)


def reproduce(record: Repeatable, further: tuple[Fact, ...] = ()) -> Section:
    """The command and the scenario to repeat the run.

    Args:
        record: of the run.
        further: facts that belong to it, such as the dataset.
    """
    run = (Fact("run", record.id),) if isinstance(record, OriginRecord) else ()
    versions = (Fact("kenning-lego", record.version), *run, *further)
    parts: list[Part] = [Facts(versions)]
    if record.command:
        parts += [Heading("Command"), Listing(shlex.join(record.command), "sh")]
    scenario = "" if isinstance(record, ExportRecord) else scenario_text(record)
    if scenario:
        parts += [Heading("Scenario"), Listing(scenario.rstrip("\n"), "yaml")]
    return Section("reproduce", "Reproduce", tuple(parts), frozenset({"environment"}))


def scenario_text(record: OriginRecord | SelectionRecord) -> str:
    """The scenario as YAML; empty without one."""
    if not record.scenario:
        return ""
    # Through JSON, so that only what the record's file can hold reaches the YAML.
    plain = record.model_dump(mode="json", include={"scenario"})["scenario"]
    return yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, default_flow_style=None)


def moment(created: str) -> str:
    """When a record was made, in UTC; as recorded when it is no date."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return created
    if moment.tzinfo is None:
        return f"{moment:%Y-%m-%d %H:%M}"
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"


def _target(target: TargetRecord) -> Iterator[Part]:
    where = ", in the host's process" if target.in_process else ""
    yield Heading("Target")
    yield Paragraph(f"{target.address}{where}", "subject")
    yield from machine(target.environment, "target", "Engines on the target")


def _ran(target: TargetRecord, durations_s: Mapping[str, float]) -> Iterator[Part]:
    yield Heading("What really ran")
    if target.used:
        yield Facts(facts(target.used))
    else:
        yield Paragraph("Not recorded.")
    yield from _durations(durations_s, 4)


def _durations(durations_s: Mapping[str, float], level: int) -> Iterator[Part]:
    if durations_s:
        yield Heading("Time that each step took", 4 if level == 4 else 3)
        named = [(name.replace("_", " "), seconds(each)) for name, each in durations_s.items()]
        yield Facts(tuple(Fact(name, each) for name, each in named))
