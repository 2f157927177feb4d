"""Whether the target's figures are the engine's: plans beside a bare loop of the same engine."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort

from benchmarks.artifacts import Artifact, matmul_chain
from benchmarks.bench_record import Metric
from benchmarks.processes import running_server
from benchmarks.samples import median
from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.protocols.client import TargetClient

_NS_PER_MS = 1e6
_TURNS = 20
_SHORT_MS = 0.5
"""Below this the difference is judged, above it the ratio."""


@dataclass(frozen=True, slots=True)
class _Turn:
    """Medians of the target and of the bare loop right after it."""

    target_ns: float
    bare_ns: float


def measure(directory: Path, *, seconds: float, curve: bool) -> list[Metric]:
    """Compare artifacts of 0.05, 1 and 10 ms.

    Args:
        directory: for the artifacts and the target's store.
        seconds: about how long each artifact is run on either side.
        curve: whether the target's connection is encrypted.
    """
    metrics = []
    per_product_ms = _time_of(matmul_chain(directory, 200)) / 200
    with running_server(directory, curve=curve) as server:
        for aimed_ms in (0.05, 1.0, 10.0):
            artifact = matmul_chain(directory, max(1, round(aimed_ms / per_product_ms)))
            # The server keeps its clients apart: a fresh one for each artifact.
            with server.connect() as client:
                turns = _compare(client, artifact, aimed_ms, seconds)
            metrics += _judge(f"latency_fidelity_{aimed_ms:g}ms", aimed_ms, turns)
    return metrics


def _judge(name: str, aimed_ms: float, turns: list[_Turn]) -> list[Metric]:
    bare_ms = median([turn.bare_ns for turn in turns]) / _NS_PER_MS
    if aimed_ms < _SHORT_MS:
        off_us = median([turn.target_ns - turn.bare_ns for turn in turns]) / 1e3
        return [
            Metric(f"{name}_off_us", off_us, "us", at_least=-5, at_most=5),
            Metric(f"{name}_bare", bare_ms, "ms"),
        ]
    ratio = median([turn.target_ns / turn.bare_ns for turn in turns])
    return [
        Metric(name, ratio, "x", at_least=1 / 1.02, at_most=1.02),
        Metric(f"{name}_bare", bare_ms, "ms"),
    ]


def _compare(
    client: TargetClient, artifact: Artifact, aimed_ms: float, seconds: float
) -> list[_Turn]:
    client.upload(artifact.path, artifact.digest)
    call = _bare_call(artifact)
    runs = max(5, round(seconds * 1e3 / aimed_ms / _TURNS))
    bare = []
    for turn in range(_TURNS):
        plan = Plan(
            (PlanItem(f"turn {turn}", (artifact.digest,)),),
            warmup_rounds=max(3, runs // 10),
            min_rounds=runs,
            max_rounds=runs,
        )
        client.measure(plan)
        for _ in range(plan.warmup_rounds):
            call()
        bare.append(median([_timed(call) for _ in range(runs)]))
    measurements = client.statistics().measurements
    return [
        _Turn(median(measurement.samples_ns), bare_ns)
        for measurement, bare_ns in zip(measurements, bare, strict=True)
    ]


def _time_of(artifact: Artifact) -> float:
    call = _bare_call(artifact)
    return median([_timed(call) for _ in range(100)]) / _NS_PER_MS


def _timed(call: Callable[[], object]) -> int:
    begin = time.perf_counter_ns()
    call()
    return time.perf_counter_ns() - begin


def _bare_call(artifact: Artifact) -> Callable[[], object]:
    """The engine alone, as a careful user would call it: one thread, bound tensors."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    session = ort.InferenceSession(str(artifact.path), options, providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    binding = session.io_binding()
    for node in session.get_inputs():
        values = rng.standard_normal(node.shape).astype(np.float32)
        binding.bind_ortvalue_input(node.name, ort.OrtValue.ortvalue_from_numpy(values))
    for node in session.get_outputs():
        room = np.zeros(node.shape, np.float32)
        binding.bind_ortvalue_output(node.name, ort.OrtValue.ortvalue_from_numpy(room))

    def call() -> None:
        session.run_with_iobinding(binding)

    return call
