"""What a deployment did while a host looked on, gathered part by part."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.deployment_records import (
    DeploymentEvent,
    DeploymentRecord,
    DeploymentStatus,
    Frame,
)
from kenning_lego.core.specs import TensorSpec
from kenning_lego.metrics.base import Evidence
from kenning_lego.runtimes.quantisation import to_array


class Answers(Protocol):
    """Which of some outputs are right."""

    def evidence(self, outputs: Evidence, labels: NDArray[np.int64]) -> Evidence:
        """1 for each that is, 0 for others."""
        ...


@dataclass(slots=True)
class Followed:
    """All that was seen of one deployment so far.

    Attributes:
        frames: in order.
        configurations: the artifacts that ran, by the frames' number for them.
        events: in order.
        outputs: of its first tensor, by frame; only as far as they were asked for and kept.
        dropped: frames that were not kept until they were asked for.
        status: the latest.
        used: what really runs, as its worker told.
    """

    name: str
    frames: list[Frame] = field(default_factory=list)
    configurations: dict[int, tuple[str, ...]] = field(default_factory=dict)
    events: list[DeploymentEvent] = field(default_factory=list)
    outputs: dict[int, bytes] = field(default_factory=dict)
    output: TensorSpec | None = None
    dropped: int = 0
    status: DeploymentStatus | None = None
    used: Mapping[str, str | int | float] = field(default_factory=dict)
    next_frame: int = 0
    next_event: int = 0

    def take(self, part: DeploymentRecord) -> None:
        """Add what followed the last part."""
        self.frames += part.frames
        self.configurations.update(part.configurations)
        self.events += part.events
        self.dropped += part.frames_dropped
        self.outputs.update({each.frame: each.tensors[0] for each in part.outputs if each.tensors})
        if part.spec is not None:
            self.output = part.spec.outputs[0]
        self.status = part.status
        self.used = part.used or self.used
        self.next_frame, self.next_event = part.next_frame, part.next_event

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return self.status is not None and self.status.state in ("finished", "failed")

    def answers(self, labels: NDArray[np.int64], metric: Answers) -> dict[int, int]:
        """1 for each frame whose output is right, 0 for others whose output is known.

        Args:
            labels: of the samples that the source repeats; frame n has sample n modulo their
                number.
            metric: that judges.
        """
        known = [each.number for each in self.frames if each.number in self.outputs]
        if not known or self.output is None:
            return {}
        spec = self.output
        rows = [to_array(self.outputs[number], spec) for number in known]
        outputs = np.stack(rows).reshape(len(known), -1).astype(np.float32)
        wanted = labels[np.array(known) % len(labels)]
        right = metric.evidence(outputs, wanted)
        return {number: int(each) for number, each in zip(known, right.tolist(), strict=True)}


def first_moment(followed: Iterable[Followed]) -> int:
    """The earliest event or frame of all, in ns on the target's clock; 0 without any."""
    moments = [
        moment
        for each in followed
        for moment in (
            *(event.at_ns for event in each.events[:1]),
            *(frame.begin_ns for frame in each.frames[:1]),
        )
    ]
    return min(moments, default=0)


def used_by(followed: Sequence[Followed]) -> dict[str, str | int | float]:
    """What really ran: facts of the first pipeline, and of others, with their names, what differs.

    Args:
        followed: in the order in which they were deployed.
    """
    facts: dict[str, str | int | float] = {}
    for each in followed:
        mark = f" ({each.name})" if facts else ""
        facts |= {
            f"{name}{mark}": fact for name, fact in each.used.items() if facts.get(name) != fact
        }
    return facts
