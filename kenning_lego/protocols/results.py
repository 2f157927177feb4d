"""What the OK of each request carries, written by a target and read by a host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
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
from kenning_lego.protocols.fields import Fields, pack_io_spec

MAX_DURATION_NS = 2**62
LAST_UNIX_S = 253_402_300_799.0
"""The end of the year 9999, the last that a date can be in."""
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
    return {**asdict(observation), "latest": dict(observation.latest)}


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


def pack_statistics(statistics: Statistics) -> Mapping[str, Any]:
    """The result of STATS; the samples follow as payload frames in the same order."""
    return {
        "measurements": [
            {"name": m.name, "stopped": m.stopped, "count": len(m.samples_ns)}
            for m in statistics.measurements
        ],
        "used": dict(statistics.used),
        "before": _pack_description(statistics.before),
        "after": _pack_description(statistics.after),
    }


def read_statistics(fields: Fields, samples: Sequence[tuple[int, ...]]) -> Statistics:
    """Read what :func:`pack_statistics` wrote, with the samples of the payload frames."""
    heads = list(fields.maps("measurements"))
    if len(heads) != len(samples):
        fields.refuse(f"{len(heads)} measurements with {len(samples)} frames of samples")
    measurements = []
    for head, values in zip(heads, samples, strict=True):
        head.integer("count", len(values), len(values))
        measurements.append(Measurement(head.text("name", 256), values, head.text("stopped", 64)))
        head.done()
    return Statistics(
        tuple(measurements),
        fields.facts("used"),
        _description(fields.map("before")),
        _description(fields.map("after")),
    )


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
    }


def _description(fields: Fields) -> TargetDescription:
    description = TargetDescription(
        fields.facts("facts"), fields.texts("engines"), fields.facts("state")
    )
    fields.done()
    return description
