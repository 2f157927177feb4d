"""The messages about deployments: what a host may ask of pipelines that the server owns.

DEPLOY needs the lease, since it follows the uploads of its artifacts; the others need none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from kenning_lego.core.bounds import Bounds
from kenning_lego.core.deployments import MAX_KEPT_FRAMES, Deployment, name_problem
from kenning_lego.protocols.deployment_fields import (
    pack_bounds,
    pack_deployment,
    read_bounds,
    read_deployment,
)
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.messages import Kind
from kenning_lego.protocols.plans import MAX_STAGES

MAX_FRAMES_AT_ONCE = 65_536
"""In one answer to RECORD; more are asked for with the cursor that it gives."""
_MAX_CURSOR = 2**62


@dataclass(frozen=True, slots=True)
class Deploy:
    """Own this pipeline from now on, whose artifacts are held; OK once it runs.

    One of the same name is replaced: it stops once the new one is loaded, and runs on if that
    fails.
    """

    kind: ClassVar[Kind] = Kind.DEPLOY
    deployment: Deployment

    def to_body(self) -> Mapping[str, Any]:
        return pack_deployment(self.deployment)

    @classmethod
    def from_body(cls, fields: Fields) -> Deploy:
        return cls(read_deployment(fields))


@dataclass(frozen=True, slots=True)
class Unload:
    """Stop a deployment and forget it and its record."""

    kind: ClassVar[Kind] = Kind.UNLOAD
    name: str

    def to_body(self) -> Mapping[str, Any]:
        return {"name": self.name}

    @classmethod
    def from_body(cls, fields: Fields) -> Unload:
        return cls(read_name(fields))


@dataclass(frozen=True, slots=True)
class SetBounds:
    """What a deployment may take from now on, as far as hosts say.

    Args:
        name: of the deployment; empty for the memory of all deployments together, the only bound
            that there is for all.
        bounds: instead of those that a host set before.
    """

    kind: ClassVar[Kind] = Kind.BUDGET
    name: str
    bounds: Bounds

    def to_body(self) -> Mapping[str, Any]:
        return {"name": self.name, "bounds": pack_bounds(self.bounds)}

    @classmethod
    def from_body(cls, fields: Fields) -> SetBounds:
        name, bounds = read_name(fields, or_empty=True), read_bounds(fields.map("bounds"))
        if not name and (bounds.latency_ms is not None or bounds.energy_mj is not None):
            fields.refuse("only memory can be bounded for all deployments together")
        return cls(name, bounds)


@dataclass(frozen=True, slots=True)
class AskRecord:
    """Ask what a deployment did and what was decided about it, from a cursor on.

    Args:
        name: of the deployment.
        since_frame: the first frame that is wanted.
        since_event: the first event that is wanted.
        frames: how many frames at most.
        outputs: also the outputs of these frames, as far as they are kept.
    """

    kind: ClassVar[Kind] = Kind.RECORD
    name: str
    since_frame: int = 0
    since_event: int = 0
    frames: int = MAX_FRAMES_AT_ONCE
    outputs: bool = False

    def to_body(self) -> Mapping[str, Any]:
        return {
            "name": self.name,
            "since_frame": self.since_frame,
            "since_event": self.since_event,
            "frames": self.frames,
            "outputs": self.outputs,
        }

    @classmethod
    def from_body(cls, fields: Fields) -> AskRecord:
        return cls(
            read_name(fields),
            fields.integer("since_frame", 0, _MAX_CURSOR),
            fields.integer("since_event", 0, _MAX_CURSOR),
            fields.integer("frames", 0, MAX_KEPT_FRAMES),
            fields.flag("outputs"),
        )


@dataclass(frozen=True, slots=True)
class ForceConfiguration:
    """Have a deployment go over to a configuration of the host's choice; OK once it runs.

    A mix of variants ends the adaptation, until it is deployed again. What was fused from the
    configuration that runs takes only its place, until the next one is chosen.

    Args:
        name: of the deployment.
        stages: sha256 of the artifacts in order: one variant of each segment, or what was fused.
        fused_from: the configuration that was fused, which must be the one that runs; else empty.
        may_pause: frames may wait if the memory allows no other way.
    """

    kind: ClassVar[Kind] = Kind.FORCE
    name: str
    stages: tuple[str, ...]
    fused_from: tuple[str, ...] = ()
    may_pause: bool = False

    def to_body(self) -> Mapping[str, Any]:
        return {
            "name": self.name,
            "stages": list(self.stages),
            "fused_from": list(self.fused_from),
            "may_pause": self.may_pause,
        }

    @classmethod
    def from_body(cls, fields: Fields) -> ForceConfiguration:
        return cls(
            read_name(fields),
            fields.stages("stages", MAX_STAGES),
            fields.stages("fused_from", MAX_STAGES, or_empty=True),
            fields.flag("may_pause"),
        )


def read_name(fields: Fields, *, or_empty: bool = False) -> str:
    """The name of a deployment."""
    name = fields.text("name", 64)
    problem = None if or_empty and not name else name_problem(name)
    if problem:
        fields.refuse(problem)
    return name


WITHOUT_LEASE = (Unload, SetBounds, AskRecord, ForceConfiguration)
"""What any host may ask."""
DEPLOYMENT_REQUESTS = (Deploy, *WITHOUT_LEASE)
"""What a host sends."""
