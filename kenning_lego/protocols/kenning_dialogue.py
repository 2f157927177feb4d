"""What a Kenning host's session wants done: the actions of its machine."""

from __future__ import annotations

from dataclasses import dataclass

from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.kenning_wire import Bytes


@dataclass(frozen=True, slots=True)
class Ask:
    """Pass a request to the target's session."""

    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Reply:
    """Send bytes to the host."""

    content: bytes


@dataclass(frozen=True, slots=True)
class OpenSpool:
    """Begin to keep a model whose size and digest are not known yet."""


@dataclass(frozen=True, slots=True)
class WriteSpool:
    """Append to it; a failure is told by `KenningSession.spool_failed`."""

    piece: Bytes


@dataclass(frozen=True, slots=True)
class CloseSpool:
    """Keep it as an artifact; answered by `KenningSession.stored` or `spool_failed`."""


@dataclass(frozen=True, slots=True)
class DropSpool:
    """Throw it away."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the connection once everything is sent."""


KenningAction = Ask | Reply | OpenSpool | WriteSpool | CloseSpool | DropSpool | HangUp
Actions = list[KenningAction]
