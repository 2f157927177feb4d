"""The answers that the target's side of the dialogue gives by itself."""

from __future__ import annotations

from kenning_lego.core.errors import KenningLegoError, ProtocolError
from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.dialogue import Send
from kenning_lego.protocols.messages import Error, Ok


def ok(peer: bytes, request: int, **result: bool) -> Send:
    """A request was carried out."""
    return Send(peer, Envelope(request, Ok(result)))


def refusal(peer: bytes, request: int, code: str, error: KenningLegoError) -> Send:
    """A request was not carried out; an error's own code goes before `code`."""
    if isinstance(error, ProtocolError) and error.code:
        code = error.code
    return Send(peer, Envelope(request, Error(code, error.problem, error.remedy)))
