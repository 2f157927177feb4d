"""The messages of Kenning's wire as bytes, in both of its header forms.

A message is a header and a payload; all integers are little-endian::

    12 bytes   u40 type (6 bits of it used) | flow << 38, u8 checksum, u16 flags, u32 size
     8 bytes   u8 type | flow << 6, u8 checksum, u16 flags, u32 size

The longer header is that of Kenning's current version, the shorter one that of its releases up to
v0.8.2. There is no version field. In a first request the two differ in the third byte: it belongs
to the type, and is 0, in the longer header; it has the flag FIRST in the shorter one.

Source: Kenning's `documentation of its protocol
<https://antmicro.github.io/kenning/kenning-protocol.html>`_ and what its programs send.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from kenning_lego.core.errors import ProtocolError

MESSAGE_BYTES = 1 << 20
"""Longer messages, header included, are split."""

MAX_PAYLOAD_BYTES = 64 << 20
"""Of one message; a peer that announces more is refused before the payload comes."""

_CHECKSUM = 0x4B
"""What all bytes of a message with a checksum give, XORed."""

Bytes = bytes | bytearray | memoryview


class MessageType(IntEnum):
    """What a message is about; from 8 on, releases with the short header number them otherwise."""

    PING = 0
    STATUS = 1
    DATA = 2
    MODEL = 3
    PROCESS = 4
    OUTPUT = 5
    STATS = 6
    IO_SPEC = 7
    TRACE_DATA = 8
    OPTIMIZERS = 9
    OPTIMIZE_MODEL = 10
    RUNTIME = 11
    UNOPTIMIZED_MODEL = 12
    LOGS = 13


class Flow(IntEnum):
    """A message's role in the exchange."""

    REQUEST = 0
    RETRANSMIT = 1
    ACKNOWLEDGE = 2
    TRANSMISSION = 3


class Flags:
    """A message's flags: plain integers, since operations on an IntFlag take a microsecond."""

    SUCCESS: Final = 1
    FAIL: Final = 2
    IS_HOST: Final = 4
    HAS_PAYLOAD: Final = 8
    FIRST: Final = 16
    LAST: Final = 32
    IS_KENNING: Final = 64
    IS_ZEPHYR: Final = 128


_RESERVED_FLAGS = 0x0F00


class Form(Enum):
    """A form of the header; the value is its size in bytes."""

    LONG = 12
    SHORT = 8


_LONG = struct.Struct("<B3xBBHI")
_SHORT = struct.Struct("<BBHI")
_SHORTEST = 3
"""Bytes that tell the forms apart."""


@dataclass(frozen=True, slots=True)
class Header:
    """A message without its payload.

    Args:
        type: what it is about.
        flow: its role.
        flags: its flags; see :class:`Flags`.
        size: payload bytes that follow.
    """

    type: MessageType
    flow: Flow
    flags: int
    size: int

    @property
    def first(self) -> bool:
        """Whether it begins a request or an answer."""
        return bool(self.flags & Flags.FIRST)

    @property
    def last(self) -> bool:
        """Whether it ends one."""
        return bool(self.flags & Flags.LAST)


@dataclass(frozen=True, slots=True)
class Part:
    """As much of a message as has come; a message that came whole is one part.

    Args:
        header: of the message.
        payload: its next bytes; valid until the parser is fed again.
        begins: whether this is the message's beginning.
        ends: whether the message is complete.
    """

    header: Header
    payload: Bytes
    begins: bool
    ends: bool


_TYPES = tuple(MessageType)
_FLOWS = tuple(Flow)


