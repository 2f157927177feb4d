"""Reading what a socket's monitor reports, without the asyncio that pyzmq's own reader loads."""

from __future__ import annotations

import struct

import zmq

_EVENT = struct.Struct("=HI")


def pending(monitor: zmq.Socket[bytes]) -> bool:
    """Whether there is an event to read; does not wait."""
    return bool(int(monitor.getsockopt(zmq.EVENTS)) & zmq.POLLIN)


def read_event(monitor: zmq.Socket[bytes]) -> tuple[int, int]:
    """The next event and its value; see zmq_socket_monitor(3)."""
    event, value = _EVENT.unpack(monitor.recv_multipart()[0])
    return event, value
