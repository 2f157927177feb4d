"""A plausible record of two pipelines on one target, for tests and for looking at the page."""

from __future__ import annotations

import random

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
from kenning_lego.core.records import BudgetRecord, ScoreRecord
from kenning_lego.core.run_headers import EnvironmentRecord, TargetRecord

RATIOS = (0.0, 0.2, 0.4, 0.6, 0.8)
SECONDS = 60.0
_FRAME_S = 0.02


def pipeline(name: str, blocks: int, seed: int) -> PipelineRecord:
    """Frames at 50 a second; bounds change every 10 s, the configuration follows 0.1 s later."""
    rng = random.Random(seed)
    names = [f"layer{1 + index // 3}.{index % 3}" for index in range(blocks)]
    configurations = tuple(_configuration(names, ratio) for ratio in RATIOS)
    levels = [0, 2, 4, 1, 3, 0]
    bounds, loaded, numbers, begins, durations, ran, correct = [], [], [], [], [], [], []
    for step, level in enumerate(levels):
        chosen = configurations[level].predicted
        assert chosen.latency_ms is not None
        assert chosen.memory_bytes is not None
        budget = BudgetRecord(
            latency_ms=round(chosen.latency_ms * 1.1, 2),
            memory_bytes=round(chosen.memory_bytes * 1.05),
        )
        bounds.append(BoundsRecord(at_s=10.0 * step, budget=budget, source="schedule"))
        loaded.append(LoadedRecord(at_s=10.0 * step + 0.1, memory_bytes=chosen.memory_bytes))
    count = round(SECONDS / _FRAME_S)
    for number in range(count):
        at = number * _FRAME_S
        index = levels[min(int((at - 0.1) / 10.0), 5)] if at >= 0.1 else levels[0]
        latency = configurations[index].predicted.latency_ms
        score = configurations[index].predicted.score
        assert latency is not None
        assert score is not None
        slow = 1.3 if rng.random() < 0.004 else 1.0
        numbers.append(number)
        begins.append(round(at * 1e9))
        durations.append(round(latency * 1e6 * slow * rng.uniform(0.98, 1.04)))
        ran.append(index)
        correct.append(int(rng.random() < score))
    return PipelineRecord(
        name=name,
        network="resnet56",
        metric="top1",
        original_score=0.936,
        source="frames of cifar10, 50 a second",
        variants=tuple(
            VariantShareRecord(
                name=f"{block}@{ratio}",
                block=block,
                kind="pruned" if ratio else "original",
                ratio=ratio,
                ratio_reached=ratio,
            )
            for block in names
            for ratio in RATIOS
        ),
        configurations=configurations,
        bounds=tuple(bounds),
        loaded=tuple(loaded),
        frames=FramesRecord(
            number=tuple(numbers),
            begin_ns=tuple(begins),
            duration_ns=tuple(durations),
            configuration=tuple(ran),
            correct=tuple(correct),
        ),
    )


def _configuration(names: list[str], ratio: float) -> RunConfigurationRecord:
    return RunConfigurationRecord(
        variants={
            block: f"{block}@{RATIOS[min(4, round(ratio * 5) + (index % 2 and ratio < 0.8))]}"
            if ratio
            else f"{block}@0.0"
            for index, block in enumerate(names)
        },
        predicted=ScoreRecord(
            latency_ms=9.0 - 7.0 * ratio,
            memory_bytes=round(3.4e6 * (1 - 0.9 * ratio)),
            score=0.936 - 0.06 * ratio**2,
        ),
    )


def pipelines_record() -> PipelinesRecord:
    """Two pipelines for a minute, with an event for every change."""
    events = [
        PipelineEventRecord(
            at_s=10.0 * step + 0.1,
            pipeline="camera",
            kind="switched",
            text="within the new bounds at the least cost",
            frame=round((10.0 * step + 0.1) / _FRAME_S),
        )
        for step in range(1, 6)
    ]
    return PipelinesRecord(
        id="pipelines-20260101T000000.000Z",
        created="2026-01-01T00:00:00+00:00",
        version="0.0",
        command=("kenning-lego", "adapt", "--workspace", "w"),
        scenario={"workspace": "w"},
        host=EnvironmentRecord(facts={"machine": "x86_64"}),
        target=TargetRecord(
            address="tcp://pi5.local:5570",
            in_process=False,
            environment=EnvironmentRecord(facts={"board": "Raspberry Pi 5"}),
            used={"engine": "onnxruntime", "version": "1.20", "threads": 1},
        ),
        duration_s=SECONDS,
        pipelines=(pipeline("camera", 9, 1), pipeline("door", 6, 2)),
        events=tuple(events),
    )
