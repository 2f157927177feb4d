"""A short benchmark that needs no host: the network, the round trips, uploads, the timer."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping

from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.operations.selftest.bench import Bench
from kenning_lego.operations.selftest.record import BenchmarkRecord, DistributionRecord
from kenning_lego.protocols.client import TargetClient

UPLOAD_BYTES = 4_000_000
UPLOADS = 3
_PLAN_S = 5.0
_ROUNDS, _ROUNDS_S = 300, 6.0
_WARM_UP = 20
_SLEEPS, _SLEEP_S = 200, 0.001
_SPINS, _SPIN_NS = 50, 10_000_000


def run_benchmark(bench: Bench) -> BenchmarkRecord:
    """Measure; takes at most half a minute on a slow board, and some seconds on a quick one."""
    latency: DistributionRecord | None = None
    stopped: str | None = None
    used: dict[str, str | int | float] = {}
    with bench.connect() as target:
        target.lease()
        if bench.engine:
            bench.compose(target)
            round_trips = _interleaved(_calls(bench, target))
        else:
            round_trips = _interleaved({"observe": target.observe})
    bench.await_free()
    if bench.engine:
        with bench.connect() as target:
            latency, stopped, used = _latency(bench, target)
    return BenchmarkRecord(
        latency=latency,
        stopped=stopped,
        used=used,
        round_trips=round_trips,
        upload_bytes=UPLOAD_BYTES,
        upload_s=_uploads(bench),
        sleep_overshoot=_sleep_overshoot(),
        interruptions=_interruptions(),
    )


def _latency(
    bench: Bench, target: TargetClient
) -> tuple[DistributionRecord, str, dict[str, str | int | float]]:
    item = PlanItem("tiny", (bench.example.digest,))
    plan = Plan(
        (item,),
        bench.engine,
        warmup_rounds=50,
        min_rounds=700,  # for a p99 with an interval
        max_rounds=2000,
        relative_half_width=0.01,
        max_seconds=_PLAN_S,
    )
    target.upload(bench.example.path, bench.example.digest)
    target.measure(plan)
    statistics = target.statistics()
    (measured,) = statistics.measurements
    return DistributionRecord.of(measured.samples_ns), measured.stopped, dict(statistics.used)


def _calls(bench: Bench, target: TargetClient) -> Mapping[str, Callable[[], object]]:
    image = [bench.example.input]

    def stepwise() -> None:
        target.data(image)
        target.process()
        target.output()

    return {
        "observe": target.observe,
        "fused": lambda: target.infer(image),
        "stepwise": stepwise,
        "pipelined": lambda: target.pipelined(image),
    }


def _interleaved(calls: Mapping[str, Callable[[], object]]) -> dict[str, DistributionRecord]:
    """Each call once a round in an order drawn anew, so that whatever happens hits all alike."""
    rng = random.Random(0)  # noqa: S311 - an order, no secret
    names = list(calls)
    samples: dict[str, list[int]] = {name: [] for name in names}
    deadline = time.monotonic() + _ROUNDS_S
    for done in range(_WARM_UP + _ROUNDS):
        rng.shuffle(names)
        for name in names:
            begin = time.perf_counter_ns()
            calls[name]()
            duration = time.perf_counter_ns() - begin
            if done >= _WARM_UP:
                samples[name].append(duration)
        if done > _WARM_UP and time.monotonic() > deadline:
            break
    return {name: DistributionRecord.of(values) for name, values in samples.items()}


def _uploads(bench: Bench) -> tuple[float, ...]:
    durations = []
    with bench.connect() as target:
        target.lease()
        for _ in range(UPLOADS):
            path, digest = bench.noise(UPLOAD_BYTES)
            begin = time.perf_counter()
            target.upload(path, digest)
            durations.append(round(time.perf_counter() - begin, 4))
            path.unlink()
    return tuple(durations)


def _sleep_overshoot() -> DistributionRecord:
    samples = []
    for _ in range(_SLEEPS):
        begin = time.perf_counter_ns()
        time.sleep(_SLEEP_S)
        samples.append(time.perf_counter_ns() - begin - int(_SLEEP_S * 1e9))
    return DistributionRecord.of(samples)


def _interruptions() -> DistributionRecord:
    return DistributionRecord.of([_longest_gap() for _ in range(_SPINS)])


def _longest_gap() -> int:
    longest = 0
    before = time.perf_counter_ns()
    end = before + _SPIN_NS
    while before < end:
        now = time.perf_counter_ns()
        longest = max(longest, now - before)
        before = now
    return longest
