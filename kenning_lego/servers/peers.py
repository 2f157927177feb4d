"""Noticing that a peer's connection is gone, which a ROUTER socket does not tell by itself."""

from __future__ import annotations

import contextlib

import zmq

from kenning_lego.protocols.monitor import pending, read_event


class PeerWatch:
    """Maps broken connections to peers by the descriptors of their sockets.

    libzmq tells the descriptor both with each message (``ZMQ_SRCFD``) and when a connection
    breaks. Heartbeats make it break when the other machine just vanishes.

    Args:
        router: not yet bound.
    """

    def __init__(self, router: zmq.Socket[bytes]) -> None:
        self._router = router
        self.monitor = router.get_monitor_socket(zmq.EVENT_DISCONNECTED)
        self._peers: dict[int, bytes] = {}
        self._known: set[bytes] = set()
        self._lost: list[bytes] = []

    def saw(self, frame: zmq.Frame) -> None:
        """Note the connection that a peer's message came by; takes its first frame."""
        peer = frame.bytes
        if peer in self._known:
            return
        # Its descriptor may be that of a connection whose end is still to be read of.
        self._read()
        with contextlib.suppress(zmq.ZMQError):  # noise taken for ZMTP 1.0 has no descriptor
            self._peers[int(frame.get(zmq.SRCFD))] = peer
            self._known.add(peer)

    def lost(self) -> list[bytes]:
        """The peers whose connections have broken since the last call."""
        self._read()
        lost, self._lost = self._lost, []
        return lost

    def _read(self) -> None:
        while pending(self.monitor):
            _, descriptor = read_event(self.monitor)
            peer = self._peers.pop(descriptor, None)
            if peer is not None:
                self._known.discard(peer)
                self._lost.append(peer)

    def close(self) -> None:
        """Stop watching."""
        self._router.disable_monitor()
        self.monitor.close(linger=0)
