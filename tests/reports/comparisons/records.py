"""Records that differ in what a test is about, made of the plausible ones."""

from __future__ import annotations

import random
import statistics
from collections.abc import Mapping
from typing import Any, TypeVar

from kenning_lego.core.load_records import LoadRecord, LoadResultRecord
from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.core.optimisation_records import (
    CandidateRecord,
    LimitsRecord,
    OptimisationRecord,
)
from kenning_lego.core.records import RunRecord, ScoreRecord
from kenning_lego.core.run_headers import OriginRecord
from kenning_lego.core.training_records import EpochRecord, TrainingRecord
from tests.reports.records import samples, whole_model_record

R = TypeVar("R", bound=OriginRecord)


def again(record: RunRecord, factor: float = 1.0, seed: int = 7, count: int = 400) -> RunRecord:
    """The same run once more, that many times as slow."""
    rng = random.Random(seed)
    measurements = tuple(
        each.model_copy(
            update={"samples_ns": samples(rng, factor * statistics.median(each.samples_ns), count)}
        )
        for each in record.measurements
    )
    identity = f"again-{factor:g}-{seed}"
    return record.model_copy(update={"measurements": measurements, "id": identity})


def changed(record: R, path: str, value: object) -> R:
    """The record with one field otherwise."""
    content = record.model_dump(mode="json")
    place: Any = content
    *parents, last = path.split(".")
    for each in parents:
        place = place[int(each) if isinstance(place, list) else each]
    place[last] = value
    return type(record).model_validate(content)


def with_energy(record: RunRecord, energy_mj: float, half: float) -> RunRecord:
    """Every configuration measured, with so much energy an inference."""
    update = {
        "energy_mj": energy_mj,
        "energy_low_mj": energy_mj - half,
        "energy_high_mj": energy_mj + half,
        "energy_source": "energy_uj.package-0",
    }
    configurations = tuple(
        each.model_copy(
            update={"measured": (each.measured or ScoreRecord()).model_copy(update=update)}
        )
        for each in record.configurations
    )
    return record.model_copy(update={"configurations": configurations})


def load_record(factor: float = 1.0, rate: float = 50.0) -> LoadRecord:
    """A single stream and a server's load."""
    rng, header = random.Random(5), _header()

    def result(scenario: str, rate_per_s: float | None) -> LoadResultRecord:
        latencies = samples(rng, 6e6 * factor, 200)
        return LoadResultRecord.model_validate(
            {
                "scenario": scenario,
                "rate_per_s": rate_per_s,
                "samples_per_query": 1,
                "stopped": "complete",
                "duration_ns": sum(latencies),
                "offered": 204,
                "span_ns": sum(latencies) if rate_per_s else 0,
                "begin_ns": 0,
                "latencies_ns": latencies,
                "service_ns": latencies,
                "lateness_ns": (0,) * len(latencies),
            }
        )

    results = result("single_stream", None), result("server", rate)
    return LoadRecord.model_validate({**header, "stages": ("ab" * 32,), "results": results})


def search_record(factor: float = 1.0) -> OptimisationRecord:
    """Three candidates, all measured."""
    rng, run = random.Random(9), whole_model_record()
    artifact = run.segments[0].variants[0].artifact
    names = {"onnx fp32": 6.4e6, "onnx int8": 2.9e6, "tflite int8": 3.4e6}
    measurements = tuple(
        MeasurementRecord(
            name=name,
            clock="target",
            samples_ns=samples(rng, factor * median),
            stopped="precise",
        )
        for name, median in names.items()
    )
    candidates = tuple(
        CandidateRecord(
            name=name,
            network="original",
            kind="original",
            ratio=0.0,
            flops=1,
            parameters=1,
            compiler={"type": name.partition(" ")[0]},
            precision=name.rpartition(" ")[2],
            runtime="onnxruntime",
            artifact=artifact,
            state="measured",
            latency_ms=factor * median / 1e6,
            score=0.93 - place * 0.004,
        )
        for place, (name, median) in enumerate(names.items())
    )
    return OptimisationRecord(
        **_header(),
        network=run.network,
        scored_on=2000,
        goal="latency",
        limits=LimitsRecord(),
        candidates=candidates,
        best="onnx int8",
        measurements=measurements,
    )


def training_record(
    final: float = 0.93, epochs: int = 12, learning_rate: float = 0.1
) -> TrainingRecord:
    """So many epochs that approach a score."""
    header = {name: value for name, value in _header().items() if name != "target"}
    header["scenario"] = {"training": {"epochs": epochs, "learning_rate": learning_rate}}
    return TrainingRecord(
        **header,
        network="resnet18",
        parameters=11_173_962,
        dataset="cifar10",
        samples={"train": 45_000, "validation": 5_000, "test": 10_000},
        metric="top1",
        higher_is_better=True,
        epochs=tuple(
            EpochRecord(
                loss=2.3 * 0.75**epoch + 0.1,
                validation_score=final * (1 - 0.6 ** (epoch + 1)),
                learning_rate=learning_rate,
                seconds=31.0,
                ended="2024-06-07T10:15:02+00:00",
            )
            for epoch in range(epochs)
        ),
        best_epoch=epochs,
        validation_score=final,
        test_score=final - 0.004,
        checkpoint="best.safetensors",
        checkpoint_digest="cd" * 32,
        trained_now=True,
    )


def _header() -> Mapping[str, Any]:
    run = whole_model_record()
    return {
        name: getattr(run, name)
        for name in ("id", "created", "version", "command", "scenario", "host", "target")
    }
