"""Made-up parts of a record of a run."""

from __future__ import annotations

import hashlib

import numpy as np

from kenning_lego.core.measurement_records import MeasurementRecord, PlanRecord, VerdictRecord
from kenning_lego.core.records import (
    AccuracyRecord,
    AdditivityRecord,
    ArtifactRecord,
    BudgetRecord,
    ClassificationRecord,
    ComposedRunRecord,
    ComposedScoreRecord,
    ConfigurationRecord,
    ErrorsRecord,
    FrontRecord,
    RelaxationRecord,
    ScoreErrorsRecord,
)
from kenning_lego.core.run_headers import TelemetryRecord

Rng = np.random.Generator

CREATED = "2026-01-02T03:04:05+00:00"
_CLASSES = ("aeroplane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "lorry")
_CLASS_SAMPLES = 1000


def artifact(name: str, size_bytes: int) -> ArtifactRecord:
    """An artifact of this name and size."""
    return ArtifactRecord(
        digest=hashlib.sha256(name.encode()).hexdigest(),
        format="onnx",
        size_bytes=size_bytes,
        compiler="onnx",
        compiler_version="1.17.0",
        gap_max_abs=1.9e-6,
    )


def infeasible() -> ConfigurationRecord:
    """A configuration for a budget that nothing keeps."""
    nearest = RelaxationRecord(changed=("latency",), budget=BudgetRecord(latency_ms=2.31))
    return ConfigurationRecord(
        name="too fast",
        budget=BudgetRecord(latency_ms=0.5),
        feasible=False,
        nearest=(nearest,),
        solver="pareto",
    )


def plan(measurements: list[MeasurementRecord]) -> PlanRecord:
    """The plan in which all of these were measured."""
    return PlanRecord(
        name="variants",
        measurements=tuple(each.name for each in measurements),
        stopped="precise",
        rounds=100,
        asked_half_width=0.01,
        half_width=0.008,
        elapsed_s=74.5,
        verdict=VerdictRecord(name="stable"),
    )


def additivity(chosen: tuple[str, ...], total_ms: float, measurement: str) -> AdditivityRecord:
    """Six composed runs of one configuration, and how far predictions were off."""
    runs = tuple(
        ComposedRunRecord(
            variants=chosen,
            sum_ms=total_ms * 0.98,
            predicted_ms=total_ms * 0.997,
            measurement=measurement,
        )
        for _ in range(6)
    )
    errors = ErrorsRecord(median=0.02, p95=0.03, bias=-0.02)
    fitted = ErrorsRecord(median=0.003, p95=0.006, bias=0.0)
    return AdditivityRecord(runs=runs, sum_errors=errors, fitted_errors=fitted, boundary_ms=0.01)


def accuracy(chosen: tuple[str, ...]) -> AccuracyRecord:
    """Eight scored runs of one configuration."""
    runs = tuple(
        ComposedScoreRecord(
            variants=chosen,
            predicted=0.9 + 0.002 * index,
            means=0.89,
            score=0.9 + 0.0021 * index,
        )
        for index in range(8)
    )
    errors = ScoreErrorsRecord(median=0.003, p95=0.006, bias=-0.002)
    return AccuracyRecord(
        metric="top1",
        estimator="fitted",
        unit=0.07,
        original=0.9344,
        precision="float32",
        runs=runs,
        errors=errors,
        means_errors=errors,
    )


def front(rng: Rng, points: int) -> FrontRecord:
    """So many points that do not dominate each other."""
    costs = np.sort(rng.integers(0, 80_000_000, points))
    latencies = np.sort(rng.integers(4_000_000_000, 30_000_000_000, points))[::-1]
    memory = np.sort(rng.integers(5_000_000, 60_000_000, points))[::-1]
    return FrontRecord(
        points=points,
        costs=tuple(costs.tolist()),
        latencies_ps=tuple(latencies.tolist()),
        memory_bytes=tuple(memory.tolist()),
    )


def classification(rng: Rng) -> ClassificationRecord:
    """Answers of a good classifier."""
    count = len(_CLASSES)
    odds = np.full((count, count), 0.01) + np.eye(count) * 0.9
    odds /= odds.sum(axis=1, keepdims=True)
    matrix = np.array([rng.multinomial(_CLASS_SAMPLES, row) for row in odds])
    right = np.diag(matrix)
    precision = right / matrix.sum(axis=0)
    sensitivity = right / _CLASS_SAMPLES
    return ClassificationRecord(
        classes=_CLASSES,
        samples=(_CLASS_SAMPLES,) * count,
        confusion=tuple(
            (row, column, int(matrix[row, column]))
            for row in range(count)
            for column in range(count)
            if matrix[row, column]
        ),
        accuracy=float(right.sum() / matrix.sum()),
        top5=0.99,
        precision=tuple(precision.tolist()),
        sensitivity=tuple(sensitivity.tolist()),
        mean_precision=float(precision.mean()),
        mean_sensitivity=float(sensitivity.mean()),
        g_mean=0.9,
        f1=0.9,
        roc_auc=0.98,
    )


def telemetry(rng: Rng, count: int) -> TelemetryRecord:
    """Readings of a board that gets warm, once a second."""
    warmth = 1 - 0.985 ** np.arange(count)
    columns = {
        "temperature_c.cpu-thermal": 48 + 30 * warmth + rng.random(count),
        "frequency_khz.cpu0": np.full(count, 2_400_000.0),
        "cpu_percent.all": 25 + rng.random(count),
        "worker_cpu_percent": 99 + rng.random(count),
        "memory_used_bytes": 9e8 + 1e5 * np.arange(count),
        "power_mw.VDD_IN": 4200 + 1800 * warmth + 80 * rng.random(count),
        "throttled.under-voltage": np.zeros(count),
    }
    return TelemetryRecord(
        began=CREATED,
        times_s=tuple(float(index) for index in range(count)),
        columns={key: tuple(values.tolist()) for key, values in columns.items()},
    )
