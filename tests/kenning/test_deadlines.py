"""Hosts that are too slow are hung up on; the clock is the test's own."""

from __future__ import annotations

import select
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from kenning_lego.protocols.dialogue import PeerLost, Received, SessionEvent
from kenning_lego.servers.kenning_connection import (
    FIRST_REQUEST_S,
    MESSAGE_S,
    SLOWEST_BYTES_S,
    TAKE_ANSWER_S,
)
from kenning_lego.servers.kenning_port import MAX_CONNECTIONS, KenningPort
from kenning_lego.store.artifacts import ArtifactStore
from tests.kenning.table_client import FIRST, HAS_PAYLOAD, IO_SPEC, LAST, MODEL, PING, header12

PINGED = header12(PING, 0, FIRST | LAST, 0)


class Clocked:
    """A port whose time passes when it is told to; nobody answers what hosts ask."""

    def __init__(self, directory: Path) -> None:
        self.now = 1000.0
        self.events: list[SessionEvent] = []
        self.port = KenningPort("127.0.0.1:0", ArtifactStore(directory), self.events.append)
        self._hosts: list[socket.socket] = []

    def host(self) -> socket.socket:
        address, _, port = self.port.address.rpartition(":")
        host = socket.create_connection((address, int(port)), timeout=10)
        self._hosts.append(host)
        self.serve()
        assert host.recv(1) == b"\0"
        return host

    def serve(self) -> None:
        """All that is there to be done; what was just sent over loopback has arrived."""
        while select.select([self.port], [], [], 0.05)[0]:
            self.port.serve(self.now)

    def send(self, host: socket.socket, content: bytes) -> None:
        host.sendall(content)
        self.serve()

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.port.look(self.now)

    def alive(self, host: socket.socket) -> bool:
        host.setblocking(False)
        try:
            return host.recv(1, socket.MSG_PEEK) != b""
        except BlockingIOError:
            return True
        except ConnectionError:
            return False
        finally:
            host.settimeout(10)

    def close(self) -> None:
        for host in self._hosts:
            host.close()
        self.port.close()


@pytest.fixture
def clocked(tmp_path: Path) -> Iterator[Clocked]:
    clocked = Clocked(tmp_path)
    yield clocked
    clocked.close()


def test_host_that_asks_for_nothing_is_hung_up_on(clocked: Clocked) -> None:
    host = clocked.host()
    clocked.pass_time(FIRST_REQUEST_S - 1)
    assert clocked.alive(host)
    clocked.pass_time(2)
    assert not clocked.alive(host)


def test_host_between_requests_may_take_its_time(clocked: Clocked) -> None:
    host = clocked.host()
    clocked.send(host, PINGED)
    clocked.pass_time(3600)
    assert clocked.alive(host)
    clocked.send(host, PINGED)
    assert len(host.recv(100)) == 24


def test_half_a_header_is_not_waited_for_however_it_trickles(clocked: Clocked) -> None:
    host = clocked.host()
    for byte in PINGED[:9]:
        clocked.send(host, bytes([byte]))
        clocked.pass_time(MESSAGE_S / 8)
    assert not clocked.alive(host)


def test_message_may_take_as_long_as_a_slow_link_needs(clocked: Clocked) -> None:
    host, size = clocked.host(), 100_000
    clocked.send(host, header12(IO_SPEC, 0, FIRST | LAST | HAS_PAYLOAD, size))
    for _ in range(9):
        clocked.send(host, b" " * (size // 10))
        clocked.pass_time(size / 10 / SLOWEST_BYTES_S)
    assert clocked.alive(host)
    clocked.pass_time(MESSAGE_S + size / 10 / SLOWEST_BYTES_S + 1)
    assert not clocked.alive(host)


def test_next_message_of_a_request_is_not_waited_for(clocked: Clocked) -> None:
    host = clocked.host()
    clocked.send(host, header12(MODEL, 0, FIRST, 0))
    clocked.pass_time(MESSAGE_S + 1)
    assert not clocked.alive(host)


def test_host_that_reads_no_answers_is_hung_up_on(clocked: Clocked) -> None:
    host = clocked.host()
    host.setblocking(False)
    sent = 0
    while sent < 1 << 26:
        try:
            sent += host.send(PINGED * 5000)
        except BlockingIOError:
            before = len(clocked.events)
            clocked.serve()
            if not select.select([], [host], [], 0.05)[1]:
                break
            assert len(clocked.events) == before
    clocked.pass_time(TAKE_ANSWER_S - 1)
    assert clocked.port._connections
    clocked.pass_time(2)
    assert not clocked.port._connections


def test_new_host_takes_the_place_of_the_oldest_idle_one(clocked: Clocked) -> None:
    hosts = [clocked.host() for _ in range(MAX_CONNECTIONS)]
    clocked.now += 1
    latest = clocked.host()
    assert not clocked.alive(hosts[0])
    assert all(clocked.alive(host) for host in [*hosts[1:], latest])


def test_session_is_told_once_that_a_host_is_gone(clocked: Clocked) -> None:
    host = clocked.host()
    spec = b'{"input":[{"name":"x","shape":[1],"dtype":"int8"}],'
    spec += b'"output":[{"name":"y","shape":[1],"dtype":"int8"}]}'
    clocked.send(host, header12(IO_SPEC, 0, FIRST | LAST | HAS_PAYLOAD, len(spec)) + spec)
    (asked,) = clocked.events
    assert isinstance(asked, Received)
    host.close()
    clocked.serve()
    clocked.pass_time(10)
    assert clocked.events[1:] == [PeerLost(asked.peer)]
