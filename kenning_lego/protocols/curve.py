"""CURVE on a socket: encryption, and proof of who is at the other end."""

from __future__ import annotations

import zmq

from kenning_lego.core.errors import TargetUnreachableError
from kenning_lego.protocols.keys import KeyPair, PublicKey

ZAP_DOMAIN = "kenning-lego"
"""Whom the server asks for: its admission answers for no other domain."""
KEY_PROPERTY = "Public-Key"
"""Metadata of every message from an admitted host: its public key in Z85."""

ADMITTED = 200
REFUSED = 400
FAILED = 500
"""Statuses of RFC 27."""

_ZAP_ENFORCE_DOMAIN = 93
"""ZMQ_ZAP_ENFORCE_DOMAIN, for which pyzmq has no name."""


def secure_server(socket: zmq.Socket[bytes], own: KeyPair) -> None:
    """Let only hosts in that speak CURVE and that the admission of the context knows.

    Call it before the socket is bound. Without an admission nobody gets in.
    """
    socket.setsockopt(zmq.CURVE_SERVER, 1)
    socket.setsockopt_string(zmq.CURVE_SECRETKEY, own.secret)
    socket.setsockopt_string(zmq.ZAP_DOMAIN, ZAP_DOMAIN)
    # By default ZeroMQ lets everybody in while nobody answers for the domain.
    socket.setsockopt(_ZAP_ENFORCE_DOMAIN, 1)


def secure_client(socket: zmq.Socket[bytes], own: KeyPair, server: PublicKey) -> None:
    """Speak only with the server that holds the secret of `server`, as the host `own`.

    Call it before the socket is connected.
    """
    socket.setsockopt_string(zmq.CURVE_SERVERKEY, server.z85)
    socket.setsockopt_string(zmq.CURVE_PUBLICKEY, own.public)
    socket.setsockopt_string(zmq.CURVE_SECRETKEY, own.secret)


def sender(frame: zmq.Frame) -> str | None:
    """The public key in Z85 of the host that a frame came from; None if it came without CURVE.

    Only what a secured socket received may be asked: there the admission's answer stands above
    what the host says of itself, while without CURVE a host may claim any property.

    Args:
        frame: any frame of the message as received with ``copy=False``; the identity that a
            ROUTER puts in front will do.
    """
    try:
        return str(frame.get(KEY_PROPERTY))
    except zmq.ZMQError:  # the connection has no such property
        return None


def handshake_error(
    address: str, event: int, value: int, own: KeyPair | None
) -> TargetUnreachableError:
    """Why the handshake with a target failed.

    Args:
        address: of the target.
        event: what the socket's monitor reported.
        value: the event's value; of HANDSHAKE_FAILED_AUTH it is the status of RFC 27.
        own: the key that was shown to the target.
    """
    if own and event == zmq.EVENT_HANDSHAKE_FAILED_AUTH:
        if value == REFUSED:
            return TargetUnreachableError(
                f"the target at {address} does not admit the key {own.name} "
                f"({own.shareable.fingerprint})",
                f"on the target: kenning-lego keys authorise '{own.shareable.line}'",
            )
        return TargetUnreachableError(
            f"the target at {address} cannot tell whether it admits us (status {value})",
            "see why in its log",
        )
    if own:
        return TargetUnreachableError(
            f"what listens at {address} is not the target whose public key was given",
            "check the port, and compare `kenning-lego keys show` on the target with the key here",
        )
    return TargetUnreachableError(
        f"what listens at {address} is not a kenning-lego target, or wants a key",
        "check the port, or name the target's key",
    )
