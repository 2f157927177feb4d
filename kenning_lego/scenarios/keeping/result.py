"""A run as it is listed: of what, when, its headline figures, and what people said of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from kenning_lego.core.tables import Column, Value, known
from kenning_lego.reports.headline import Headline
from kenning_lego.store.labels import NO_LABELS, Labels

if TYPE_CHECKING:
    from kenning_lego.core.opening import AnyRecord

State = Literal["finished", "unfinished", "damaged", "newer"]
"""``newer``: its record is of a version that only a newer kenning-lego reads."""

COLUMNS = (
    Column("id", "text"),
    Column("created", "text"),
    Column("state", "text", in_full=True),
    Column("kind", "text"),
    Column("network", "text"),
    Column("configuration", "text"),
    Column("board", "text"),
    Column("engine", "text"),
    Column("latency_ms"),
    Column("latency_low_ms"),
    Column("latency_high_ms"),
    Column("score"),
    Column("metric", "text", in_full=True),
    Column("memory_bytes", "bytes"),
    Column("energy_mj"),
    Column("verdict", "text"),
    Column("tags", "text"),
    Column("note", "text"),
    Column("problem", "text"),
    Column("workspace", "text", in_full=True),
    Column("path", "text", in_full=True),
)
"""What :meth:`Result.row` gives."""


@dataclass(frozen=True, slots=True)
class Result:
    """A run in a workspace.

    Args:
        workspace: that it is in.
        path: of its directory.
        state: whether its record can be read.
        headline: its figures; all but the time are empty unless it is finished.
        labels: what people said of it.
        problem: why it, or its labels, cannot be read; empty if they can.
        labels_known: whether its labels could be read.
    """

    workspace: Path
    path: Path
    state: State
    headline: Headline
    labels: Labels = NO_LABELS
    problem: str = ""
    labels_known: bool = True

    @property
    def id(self) -> str:
        """The directory's name."""
        return self.path.name

    @property
    def created(self) -> datetime:
        """When its record was made, in UTC."""
        return datetime.fromisoformat(self.headline.created).astimezone(timezone.utc)

    def open(self) -> AnyRecord:
        """Read its record.

        Raises:
            WorkspaceError: it has none, or it cannot be read.
        """
        from kenning_lego.core.opening import open_record  # lists do without

        return open_record(self.path)

    def row(self) -> dict[str, Value]:
        """Everything of it, by the names of :data:`COLUMNS`."""
        found = self.headline
        row: dict[str, Value] = {
            "id": self.id,
            "created": self.created.isoformat(),
            "state": self.state,
            "kind": found.kind,
            "network": found.network,
            "configuration": found.configuration,
            "board": found.board,
            "engine": found.engine,
            "latency_ms": found.latency_ms,
            "latency_low_ms": found.latency_low_ms,
            "latency_high_ms": found.latency_high_ms,
            "score": found.score,
            "metric": found.metric,
            "memory_bytes": found.memory_bytes,
            "energy_mj": found.energy_mj,
            "verdict": found.verdict,
            "tags": " ".join(self.labels.tags),
            "note": self.labels.note,
            "problem": self.problem,
            "workspace": str(self.workspace),
            "path": str(self.path),
        }
        return {name: known(value) for name, value in row.items()}
