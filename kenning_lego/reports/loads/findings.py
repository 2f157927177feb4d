"""What load tests found, each by the figure that MLPerf's LoadGen judges its scenario by.

Source: Reddi et al., "MLPerf Inference Benchmark" (2020), and its rules: the 90th percentile of
latencies in single stream, the 99th in multi stream and server, samples a second in offline.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kenning_lego.core.load_records import LoadRecord, LoadResultRecord
from kenning_lego.core.loads import LoadResult, Scenario
from kenning_lego.stats.intervals import Estimate
from kenning_lego.stats.summary import Summary, summarize

TITLES: Mapping[Scenario, str] = {
    "single_stream": "Single stream",
    "multi_stream": "Multi stream",
    "offline": "Offline",
    "server": "Server",
}
EXPLAINED: Mapping[Scenario, str] = {
    "single_stream": "A query of one call comes when the last one is answered.",
    "multi_stream": "A query of several samples comes when the last one is answered.",
    "offline": "All samples wait from the start; what counts is how many are answered a second.",
    "server": "Queries come at random (Poisson) at a rate, whether or not those before are"
    " answered; latencies include the time in the queue.",
}
_QUANTILES: Mapping[Scenario, float] = {"single_stream": 0.9, "multi_stream": 0.99, "server": 0.99}
_KEPT_UP = 0.99
"""Of the queries that came, answered by the end: below it the queue only grew."""


@dataclass(frozen=True, slots=True)
class Load:
    """One result.

    Args:
        name: in tables and drawings.
        record: as it was kept.
        result: the same, with what follows from it.
        latencies: of its queries; None without any, and in offline, where all wait from the start
            and only how many are answered counts.
        service: the same without the queue.
    """

    name: str
    record: LoadResultRecord
    result: LoadResult
    latencies: Summary | None
    service: Summary | None

    @property
    def scenario(self) -> Scenario:
        """How queries came."""
        return self.record.scenario

    @property
    def quantile(self) -> float | None:
        """By which its scenario is judged; None for offline."""
        return _QUANTILES.get(self.scenario)

    @property
    def judged(self) -> Estimate | None:
        """That quantile of its latencies; None if there are too few queries to bound it."""
        if self.latencies is None:
            return None
        return self.latencies.p90 if self.quantile == 0.9 else self.latencies.p99

    @property
    def keeps_up(self) -> bool:
        """Whether nearly all queries that came were answered."""
        offered = self.result.offered
        return offered == 0 or len(self.result.latencies_ns) >= _KEPT_UP * offered


def loads_of(record: LoadRecord) -> tuple[Load, ...]:
    """Work out what each result says."""
    return tuple(_load(each, record) for each in record.results)


def _load(each: LoadResultRecord, record: LoadRecord) -> Load:
    result, judged = each.result, each.scenario in _QUANTILES
    name = TITLES[each.scenario]
    if each.rate_per_s is not None:
        name += f", {each.rate_per_s:g} a second"
    elif sum(other.scenario == each.scenario for other in record.results) > 1:
        name += f" ({record.results.index(each) + 1})"
    return Load(
        name,
        each,
        result,
        summarize(result.latencies_ns) if judged and result.latencies_ns else None,
        summarize(result.service_ns) if result.service_ns else None,
    )
