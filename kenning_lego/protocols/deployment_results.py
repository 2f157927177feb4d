"""What a target tells of its deployments: the OK of RECORD, and the statuses in that of OBSERVE."""

from __future__ import annotations

import array
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kenning_lego.core.deployment_records import (
    ORIGINS,
    STATES,
    DeploymentEvent,
    DeploymentRecord,
    DeploymentStatus,
    Frame,
    FrameOutputs,
)
from kenning_lego.core.deployments import MAX_KEPT_FRAMES
from kenning_lego.core.errors import ProtocolError
from kenning_lego.protocols import fields as wire
from kenning_lego.protocols.codec import Frame as PayloadFrame
from kenning_lego.protocols.deployment_fields import pack_bounds, read_bounds
from kenning_lego.protocols.fields import Fields, pack_io_spec
from kenning_lego.protocols.plans import MAX_STAGES

ROW_BYTES = 8 * len(Frame._fields)
MAX_EVENTS = 65_536
_MAX_COUNT = 2**62
_MAX_ARTIFACTS = wire.MAX_ITEMS


def rows_to_bytes(frames: Sequence[Frame]) -> bytes:
    """Frames as rows of little-endian signed 64-bit integers."""
    return _swapped(array.array("q", (value for frame in frames for value in frame))).tobytes()


def rows_of(content: PayloadFrame) -> tuple[Frame, ...]:
    """What :func:`rows_to_bytes` wrote.

    Raises:
        ProtocolError: it is no whole number of rows, or a negative number is in it.
    """
    if len(content) % ROW_BYTES:
        raise ProtocolError(f"frames' rows in {len(content)} bytes")
    values = array.array("q")
    values.frombytes(bytes(content))
    values = _swapped(values)
    if len(values) and min(values) < 0:
        raise ProtocolError("a frame's row with a negative number")
    width = len(Frame._fields)
    return tuple(Frame(*values[at : at + width]) for at in range(0, len(values), width))


def _swapped(values: array.array[int]) -> array.array[int]:
    if sys.byteorder == "big":
        values.byteswap()
    return values


def pack_status(status: DeploymentStatus) -> dict[str, Any]:
    """A status as msgpack values."""
    return {
        "name": status.name,
        "state": status.state,
        "variants": dict(status.variants),
        "stages": list(status.stages),
        "frames": status.frames,
        "missed": status.missed,
        "adaptive": status.adaptive,
        "bounds": pack_bounds(status.bounds),
        "restarts": status.restarts,
        "reason": status.reason[: wire.MAX_TEXT],
    }


def read_status(fields: Fields) -> DeploymentStatus:
    """Read what :func:`pack_status` wrote."""
    status = DeploymentStatus(
        fields.text("name", 64),
        fields.word("state", STATES),
        fields.texts("variants"),
        fields.stages("stages", MAX_STAGES, or_empty=True),
        fields.integer("frames", 0, _MAX_COUNT),
        fields.integer("missed", 0, _MAX_COUNT),
        fields.flag("adaptive"),
        read_bounds(fields.map("bounds")),
        fields.integer("restarts", 0, _MAX_COUNT),
        fields.text("reason"),
    )
    fields.done()
    return status


def pack_record(
    record: DeploymentRecord, rows: PayloadFrame
) -> tuple[Mapping[str, Any], tuple[PayloadFrame, ...]]:
    """The result of RECORD and its payload: the frames' rows, then the outputs.

    Args:
        record: without its frames, which are in `rows`.
        rows: as :func:`rows_to_bytes` gives them.
    """
    artifacts = list(dict.fromkeys(d for stages in record.configurations.values() for d in stages))
    place = {digest: index for index, digest in enumerate(artifacts)}
    result = {
        "status": pack_status(record.status),
        "artifacts": artifacts,
        "configurations": [
            {"number": number, "stages": [place[digest] for digest in stages]}
            for number, stages in record.configurations.items()
        ],
        "frames": len(rows) // ROW_BYTES,
        "frames_dropped": record.frames_dropped,
        "events": [_pack_event(event) for event in record.events],
        "events_dropped": record.events_dropped,
        "outputs": [{"frame": each.frame, "tensors": len(each.tensors)} for each in record.outputs],
        "next_frame": record.next_frame,
        "next_event": record.next_event,
        "used": dict(record.used),
    }
    if record.spec is not None:
        result["spec"] = pack_io_spec(record.spec)
    tensors = (tensor for each in record.outputs for tensor in each.tensors)
    return result, (rows, *tensors)


def read_record(fields: Fields, payload: Sequence[PayloadFrame]) -> DeploymentRecord:
    """Read what :func:`pack_record` wrote.

    Raises:
        ProtocolError: a field is missing or out of bounds, or the payload does not fit it.
    """
    if not payload:
        fields.refuse("no frames' rows in the payload")
    frames = rows_of(payload[0])
    fields.integer("frames", len(frames), len(frames))
    artifacts = fields.stages("artifacts", _MAX_ARTIFACTS, or_empty=True)
    record = DeploymentRecord(
        read_status(fields.map("status")),
        fields.io_spec("spec") if fields.has("spec") else None,
        frames,
        dict(_configurations(fields, artifacts)),
        fields.integer("frames_dropped", 0, _MAX_COUNT),
        tuple(_event(each) for each in fields.maps("events", MAX_EVENTS)),
        fields.integer("events_dropped", 0, _MAX_COUNT),
        _outputs(fields, payload[1:]),
        fields.integer("next_frame", 0, _MAX_COUNT),
        fields.integer("next_event", 0, _MAX_COUNT),
        fields.facts("used"),
    )
    fields.done()
    if any(frame.configuration not in record.configurations for frame in frames):
        fields.refuse("a frame of a configuration that is not told")
    return record


def _configurations(
    fields: Fields, artifacts: Sequence[str]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    for each in fields.maps("configurations", MAX_KEPT_FRAMES):
        number = each.integer("number", 0, _MAX_COUNT)
        places = each.integers("stages", 0, len(artifacts) - 1, MAX_STAGES)
        each.done()
        yield number, tuple(artifacts[place] for place in places)


def _pack_event(event: DeploymentEvent) -> Mapping[str, Any]:
    return {
        "index": event.index,
        "at_ns": event.at_ns,
        "kind": event.kind,
        "origin": event.origin,
        "frame": event.frame,
        "text": event.text[: wire.MAX_TEXT],
        "figures": dict(event.figures),
    }


def _event(fields: Fields) -> DeploymentEvent:
    event = DeploymentEvent(
        fields.integer("index", 0, _MAX_COUNT),
        fields.integer("at_ns", 0, _MAX_COUNT),
        fields.text("kind", 64),
        fields.word("origin", ORIGINS),
        fields.integer("frame", 0, _MAX_COUNT),
        fields.text("text"),
        fields.numbers("figures", 64),
    )
    fields.done()
    return event


def _outputs(fields: Fields, payload: Sequence[PayloadFrame]) -> tuple[FrameOutputs, ...]:
    outputs, taken = [], 0
    for each in fields.maps("outputs", MAX_KEPT_FRAMES):
        frame, count = each.integer("frame", 0, _MAX_COUNT), each.integer("tensors", 0, 256)
        each.done()
        tensors = payload[taken : taken + count]
        outputs.append(FrameOutputs(frame, tuple(bytes(tensor) for tensor in tensors)))
        taken += count
    if taken != len(payload):
        fields.refuse(f"{taken} tensors of outputs in {len(payload)} frames")
    return tuple(outputs)
