"""Made-up records of trainings, load tests, selections and exports."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

import numpy as np

from benchmarks.reports_run import CREATED, HOST, TARGET
from kenning_lego.core.export_records import ExportRecord
from kenning_lego.core.load_records import LoadRecord, LoadResultRecord
from kenning_lego.core.loads import Scenario
from kenning_lego.core.records import (
    ArtifactRecord,
    BudgetRecord,
    FrontRecord,
    ScoreRecord,
    TensorRecord,
)
from kenning_lego.core.selection_records import (
    AnswerRecord,
    ChosenRecord,
    NearRecord,
    SelectedFromRecord,
    SelectionRecord,
)
from kenning_lego.core.training_records import EpochRecord, TrainingRecord

_COMMAND = ("kenning-lego", "made", "up")
_BLOCKS = tuple(f"layer{stage}.{index}" for stage in (1, 2, 3, 4) for index in (0, 1))
_SERVICE_NS = 6.4e6


def training_record(epochs: int = 40, seed: int = 7) -> TrainingRecord:
    """A training that was interrupted once, and was best shortly before its end."""
    rng = np.random.default_rng(seed)
    at = np.arange(epochs) / max(epochs - 1, 1)
    scores = 0.35 + 0.58 * (1 - np.exp(-4 * at)) + rng.normal(0, 0.006, epochs)
    losses = 0.12 + 2.1 * np.exp(-4.5 * at) + rng.normal(0, 0.01, epochs)
    rates = 0.05 * (1 + np.cos(np.pi * at)) + 1e-5
    began = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    moments = [
        began + timedelta(seconds=31.0 * (index + 1) + (5400 if index > epochs // 2 else 0))
        for index in range(epochs)
    ]
    best = int(scores.argmax()) + 1
    return TrainingRecord(
        id="20260102-030405-training",
        created=CREATED,
        version="0.1.0",
        command=_COMMAND,
        scenario={"model": "resnet18", "training": {"epochs": epochs}},
        host=HOST,
        network="resnet18",
        parameters=11_173_962,
        dataset="cifar10",
        samples={"train": 45_000, "validation": 5_000, "test": 10_000},
        metric="top1",
        higher_is_better=True,
        epochs=tuple(
            EpochRecord(
                loss=float(loss),
                validation_score=float(score),
                learning_rate=float(rate),
                seconds=31.0,
                ended=moment.isoformat(),
            )
            for loss, score, rate, moment in zip(losses, scores, rates, moments, strict=True)
        ),
        best_epoch=best,
        validation_score=float(scores[best - 1]),
        test_score=float(scores[best - 1]) - 0.006,
        checkpoint="weights.safetensors",
        checkpoint_digest="5" * 64,
        trained_now=True,
        durations_s={"train the network": 31.0 * epochs, "score the best weights": 4.0},
    )


def load_record(queries: int = 4000, seed: int = 7) -> LoadRecord:
    """The four scenarios, and a sweep of rates of which the last is too high."""
    rng = np.random.default_rng(seed)
    rates = (40.0, 80.0, 120.0, 145.0, 170.0)
    return LoadRecord(
        id="20260102-030405-load",
        created=CREATED,
        version="0.1.0",
        command=_COMMAND,
        scenario={"model": "resnet18.onnx", "rate": list(rates)},
        host=HOST,
        target=TARGET,
        stages=("3" * 64,),
        network="resnet18.onnx",
        results=(
            _closed(rng, "single_stream", queries, 1),
            _closed(rng, "multi_stream", queries // 8, 8),
            _closed(rng, "offline", queries, 1),
            *(_server(rng, queries, rate) for rate in rates),
        ),
    )


def _service(rng: np.random.Generator, count: int, samples: int) -> np.ndarray:
    calls = _SERVICE_NS * (0.985 + 0.015 * rng.lognormal(0.0, 0.7, (count, samples)))
    return np.asarray(calls.sum(axis=1))


def _closed(
    rng: np.random.Generator, scenario: Scenario, count: int, samples: int
) -> LoadResultRecord:
    service = _service(rng, count, samples)
    latencies = service.cumsum() if scenario == "offline" else service
    return _result(scenario, None, samples, latencies, service, count, 0)


def _server(rng: np.random.Generator, count: int, rate: float) -> LoadResultRecord:
    arrivals = rng.exponential(1e9 / rate, count).cumsum()
    service = _service(rng, count, 1)
    free, latencies = 0.0, []
    for arrival, taken in zip(arrivals, service, strict=True):
        free = max(free, arrival) + taken
        latencies.append(free - arrival)
    answered = arrivals + latencies <= arrivals[-1]
    kept = int(answered.sum())
    return _result(
        "server",
        rate,
        1,
        np.array(latencies)[:kept],
        service[:kept],
        count,
        int(arrivals[-1]),
    )


def _result(
    scenario: Scenario,
    rate: float | None,
    samples: int,
    latencies: np.ndarray,
    service: np.ndarray,
    offered: int,
    span_ns: int,
) -> LoadResultRecord:
    def whole(values: np.ndarray) -> tuple[int, ...]:
        return tuple(np.rint(values).astype(np.int64).tolist())

    return LoadResultRecord(
        scenario=scenario,
        rate_per_s=rate,
        samples_per_query=samples,
        stopped="complete",
        duration_ns=span_ns or int(service.sum()),
        offered=offered,
        span_ns=span_ns,
        begin_ns=10**12,
        latencies_ns=whole(latencies),
        service_ns=whole(service),
        lateness_ns=whole(np.full(len(service), 9e3)),
    )


def selection_record(points: int = 400, seed: int = 7) -> SelectionRecord:
    """Three demands on a network, of which the last cannot be met, and its front."""
    rng = np.random.default_rng(seed)
    latencies = np.linspace(9.0, 2.0, points)
    costs = 0.12 * ((9.0 - latencies) / 7.0) ** 2.4
    choices = (points // 5, points // 2)
    return SelectionRecord(
        created=CREATED,
        version="0.1.0",
        command=_COMMAND,
        scenario={"workspaces": ["w"]},
        networks=(
            SelectedFromRecord(
                name="resnet18", workspace="w", run="20260102-030405", metric="top1", memory="rss"
            ),
        ),
        answers=(
            *(
                AnswerRecord(
                    name=f"budget-{number}",
                    demand=f"{latencies[at]:.1f} ms",
                    budget=BudgetRecord(latency_ms=float(latencies[at]) + 0.05),
                    feasible=True,
                    chosen=(_chosen(float(latencies[at]), float(costs[at])),),
                    solver="pareto",
                    solve_ms=0.2,
                    gap=0.0,
                )
                for number, at in enumerate(choices, 1)
            ),
            AnswerRecord(
                name="budget-3",
                demand="1.0 ms, 2,000,000 bytes",
                budget=BudgetRecord(latency_ms=1.0, memory_bytes=2_000_000),
                feasible=False,
                conflicts=(("latency",), ("memory", "score")),
                nearest=(
                    NearRecord(
                        changed=("latency",),
                        demand="2.0 ms, 2,000,000 bytes",
                        budget=BudgetRecord(latency_ms=2.0, memory_bytes=2_000_000),
                        chosen=(_chosen(2.0, 0.12),),
                    ),
                ),
            ),
        ),
        undominated={
            "resnet18": FrontRecord(
                points=points,
                costs=tuple(np.rint(costs * 1e9).astype(np.int64).tolist()),
                latencies_ps=tuple(np.rint(latencies * 1e9).astype(np.int64).tolist()),
                memory_bytes=tuple(rng.integers(2_000_000, 40_000_000, points).tolist()),
            )
        },
    )


def _chosen(latency_ms: float, cost: float) -> ChosenRecord:
    ratios = np.linspace(0.2, 0.8, len(_BLOCKS)).round(1)
    return ChosenRecord(
        network="resnet18",
        variants=_named(ratios.tolist()),
        predicted=ScoreRecord(latency_ms=latency_ms, memory_bytes=12_400_000, score=0.931 - cost),
        accuracy_cost=cost,
    )


def _named(ratios: Sequence[float]) -> dict[str, str]:
    return {
        block: f"{block}@pruned-{ratio:.2f}" for block, ratio in zip(_BLOCKS, ratios, strict=True)
    }


def export_record() -> ExportRecord:
    """An export of a configuration that was measured."""
    return ExportRecord(
        created=CREATED,
        version="0.1.0",
        command=_COMMAND,
        file="resnet18-balanced.onnx",
        artifact=ArtifactRecord(
            digest="7" * 64,
            format="onnx",
            size_bytes=12_400_000,
            compiler="onnx",
            compiler_version="1.17.0",
            gap_max_abs=2.4e-6,
            gap_rmse=3e-7,
            gap_cosine=1.0,
            gap_samples=8,
            precision="fp32",
        ),
        inputs=(TensorRecord(name="image", shape=("batch", 3, 32, 32), dtype="float32"),),
        outputs=(TensorRecord(name="logits", shape=("batch", 10), dtype="float32"),),
        network="resnet18",
        run="20260102-030405",
        configuration="balanced",
        variants=_named([0.2] * len(_BLOCKS)),
        metric="top1",
        predicted=ScoreRecord(latency_ms=4.4, memory_bytes=12_400_000, score=0.921),
        measured=ScoreRecord(latency_ms=4.47, memory_bytes=12_400_000, score=0.9185),
    )
