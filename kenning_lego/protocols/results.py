"""What the OK of each request carries, written by a target and read by a host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from kenning_lego.core.plans import (
    Composed,
    Measurement,
    Observation,
    Statistics,
    TargetDescription,
)
from kenning_lego.core.telemetry import MAX_COLUMNS, MAX_SAMPLES, Telemetry
from kenning_lego.protocols.beside import read_beside
from kenning_lego.protocols.codec import Frame, pack_samples, unpack_samples
from kenning_lego.protocols.deployment_results import pack_status, read_status
from kenning_lego.protocols.fields import Fields, pack_io_spec
from kenning_lego.protocols.plans import pack_log, read_log

MAX_DURATION_NS = 2**62
LAST_UNIX_S = 253_402_300_799.0
"""The end of the year 9999, the last that a date can be in."""
MAX_DELEGATES = 64
MAX_KEY = 128
"""Characters of a column's name."""


@dataclass(frozen=True, slots=True)
class Welcome:
    """The result of HELLO: who the target is.

    Args:
        protocol: the version that the target has chosen of those that the host offered.
        software: version of kenning-lego there.
        capabilities: what it can do beyond the protocol's base, such as ``queue``.
        description: of the machine.
    """

    protocol: int
    software: str
    capabilities: tuple[str, ...]
    description: TargetDescription

    def to_result(self) -> Mapping[str, Any]:
        """The fields of the OK."""
        return {
            "protocol": self.protocol,
            "software": self.software,
            "capabilities": list(self.capabilities),
            "description": _pack_description(self.description),
        }

    @classmethod
    def from_result(cls, fields: Fields) -> Welcome:
        """Read the fields of the OK."""
        return cls(
            fields.integer("protocol", 1, 255),
            fields.text("software", 64),
            fields.names("capabilities", 64),
            _description(fields.map("description")),
        )


def pack_observation(observation: Observation) -> Mapping[str, Any]:
    """The result of OBSERVE."""
    return {
        "holder": observation.holder,
        "held_s": observation.held_s,
        "expected_s": observation.expected_s,
        "doing": observation.doing,
        "done": observation.done,
        "total": observation.total,
        "waiting": observation.waiting,
        "latest": dict(observation.latest),
        "deployments": [pack_status(each) for each in observation.deployments],
    }


def read_observation(fields: Fields) -> Observation:
    """Read what :func:`pack_observation` wrote."""
    return Observation(
        holder=fields.text("holder", 256),
        held_s=fields.number("held_s", 0.0, 1e9),
        expected_s=fields.number("expected_s", 0.0, 1e9),
        doing=fields.text("doing", 64),
        done=fields.integer("done", 0, 2**53),
        total=fields.integer("total", 0, 2**53),
        waiting=fields.integer("waiting", 0, 2**31),
        latest=fields.numbers("latest", MAX_COLUMNS),
        deployments=tuple(read_status(each) for each in fields.maps("deployments", 1024)),
    )


def pack_composed(composed: Composed) -> Mapping[str, Any]:
    """The result of COMPOSE, and of MODEL with `load`."""
    return {"spec": pack_io_spec(composed.spec)}


def read_composed(fields: Fields) -> Composed:
    """Read what :func:`pack_composed` wrote."""
    return Composed(fields.io_spec("spec"))


def read_duration_ns(fields: Fields) -> int:
    """The engine's time in the result of PROCESS and INFER, in ns on the target's clock."""
    return fields.integer("duration_ns", 0, MAX_DURATION_NS)


def pack_statistics(statistics: Statistics) -> tuple[Mapping[str, Any], tuple[bytes, ...]]:
    """The result of STATS and its payload frames.

    A frame holds the samples of a measurement; two more for each plan, its reference's samples
    and its rounds' ends, follow in the plans' order.
    """
    result = {
        "measurements": [
            {
                "name": m.name,
                "stopped": m.stopped,
                "count": len(m.samples_ns),
                "per_round": m.per_round,
                "loops": m.loops,
                "cohort": m.cohort,
                "plan": m.plan,
            }
            for m in statistics.measurements
        ],
        "used": dict(statistics.used),
        "before": _pack_description(statistics.before),
        "after": _pack_description(statistics.after),
        "plans": [pack_log(log) for log in statistics.plans],
    }
    columns = [m.samples_ns for m in statistics.measurements]
    for log in statistics.plans:
        columns += [log.reference_ns, log.round_ends_ns]
    return result, tuple(map(pack_samples, columns))


def read_statistics(fields: Fields, payload: Sequence[Frame]) -> Statistics:
    """Read what :func:`pack_statistics` wrote."""
    heads = list(fields.maps("measurements"))
    logs = list(fields.maps("plans"))
    if len(heads) + 2 * len(logs) != len(payload):
        fields.refuse(f"{len(heads)} measurements and {len(logs)} plans with {len(payload)} frames")
    columns = [unpack_samples(frame) for frame in payload]
    rest = iter(columns[len(heads) :])
    return Statistics(
        tuple(_measurement(*each) for each in zip(heads, columns, strict=False)),
        fields.facts("used"),
        _description(fields.map("before")),
        _description(fields.map("after")),
        tuple(read_log(head, next(rest), next(rest)) for head in logs),
        read_beside(fields),
    )


def _measurement(head: Fields, samples_ns: tuple[int, ...]) -> Measurement:
    head.integer("count", len(samples_ns), len(samples_ns))
    measurement = Measurement(
        head.text("name", 256),
        samples_ns,
        head.text("stopped", 64),
        head.integer("per_round", 0, 2**31),
        head.integer("loops", 1, 2**31),
        head.integer("cohort", 0, 2**31),
        head.integer("plan", 0, 2**31),
    )
    head.done()
    return measurement


def pack_telemetry(telemetry: Telemetry) -> Mapping[str, Any]:
    """The result of TELEMETRY; times and columns follow as payload frames in the same order."""
    return {
        "began_unix_s": telemetry.began_unix_s,
        "count": len(telemetry),
        "columns": list(telemetry.columns),
        "absent": dict(telemetry.absent),
    }


def read_telemetry(fields: Fields, frames: Sequence[tuple[float | None, ...]]) -> Telemetry:
    """Read what :func:`pack_telemetry` wrote, with the numbers of the payload frames."""
    began = fields.number("began_unix_s", 0.0, LAST_UNIX_S)
    count = fields.integer("count", 0, MAX_SAMPLES)
    keys = fields.names("columns", MAX_COLUMNS, longest=MAX_KEY)
    absent = fields.texts("absent")
    if len(set(keys)) != len(keys):
        fields.refuse("two columns of one name")
    if len(frames) != len(keys) + 1 or any(len(frame) != count for frame in frames):
        fields.refuse(f"{len(keys)} columns of {count} with frames that do not fit")
    times = tuple(time for time in frames[0] if time is not None)
    if len(times) != count or any(before > after for before, after in pairwise(times)):
        fields.refuse("times that do not go forward")
    return Telemetry(began, times, dict(zip(keys, frames[1:], strict=True)), absent)


def _pack_description(description: TargetDescription) -> Mapping[str, Any]:
    return {
        "facts": dict(description.facts),
        "engines": dict(description.engines),
        "state": dict(description.state),
        "delegates": list(description.delegates),
    }


def _description(fields: Fields) -> TargetDescription:
    description = TargetDescription(
        fields.facts("facts"),
        fields.texts("engines"),
        fields.facts("state"),
        fields.names("delegates", MAX_DELEGATES),
    )
    fields.done()
    return description
