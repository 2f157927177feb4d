"""A made-up record of a run, of any size and with all that a run can leave; the same each time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

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
    NetworkRecord,
    RelaxationRecord,
    RunRecord,
    ScoreErrorsRecord,
    ScoreRecord,
    SegmentRecord,
    TensorRecord,
    VariantRecord,
    WholeRecord,
)
from kenning_lego.core.run_headers import EnvironmentRecord, TargetRecord, TelemetryRecord

Rng = np.random.Generator

HOST = EnvironmentRecord(
    facts={"machine": "x86_64", "cpu": "AMD Ryzen 7 5800X", "python": "3.11.7"},
    engines={"torch": "2.6.0", "onnxruntime": "1.20.1"},
)
TARGET = TargetRecord(
    address="tcp://board.local:5570",
    in_process=False,
    environment=EnvironmentRecord(
        facts={"board": "Raspberry Pi 5 Model B Rev 1.0", "cores": 4, "memory_bytes": 8 << 30},
        engines={"onnxruntime": "1.20.1"},
        state_before={"governor": "performance", "temperature_c_max": 48.2},
        state_after={"governor": "performance", "temperature_c_max": 63.9},
    ),
    used={"engine": "onnxruntime", "version": "1.20.1", "threads": 1},
)
CREATED = "2026-01-02T03:04:05+00:00"
_CLASSES = ("aeroplane", "car", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "lorry")
_CLASS_SAMPLES = 1000


@dataclass(frozen=True, slots=True)
class Size:
    """How large a record is.

    Args:
        blocks: that have variants; a fixed segment stands at each end of them.
        ratios: variants of each block.
        samples: of each variant.
        configurations: that were chosen.
        whole_samples: of each configuration.
        telemetry_s: seconds for which sensors were read, once a second.
        front: undominated configurations.
    """

    blocks: int
    ratios: int
    samples: int
    configurations: int
    whole_samples: int
    telemetry_s: int
    front: int


SMALL = Size(8, 5, 150, 4, 400, 240, 60)
LARGE = Size(50, 10, 1900, 10, 4970, 3600, 2000)
"""500 variants of blocks, and 1,000,000 samples with those of the segments that have none."""
LONG = Size(8, 5, 150, 4, 248_425, 3600, 60)
"""As many samples, nearly all of four configurations."""


def run_record(size: Size, seed: int = 7) -> RunRecord:
    """A run of so many blocks, variants and samples."""
    made = _Made(size, np.random.default_rng(seed))
    segments = (
        made.fixed("stem", 0.41, 100),
        *(made.block(index) for index in range(size.blocks)),
        made.fixed("head", 0.03, 100),
    )
    configurations = tuple(made.configuration(index) for index in range(size.configurations))
    composed = made.measure("composed", made.latency_ms("0.00"), 100)
    return RunRecord(
        id="20260102-030405-made-up",
        created=CREATED,
        version="0.1.0",
        command=("kenning-lego", "test", "scenario.yaml", "--target", "tcp://board.local:5570"),
        scenario={"model": {"from": "nets:deep"}, "budgets": [{"latency_ms": 4.5}]},
        host=HOST,
        target=TARGET,
        network=NetworkRecord(
            name=f"deep{size.blocks}",
            parameters=11_173_962,
            flops=1_112_000_000,
            dataset="cifar10",
            metric="top1",
            validation_score=0.9344,
            test_score=0.9312,
            samples={"train": 45_000, "validation": 5_000, "test": 10_000},
        ),
        segments=segments,
        measurements=tuple(made.measurements),
        configurations=(*configurations, _infeasible()),
        telemetry=_telemetry(made.rng, size.telemetry_s),
        plans=(_plan(made.measurements),),
        whole=WholeRecord(artifact=_artifact("whole", 40_000_000), measurement=composed),
        additivity=_additivity(made, composed),
        accuracy=_accuracy(made),
        front=_front(made.rng, size.front),
        durations_s={"extract": 0.8, "retrain": 412.0, "profile_latency": 74.5, "select": 0.02},
    )


@dataclass(slots=True)
class _Made:
    """What is made of a record so far."""

    size: Size
    rng: Rng
    measurements: list[MeasurementRecord]
    names: list[list[str]]
    medians_ms: dict[str, float]
    last: str

    def __init__(self, size: Size, rng: Rng) -> None:
        self.size, self.rng = size, rng
        self.measurements, self.names, self.medians_ms = [], [], {}
        self.last = "image"

    def measure(self, name: str, median_ms: float, count: int) -> str:
        """Samples of a floor with a long tail."""
        tail = 0.985 + 0.015 * self.rng.lognormal(0.0, 0.6, count)
        samples = tuple(np.rint(median_ms * 1e6 * tail).astype(np.int64).tolist())
        self.measurements.append(
            MeasurementRecord(
                name=name,
                clock="target",
                samples_ns=samples,
                stopped="precise",
                warmup=30,
                verdict=VerdictRecord(name="stable"),
            )
        )
        self.medians_ms[name] = median_ms
        return name

    def fixed(self, name: str, median_ms: float, count: int) -> SegmentRecord:
        """A segment without variants."""
        return self._segment(name, (self._variant(name, 0.0, median_ms, count),), scalable=False)

    def block(self, index: int) -> SegmentRecord:
        """A block with its variants."""
        name = f"layer{1 + index // 4}.{index % 4}"
        whole_ms = 0.4 + 0.6 * self.rng.random()
        variants = []
        for step in range(self.size.ratios):
            ratio = step / self.size.ratios
            median_ms = whole_ms * (1 - 0.86 * ratio)
            variants.append(self._variant(name, ratio, median_ms, self.size.samples))
        self.names.append([each.name for each in variants])
        return self._segment(name, tuple(variants), scalable=True)

    def latency_ms(self, ratio: str) -> float:
        """Sum over the blocks of the variants whose names end so, or of the originals."""
        chosen = (next((n for n in names if n.endswith(ratio)), names[0]) for names in self.names)
        return sum(self.medians_ms[each] for each in chosen)

    def configuration(self, index: int) -> ConfigurationRecord:
        """The variants of random ratios, as a choice for a budget."""
        picked = [names[int(self.rng.integers(len(names)))] for names in self.names]
        total_ms = sum(self.medians_ms[each] for each in picked)
        name = f"budget {index + 1}"
        measured_ms = total_ms * float(self.rng.normal(1.0, 0.01))
        score = 0.93 - 0.01 * index
        return ConfigurationRecord(
            name=name,
            budget=BudgetRecord(latency_ms=round(total_ms * 1.05, 2), memory_bytes=40_000_000),
            feasible=True,
            variants={each.split("@")[0]: each for each in picked},
            predicted=ScoreRecord(latency_ms=total_ms, memory_bytes=30_000_000, score=score),
            measured=ScoreRecord(
                latency_ms=measured_ms,
                memory_bytes=30_000_000,
                score=score - 0.002,
                energy_mj=12.5 + index,
                energy_low_mj=11.9 + index,
                energy_high_mj=13.2 + index,
                energy_source="power_mw.VDD_IN",
            ),
            measurement=self.measure(f"{name}, whole", measured_ms, self.size.whole_samples),
            solver="pareto",
            solve_ms=0.04,
            classification=_classification(self.rng) if index == 0 else None,
        )

    def _variant(self, block: str, ratio: float, median_ms: float, count: int) -> VariantRecord:
        name = f"{block}@pruned-{ratio:.2f}" if ratio else f"{block}@original"
        return VariantRecord(
            name=name,
            kind="pruned" if ratio else "original",
            ratio=ratio,
            ratio_reached=max(ratio - 0.013, 0.0),
            flops=round(75e6 * (1 - ratio)),
            parameters=round(3e5 * (1 - ratio)),
            reconstruction_loss=0.004 + 0.11 * ratio**2 if ratio else None,
            accuracy_cost=0.03 * ratio**2.2,
            artifact=_artifact(name, round(1.2e6 * (1 - ratio)) + 2048),
            measurement=self.measure(name, median_ms, count),
        )

    def _segment(
        self, name: str, variants: tuple[VariantRecord, ...], *, scalable: bool
    ) -> SegmentRecord:
        tensors = [
            TensorRecord(name=each, shape=("batch", 64, 32, 32), dtype="float32")
            for each in (self.last, f"{name}.out")
        ]
        self.last = tensors[1].name
        return SegmentRecord(
            name=name,
            scalable=scalable,
            inputs=(tensors[0],),
            outputs=(tensors[1],),
            variants=variants,
        )


def _artifact(name: str, size_bytes: int) -> ArtifactRecord:
    return ArtifactRecord(
        digest=hashlib.sha256(name.encode()).hexdigest(),
        format="onnx",
        size_bytes=size_bytes,
        compiler="onnx",
        compiler_version="1.17.0",
        gap_max_abs=1.9e-6,
    )


def _infeasible() -> ConfigurationRecord:
    nearest = RelaxationRecord(changed=("latency",), budget=BudgetRecord(latency_ms=2.31))
    return ConfigurationRecord(
        name="too fast",
        budget=BudgetRecord(latency_ms=0.5),
        feasible=False,
        nearest=(nearest,),
        solver="pareto",
    )


def _plan(measurements: list[MeasurementRecord]) -> PlanRecord:
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


def _additivity(made: _Made, measurement: str) -> AdditivityRecord:
    total_ms = made.latency_ms("@original")
    runs = tuple(
        ComposedRunRecord(
            variants=tuple(names[0] for names in made.names),
            sum_ms=total_ms * 0.98,
            predicted_ms=total_ms * 0.997,
            measurement=measurement,
        )
        for _ in range(6)
    )
    errors = ErrorsRecord(median=0.02, p95=0.03, bias=-0.02)
    fitted = ErrorsRecord(median=0.003, p95=0.006, bias=0.0)
    return AdditivityRecord(runs=runs, sum_errors=errors, fitted_errors=fitted, boundary_ms=0.01)


def _accuracy(made: _Made) -> AccuracyRecord:
    runs = tuple(
        ComposedScoreRecord(
            variants=tuple(names[-1] for names in made.names),
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


def _front(rng: Rng, points: int) -> FrontRecord:
    costs = np.sort(rng.integers(0, 80_000_000, points))
    latencies = np.sort(rng.integers(4_000_000_000, 30_000_000_000, points))[::-1]
    memory = np.sort(rng.integers(5_000_000, 60_000_000, points))[::-1]
    return FrontRecord(
        points=points,
        costs=tuple(costs.tolist()),
        latencies_ps=tuple(latencies.tolist()),
        memory_bytes=tuple(memory.tolist()),
    )


def _classification(rng: Rng) -> ClassificationRecord:
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


def _telemetry(rng: Rng, count: int) -> TelemetryRecord:
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
