"""What is kept of conversions: which networks which framework takes, and why not the others."""

from __future__ import annotations

from typing import Any, Final, Literal

from pydantic import Field

from kenning_lego.core.run_headers import OriginRecord, Record

CONVERSION_VERSION: Final = 1

State = Literal[
    "converted", "differs", "failed", "crashed", "timed_out", "not_installed", "skipped"
]
"""``differs``: it was converted, and computes something else than torch does; ``skipped``: the
file that it needs could not be made."""


class RouteRecord(Record):
    """A column of the matrix: one way out of torch."""

    name: str
    title: str


class ConversionCell(Record):
    """What became of one network on one route."""

    network: str
    route: str
    state: State
    problem: str = ""
    """In a line, where it was not converted."""
    error: str = ""
    """All that was said of it."""
    seconds: float | None = None
    """Wall time of the process that did it; None where none was started."""
    size_bytes: int | None = None
    """Of the file that was made or taken."""
    max_abs: float | None = None
    """Largest absolute difference to torch's outputs; None where nothing was run."""
    scale: float | None = None
    """Largest absolute output of torch."""


class ConversionRecord(OriginRecord):
    """A support matrix: every network on every route."""

    schema_version: Literal[1] = CONVERSION_VERSION
    kind: Literal["conversion"] = "conversion"
    scenario: dict[str, Any] = Field(default_factory=dict)
    """Empty in older records."""
    versions: dict[str, str] = Field(default_factory=dict)
    """Of the packages that took part, by name."""
    tolerance: float
    """Largest difference to torch's outputs that counts as the same, as a share of the scale."""
    routes: tuple[RouteRecord, ...]
    networks: tuple[str, ...]
    cells: tuple[ConversionCell, ...]

    def cell(self, network: str, route: str) -> ConversionCell | None:
        """What became of a network on a route."""
        return next(
            (each for each in self.cells if (each.network, each.route) == (network, route)), None
        )
