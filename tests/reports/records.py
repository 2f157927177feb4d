"""A plausible record of a ResNet-18-like run, for tests and for looking at the page."""

from __future__ import annotations

import hashlib
import random
import statistics
from collections.abc import Mapping

from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.core.records import (
    AccuracyRecord,
    AdditivityRecord,
    ArtifactRecord,
    BudgetRecord,
    ComposedRunRecord,
    ComposedScoreRecord,
    ConfigurationRecord,
    ErrorsRecord,
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

RATIOS = (0.0, 0.2, 0.4, 0.6, 0.8)
BLOCKS = tuple(f"layer{stage}.{index}" for stage in range(1, 5) for index in range(2))
_BLOCK_NS = (640e3, 655e3, 590e3, 660e3, 610e3, 735e3, 890e3, 1120e3)
_BLOCK_BYTES = (297e3, 297e3, 921e3, 1.18e6, 3.68e6, 4.72e6, 14.7e6, 18.9e6)


def samples(rng: random.Random, median_ns: float, count: int = 120) -> tuple[int, ...]:
    """Right-skewed samples in ns: a floor and a lognormal tail on it."""
    return tuple(
        round(median_ns * (0.985 + 0.015 * rng.lognormvariate(0.0, 0.6))) for _ in range(count)
    )


def variant(block: str, ratio: float, flops: float, size: float, cost: float) -> VariantRecord:
    """A pruned variant of a block, or its original at ratio 0."""
    original = ratio == 0
    name = f"{block}@original" if original else f"{block}@pruned-{ratio:.2f}"
    reached = 0.0 if original else ratio - 0.013
    return VariantRecord(
        name=name,
        kind="original" if original else "pruned",
        ratio=ratio,
        ratio_reached=reached,
        flops=round(flops * (1 - reached)),
        parameters=round(size * (1 - reached) / 4),
        reconstruction_loss=None if original else 0.004 + 0.11 * ratio**2,
        accuracy_cost=0.0 if original else cost,
        artifact=ArtifactRecord(
            digest=hashlib.sha256(name.encode()).hexdigest(),
            format="onnx",
            size_bytes=round(size * (1 - reached)) + 2048,
            compiler="onnx",
            compiler_version="1.17.0",
            gap_max_abs=1.9e-6 + ratio * 1e-6,
        ),
        measurement=name,
    )


def resnet_record() -> RunRecord:
    """Stem, eight blocks of five variants, head; three configurations and one infeasible."""
    rng = random.Random(20240607)
    measurements: list[MeasurementRecord] = []
    medians: dict[str, float] = {}

    def measure(name: str, median_ns: float, stopped: str = "precise") -> None:
        timed = samples(rng, median_ns)
        medians[name] = statistics.median(timed)
        measurements.append(
            MeasurementRecord(name=name, clock="target", samples_ns=timed, stopped=stopped)
        )

    segments = [_fixed("stem", 3.7e6, 10e3, (3, 32, 32), (64, 32, 32))]
    measure("stem@original", 410e3)
    for index, block in enumerate(BLOCKS):
        variants = []
        for ratio in RATIOS:
            cost = 0.02 * (1 + 0.4 * index) * ratio**2.2 - 0.0008 * (ratio == 0.2)
            made = variant(block, ratio, 151e6 / 2, _BLOCK_BYTES[index], cost)
            late = index == 3 and ratio == 0.8
            measure(
                made.name,
                _BLOCK_NS[index] * (1 - 0.86 * ratio) + 9e3,
                "max_seconds" if late else "precise",
            )
            variants.append(made)
        segments.append(
            SegmentRecord(
                name=block,
                scalable=True,
                inputs=(_tensor(segments[-1].outputs[0].name, (64, 32, 32)),),
                outputs=(_tensor(f"{block}.out", (64, 32, 32)),),
                variants=tuple(variants),
            )
        )
    segments.append(_fixed("head", 5.1e3, 20.5e3, (512, 4, 4), (10,), f"{BLOCKS[-1]}.out"))
    measure("head@original", 31e3)

    chosen: Mapping[str, tuple[BudgetRecord, tuple[float, ...]]] = {
        "balanced": (
            BudgetRecord(latency_ms=4.55, memory_bytes=25_000_000),
            (0.2, 0.2, 0.4, 0.2, 0.4, 0.4, 0.4, 0.6),
        ),
        "fast": (BudgetRecord(latency_ms=3.0), (0.6, 0.6, 0.6, 0.6, 0.6, 0.6, 0.8, 0.8)),
        "careful": (
            BudgetRecord(memory_bytes=30_000_000),
            (0.0, 0.0, 0.2, 0.0, 0.2, 0.2, 0.4, 0.4),
        ),
    }
    configurations = []
    for number, (name, (budget, ratios)) in enumerate(chosen.items()):
        names = {
            block: next(each.name for each in segment.variants if abs(each.ratio - ratio) < 1e-9)
            for block, segment, ratio in zip(BLOCKS, segments[1:-1], ratios, strict=True)
        }
        total = sum(medians[each] for each in names.values())
        total += medians["stem@original"] + medians["head@original"]
        size = sum(
            each.artifact.size_bytes
            for segment in segments
            for each in segment.variants
            if each.name in names.values() or not segment.scalable
        )
        cost = sum(
            each.accuracy_cost or 0.0
            for segment in segments
            for each in segment.variants
            if each.name in names.values()
        )
        measure(f"configuration {name}", total * (1.012, 0.991, 1.006)[number])
        whole = medians[f"configuration {name}"]
        configurations.append(
            ConfigurationRecord(
                name=name,
                budget=budget,
                feasible=True,
                variants=names,
                predicted=ScoreRecord(
                    latency_ms=total / 1e6, memory_bytes=size, score=0.9312 - cost
                ),
                measured=ScoreRecord(
                    latency_ms=whole / 1e6, memory_bytes=size, score=0.9312 - cost * 1.15
                ),
                measurement=f"configuration {name}",
                solver="pareto",
                solve_ms=0.04,
            )
        )
    configurations.append(
        ConfigurationRecord(
            name="tiny",
            budget=BudgetRecord(latency_ms=1.0, memory_bytes=2_000_000),
            feasible=False,
            nearest=(
                RelaxationRecord(
                    changed=("latency", "memory"),
                    budget=BudgetRecord(latency_ms=2.31, memory_bytes=9_400_000),
                ),
                RelaxationRecord(
                    changed=("memory",),
                    budget=BudgetRecord(latency_ms=1.0, memory_bytes=14_000_000),
                ),
            ),
            solver="pareto",
            solve_ms=0.03,
        )
    )
    return RunRecord(
        id="20240607-101502-resnet18",
        created="2024-06-07T10:15:02+00:00",
        version="0.1.0",
        command=("kenning-lego", "test", "scenario.yaml", "--target", "tcp://pi5.local:5570"),
        scenario={
            "model": {"from": "my_package.nets:resnet18", "checkpoint": "resnet18.safetensors"},
            "dataset": {"type": "cifar10", "root": "data"},
            "blocks": {"count": 8, "ratios": list(RATIOS)},
            "compiler": {"type": "onnx", "precision": "float32"},
            "target": {"address": "tcp://pi5.local:5570", "runtime": "onnxruntime", "threads": 1},
            "budgets": [{"latency_ms": 4.55, "memory_mb": 25}, {"latency_ms": 3.0}],
        },
        host=EnvironmentRecord(
            facts={"machine": "x86_64", "cpu": "AMD Ryzen 7 5800X", "python": "3.11.7"},
            engines={"torch": "2.6.0", "onnxruntime": "1.20.1"},
        ),
        target=TargetRecord(
            address="tcp://pi5.local:5570",
            in_process=False,
            environment=EnvironmentRecord(
                facts={
                    "board": "Raspberry Pi 5 Model B Rev 1.0",
                    "cpu": "Cortex-A76",
                    "cores": 4,
                    "memory_bytes": 8_323_403_776,
                    "kernel": "Linux 6.6.31+rpt-rpi-2712 aarch64",
                    "python": "3.11.2",
                },
                engines={"onnxruntime": "1.20.1", "tflite": "1.2.0"},
                state_before={
                    "governor": "performance",
                    "frequency_khz_max": 2_400_000,
                    "temperature_c_max": 48.2,
                    "load_1min": 0.08,
                },
                state_after={
                    "governor": "performance",
                    "frequency_khz_max": 2_400_000,
                    "temperature_c_max": 63.9,
                    "load_1min": 0.97,
                },
            ),
            used={
                "engine": "onnxruntime",
                "version": "1.20.1",
                "provider": "CPUExecutionProvider",
                "threads": 1,
            },
        ),
        network=NetworkRecord(
            name="resnet18",
            parameters=11_173_962,
            flops=1_112_000_000,
            dataset="cifar10",
            metric="top1",
            validation_score=0.9344,
            test_score=0.9312,
            samples={"train": 45_000, "validation": 5_000, "test": 10_000},
        ),
        segments=tuple(segments),
        measurements=tuple(measurements),
        configurations=tuple(configurations),
        durations_s={
            "extract": 0.8,
            "prune": 6.3,
            "retrain": 412.0,
            "compile": 9.4,
            "profile_quality": 96.2,
            "profile_latency": 74.5,
            "select": 0.02,
            "run": 31.7,
        },
    )


def whole_model_record() -> RunRecord:
    """A benchmark of a whole model: one segment, its original alone, no configuration."""
    rng = random.Random(7)
    record = resnet_record()
    segment = _fixed("resnet18", 1.112e9, 44.7e6, (3, 32, 32), (10,))
    name = segment.variants[0].name
    measurement = MeasurementRecord(
        name=name, clock="target", samples_ns=samples(rng, 6.58e6, 700), stopped="precise"
    )
    return record.model_copy(
        update={"segments": (segment,), "measurements": (measurement,), "configurations": ()}
    )


def _fixed(
    name: str,
    flops: float,
    size: float,
    into: tuple[int, ...],
    out: tuple[int, ...],
    takes: str = "image",
) -> SegmentRecord:
    return SegmentRecord(
        name=name,
        scalable=False,
        inputs=(_tensor(takes, into),),
        outputs=(_tensor(f"{name}.out", out),),
        variants=(variant(name, 0.0, flops, size, 0.0).model_copy(update={"accuracy_cost": None}),),
    )


def _tensor(name: str, shape: tuple[int, ...]) -> TensorRecord:
    return TensorRecord(name=name, shape=("batch", *shape), dtype="float32")


def with_telemetry(record: RunRecord, count: int = 240) -> RunRecord:
    """The record with telemetry as a Raspberry Pi 5 that gets warm would give it."""
    rng = random.Random(11)
    warmth = [1 - 0.985**index for index in range(count)]
    hot = [index >= count - 12 for index in range(count)]
    columns: dict[str, tuple[float | None, ...]] = {
        "load_1min": tuple(round(warm, 2) for warm in warmth),
        "temperature_c.cpu-thermal": tuple(48 + 36 * warm + rng.random() for warm in warmth),
        "temperature_c.rp1_adc-temp1": tuple(
            None if 40 <= index < 60 else 44 + 12 * warm for index, warm in enumerate(warmth)
        ),
        "frequency_khz.cpu0": tuple(1_800_000.0 if each else 2_400_000.0 for each in hot),
        "cpu_percent.all": tuple(25 + rng.random() for _ in warmth),
        **{
            f"cpu_percent.{core}": tuple((99 if core == 2 else 0) + rng.random() for _ in warmth)
            for core in range(8)
        },
        "worker_cpu_percent": tuple(99 + rng.random() for _ in warmth),
        "worker_rss_bytes": (None, *(120e6 + 1e5 * index for index in range(count - 1))),
        "memory_used_bytes": tuple(9e8 + 1e5 * index for index in range(count)),
        "power_mw.VDD_IN": tuple(4200 + 1800 * warm + 80 * rng.random() for warm in warmth),
        "energy_uj.package-0": tuple(2.5e6 * index for index in range(count)),
        "throttled.soft-temperature-limit": tuple(map(float, hot)),
        "throttled.under-voltage": (0.0,) * count,
        "throttle_count.core": tuple(3.0 + each for each in hot),
    }
    telemetry = TelemetryRecord(
        began="2024-06-07T10:15:04.250+00:00",
        times_s=tuple(8123.25 + index for index in range(count)),
        columns=columns,
        absent={"rails": "no INA3221 power monitor"},
    )
    return record.model_copy(update={"telemetry": telemetry})


def composed_record() -> RunRecord:
    """The same run with configurations fused, the original whole, and what sums lack fitted."""
    rng = random.Random(3)
    record = resnet_record()
    measurements = list(record.measurements)

    def measure(name: str, median_ns: float) -> str:
        timed = samples(rng, median_ns)
        measurements.append(
            MeasurementRecord(name=name, clock="target", samples_ns=timed, stopped="precise")
        )
        return name

    originals = {each.name: each.variants[0].name for each in record.segments if each.scalable}
    original = ConfigurationRecord(
        name="original",
        budget=BudgetRecord(),
        feasible=True,
        variants=originals,
        predicted=ScoreRecord(latency_ms=6.62),
        measured=ScoreRecord(latency_ms=6.78),
        sum_ms=6.5,
        fused=_artifact("original fused"),
        fused_measurement=measure("original@fused", 6.56e6),
    )
    balanced = record.configurations[0].model_copy(
        update={
            "sum_ms": 4.41,
            "fused": _artifact("balanced fused"),
            "fused_measurement": measure("balanced@fused", 4.4e6),
        }
    )
    runs = tuple(
        ComposedRunRecord(
            variants=tuple(originals.values()),
            sum_ms=6.5,
            predicted_ms=6.62,
            measurement=measure(f"composed-{number}", 6.63e6),
        )
        for number in range(1, 7)
    )
    return record.model_copy(
        update={
            "configurations": (original, balanced, *record.configurations[1:]),
            "whole": WholeRecord(artifact=_artifact("whole"), measurement=measure("whole", 6.54e6)),
            "additivity": AdditivityRecord(
                runs=runs,
                sum_errors=ErrorsRecord(median=0.0197, p95=0.0312, bias=-0.0189),
                fitted_errors=ErrorsRecord(median=0.0034, p95=0.0061, bias=0.0002),
                boundary_ms=0.012,
            ),
            "accuracy": AccuracyRecord(
                metric="top1",
                estimator="fitted",
                unit=0.07,
                original=0.93,
                precision="bfloat16",
                runs=8
                * (
                    ComposedScoreRecord(
                        variants=tuple(originals.values()), predicted=0.93, means=0.93, score=0.93
                    ),
                ),
                errors=ScoreErrorsRecord(median=0.0027, p95=0.006, bias=-0.0024),
                means_errors=ScoreErrorsRecord(median=0.0075, p95=0.0119, bias=-0.0074),
            ),
            "measurements": tuple(measurements),
        }
    )


def _artifact(name: str) -> ArtifactRecord:
    return variant(name, 0.0, 1e9, 44.7e6, 0.0).artifact
