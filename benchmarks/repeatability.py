"""Whether measuring again gives the same: on a quiet machine, and beside a process that disturbs.

Peers time each variant in a loop of its own, 100 runs to warm up and 100 that count. The same is
done here, in the same worker, beside the same disturbance.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.bench_record import Metric
from benchmarks.processes import running_server
from benchmarks.resnet import Network, make_network
from kenning_lego.blocks.configuration import MeasurementConfig
from kenning_lego.blocks.latency import variants_plan
from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.protocols.client import TargetClient
from kenning_lego.stats.rounds import Rounds
from kenning_lego.stats.verdict import judge_plan

AGREE = 0.02
AGREE_UNDER_LOAD = 0.05
_APART_S = 60.0
_LOOPS = 100

_DISTURB = """
import random, time
rng = random.Random({seed})
while True:
    share, until = rng.random(), time.monotonic() + rng.uniform(0.2, 2.0)
    while time.monotonic() < until:
        end = time.perf_counter() + 0.01 * share
        while time.perf_counter() < end:
            pass
        time.sleep(0.01 * (1 - share))
"""
"""Takes a random share of a core, another one every 0.2 to 2 s."""


@dataclass(frozen=True, slots=True)
class _Run:
    """One complete plan: samples by name, verdicts by name, and how long it took."""

    rounds: Mapping[str, Rounds]
    verdicts: Mapping[str, str]
    seconds: float
    stopped: str
    at_pace: Mapping[str, float]
    ratios: Mapping[str, str | None]
    half_widths: Mapping[str, float]

    def median(self, name: str) -> float:
        """Of one item, in ns."""
        return float(np.median(self.rounds[name].values))


def measure(directory: Path, *, quick: bool) -> list[Metric]:
    """Two complete plans minutes apart, then two beside a disturbance, then peers' loops there."""
    network = make_network(directory)
    config = MeasurementConfig(max_seconds=10 if quick else 60)
    plan = variants_plan(network.segments, config, runtime="onnxruntime", threads=1)
    with running_server(directory, curve=False) as server, server.connect() as client:
        network.upload(client)
        first = _run(client, plan)
        time.sleep(5 if quick else _APART_S)
        second = _run(client, replace(plan, seed=plan.seed + 1))
        with _disturbance(1):
            one = _run(client, plan)
            loops_one = _loops(client, plan)
        with _disturbance(2):
            two = _run(client, replace(plan, seed=plan.seed + 1))
            loops_two = _loops(client, plan)
    return [
        *_quiet_metrics(first, second, plan.relative_half_width),
        *_loaded_metrics(network, (one, two), (loops_one, loops_two)),
    ]


def _quiet_metrics(first: _Run, second: _Run, asked: float) -> list[Metric]:
    """Of medians as measured, then of their ratios, apart from the machine's pace."""
    stable = [
        name
        for name in first.rounds
        if first.verdicts[name] == "stable" and second.verdicts[name] == "stable"
    ]
    off = {name: abs(second.median(name) / first.median(name) - 1) for name in first.rounds}
    agree = sum(off[name] <= AGREE for name in stable)
    ratios = _ratios_off(first, second)
    held = [
        name
        for name in ratios
        if first.ratios[name] == "stable" and second.ratios[name] == "stable"
    ]
    return [
        Metric("repeatability", agree / max(1, len(stable)), "share", at_least=0.95),
        Metric("repeatability_stable", len(stable) / len(off), "share"),
        Metric(
            "repeatability_of_all", sum(each <= AGREE for each in off.values()) / len(off), "share"
        ),
        Metric("repeatability_error", 100 * statistics.median(off.values()), "%"),
        Metric(
            "repeatability_of_ratios",
            sum(ratios[name] <= AGREE for name in held) / max(1, len(held)),
            "share",
            at_least=0.95,
        ),
        Metric("repeatability_of_ratios_stable", len(held) / len(ratios), "share"),
        Metric("ratio_error", 100 * statistics.median(ratios.values()), "%"),
        Metric("ratio_half_width", 100 * statistics.median(first.half_widths.values()), "%"),
        Metric(
            "plan_rate",
            sum(each <= asked for each in first.half_widths.values()) / first.seconds * 60,
            "1/min",
            at_least=60,
        ),
        Metric("plan_seconds", first.seconds, "s"),
        Metric("plan_precise", float(first.stopped == "precise"), "share", at_least=1),
    ]


