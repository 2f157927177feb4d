"""Load tests in MLPerf LoadGen's terms: when queries come, and how long each of them took.

Source of the terms and rules: Reddi et al., "MLPerf Inference Benchmark" (2020), and the rules at
https://github.com/mlcommons/inference_policies/blob/master/inference_rules.adoc.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, get_args

from kenning_lego.core.engines import Engine, Options

Scenario = Literal["single_stream", "multi_stream", "offline", "server"]
SCENARIOS: tuple[Scenario, ...] = get_args(Scenario)

MAX_QUERIES = 1_000_000
"""Of one run: each leaves three figures of 8 bytes."""


@dataclass(frozen=True, slots=True)
class LoadPlan:
    """One load test, run whole on the target with the network out of the loop.

    It ends once `min_queries` were answered and `min_seconds` have gone by, or at one of the
    upper bounds. What a query is depends on the scenario:

    * ``single_stream``: one call; the next query comes when the last is answered.
    * ``multi_stream``: `samples_per_query` samples, in calls of `batch`; the next query comes when
      all of them are answered.
    * ``offline``: one call of `batch` samples, all of which wait from the start; a query's latency
      counts from there, and what matters is the throughput.
    * ``server``: one call; queries come at random (Poisson) at `rate_per_s`, whether or not those
      before are answered. A query's latency counts from when it was to come, so it includes the
      time in the queue.

    Args:
        stages: of the chain, in the order in which they run (:mod:`kenning_lego.core.engines`).
        scenario: one of :data:`SCENARIOS`.
        runtime: the engine's name.
        threads: threads that the engine may use.
        batch: samples of one call: the size of symbolic batch dimensions.
        samples_per_query: in ``multi_stream``, a multiple of `batch`; `batch` otherwise.
        rate_per_s: queries that come in a second in ``server``; 0 otherwise.
        warmup_queries: calls that are run first and not recorded.
        min_queries: queries answered at least.
        max_queries: queries answered at most.
        min_seconds: queries come for so long at least.
        max_seconds: wall time, warm-up included, after which no further query is begun.
        seed: of the arrivals and of the random input.
        beside_deployments: measure even while deployments run on the target, which slow it.
        options: of `runtime`.
        engines: further ones that stages name.
    """

    stages: tuple[str, ...]
    scenario: Scenario = "single_stream"
    runtime: str = "onnxruntime"
    threads: int = 1
    batch: int = 1
    samples_per_query: int = 1
    rate_per_s: float = 0.0
    warmup_queries: int = 10
    min_queries: int = 100
    max_queries: int = MAX_QUERIES
    min_seconds: float = 1.0
    max_seconds: float = 60.0
    seed: int = 0
    beside_deployments: bool = False
    options: Options = field(default_factory=dict)
    engines: tuple[Engine, ...] = ()

    def problem(self) -> str | None:
        """What does not fit together in this plan, or None."""
        if self.min_queries > self.max_queries:
            return f"min_queries {self.min_queries} is above max_queries {self.max_queries}"
        if self.min_seconds > self.max_seconds:
            return f"min_seconds {self.min_seconds:g} is above max_seconds {self.max_seconds:g}"
        if (self.rate_per_s > 0) != (self.scenario == "server"):
            return f"a rate of {self.rate_per_s:g} per second in the scenario {self.scenario}"
        if self.samples_per_query % self.batch:
            return f"{self.samples_per_query} samples in calls of {self.batch}"
        if self.scenario != "multi_stream" and self.samples_per_query != self.batch:
            return f"{self.samples_per_query} samples a query in the scenario {self.scenario}"
        return None


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What came of a load test; times are on the target's monotonic clock.

    Args:
        latencies_ns: of each answered query, from when it was to come until its last sample was
            answered.
        service_ns: of each, from when it was begun: the latency without the queue.
        lateness_ns: of each, how much later than possible it was begun: after it was to come and
            the query before was answered. This is the tester's own error.
        duration_ns: from the start to the last answer.
        samples_per_query: samples of one query.
        offered: queries that were to come until the run ended.
        span_ns: within so long from the start; 0 where queries come when others are answered.
        stopped: why it ended: ``complete``, ``max_queries``, ``max_seconds`` or ``cancelled``.
        begin_ns: the start, after the warm-up, on the clock of the telemetry's times.
        deployments: names of those that ran on the target meanwhile.
    """

    latencies_ns: tuple[int, ...]
    service_ns: tuple[int, ...]
    lateness_ns: tuple[int, ...]
    duration_ns: int
    samples_per_query: int
    offered: int
    span_ns: int
    stopped: str
    begin_ns: int
    deployments: tuple[str, ...] = ()

    @property
    def end_ns(self) -> int:
        """When the last query was answered, on the same clock as `begin_ns`."""
        return self.begin_ns + self.duration_ns

    @property
    def unanswered(self) -> int:
        """Queries that were to come and were not answered when the run ended."""
        return self.offered - len(self.latencies_ns)

    @property
    def offered_per_s(self) -> float | None:
        """Queries that came in a second; None where the answers set the pace."""
        return self.offered / self.span_ns * 1e9 if self.span_ns else None

    @property
    def achieved_per_s(self) -> float | None:
        """Queries answered in a second; None without any."""
        return len(self.latencies_ns) / self.duration_ns * 1e9 if self.duration_ns else None

    @property
    def samples_per_s(self) -> float | None:
        """Samples answered in a second, the throughput; None without any."""
        achieved = self.achieved_per_s
        return None if achieved is None else achieved * self.samples_per_query

    @property
    def lateness_max_ns(self) -> int:
        """The largest lateness."""
        return max(self.lateness_ns, default=0)

    @property
    def lateness_median_ns(self) -> int:
        """The median lateness (the upper of two in the middle)."""
        return sorted(self.lateness_ns)[len(self.lateness_ns) // 2] if self.lateness_ns else 0