class Parser:
    """Takes any stream of bytes apart; keeps nothing but the state of one message.

    Args:
        form: of the headers; None learns it from the first request.
        max_payload: bytes of one message's payload.
    """

    def __init__(self, form: Form | None = None, max_payload: int = MAX_PAYLOAD_BYTES) -> None:
        self.form = form
        self.checksums = False
        """Whether the other side uses checksums, as far as can be told."""
        self.header: Header | None = None
        """Of the message under way, also of one that was refused."""
        self._max_payload = max_payload
        self._left = 0
        self._sum: int | None = None
        self._proved = False
        self._heard = False

    def next(self, view: memoryview) -> tuple[Part | None, int]:
        """The first part in `view`, and the bytes that it took of it.

        None when there is not enough for one: the caller gives the same bytes again, fewer than
        a header, with more behind them.

        Raises:
            ProtocolError: the bytes are no such message; there is no going on after that.
        """
        taken = 0 if self.header else self._read_header(view)
        header = self.header
        payload = view[taken : taken + self._left]
        if header is None or not (taken or payload):
            return None, 0
        self._left -= len(payload)
        if self._sum is not None:
            self._sum ^= xor(payload)
        part = Part(header, payload, begins=taken > 0, ends=not self._left)
        if part.ends:
            self._end_message()
        return part, taken + len(payload)

    def _end_message(self) -> None:
        if self._sum is not None:
            self.checksums = self._sum == _CHECKSUM
            if self._proved and not self.checksums:
                raise ProtocolError("a message whose checksum is wrong")
        self.header = None

    def _read_header(self, view: memoryview) -> int:
        """Take a header; its size, or 0 if there is none yet."""
        if self.form is None:
            if len(view) < _SHORTEST:
                return 0
            self.form = Form.LONG if view[2] == 0 else Form.SHORT
        size = self.form.value
        if len(view) < size:
            return 0
        if self.form is Form.LONG:
            kind, high, checksum, flags, length = _LONG.unpack_from(view)
            if kind > 0x3F or high & 0x3F or any(view[1:4]):
                raise ProtocolError("bytes that are no header of Kenning's")
            flow = high >> 6
        else:
            kind, checksum, flags, length = _SHORT.unpack_from(view)
            kind, flow = kind & 0x3F, kind >> 6
        if kind >= len(_TYPES) or flags & _RESERVED_FLAGS:
            raise ProtocolError("bytes that are no header of Kenning's")
        payload = length if flags & Flags.HAS_PAYLOAD else 0
        self.header = Header(_TYPES[kind], _FLOWS[flow], flags, payload)
        if payload > self._max_payload:
            raise ProtocolError(
                f"a message of {payload} bytes, at most {self._max_payload} are read",
                "send smaller messages; requests may have any number of them",
            )
        self._left = payload
        # One that is not 0 proves that the peer uses checksums. A 0 may be one, or mean none, even
        # where it fits by chance, as it does once in 256 messages.
        self._proved = self._proved or checksum != 0
        wanted = self._proved or self.checksums or not self._heard
        self._sum = xor(view[:size]) if wanted else None
        self._heard = True
        return size


def encode(
    kind: MessageType,
    flow: Flow,
    flags: int,
    payload: Bytes = b"",
    *,
    form: Form = Form.LONG,
    checksum: bool = False,
) -> bytes:
    """One message; the flag HAS_PAYLOAD is as given."""
    head = bytearray(encode_header(kind, flow, flags, len(payload), form=form))
    if checksum:
        head[5 if form is Form.LONG else 1] = _CHECKSUM ^ xor(head) ^ xor(payload)
    return b"".join((head, payload))


def encode_header(
    kind: MessageType, flow: Flow, flags: int, size: int, *, form: Form = Form.LONG
) -> bytes:
    """The header of a message of `size` bytes, without a checksum."""
    if form is Form.LONG:
        return _LONG.pack(kind, flow << 6, 0, flags, size)
    return _SHORT.pack(kind | flow << 6, 0, flags, size)


def encode_all(
    kind: MessageType,
    flow: Flow,
    flags: int,
    payload: Bytes = b"",
    *,
    form: Form = Form.LONG,
    checksum: bool = False,
) -> Iterator[bytes]:
    """The messages of a whole request or answer: FIRST on the first, LAST on the last."""
    whole = memoryview(payload)
    most = MESSAGE_BYTES - form.value
    begin = 0
    while True:
        piece = whole[begin : begin + most]
        marked = flags | (Flags.HAS_PAYLOAD if piece else 0) | (0 if begin else Flags.FIRST)
        begin += most
        last = begin >= len(whole)
        if last:
            marked |= Flags.LAST
        yield encode(kind, flow, marked, piece, form=form, checksum=checksum)
        if last:
            return


def xor(content: Bytes) -> int:
    """All bytes XORed, by folding one large integer."""
    value, size = int.from_bytes(content, "little"), len(content)
    while size > 1:
        size = (size + 1) // 2
        value = (value >> 8 * size) ^ (value & ((1 << 8 * size) - 1))
    return value
