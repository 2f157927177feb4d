"""What a target answers on Kenning's wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from kenning_lego.core.errors import KenningLegoError
from kenning_lego.protocols.kenning_wire import (
    Bytes,
    Flags,
    Flow,
    Form,
    MessageType,
    Parser,
    encode,
    encode_all,
)

MAX_LOG_LINE = 255
_MAX_LOG = 2048

ACTIONS: Mapping[MessageType, int] = {
    MessageType.IO_SPEC: 2,
    MessageType.MODEL: 3,
    MessageType.UNOPTIMIZED_MODEL: 4,
    MessageType.DATA: 5,
    MessageType.PROCESS: 6,
    MessageType.OUTPUT: 7,
    MessageType.STATS: 8,
    MessageType.OPTIMIZE_MODEL: 9,
    MessageType.OPTIMIZERS: 10,
    MessageType.RUNTIME: 11,
}
"""The byte that names what a target did, or failed to do."""
IDLE = 12


class Answers:
    """Answers in the form that the host uses.

    Args:
        parser: of the host's connection, which knows that form.
    """

    def __init__(self, parser: Parser) -> None:
        self._parser = parser
        self._done: dict[tuple[MessageType, bool], bytes] = {}

    def done(self, kind: MessageType) -> bytes:
        """A request was carried out, of which the answer only names what was done."""
        key = kind, self._parser.checksums
        known = self._done.get(key)
        if known is None:
            known = self._done[key] = b"".join(self.result(kind, self._action(kind)))
        return known

    def result(self, kind: MessageType, payload: Bytes) -> Iterator[bytes]:
        """A request was carried out, and this came of it."""
        return self._messages(kind, Flags.SUCCESS | Flags.IS_KENNING, payload)

    def refusal(self, kind: MessageType, error: KenningLegoError) -> bytes:
        """A request was not carried out, and why: for people, in a message of LOGS before."""
        flags = Flags.FAIL | Flags.IS_KENNING
        answer = b"".join(self._messages(kind, flags, self._action(kind)))
        return self._log(str(error)) + answer

    def denial(self, kind: MessageType) -> bytes:
        """What was asked for cannot be sent again."""
        flags = Flags.FAIL | Flags.IS_KENNING | Flags.FIRST | Flags.LAST
        return encode(
            kind,
            Flow.ACKNOWLEDGE,
            flags,
            form=self._parser.form or Form.LONG,
            checksum=self._parser.checksums,
        )

    def status(self) -> bytes:
        """That the target is ready for requests."""
        return bytes((IDLE,))

    def _action(self, kind: MessageType) -> bytes:
        return bytes((ACTIONS.get(kind, IDLE),))

    def _log(self, text: str) -> bytes:
        """Lines for the host's log; none for hosts with the short header.

        Their releases number LOGS in several ways or do not know it, and one that gets a type of
        message that it does not know stops listening.
        """
        if self._parser.form is Form.SHORT:
            return b""
        encoded = text.encode("ascii", "backslashreplace")[:_MAX_LOG].replace(b"\n", b" ")
        lines = bytearray()
        for begin in range(0, len(encoded), MAX_LOG_LINE):
            line = encoded[begin : begin + MAX_LOG_LINE]
            lines += bytes((len(line),)) + line
        return b"".join(self._messages(MessageType.LOGS, Flags.IS_KENNING, lines))

    def _messages(self, kind: MessageType, flags: int, payload: Bytes) -> Iterator[bytes]:
        return encode_all(
            kind,
            Flow.TRANSMISSION,
            flags,
            payload,
            form=self._parser.form or Form.LONG,
            checksum=self._parser.checksums,
        )
