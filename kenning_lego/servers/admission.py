"""Who may connect: the handler that ZeroMQ asks at every handshake (ZAP, its RFC 27)."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import zmq
from zmq.utils import z85

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.protocols.authorised import AuthorisedFile, AuthorisedHost, find
from kenning_lego.protocols.curve import (
    ADMITTED,
    FAILED,
    KEY_PROPERTY,
    REFUSED,
    ZAP_DOMAIN,
    sender,
)
from kenning_lego.protocols.keys import fingerprint

ENDPOINT = "inproc://zeromq.zap.01"
_VERSION = b"1.0"
_KEY_BYTES = 32

log = logging.getLogger("kenning_lego.admission")


def decide(
    request: Sequence[bytes], authorised: Sequence[AuthorisedHost] | None
) -> tuple[bytes, ...]:
    """Answer a handshake's request.

    Args:
        request: version, request id, domain, address, identity, mechanism, credentials.
        authorised: the hosts that are admitted; None if that cannot be told.

    Returns:
        Version, request id, status, text, user id, metadata. An admitted host's user id is its
        name, and its key goes with every message as the property `KEY_PROPERTY`.
    """
    number = request[1] if len(request) > 1 else b""
    match request:
        case [version, _, domain, _, _, mechanism, *credentials] if version == _VERSION:
            if domain != ZAP_DOMAIN.encode():
                return _reply(number, REFUSED, "not our domain")
            if authorised is None:
                return _reply(number, FAILED, "the authorised hosts cannot be read")
            if mechanism != b"CURVE":
                return _reply(number, REFUSED, "only CURVE is admitted")
            return _decide_key(number, credentials, authorised)
    return _reply(number, FAILED, "malformed request")


def _decide_key(
    number: bytes, credentials: Sequence[bytes], authorised: Sequence[AuthorisedHost]
) -> tuple[bytes, ...]:
    match credentials:
        case [key] if len(key) == _KEY_BYTES:
            text = z85.encode(key)
            host = find(authorised, text.decode())
            if host is None:
                return _reply(number, REFUSED, "the key is not authorised")
            name = host.key.name.encode()
            return _reply(number, ADMITTED, "OK", name, _property(KEY_PROPERTY, text))
    return _reply(number, REFUSED, "the credentials are no key")


def _reply(
    number: bytes, status: int, text: str, user: bytes = b"", metadata: bytes = b""
) -> tuple[bytes, ...]:
    return _VERSION, number, str(status).encode(), text.encode(), user, metadata


def _property(name: str, value: bytes) -> bytes:
    """A property of a connection, as ZMTP (RFC 23) writes it."""
    return bytes([len(name)]) + name.encode() + len(value).to_bytes(4, "big") + value


class Admission:
    """The handler of one context; make it before a socket is bound, and poll its socket.

    Args:
        context: whose servers ask.
        authorised: the hosts that are admitted.
    """

    def __init__(self, context: zmq.Context[zmq.Socket[bytes]], authorised: AuthorisedFile) -> None:
        self._authorised = authorised
        self._complaint = ""
        self.socket = context.socket(zmq.REP)
        """To be polled for reading."""
        self.socket.setsockopt(zmq.LINGER, 0)
        self.socket.bind(ENDPOINT)

    def answer(self) -> None:
        """Answer all handshakes that wait."""
        while int(self.socket.getsockopt(zmq.EVENTS)) & zmq.POLLIN:
            self._answer_next()

    def _answer_next(self) -> None:
        request = self.socket.recv_multipart(zmq.NOBLOCK)
        reply = decide(request, self._current())
        self.socket.send_multipart(reply, zmq.NOBLOCK)
        if reply[2] != str(ADMITTED).encode():
            log.warning("refused %s: %s", _who(request), reply[3].decode())
        else:
            log.info("admitted %s as %s", _who(request), reply[4].decode())

    def host_of(self, frame: zmq.Frame) -> AuthorisedHost | None:
        """The host that a message came from, as it is authorised now.

        It is found by its key, so that a name that went to another host gives nobody its rights.

        Args:
            frame: any frame of the message as received with ``copy=False``, such as the identity.

        Returns:
            None if it came without CURVE, or the host was revoked since it connected.
        """
        key = sender(frame)
        return None if key is None else find(self._current() or (), key)

    def close(self) -> None:
        """Admit nobody any more."""
        self.socket.close()

    def _current(self) -> tuple[AuthorisedHost, ...] | None:
        try:
            hosts = self._authorised.hosts()
        except ConfigurationError as error:
            complaint = str(error)
            if complaint != self._complaint:  # once: it is found anew with every message
                log.error("nobody is admitted: %s", error)  # noqa: TRY400 - no fault of the code
            self._complaint = complaint
            return None
        self._complaint = ""
        return hosts


def _who(request: Sequence[bytes]) -> str:
    match request:
        case [_, _, _, address, _, _, key] if len(key) == _KEY_BYTES:
            return f"{address.decode(errors='replace')} with the key {fingerprint(key)}"
    return "a host without a key"
