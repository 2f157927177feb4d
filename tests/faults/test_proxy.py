"""The fault-injecting proxy does what it says, or what it shows of others is worth nothing."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.proxy import Direction, Fault, Mode, Proxy


class Ends:
    """A proxy with the sockets on both sides of it."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.proxy = Proxy(f"tcp://127.0.0.1:{self._listener.getsockname()[1]}")
        self.host, self.target = self.connect()

    def connect(self) -> tuple[socket.socket, socket.socket]:
        port = int(self.proxy.address.rsplit(":", 1)[1])
        host = socket.create_connection(("127.0.0.1", port), 10)
        self._listener.settimeout(10)
        target, _ = self._listener.accept()
        target.settimeout(10)
        return host, target

    def close(self) -> None:
        for end in (self.host, self.target, self._listener):
            end.close()
        self.proxy.close()


@pytest.fixture
def ends() -> Iterator[Ends]:
    with closing(Ends()) as each:
        yield each


def receive(end: socket.socket, size: int) -> bytes:
    received = b""
    while len(received) < size:
        piece = end.recv(size - len(received))
        if not piece:
            break
        received += piece
    return received


@pytest.mark.parametrize(
    "fault",
    [
        Fault(),
        Fault(pieces=(1, 700)),
        Fault(delay_s=0.05),
        Fault(bytes_per_s=3e6),
        Fault(pieces=(1, 5000), delay_s=0.01, bytes_per_s=5e6),
    ],
)
def test_bytes_arrive_as_they_were_sent_in_both_directions(ends: Ends, fault: Fault) -> None:
    ends.proxy.set(fault)
    content = os.urandom(300_000)
    for sender, receiver in ((ends.host, ends.target), (ends.target, ends.host)):
        thread = threading.Thread(target=sender.sendall, args=(content,))
        thread.start()
        assert receive(receiver, len(content)) == content
        thread.join(10)
    assert ends.proxy.forwarded(Direction.TO_TARGET) == len(content)


def test_delay_and_bandwidth_take_at_least_their_time(ends: Ends) -> None:
    ends.proxy.set(Fault(delay_s=0.1), Direction.TO_TARGET)
    begin = time.monotonic()
    ends.host.sendall(b"x")
    assert receive(ends.target, 1) == b"x"
    assert time.monotonic() - begin >= 0.1
    ends.proxy.set(Fault(bytes_per_s=200_000), Direction.TO_TARGET)
    begin = time.monotonic()
    ends.host.sendall(bytes(20_000))
    assert len(receive(ends.target, 20_000)) == 20_000
    assert time.monotonic() - begin >= 0.09


def test_reset_comes_after_exactly_so_many_bytes(ends: Ends) -> None:
    ends.proxy.set(Fault(Mode.RESET, after=1000), Direction.TO_TARGET)
    ends.host.sendall(bytes(5000))
    with pytest.raises(ConnectionResetError):
        ends.host.recv(1)
    assert ends.proxy.forwarded(Direction.TO_TARGET) == 1000
    assert ends.proxy.connections == 0


def test_stalled_and_discarded_connections_stay_open(ends: Ends) -> None:
    for mode in (Mode.STALL, Mode.DISCARD):
        ends.proxy.set(Fault(mode, after=3))
        host, target = ends.connect()
        with host, target:
            host.sendall(b"abcdef")
            assert receive(target, 3) == b"abc"
            target.setblocking(False)
            host.shutdown(socket.SHUT_WR)
            with pytest.raises(BlockingIOError):
                target.recv(1)


def test_one_direction_may_be_lost_alone(ends: Ends) -> None:
    ends.proxy.set(Fault(Mode.DISCARD), Direction.TO_TARGET)
    ends.host.sendall(b"lost")
    ends.target.sendall(b"heard")
    assert receive(ends.host, 5) == b"heard"
    ends.target.close()
    assert ends.host.recv(1) == b""


def test_fault_tells_when_it_trips(ends: Ends) -> None:
    tripped = threading.Event()
    ends.proxy.set(Fault(after=10, tripped=tripped.set), Direction.TO_TARGET)
    ends.host.sendall(bytes(9))
    assert receive(ends.target, 9) == bytes(9)
    assert not tripped.is_set()
    ends.host.sendall(bytes(20))
    assert receive(ends.target, 20) == bytes(20)
    assert tripped.wait(10)


def test_end_of_one_side_is_passed_on(ends: Ends) -> None:
    ends.host.sendall(b"last words")
    ends.host.close()
    assert receive(ends.target, 100) == b"last words"
    assert ends.target.recv(1) == b""


def test_nobody_at_the_target_breaks_the_connection(ends: Ends) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        ends.proxy.retarget(f"tcp://127.0.0.1:{probe.getsockname()[1]}")
    port = int(ends.proxy.address.rsplit(":", 1)[1])
    with (
        contextlib.suppress(ConnectionResetError),
        socket.create_connection(("127.0.0.1", port), 10) as host,
    ):
        assert host.recv(1) == b""


def test_closing_leaves_no_thread_and_no_socket() -> None:
    with Proxy("tcp://127.0.0.1:9") as proxy:
        port = int(proxy.address.rsplit(":", 1)[1])
    assert all(thread.name != "proxy" for thread in threading.enumerate())
    with socket.socket() as again:
        assert again.connect_ex(("127.0.0.1", port)) != 0
