"""Noticing that a peer's connection is gone, which a ROUTER socket does not tell by itself."""

from __future__ import annotations

import contextlib

import zmq

from kenning_lego.protocols.monitor import pending, read_event

MAX_GONE = 1024
"""Peers that are remembered after their connections have broken."""

_OWN = b"\0"
"""What identities begin with that libzmq gives; it gives none twice."""


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
        self._gone: dict[bytes, None] = {}

    def saw(self, frame: zmq.Frame) -> bool:
        """Note the connection that a peer's message came by; whether that still stands.

        What a peer sent before its connection broke may be read after the news of that, and for
        about a millisecond answers to it do not fail. It must not be taken for a peer that is
        there: nobody would tell when that one is gone.

        Args:
            frame: the message's first.
        """
        peer = frame.bytes
        if peer in self._known:
            return True
        if peer in self._gone:
            return False
        # Its descriptor may be that of a connection whose end is still to be read of.
        self._read()
        with contextlib.suppress(zmq.ZMQError):  # noise taken for ZMTP 1.0 has no descriptor
            self._peers[int(frame.get(zmq.SRCFD))] = peer
            self._known.add(peer)
        return True

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
                self._note_gone(peer)

    def _note_gone(self, peer: bytes) -> None:
        if not peer.startswith(_OWN):  # one that hosts choose may come back
            return
        self._gone[peer] = None
        if len(self._gone) > MAX_GONE:
            del self._gone[next(iter(self._gone))]

    def close(self) -> None:
        """Stop watching."""
        self._router.disable_monitor()
        self.monitor.close(linger=0)
