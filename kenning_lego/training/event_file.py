"""Scalars in the files that TensorBoard reads, written without TensorBoard.

A file is a sequence of records, each ``length, crc(length), data, crc(data)`` with a little-endian
uint64 and masked CRC-32C checksums (TensorFlow's ``core/lib/io/record_writer``); data are protobuf
messages ``tensorflow.Event`` (``core/util/event.proto``, ``core/framework/summary.proto``).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cache

_CASTAGNOLI = 0x82F63B78
_MASK_DELTA = 0xA282EAD8
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
"""Wire types of protobuf."""


def first_record(wall_time_s: float) -> bytes:
    """What a file begins with.

    Args:
        wall_time_s: since 1970.
    """
    return record(_double(1, wall_time_s) + _bytes(3, b"brain.Event:2"))


def scalars_record(wall_time_s: float, step: int, values: Mapping[str, float]) -> bytes:
    """Scalars of one step.

    Args:
        wall_time_s: since 1970.
        step: 0 or more.
        values: by tag; kept as float32.
    """
    summary = b"".join(
        _bytes(1, _bytes(1, tag.encode()) + _key(2, _FIXED32) + struct.pack("<f", value))
        for tag, value in values.items()
    )
    event = _double(1, wall_time_s) + _key(2, _VARINT) + _varint(step) + _bytes(5, summary)
    return record(event)


def record(data: bytes) -> bytes:
    """Data in its frame."""
    length = struct.pack("<Q", len(data))
    return length + _checksum(length) + data + _checksum(data)


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli; RFC 3720, appendix B.4)."""
    table, value = _table(), 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    return value ^ 0xFFFFFFFF


def _checksum(data: bytes) -> bytes:
    """Masked, since a checksum of data that hold checksums is weak."""
    value = crc32c(data)
    rotated = (value >> 15) | (value << 17)
    return struct.pack("<I", (rotated + _MASK_DELTA) & 0xFFFFFFFF)


@cache
def _table() -> tuple[int, ...]:
    return tuple(map(_remainder, range(256)))


def _remainder(value: int) -> int:
    for _ in range(8):
        value = (value >> 1) ^ _CASTAGNOLI if value & 1 else value >> 1
    return value


def _key(field: int, wire_type: int) -> bytes:
    return _varint(field << 3 | wire_type)


def _double(field: int, value: float) -> bytes:
    return _key(field, _FIXED64) + struct.pack("<d", value)


def _bytes(field: int, content: bytes) -> bytes:
    return _key(field, _BYTES) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 0x7F:
        found.append(value & 0x7F | 0x80)
        value >>= 7
    found.append(value)
    return bytes(found)
