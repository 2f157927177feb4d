"""Made-up records of every kind that has a page."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from benchmarks.reports_others import (
    export_record,
    load_record,
    selection_record,
    training_record,
)
from benchmarks.reports_run import CREATED, HOST, SMALL, TARGET, run_record
from kenning_lego.core.conversion_records import (
    ConversionCell,
    ConversionRecord,
    RouteRecord,
    State,
)
from kenning_lego.core.measurement_records import MeasurementRecord
from kenning_lego.core.opening import AnyRecord
from kenning_lego.core.optimisation_records import (
    CandidateRecord,
    LimitsRecord,
    OptimisationRecord,
)
from kenning_lego.core.pipeline_records import (
    BoundsRecord,
    FramesRecord,
    LoadedRecord,
    PipelineEventRecord,
    PipelineRecord,
    PipelinesRecord,
    RunConfigurationRecord,
    VariantShareRecord,
)
from kenning_lego.core.records import ArtifactRecord, BudgetRecord, NetworkRecord, ScoreRecord

_COMMAND = ("kenning-lego", "made", "up")
_STATES: tuple[State, ...] = ("converted", "converted", "differs", "failed", "skipped")
_BOUND_S = 10.0
"""Bounds change so often, and the configuration with them."""


def search_record(candidates: int = 24, seed: int = 7) -> OptimisationRecord:
    """A search of so many candidates, of which every sixth failed."""
    rng = np.random.default_rng(seed)
    found = tuple(_candidate(index, float(rng.uniform(1, 9))) for index in range(candidates))
    measured = [each for each in found if each.state == "measured"]
    return OptimisationRecord(
        id="20260102-030405-search",
        created=CREATED,
        version="0.1.0",
        command=_COMMAND,
        scenario={"goal": "score"},
        host=HOST,
        target=TARGET,
        network=NetworkRecord(
            name="deep8",
            parameters=11_173_962,
            flops=1_112_000_000,
            dataset="cifar10",
            metric="top1",
        ),
        scored_on=2000,
        goal="score",
        limits=LimitsRecord(score=0.8, latency_ms=8.0),
        candidates=found,
        best=measured[0].name if measured else None,
        measurements=tuple(
            MeasurementRecord(
                name=each.name,
                clock="target",
                samples_ns=tuple(
                    np.rint((each.latency_ms or 1) * 1e6 * rng.lognormal(0, 0.01, 100))
                    .astype(np.int64)
                    .tolist()
                ),
                stopped="precise",
            )
            for each in measured
        ),
        durations_s={"compile": 31.0, "measure": 80.0},
    )


def _candidate(index: int, latency_ms: float) -> CandidateRecord:
    failed = index % 6 == 5
    common = {
        "name": f"pruned-0.{index:02d}, int8",
        "network": f"pruned-0.{index:02d}",
        "kind": "pruned",
        "ratio": index / 100,
        "flops": 1_112_000_000,
        "parameters": 11_173_962,
        "compiler": {"type": "onnx"},
        "precision": "int8",
        "runtime": "onnxruntime",
    }
    if failed:
        why = {"state": "failed", "stage": "compile", "reason": "an operator is not supported"}
        return CandidateRecord.model_validate(common | why)
    artifact = ArtifactRecord(
        digest=f"{index:064d}",
        format="onnx",
        size_bytes=round(4e6 * latency_ms),
        compiler="onnx",
        compiler_version="1.17.0",
        gap_max_abs=1e-3,
    )
    score = 0.75 + 0.02 * latency_ms
    told = {
        "state": "measured",
        "artifact": artifact,
        "latency_ms": latency_ms,
        "score": score,
        "test_score": score - 0.004,
        "within_limits": latency_ms <= 8 and score >= 0.8,
        "undominated": index % 4 == 0,
    }
    return CandidateRecord.model_validate(common | told)


def pipelines_record(frames: int = 3000, blocks: int = 9, seed: int = 7) -> PipelinesRecord:
    """A pipeline of so many frames, 50 a second, whose bounds change every 10 s."""
    rng = np.random.default_rng(seed)
    duration_s = frames / 50
    steps = range(max(int(duration_s / _BOUND_S), 1))
    ratios = (0.0, 0.2, 0.4, 0.6, 0.8)
    names = [f"layer{1 + index // 4}.{index % 4}" for index in range(blocks)]
    ran = (np.arange(frames) / 50 / _BOUND_S).astype(int) % len(ratios)
    latency_ms = (9.0 - 7.0 * np.array(ratios))[ran] * rng.lognormal(0.0, 0.02, frames)
    return PipelinesRecord(
        id="20260102-030405-pipelines",
        created=CREATED,
        version="0.1.0",
        command=_COMMAND,
        scenario={"workspace": "w"},
        host=HOST,
        target=TARGET,
        duration_s=duration_s,
        pipelines=(
            PipelineRecord(
                name="camera",
                network="deep8",
                metric="top1",
                original_score=0.936,
                source="frames of cifar10, 50 a second",
                variants=tuple(_share(name, ratio) for name in names for ratio in ratios),
                configurations=tuple(_ran(names, ratio) for ratio in ratios),
                bounds=tuple(
                    BoundsRecord(
                        at_s=step * _BOUND_S,
                        budget=BudgetRecord(latency_ms=9.9 - 7.0 * ratios[step % len(ratios)]),
                        source="schedule",
                    )
                    for step in steps
                ),
                loaded=tuple(
                    LoadedRecord(
                        at_s=step * _BOUND_S + 0.1, memory_bytes=3_000_000 - 400_000 * (step % 5)
                    )
                    for step in steps
                ),
                frames=FramesRecord(
                    number=tuple(range(frames)),
                    begin_ns=tuple(index * 20_000_000 for index in range(frames)),
                    duration_ns=tuple(np.rint(latency_ms * 1e6).astype(np.int64).tolist()),
                    configuration=tuple(ran.tolist()),
                    correct=tuple((rng.random(frames) < 0.92).astype(int).tolist()),
                ),
            ),
        ),
        events=tuple(
            PipelineEventRecord(
                at_s=step * _BOUND_S + 0.1,
                pipeline="camera",
                kind="switched",
                text="within the new bounds at the least cost",
            )
            for step in steps
        ),
    )


def _share(block: str, ratio: float) -> VariantShareRecord:
    kind = "pruned" if ratio else "original"
    return VariantShareRecord(
        name=f"{block}@{ratio}", block=block, kind=kind, ratio=ratio, ratio_reached=ratio
    )


def _ran(names: list[str], ratio: float) -> RunConfigurationRecord:
    return RunConfigurationRecord(
        variants={name: f"{name}@{ratio}" for name in names},
        predicted=ScoreRecord(
            latency_ms=9.0 - 7.0 * ratio,
            memory_bytes=round(3.4e6 * (1 - 0.9 * ratio)),
            score=0.936 - 0.06 * ratio**2,
        ),
    )


def conversion_record(networks: int = 12, routes: int = 5) -> ConversionRecord:
    """A matrix of so many networks and routes."""
    names = tuple(f"network {index}" for index in range(networks))
    ways = tuple(
        RouteRecord(name=f"route{index}", title=f"Route {index}") for index in range(routes)
    )
    return ConversionRecord(
        id="20260102-030405-conversion",
        created=CREATED,
        version="0.1.0",
        command=_COMMAND,
        host=HOST,
        versions={"torch": "2.6.0", "onnx": "1.17.0"},
        tolerance=1e-3,
        routes=ways,
        networks=names,
        cells=tuple(
            _cell(name, way.name, _STATES[(row + column) % len(_STATES)])
            for row, name in enumerate(names)
            for column, way in enumerate(ways)
        ),
    )


def _cell(network: str, route: str, state: State) -> ConversionCell:
    ran = state in {"converted", "differs"}
    return ConversionCell(
        network=network,
        route=route,
        state=state,
        problem="" if ran else "an operator is not supported",
        error="Traceback\n  an operator is not supported" if state == "failed" else "",
        seconds=2.5,
        size_bytes=1_000_000 if ran else None,
        max_abs=3e-6 if ran else None,
        scale=10.0 if ran else None,
    )


KINDS: Mapping[str, Callable[[], AnyRecord]] = {
    "run": lambda: run_record(SMALL),
    "search": search_record,
    "pipelines": pipelines_record,
    "conversion": conversion_record,
    "training": training_record,
    "load": load_record,
    "selection": selection_record,
    "export": export_record,
}
"""A record of ordinary size of each kind, by the kind of its document."""
