"""A host that is gone is gone, whatever it said before is still to be read."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
import zmq

from kenning_lego.servers.peers import MAX_GONE, PeerWatch

SENT = 20


@pytest.fixture
def router() -> Iterator[zmq.Socket[bytes]]:
    context = zmq.Context()
    socket = context.socket(zmq.ROUTER)
    socket.setsockopt(zmq.RCVTIMEO, 10_000)
    yield socket
    context.destroy(linger=0)


def receive(router: zmq.Socket[bytes]) -> zmq.Frame:
    first = router.recv(copy=False)
    router.recv()
    return first


def await_lost(watch: PeerWatch) -> list[bytes]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if lost := watch.lost():
            return lost
        time.sleep(0.01)
    return []


@pytest.mark.parametrize("identity", [None, b"chosen"])
def test_messages_of_a_lost_peer_bring_it_back_only_under_a_name_of_its_own(
    router: zmq.Socket[bytes], identity: bytes | None
) -> None:
    watch = PeerWatch(router)
    port = router.bind_to_random_port("tcp://127.0.0.1")
    context = zmq.Context()
    with context, context.socket(zmq.DEALER) as host:
        if identity is not None:
            host.setsockopt(zmq.IDENTITY, identity)
        host.connect(f"tcp://127.0.0.1:{port}")
        for _ in range(SENT):
            host.send(b"message")
        first = receive(router)
        assert watch.saw(first)
    assert await_lost(watch) == [first.bytes]
    later = [watch.saw(receive(router)) for _ in range(SENT - 1)]
    assert later == [identity is not None] * (SENT - 1)
    watch.close()


def test_peers_are_not_remembered_for_ever(router: zmq.Socket[bytes]) -> None:
    watch = PeerWatch(router)
    for number in range(MAX_GONE + 10):
        watch._note_gone(b"\0" + number.to_bytes(4, "big"))
    assert len(watch._gone) == MAX_GONE
    watch.close()
