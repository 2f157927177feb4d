"""Whether latencies of blocks add up, and what composing costs: ResNet-18 for CIFAR, one thread.

Weights are random, since latency does not depend on their values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from benchmarks.bench_record import Metric
from benchmarks.processes import running_server
from benchmarks.samples import median
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.configuration import MeasurementConfig
from kenning_lego.blocks.extract import extract
from kenning_lego.blocks.latency import configurations_plan, stages_of, variants_plan
from kenning_lego.blocks.variants import make_variants
from kenning_lego.compilers.configuration import CompilerConfig
from kenning_lego.compilers.fused import fuse_once
from kenning_lego.core.plans import Plan
from kenning_lego.core.records import SegmentRecord
from kenning_lego.models.lookup import load_model
from kenning_lego.protocols.client import TargetClient
from kenning_lego.scenarios.tester.adding_up import random_configurations
from kenning_lego.scenarios.tester.compiling import compile_variants
from kenning_lego.scenarios.tester.one_piece import compile_whole
from kenning_lego.selection.additivity import Additivity, ComposedRun, Figures, assess
from kenning_lego.store.workspace import Workspace

RATIOS = (0.0, 0.2, 0.4, 0.6, 0.8)
CONFIGURATIONS = 40
_ORIGINAL, _FUSED, _WHOLE = "original", "original@fused", "whole"
_NS_PER_MS = 1e6
_TURNS = 5
"""Times that blocks and compositions are measured, each in turn."""


@dataclass(frozen=True, slots=True)
class _Network:
    """A cut network with its artifacts in a workspace."""

    segments: Sequence[SegmentRecord]
    fused: str
    whole: str
    workspace: Workspace

    @property
    def digests(self) -> list[str]:
        variants = [v.artifact.digest for segment in self.segments for v in segment.variants]
        return [*dict.fromkeys(variants), self.fused, self.whole]


def measure(directory: Path, *, rounds: int, curve: bool) -> list[Metric]:
    """Time blocks, 40 random compositions, and the original as a chain, fused and in one piece.

    Args:
        directory: for the artifacts (made once, some 30 s) and the target's store.
        rounds: that are recorded of the blocks and of the compositions.
        curve: whether the target's connection is encrypted.
    """
    network = _make(directory)
    composed = random_configurations(network.segments, CONFIGURATIONS, seed=1)
    with running_server(directory, curve=curve) as server:
        with server.connect() as client:
            for digest in network.digests:
                client.upload(network.workspace.artifacts.path(digest), digest)
            latencies = _medians_ms(client, _parts_plans(network, composed, rounds))
        # The server keeps its clients apart: another worker, with nothing else in memory.
        with server.connect() as client:
            forms = _medians_ms(client, [_forms_plan(network, rounds)])
    found = _assess(network.segments, composed, latencies)
    return [*_errors(found), *_overheads(forms)]


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


def _overheads(forms: Mapping[str, float]) -> list[Metric]:
    whole = forms[_WHOLE]
    return [
        Metric("chain_overhead", forms[_ORIGINAL] / whole, "x", at_most=1.03),
        Metric("fused_overhead", forms[_FUSED] / whole, "x", at_most=1.01),
        Metric("monolithic_ms", whole, "ms"),
    ]


def _make(directory: Path) -> _Network:
    torch.manual_seed(0)
    workspace = Workspace(directory / "workspace")
    model = load_model("resnet18-cifar10")
    rng = np.random.default_rng(0)
    image = rng.standard_normal((1, 3, 32, 32)).astype(np.float32)
    chain: Chain = extract(model, torch.tensor(image))
    variants = make_variants(chain, RATIOS)
    config = CompilerConfig()
    segments, _ = compile_variants(chain, variants, {}, {}, config, workspace, _ignore)
    outputs = [spec.name for spec in chain.outputs]
    example = {chain.inputs[0].name: image}
    fused = fuse_once(stages_of(segments, {}), outputs, example, config, workspace)
    whole = compile_whole(model, chain, image, config, workspace)
    return _Network(segments, fused.record.digest, whole.artifact.digest, workspace)


def _ignore(_done: int, _total: int, _text: str) -> None:
    """Progress is not shown."""


def _parts_plans(
    network: _Network, composed: Mapping[str, Mapping[str, str]], rounds: int
) -> list[Plan]:
    """Blocks and compositions by turns, so that drift hits both alike."""
    each = _config(max(1, rounds // _TURNS))
    return _TURNS * [
        variants_plan(network.segments, each, runtime="onnxruntime", threads=1),
        configurations_plan(network.segments, composed, each, runtime="onnxruntime", threads=1),
    ]


def _forms_plan(network: _Network, rounds: int) -> Plan:
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


def _medians_ms(client: TargetClient, plans: Sequence[Plan]) -> dict[str, float]:
    """Medians of the samples of all plans by the items' names."""
    samples: dict[str, list[int]] = {}
    for plan in plans:
        client.measure(plan)
        names = {item.name for item in plan.items}
        for each in client.statistics().measurements:
            if each.name in names:
                samples.setdefault(each.name, []).extend(each.samples_ns)
    return {name: median(values) / _NS_PER_MS for name, values in samples.items()}


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
