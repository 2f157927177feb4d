"""The record of load tests: every query's figures, of what, on what, and how to repeat it."""

from __future__ import annotations

from typing import Final, Literal

from kenning_lego.core.loads import LoadResult, Scenario
from kenning_lego.core.run_headers import HeaderRecord, Record

LOAD_SCHEMA_VERSION: Final = 1


class LoadResultRecord(Record):
    """One run of queries; see :class:`kenning_lego.core.loads.LoadResult`."""

    scenario: Scenario
    rate_per_s: float | None = None
    """Asked for; None where the answers set the pace."""
    samples_per_query: int
    stopped: str
    duration_ns: int
    offered: int
    span_ns: int
    begin_ns: int = 0
    """On the target's monotonic clock; 0 in the oldest records."""
    latencies_ns: tuple[int, ...]
    service_ns: tuple[int, ...]
    lateness_ns: tuple[int, ...]

    @property
    def result(self) -> LoadResult:
        """The same, with what follows from it."""
        return LoadResult(
            self.latencies_ns,
            self.service_ns,
            self.lateness_ns,
            self.duration_ns,
            self.samples_per_query,
            self.offered,
            self.span_ns,
            self.stopped,
            self.begin_ns,
        )

    @classmethod
    def of(cls, scenario: Scenario, rate_per_s: float, result: LoadResult) -> LoadResultRecord:
        """The record of a result."""
        return cls(
            scenario=scenario,
            rate_per_s=rate_per_s or None,
            samples_per_query=result.samples_per_query,
            stopped=result.stopped,
            duration_ns=result.duration_ns,
            offered=result.offered,
            span_ns=result.span_ns,
            begin_ns=result.begin_ns,
            latencies_ns=result.latencies_ns,
            service_ns=result.service_ns,
            lateness_ns=result.lateness_ns,
        )


class LoadRecord(HeaderRecord):
    """One run of the verb ``load``."""

    schema_version: Literal[1] = LOAD_SCHEMA_VERSION
    kind: Literal["load"] = "load"
    stages: tuple[str, ...]
    """sha256 of the artifacts."""
    network: str = ""
    """Name of the file, or of the tested network; empty in older records."""
    configuration: str = ""
    """Of that network; empty for a file."""
    results: tuple[LoadResultRecord, ...]