def _loaded_metrics(
    network: Network, plans: tuple[_Run, _Run], loops: tuple[Mapping[str, float], ...]
) -> list[Metric]:
    pairs = [
        (variant.name, segment.variants[0].name)
        for segment in network.segments
        for variant in segment.variants[1:]
    ]
    ours = [_ratio_off(plans, *pair) for pair in pairs]
    peers = [
        abs((loops[1][name] / loops[1][base]) / (loops[0][name] / loops[0][base]) - 1)
        for name, base in pairs
    ]
    error, peer_error = statistics.median(ours), statistics.median(peers)
    return [
        Metric(
            "repeatability_under_load",
            sum(off <= AGREE_UNDER_LOAD for off in ours) / len(ours),
            "share",
            at_least=0.90,
            peer=sum(off <= AGREE_UNDER_LOAD for off in peers) / len(peers),
        ),
        Metric("ratio_error_under_load", 100 * error, "%", peer=100 * peer_error),
        Metric("ratio_error_over_peers", error / peer_error, "x", at_most=0.5),
    ]


def _ratio_off(plans: tuple[_Run, _Run], name: str, base: str) -> float:
    """How far the ratios of a variant to the unpruned one are apart in two plans."""
    one, other = (plan.at_pace[name] / plan.at_pace[base] for plan in plans)
    return abs(other / one - 1)


def _ratios_off(first: _Run, second: _Run) -> dict[str, float]:
    """How far each median, as a ratio to all others, is apart in two plans."""
    changes = {name: second.at_pace[name] / first.at_pace[name] for name in first.at_pace}
    machine = statistics.median(changes.values())
    return {name: abs(change / machine - 1) for name, change in changes.items()}


def _run(client: TargetClient, plan: Plan) -> _Run:
    begin = time.monotonic()
    client.measure(plan)
    seconds = time.monotonic() - begin
    told = client.statistics()
    names = {item.name for item in plan.items}
    measured = [each for each in told.measurements if each.name in names]
    rounds = {
        each.name: Rounds.of(
            each.samples_ns, [each.per_round] * (len(each.samples_ns) // each.per_round)
        )
        for each in measured
    }
    log = told.plans[-1]
    judged = judge_plan(
        rounds,
        asked=plan.relative_half_width,
        reference=Rounds.of(log.reference_ns, [log.per_round] * len(log.round_ends_ns)),
    )
    verdicts = {name: verdict.name for name, verdict in judged.items.items()}
    return _Run(
        rounds,
        verdicts,
        seconds,
        log.stopped,
        {name: each.value for name, each in judged.at_pace.items()},
        {name: verdict.ratios for name, verdict in judged.items.items()},
        {name: each.relative_half_width for name, each in judged.at_pace.items()},
    )


def _loops(client: TargetClient, plan: Plan) -> dict[str, float]:
    """Medians of each item timed in a loop of its own."""
    medians = {}
    for item in plan.items:
        alone = PlanItem(f"{item.name} alone", item.stages)
        client.measure(
            Plan(
                (alone,),
                warmup_rounds=0,
                min_rounds=2 * _LOOPS,
                max_rounds=2 * _LOOPS,
                relative_half_width=0.0,
            )
        )
        (samples,) = (
            m.samples_ns for m in client.statistics().measurements if m.name == alone.name
        )
        medians[item.name] = statistics.median(samples[_LOOPS:])
    return medians


@contextmanager
def _disturbance(seed: int) -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", _DISTURB.format(seed=seed)])
    try:
        yield
    finally:
        process.kill()
        process.wait()
