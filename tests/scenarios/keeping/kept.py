"""Workspaces with runs of all kinds, made from the first records of each kind."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from kenning_lego.core.record_kinds import KINDS
from kenning_lego.store.atomic import write_json
from kenning_lego.store.labels import Labels, write_labels
from kenning_lego.store.workspace import Workspace

FIXTURES = Path(__file__).parents[2] / "core" / "fixtures"
NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)


def content(kind: str) -> dict[str, Any]:
    """The first record of a kind, decoded."""
    path = FIXTURES / f"{Path(KINDS[kind].file_name).stem}-v1.json"
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def add_run(
    workspace: Path,
    kind: str = "run",
    *,
    age: timedelta = timedelta(0),
    end: str = "0001",
    network: str | None = None,
    tags: tuple[str, ...] = (),
    **changes: Any,
) -> Path:
    """A run of that age in a workspace, which is made if it is not there."""
    Workspace(workspace)
    moment = NOW - age
    run = workspace / "runs" / f"{moment:%Y%m%dT%H%M%S}.000Z-{end}"
    made = {**content(kind), "created": moment.isoformat(), **changes}
    if "id" in made:
        made["id"] = run.name
    if network is not None:
        made["network"] = {**made["network"], "name": network} if kind == "run" else network
    write_json(run / KINDS[kind].file_name, made)
    if tags:
        write_labels(run, Labels(tags))
    return run
