"""From parts of a deployment's record to the record of a run."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kenning_lego.core.deployment_records import (
    DeploymentEvent,
    DeploymentRecord,
    DeploymentStatus,
    Frame,
    FrameOutputs,
)
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.metrics.classification import TOP1
from kenning_lego.scenarios.online.following import Followed, first_moment
from kenning_lego.scenarios.online.recording import record_events, record_pipeline
from tests.scenarios.online.networks import made

SPEC = IOSpec((TensorSpec("x", (1, 4), "float32"),), (TensorSpec("y", (1, 3), "float32"),))


def event(index: int, kind: str, at_ns: int, frame: int, **figures: float) -> DeploymentEvent:
    return DeploymentEvent(
        index=index,
        at_ns=at_ns,
        kind=kind,
        frame=frame,
        text=f"{kind}!",
        figures=figures,
        origin="host",
    )


def part(
    frames: list[Frame],
    stages: dict[int, tuple[str, ...]],
    *,
    events: tuple[DeploymentEvent, ...] = (),
    outputs: tuple[FrameOutputs, ...] = (),
    dropped: int = 0,
) -> DeploymentRecord:
    return DeploymentRecord(
        status=DeploymentStatus("p", "running"),
        spec=SPEC,
        frames=tuple(frames),
        configurations=stages,
        frames_dropped=dropped,
        events=events,
        events_dropped=0,
        outputs=outputs,
        next_frame=frames[-1].number + 1 if frames else 0,
        next_event=len(events),
    )


def answer(frame: int, *values: float) -> FrameOutputs:
    return FrameOutputs(frame, (np.array([values], np.float32).tobytes(),))


def test_parts_add_up_and_the_cursor_moves() -> None:
    followed = Followed("p")
    followed.take(part([Frame(0, 100, 5, 0, 0)], {0: ("a",)}, events=(event(0, "began", 90, 0),)))
    followed.take(part([Frame(3, 130, 5, 0, 1)], {1: ("b",)}, dropped=2))
    assert [each.number for each in followed.frames] == [0, 3]
    assert (followed.next_frame, followed.dropped) == (4, 2)
    assert followed.configurations == {0: ("a",), 1: ("b",)}
    assert first_moment([followed]) == 90
    assert not followed.ended


def test_answers_are_held_against_the_label_of_the_sample_that_the_frame_showed() -> None:
    followed = Followed("p")
    frames = [Frame(number, number, 1, 0, 0) for number in range(10, 15)]
    outputs = (answer(10, 9, 0, 0), answer(11, 9, 0, 0), answer(12, 0, 9, 0), answer(14, 0, 0, 9))
    followed.take(part(frames, {0: ("a",)}, events=(event(0, "began", 0, 10),), outputs=outputs))
    # Two samples, of the classes 0 and 1, again and again.
    right = followed.answers(np.array([0, 1]), TOP1)
    assert right == {10: 1, 11: 0, 12: 0, 14: 0}


def test_record_names_variants_bounds_and_what_was_held(tmp_path: Path) -> None:
    network = made(tmp_path)
    original = network.stages({})
    smaller = network.stages({"layer1.0": "layer1.0@pruned-0.40"})
    whole = ("f" * 64,)
    followed = Followed("p")
    followed.take(
        part(
            [
                Frame(0, 1_000_000_000, 5_000_000, 0, 4),
                Frame(1, 1_100_000_000, 4_000_000, 0, 7),
                Frame(2, 1_200_000_000, 3_000_000, 0, 9),
            ],
            {4: original, 7: smaller, 9: whole},
            events=(
                event(0, "began", 900_000_000, 0, held_bytes=50.0),
                event(1, "bounds", 1_050_000_000, 1, latency_ms=4.5),
                event(2, "switched", 1_090_000_000, 1, held_bytes=40.0),
            ),
        )
    )
    chosen = {"layer1.0": "layer1.0@pruned-0.40"}
    every = {b.name: chosen.get(b.name, b.options[0].variant) for b in network.problem.blocks}
    record = record_pipeline(
        followed, network, "random frames", 900_000_000, {0: 1}, {whole[0]: every}
    )
    assert record.frames.configuration == (0, 1, 2)
    assert record.frames.begin_ns[0] == 100_000_000
    assert record.frames.correct == (1, -1, -1)
    first, second, third = record.configurations
    assert first.variants["layer1.0"] == "layer1.0@original"
    assert second.variants["layer1.0"] == "layer1.0@pruned-0.40"
    assert (third.fused, third.variants) == (True, every)
    assert second.predicted.latency_ms == third.predicted.latency_ms
    assert [(b.at_s, b.budget.latency_ms) for b in record.bounds] == [(0.15, 4.5)]
    assert [(m.at_s, m.memory_bytes) for m in record.loaded] == [(0.0, 50), (0.19, 40)]
    events = record_events([followed], 900_000_000)
    assert [(each.kind, each.at_s) for each in events] == [
        ("began", 0.0),
        ("bounds", 0.15),
        ("switched", 0.19),
    ]
