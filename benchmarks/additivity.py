"""Whether latencies of blocks add up, and what composing costs: ResNet-18 for CIFAR, one thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.bench_record import Metric
from benchmarks.processes import running_server
from benchmarks.resnet import Network, make_network
from benchmarks.samples import median
from kenning_lego.blocks.configuration import MeasurementConfig
from kenning_lego.blocks.latency import configurations_plan, variants_plan
from kenning_lego.core.plans import Plan
from kenning_lego.core.records import SegmentRecord
from kenning_lego.protocols.client import TargetClient
from kenning_lego.scenarios.tester.adding_up import random_configurations
from kenning_lego.selection.additivity import Additivity, ComposedRun, Figures, assess
from kenning_lego.stats.pace import medians_at_pace
from kenning_lego.stats.rounds import Rounds

CONFIGURATIONS = 40
_ORIGINAL, _FUSED, _WHOLE = "original", "original@fused", "whole"
_NS_PER_MS = 1e6
_TURNS = 10
"""Times that each form runs by itself."""


def measure(directory: Path, *, rounds: int, curve: bool) -> list[Metric]:
    """Time blocks, 40 random compositions, and the original as a chain, fused and in one piece.

    Args:
        directory: for the artifacts (made once, some 30 s) and the target's store.
        rounds: that are recorded of the blocks and of the compositions.
        curve: whether the target's connection is encrypted.
    """
    network = make_network(directory)
    composed = random_configurations(network.segments, CONFIGURATIONS, seed=1)
    with running_server(directory, curve=curve) as server:
        with server.connect() as client:
            network.upload(client)
            latencies = _medians_ms(client, _parts_plan(network, composed, rounds))
        # The server keeps its clients apart: another worker, with nothing else in memory.
        with server.connect() as client:
            steady = _steady_overheads(client, network, rounds)
            forms = _medians_ms(client, _forms_plan(network, rounds))
    found = _assess(network.segments, composed, latencies)
    return [*_errors(found), *_overheads(steady, forms)]


def _errors(found: Additivity) -> list[Metric]:
    """What is asked is asked of the model in use; the plain sum is reported beside it."""
    return [
        Metric("additivity_error_median", found.after.median * 100, "%", at_most=1.5),
        Metric("additivity_error_p95", found.after.p95 * 100, "%", at_most=4.0),
        Metric("additivity_bias", found.after.bias * 100, "%"),
        Metric("additivity_sum_error_median", found.before.median * 100, "%"),
        Metric("additivity_sum_error_p95", found.before.p95 * 100, "%"),
        Metric("additivity_sum_bias", found.before.bias * 100, "%"),
        Metric("additivity_boundary", found.terms.boundary_ms * 1e3, "us"),
        Metric("additivity_scale", found.terms.scale, "factor"),
        Metric("additivity_size", found.terms.ms_per_mb * 1e3, "us/MB"),
    ]


def _overheads(steady: Mapping[str, float], forms: Mapping[str, float]) -> list[Metric]:
    """As a pipeline runs, frame after frame; and when others run in between, so all starts cold."""
    whole = forms[_WHOLE]
    return [
        Metric("chain_overhead", steady[_ORIGINAL], "x", at_most=1.03),
        Metric("fused_overhead", steady[_FUSED], "x", at_most=1.01),
        Metric("chain_overhead_cold", forms[_ORIGINAL] / whole, "x"),
        Metric("fused_overhead_cold", forms[_FUSED] / whole, "x"),
        Metric("monolithic_ms", whole, "ms"),
    ]


def _parts_plan(network: Network, composed: Mapping[str, Mapping[str, str]], rounds: int) -> Plan:
    """Blocks and compositions in the same rounds, as `kenning-lego test` measures them."""
    return variants_plan(
        network.segments,
        _config(max(1, rounds // 2)),
        runtime="onnxruntime",
        threads=1,
        composed=composed,
    )


def _steady_overheads(client: TargetClient, network: Network, rounds: int) -> dict[str, float]:
    """Latencies over the monolithic model's, each form by itself for some frames, in turn."""
    ratios: dict[str, list[float]] = {_ORIGINAL: [], _FUSED: []}
    for _ in range(_TURNS):
        plan = _forms_plan(network, max(1, rounds // _TURNS))
        medians = {}
        for item in plan.items:
            medians.update(_medians_ms(client, replace(plan, items=(item,))))
        for form, found in ratios.items():
            found.append(medians[form] / medians[_WHOLE])
    return {form: median(found) for form, found in ratios.items()}


def _forms_plan(network: Network, rounds: int) -> Plan:
    """The original's three forms, `rounds` x 5 frames of each."""
    return configurations_plan(
        network.segments,
        {_ORIGINAL: {}},
        _config(rounds * 5),
        runtime="onnxruntime",
        threads=1,
        whole={_FUSED: network.fused, _WHOLE: network.whole},
    )


def _config(rounds: int) -> MeasurementConfig:
    return MeasurementConfig(
        warmup_rounds=max(1, rounds // 5),
        min_rounds=rounds,
        max_rounds=rounds,
        max_seconds=600,
    )


def _medians_ms(client: TargetClient, plan: Plan) -> dict[str, float]:
    """Medians at the plan's pace by the items' names."""
    client.measure(plan)
    names = {item.name for item in plan.items}
    items = {
        each.name: Rounds.of(
            each.samples_ns, [each.per_round] * (len(each.samples_ns) // each.per_round)
        )
        for each in client.statistics().measurements
        if each.name in names
    }
    return {name: value / _NS_PER_MS for name, value in medians_at_pace(items).items()}


def _assess(
    segments: Sequence[SegmentRecord],
    composed: Mapping[str, Mapping[str, str]],
    latencies_ms: Mapping[str, float],
) -> Additivity:
    figures = {
        variant.name: Figures(latencies_ms[variant.name], variant.artifact.size_bytes)
        for segment in segments
        for variant in segment.variants
    }
    runs = [
        ComposedRun(tuple(names.values()), latencies_ms[name]) for name, names in composed.items()
    ]
    return assess(figures, runs)
