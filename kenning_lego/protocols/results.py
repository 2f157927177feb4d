"""What the OK of each request carries, written by a target and read by a host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kenning_lego.core.plans import (
    Composed,
    Measurement,
    Observation,
    Statistics,
    TargetDescription,
)
from kenning_lego.protocols.codec import Frame, pack_samples, unpack_samples
from kenning_lego.protocols.fields import Fields, pack_io_spec
from kenning_lego.protocols.plans import pack_log, read_log

MAX_DURATION_NS = 2**62


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


def pack_observation(observation: Observation) -> dict[str, str | int | float]:
    """The result of OBSERVE."""
    return asdict(observation)


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
