"""What a benchmark leaves behind: ``build/bench/NAME.json`` and a table for the terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kenning_lego.store.atomic import write_json

SCHEMA_VERSION = 1
RECORDS = Path(__file__).parent.parent / "build" / "bench"


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure of a benchmark.

    Args:
        name: identifies it in the record.
        value: what was reached.
        unit: of `value`, `peer` and the bounds; ``x`` for ratios of two measured figures.
        at_most: the largest value that is asked for, if any.
        at_least: the smallest value that is asked for, if any.
        peer: what the best known peer reaches, or what the value was compared with.
    """

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    peer: float | None = None

    @property
    def asked(self) -> str:
        """The bounds in words."""
        bounds = []
        if self.at_least is not None:
            bounds.append(f">= {self.at_least:g}")
        if self.at_most is not None:
            bounds.append(f"<= {self.at_most:g}")
        return " and ".join(bounds) or "reported"

    @property
    def reached(self) -> bool:
        """Whether the value is within its bounds."""
        low = -math.inf if self.at_least is None else self.at_least
        high = math.inf if self.at_most is None else self.at_most
        return low <= self.value <= high

    @property
    def ratio(self) -> float | None:
        """The value over the peer's; a value that is a ratio itself counts as it is."""
        if self.peer:
            return self.value / self.peer
        return self.value if self.unit == "x" else None

    def to_json(self) -> dict[str, Any]:
        """The metric in the record's form."""
        return {
            "value": self.value,
            "unit": self.unit,
            "peer": self.peer,
            "ratio": self.ratio,
            "asked": self.asked,
        }


def write_record(name: str, metrics: Sequence[Metric], directory: Path = RECORDS) -> Path:
    """Write a benchmark's record in one step; returns where it is.

    Raises:
        ValueError: two metrics have one name.
        StoreError: it cannot be written.
    """
    named = {metric.name: metric.to_json() for metric in metrics}
    if len(named) != len(metrics):
        raise ValueError(f"two metrics of one name among {[m.name for m in metrics]}")
    path = directory / f"{name}.json"
    write_json(path, {"schema_version": SCHEMA_VERSION, "metrics": named})
    return path


def table(metrics: Sequence[Metric]) -> str:
    """The metrics as lines of text: name, what was reached, what is asked, the peer's."""
    rows = [("metric", "reached", "asked", "", "peer")]
    for metric in metrics:
        verdict = "" if metric.asked == "reported" else "yes" if metric.reached else "NO"
        peer = "" if metric.peer is None else f"{metric.peer:.4g} {metric.unit}"
        rows.append((metric.name, f"{metric.value:.4g} {metric.unit}", metric.asked, verdict, peer))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    lines = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "\n".join(lines)
