"""Only hosts whose keys are authorised get through, over real sockets as on paper."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st
from zmq.utils import z85
from zmq.utils.monitor import recv_monitor_message

from kenning_lego.protocols.authorised import (
    FILE_NAME,
    AuthorisedFile,
    AuthorisedHost,
    authorise,
    revoke,
)
from kenning_lego.protocols.curve import handshake_error, secure_client, secure_server, sender
from kenning_lego.protocols.keys import KeyPair, PublicKey, make_key
from kenning_lego.servers.admission import Admission, decide

KEY = bytes(range(32))
HOST = AuthorisedHost(PublicKey("lab", z85.encode(KEY).decode()))
REQUEST = (b"1.0", b"7", b"kenning-lego", b"10.0.0.9", b"", b"CURVE", KEY)


def request(**changes: bytes) -> tuple[bytes, ...]:
    names = ("version", "number", "domain", "address", "identity", "mechanism", "key")
    return tuple(changes.get(name, value) for name, value in zip(names, REQUEST, strict=True))


# The decision


def test_authorised_key_is_admitted_by_name() -> None:
    version, number, status, _, user, metadata = decide(REQUEST, [HOST])
    assert (version, number, status, user) == (b"1.0", b"7", b"200", b"lab")
    assert metadata == b"\x0aPublic-Key\x00\x00\x00\x28" + HOST.key.z85.encode()


@pytest.mark.parametrize(
    ("frames", "status"),
    [
        (request(key=bytes(32)), b"400"),
        (request(key=KEY[:31]), b"400"),
        (request(key=HOST.key.z85.encode()), b"400"),
        ((*REQUEST, b"more"), b"400"),
        (REQUEST[:-1], b"400"),
        (request(mechanism=b"NULL"), b"400"),
        ((*REQUEST[:5], b"PLAIN", b"lab", b"password"), b"400"),
        (request(domain=b""), b"400"),
        (request(domain=b"other"), b"400"),
        (request(version=b"2.0"), b"500"),
        (REQUEST[:5], b"500"),
        ((b"1.0",), b"500"),
        ((), b"500"),
    ],
)
def test_anything_else_is_refused(frames: tuple[bytes, ...], status: bytes) -> None:
    reply = decide(frames, [HOST])
    assert reply[:3] == (b"1.0", frames[1] if len(frames) > 1 else b"", status)
    assert reply[3]
    assert reply[4:] == (b"", b"")


def test_nobody_is_admitted_by_an_empty_or_unreadable_list() -> None:
    assert decide(REQUEST, [])[2] == b"400"
    assert decide(REQUEST, None)[2] == b"500"


FRAMES = st.one_of(
    st.lists(st.binary(max_size=40), max_size=9).map(tuple),
    st.tuples(*(st.one_of(st.just(good), st.binary(max_size=40)) for good in REQUEST)),
)


@given(FRAMES)
def test_every_request_is_answered_and_only_the_key_gets_in(frames: tuple[bytes, ...]) -> None:
    reply = decide(frames, [HOST])
    assert len(reply) == 6
    admitted = len(frames) == 7 and all(frames[place] == REQUEST[place] for place in (0, 2, 5, 6))
    assert (reply[2] == b"200") == admitted


# Over sockets


@dataclass
class Received:
    content: bytes
    user: str
    key: str | None
    host: AuthorisedHost | None


@dataclass
class Outcome:
    received: Received | None = None
    event: int = 0
    value: int = 0


class Gate:
    """A server's socket with its admission, polled by hand."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.key = make_key("target", directory)
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self.admission = Admission(self._context, AuthorisedFile(directory))
        self.router = self._context.socket(zmq.ROUTER)
        secure_server(self.router, self.key)
        self.router.bind("tcp://127.0.0.1:0")
        self.address = self.router.getsockopt_string(zmq.LAST_ENDPOINT)
        self._poller = zmq.Poller()
        self._poller.register(self.router, zmq.POLLIN)
        self._poller.register(self.admission.socket, zmq.POLLIN)

    def step(self) -> Received | None:
        """Serve what waits for up to 10 ms."""
        for ready, _ in self._poller.poll(10):
            if ready is self.admission.socket:
                self.admission.answer()
            else:
                identity = self.router.recv(copy=False)
                content = self.router.recv()
                return Received(
                    content,
                    str(identity.get("User-Id")),
                    sender(identity),
                    self.admission.host_of(identity),
                )
        return None

    def hear(self, seconds: float = 5.0) -> Received:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if received := self.step():
                return received
        pytest.fail("nothing came")

    def close(self) -> None:
        self.router.close(0)
        self.admission.close()
        self._context.term()

    def knock(self, own: KeyPair | None, server: PublicKey | None = None) -> Outcome:
        """Connect, say hello, and see what comes of it."""
        with dealing(self.address, own, server or self.key.shareable) as dealer:
            return self.outcome(dealer)

    def outcome(self, dealer: zmq.Socket[bytes]) -> Outcome:
        failed = (
            zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
            | zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL
            | zmq.EVENT_HANDSHAKE_FAILED_AUTH
        )
        monitor = dealer.get_monitor_socket(failed)
        try:
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline:
                if received := self.step():
                    return Outcome(received=received)
                if monitor.poll(0):
                    event = recv_monitor_message(monitor)
                    return Outcome(event=event["event"], value=event["value"])
            pytest.fail("neither in nor refused")
        finally:
            dealer.disable_monitor()
            monitor.close(0)


