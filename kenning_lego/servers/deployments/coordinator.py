"""Choosing for all deployments that adapt: what they report goes in, configurations come out.

The server makes one when the first such deployment comes; only then is numpy imported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from kenning_lego.core.bounds import Bounds
from kenning_lego.core.deployment_records import Frame
from kenning_lego.core.offers import Offer
from kenning_lego.selection.adaptation.controller import Controller
from kenning_lego.selection.adaptation.decisions import Decision
from kenning_lego.selection.adaptation.pipelines import AdaptiveMember
from kenning_lego.selection.adaptation.settings import AdaptationSettings
from kenning_lego.selection.front import Front
from kenning_lego.servers.deployments.choosing import budget_of
from kenning_lego.servers.deployments.record import Record

_MS = 1e6


@dataclass(frozen=True, slots=True)
class Chosen:
    """A configuration for a deployment, and why.

    Args:
        name: of the deployment.
        stages: its artifacts in order; None where there is nothing to switch to.
        point: of its front.
        memory_bytes: that the pipeline may hold until it has switched; None for any amount.
        reason: for people.
        figures: that it rests on.
    """

    name: str
    stages: tuple[str, ...] | None
    point: int
    memory_bytes: int | None
    reason: str
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Member:
    offer: Offer
    front: Front
    points: dict[tuple[str, ...], int | None] = field(default_factory=dict)

    def point(self, stages: tuple[str, ...]) -> int | None:
        """The point with these artifacts; None if the front has none."""
        if stages not in self.points:
            choice = self.offer.choice(stages)
            self.points[stages] = None if choice is None else self._find(choice)
        return self.points[stages]

    def _find(self, choice: Mapping[str, str]) -> int | None:
        names = [segment.name for segment in self.offer.choosable]
        return self.front.find({name: choice[name] for name in names})

    def stages(self, point: int) -> tuple[str, ...]:
        """The artifacts of a point."""
        return self.offer.stages(self.front[point].variants)


class Coordinator:
    """The controller of a target's deployments, in the deployments' own terms.

    Args:
        settings: when to switch.
        now: the time; all times are in seconds on one monotonic clock.
    """

    def __init__(self, settings: AdaptationSettings, now: float) -> None:
        self._controller = Controller({}, settings, now)
        self._members: dict[str, _Member] = {}

    def add(
        self,
        name: str,
        offer: Offer,
        front: Front,
        stages: tuple[str, ...],
        bounds: Bounds,
        weight: float,
    ) -> None:
        """A deployment runs `stages` and is adapted from now on.

        Raises:
            UsageError: energy is bounded and not known.
        """
        member = _Member(offer, front)
        running = member.point(stages)
        adaptive = AdaptiveMember(front, budget_of(bounds), running, weight)
        self._controller.add(name, adaptive)
        self._members[name] = member

    def remove(self, name: str) -> None:
        """A deployment is adapted no more, if it was."""
        if self._members.pop(name, None):
            self._controller.remove(name)

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def set_bounds(self, name: str, bounds: Bounds, now: float) -> None:
        """What a deployment may take from now on.

        Raises:
            UsageError: energy is bounded and not known.
        """
        self._controller.set_bounds(name, budget_of(bounds), now)

    def set_shared_memory(self, memory_bytes: int | None, now: float) -> None:
        """What all of them may have together."""
        self._controller.set_shared_memory(memory_bytes, now)

    def sense(self, readings: Mapping[str, float], now: float) -> None:
        """Take in what the sensors tell."""
        self._controller.sense(readings, now)

    def observe(
        self, name: str, frames: Sequence[Frame], record: Record, stages: Sequence[str], now: float
    ) -> None:
        """Take in frames of a deployment.

        Args:
            name: of the deployment.
            frames: in order.
            record: that they are in.
            stages: that it runs as far as the server knows.
            now: the time.
        """
        member = self._members[name]
        for number, group in groupby(frames, key=lambda frame: frame.configuration):
            ran = record.stages(number)
            if ran is None:
                continue
            # One fused artifact stands for the point that it was made of; a mix that was only
            # crossed on the way stands for none.
            point = member.point(ran)
            if point is None and ran != tuple(stages):
                continue
            durations = [frame.duration_ns / _MS for frame in group]
            self._controller.observe(name, durations, now, point)

    def switched(self, name: str, point: int, now: float) -> None:
        """A choice was carried out."""
        if name in self._members:
            self._controller.switched(name, point, now)

    def failed(self, name: str, point: int, reason: str, now: float) -> None:
        """A choice could not be carried out."""
        if name in self._members:
            self._controller.failed(name, point, reason, now)

    def decide(self, now: float) -> Iterator[Chosen]:
        """What is to run from now on, where that is something else."""
        for decision in self._controller.decide(now):
            member = self._members[decision.name]
            # Else it may be the point that runs, where another one that is on its way is not to.
            stays = decision.reason == "bounds"
            yield Chosen(
                decision.name,
                None if stays else member.stages(decision.point),
                decision.point,
                _room(decision, member.front),
                str(decision).removeprefix(f"{decision.name}: "),
                _figures(decision, member.front),
            )


def _room(decision: Decision, front: Front) -> int | None:
    """What the pipeline may hold: at least the configuration itself.

    What all are to take less of is held by others for a while yet, and where no configuration keeps
    the bounds, the nearest one is to run all the same.
    """
    if decision.memory_bytes is None:
        return None
    return max(decision.memory_bytes, int(front.memories[decision.point]))


def _figures(decision: Decision, front: Front) -> dict[str, float]:
    choice = front[decision.point]
    figures = {
        "latency_ms": decision.predicted_ms,
        "expected_ms": decision.expected_ms,
        "memory_bytes": float(choice.memory_bytes),
        "accuracy_cost": decision.accuracy_cost,
        "moved_bytes": float(decision.moved_bytes),
        "load": decision.load.level,
        "load_error": decision.load.error,
        "slack_ms": decision.load.slack_ms,
        "load_frames": float(decision.load.frames),
        "kept": float(decision.kept),
        "point": float(decision.point),
    }
    if choice.energy_mj is not None:
        figures["energy_mj"] = choice.energy_mj
    return figures
