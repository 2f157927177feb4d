"""A message as frames: a msgpack header ``[version, kind, id, body]``, then raw payload frames."""

from __future__ import annotations

import array
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from reprlib import repr as brief  # of anything hostile: long, or nested too deep for repr
from typing import Any, NoReturn

import msgpack

from kenning_lego.core.errors import ProtocolError
from kenning_lego.protocols import messages, worker_messages
from kenning_lego.protocols.deployment_messages import DEPLOYMENT_REQUESTS
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.live_messages import LIVE_REQUESTS
from kenning_lego.protocols.messages import PROTOCOL_VERSION, Kind, Message

MAX_HEADER_BYTES = 4 << 20
MAX_PAYLOAD_FRAMES = 1 << 16
_MAX_ID = 2**63 - 1

Frame = bytes | bytearray | memoryview

_NAMES = {int(kind): kind.name for kind in Kind}
_BARE: dict[int, Message] = {
    int(each.kind): each for each in (messages.Data(), messages.Infer(), messages.Output())
}
"""The frequent messages without fields: one of each does."""
_TYPES: dict[int, Any] = {
    int(each.kind): each
    for each in (
        *messages.REQUESTS,
        *messages.ANSWERS,
        *LIVE_REQUESTS,
        *DEPLOYMENT_REQUESTS,
        *worker_messages.FROM_SERVER,
        *worker_messages.FROM_WORKER,
    )
}


@dataclass(frozen=True, slots=True)
class Envelope:
    """A message with its request's id and its payload frames."""

    id: int
    message: Message
    payload: tuple[Frame, ...] = ()


def encode(envelope: Envelope) -> list[Frame]:
    """The frames of a message."""
    header = [
        PROTOCOL_VERSION,
        int(envelope.message.kind),
        envelope.id,
        envelope.message.to_body(),
    ]
    return [msgpack.packb(header, use_bin_type=True), *envelope.payload]


def decode(frames: Sequence[Frame]) -> Envelope:
    """The message that frames carry.

    Raises:
        ProtocolError: they carry none that this version knows; every field is checked.
    """
    if not frames or len(frames) > MAX_PAYLOAD_FRAMES + 1:
        raise ProtocolError(f"a message of {len(frames)} frames")
    version, kind, request, body = _header(frames[0])
    if version != PROTOCOL_VERSION:
        raise ProtocolError(
            f"protocol version {brief(version)}, this side speaks {PROTOCOL_VERSION}",
            "install the same kenning-lego on host and target",
            "unsupported_version",
        )
    known = _TYPES.get(kind) if type(kind) is int else None
    if known is None:
        raise ProtocolError(f"unknown kind of message {brief(kind)}", code="unknown_kind")
    if kind in _BARE and body == {}:
        return Envelope(request, _BARE[kind], tuple(frames[1:]))
    fields = Fields(body, _NAMES[kind])
    message: Message = known.from_body(fields)
    fields.done()
    return Envelope(request, message, tuple(frames[1:]))


def request_id(frames: Sequence[Frame]) -> int:
    """The id of a message that could not be decoded, so that its sender can be answered.

    Returns 0 if there is none to be found.
    """
    try:
        return _header(frames[0])[2] if frames else 0
    except ProtocolError:
        return 0


def _header(frame: Frame) -> tuple[Any, Any, int, Any]:
    if len(frame) > MAX_HEADER_BYTES:
        raise ProtocolError(f"a header of {len(frame)} bytes, at most {MAX_HEADER_BYTES} are read")
    try:
        header = msgpack.unpackb(
            frame, raw=False, strict_map_key=True, use_list=True, ext_hook=_no_extension
        )
    except (ValueError, TypeError, RecursionError) as error:  # all that msgpack raises
        raise ProtocolError(f"a header that is not msgpack: {error}") from error
    if not isinstance(header, list) or len(header) != 4:
        raise ProtocolError("a header that is not [version, kind, id, body]")
    request = header[2]
    if type(request) is not int or not 0 <= request <= _MAX_ID:
        raise ProtocolError("a header whose id is not a number")
    return header[0], header[1], request, header[3]


def _no_extension(code: int, _data: bytes) -> NoReturn:
    raise ProtocolError(f"a header with msgpack extension {code}")


def pack_samples(samples_ns: Sequence[int]) -> bytes:
    """Samples as little-endian signed 64-bit integers."""
    values = array.array("q", samples_ns)
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def unpack_samples(frame: Frame) -> tuple[int, ...]:
    """What :func:`pack_samples` wrote.

    Raises:
        ProtocolError: the frame does not hold whole 64-bit integers.
    """
    values = array.array("q")
    try:
        values.frombytes(bytes(frame))
    except ValueError as error:
        raise ProtocolError(f"samples in {len(frame)} bytes") from error
    if sys.byteorder == "big":
        values.byteswap()
    return tuple(values)


def pack_numbers(values: Sequence[float | None]) -> bytes:
    """Numbers as little-endian 64-bit floats; what is absent is NaN."""
    numbers = array.array("d", (math.nan if value is None else value for value in values))
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def unpack_numbers(frame: Frame) -> tuple[float | None, ...]:
    """What :func:`pack_numbers` wrote; None for what is absent.

    Raises:
        ProtocolError: the frame does not hold whole 64-bit floats, or an infinite one.
    """
    numbers = array.array("d")
    try:
        numbers.frombytes(bytes(frame))
    except ValueError as error:
        raise ProtocolError(f"numbers in {len(frame)} bytes") from error
    if sys.byteorder == "big":
        numbers.byteswap()
    if any(map(math.isinf, numbers)):
        raise ProtocolError("an infinite number")
    return tuple(None if math.isnan(number) else number for number in numbers)