@contextmanager
def dealing(address: str, own: KeyPair | None, server: PublicKey) -> Iterator[zmq.Socket[bytes]]:
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    dealer = context.socket(zmq.DEALER)
    dealer.setsockopt(zmq.LINGER, 0)
    try:
        if own:
            secure_client(dealer, own, server)
        dealer.connect(address)
        dealer.send(b"hello")
        yield dealer
    finally:
        dealer.close()
        context.term()


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    with closing(Gate(tmp_path / "target")) as opened:
        yield opened


@pytest.fixture
def lab(tmp_path: Path) -> KeyPair:
    return make_key("lab", tmp_path / "host")


def test_authorised_host_gets_through_and_is_known(gate: Gate, lab: KeyPair) -> None:
    host = AuthorisedHost(PublicKey("ana", lab.public), trusted=True)
    authorise(gate.directory, host)
    assert gate.knock(lab).received == Received(b"hello", "ana", lab.public, host)


def test_unknown_key_fails_the_handshake_and_hears_the_remedy(
    gate: Gate, lab: KeyPair, tmp_path: Path
) -> None:
    other = make_key("other", tmp_path / "host")
    authorise(gate.directory, AuthorisedHost(lab.shareable))
    outcome = gate.knock(other)
    assert outcome == Outcome(event=zmq.EVENT_HANDSHAKE_FAILED_AUTH, value=400)
    error = handshake_error(gate.address, outcome.event, outcome.value, other)
    assert f"keys authorise '{other.shareable.line}'" in error.remedy
    assert other.secret not in str(error)


def test_host_without_a_key_fails_the_handshake(gate: Gate, lab: KeyPair) -> None:
    authorise(gate.directory, AuthorisedHost(lab.shareable))
    outcome = gate.knock(None)
    assert outcome.received is None
    error = handshake_error(gate.address, outcome.event, outcome.value, None)
    assert "wants a key" in str(error)


def test_host_that_expects_another_target_says_so(gate: Gate, lab: KeyPair) -> None:
    authorise(gate.directory, AuthorisedHost(lab.shareable))
    outcome = gate.knock(lab, server=lab.shareable)
    assert outcome.received is None
    error = handshake_error(gate.address, outcome.event, outcome.value, lab)
    assert "not the target whose public key" in str(error)


def test_host_cannot_pass_with_a_public_key_that_it_only_knows(
    gate: Gate, lab: KeyPair, tmp_path: Path
) -> None:
    authorise(gate.directory, AuthorisedHost(lab.shareable))
    thief = KeyPair("lab", lab.public, make_key("thief", tmp_path / "host").secret)
    assert gate.knock(thief).received is None


def test_authorising_and_revoking_take_effect_on_the_next_connection(
    gate: Gate, lab: KeyPair
) -> None:
    assert gate.knock(lab).value == 400
    authorise(gate.directory, AuthorisedHost(lab.shareable))
    with dealing(gate.address, lab, gate.key.shareable) as standing:
        assert gate.outcome(standing).received
        revoke(gate.directory, "lab")
        assert gate.knock(lab).value == 400
        standing.send(b"still here")
        received = gate.hear()
        assert received.content == b"still here"
        assert received.host is None


def test_rights_belong_to_the_key_not_to_the_name(gate: Gate, lab: KeyPair, tmp_path: Path) -> None:
    authorise(gate.directory, AuthorisedHost(lab.shareable))
    with dealing(gate.address, lab, gate.key.shareable) as standing:
        assert gate.outcome(standing).received
        revoke(gate.directory, "lab")
        successor = make_key("lab", tmp_path / "successor").shareable
        authorise(gate.directory, AuthorisedHost(successor, trusted=True))
        standing.send(b"again")
        received = gate.hear()
        assert received.user == "lab"
        assert received.host is None


def test_damaged_list_lets_nobody_in_and_is_logged_once(
    gate: Gate, lab: KeyPair, caplog: pytest.LogCaptureFixture
) -> None:
    authorise(gate.directory, AuthorisedHost(lab.shareable))
    path = gate.directory / FILE_NAME
    good = path.read_text()
    path.write_text("oops\n")
    with caplog.at_level(logging.ERROR):
        for _ in range(2):
            outcome = gate.knock(lab)
            assert outcome == Outcome(event=zmq.EVENT_HANDSHAKE_FAILED_AUTH, value=500)
    assert [record.message.count("line 1") for record in caplog.records] == [1]
    assert "see why in its log" in str(handshake_error("x", outcome.event, outcome.value, lab))
    path.write_text(good)
    assert gate.knock(lab).received


def test_refusals_are_logged_with_the_fingerprint(
    gate: Gate, lab: KeyPair, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        gate.knock(lab)
    assert "127.0.0.1" in caplog.text
    assert lab.shareable.fingerprint in caplog.text
    assert "not authorised" in caplog.text


def test_without_an_admission_nobody_gets_in(gate: Gate, lab: KeyPair) -> None:
    authorise(gate.directory, AuthorisedHost(lab.shareable))
    gate.admission.close()
    with dealing(gate.address, lab, gate.key.shareable):
        assert not gate.router.poll(500)


def test_answering_when_nobody_waits_does_nothing(gate: Gate) -> None:
    gate.admission.answer()


def test_malformed_request_is_answered(gate: Gate, lab: KeyPair) -> None:
    authorise(gate.directory, AuthorisedHost(lab.shareable))
    with gate.admission.socket.context.socket(zmq.REQ) as asker:
        asker.setsockopt(zmq.LINGER, 0)
        asker.connect("inproc://zeromq.zap.01")
        asker.send_multipart([b"nonsense", b"3"])
        assert gate.admission.socket.poll(1000)
        gate.admission.answer()
        assert asker.poll(1000)
        assert asker.recv_multipart()[1:3] == [b"3", b"500"]
    assert gate.knock(lab).received
