"""Messages and descriptors between server and worker, however the stream is cut."""

from __future__ import annotations

import os
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.core.errors import ProtocolError
from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.messages import Cancel, Ok
from kenning_lego.servers.channel import Channel, Unpacker, pack
from tests.protocols.envelopes import envelopes

BIG = Envelope(1, Ok({"text": "é"}), (bytes(600_000), b"", b"tail"))


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@contextmanager
def channels() -> Iterator[tuple[Channel, Channel]]:
    one, two = map(Channel, socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM))
    try:
        yield one, two
    finally:
        one.close()
        two.close()


@settings(max_examples=60)
@given(sent=st.lists(envelopes, max_size=4), data=st.data())
def test_messages_are_the_same_however_the_stream_is_cut(
    sent: list[Envelope], data: st.DataObject
) -> None:
    stream = b"".join(map(pack, sent))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    unpacker = Unpacker()
    received: list[Envelope] = []
    begin = 0
    for end in [*cuts, len(stream)]:
        received += unpacker.feed(stream[begin:end])
        begin = end
    assert received == sent


def test_messages_are_the_same_byte_by_byte() -> None:
    sent = [Envelope(1, Cancel()), Envelope(2, Ok({"a": 1}), (b"payload", b""))]
    unpacker = Unpacker()
    received = []
    for byte in b"".join(map(pack, sent)):
        received += unpacker.feed(bytes([byte]))
    assert received == sent


def test_stream_that_is_no_message_is_refused() -> None:
    with pytest.raises(ProtocolError):
        Unpacker().feed(struct.pack("<2I", 1, 4) + b"noise")


def test_message_waits_until_it_is_whole() -> None:
    stream = pack(BIG)
    unpacker = Unpacker()
    assert unpacker.feed(stream[:-1]) == []
    assert unpacker.feed(stream[-1:]) == [BIG]


def test_both_ends_send_and_receive_in_order() -> None:
    with channels() as (one, two):
        for number in range(5):
            one.send(Envelope(number, Cancel()))
            two.send(Envelope(100 + number, Cancel()))
        for number in range(5):
            assert two.receive() == Envelope(number, Cancel())
            assert one.receive() == Envelope(100 + number, Cancel())


def test_poll_never_waits() -> None:
    with channels() as (one, two):
        assert two.poll() is None
        assert not two.closed_by_peer
        one.send(Envelope(1, Cancel()))
        one.send(Envelope(2, Cancel()))
        assert two.poll() == Envelope(1, Cancel())
        assert two.poll() == Envelope(2, Cancel())
        assert two.poll() is None


def test_end_of_the_peer_is_noticed_after_its_last_message() -> None:
    with channels() as (one, two):
        one.send(Envelope(1, Cancel()))
        one.close()
        assert two.receive() == Envelope(1, Cancel())
        assert two.receive() is None
        assert two.closed_by_peer
        assert two.receive() is None
        assert two.poll() is None


def test_peer_that_dies_within_a_message_is_gone_and_the_message_with_it() -> None:
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    channel = Channel(here)
    there.sendall(pack(BIG)[:1000])
    there.close()
    assert channel.receive() is None
    assert channel.closed_by_peer
    channel.close()


def test_peer_that_leaves_with_messages_unread_is_only_gone() -> None:
    with channels() as (one, two):
        one.send(Envelope(1, Cancel()))
        two.close()  # unread data make the kernel reset the connection
        assert one.receive() is None
        assert one.closed_by_peer


def test_sending_to_a_peer_that_is_gone_is_an_os_error() -> None:
    with channels() as (one, two):
        two.close()
        with pytest.raises(BrokenPipeError):
            one.send(Envelope(1, Cancel()))


@pytest.mark.parametrize("envelope", [Envelope(1, Ok({})), BIG], ids=["small", "large"])
def test_descriptor_comes_with_its_message(envelope: Envelope, tmp_path: Path) -> None:
    path = tmp_path / "shared"
    path.write_bytes(b"seen by both")
    with channels() as (one, two), path.open("rb") as file:
        # The message may be larger than the socket's buffer.
        sender = threading.Thread(target=one.send, args=(envelope, file.fileno()))
        sender.start()
        assert two.receive() == envelope
        sender.join()
        descriptor = two.take_descriptor()
        assert descriptor is not None
        assert two.take_descriptor() is None
        with os.fdopen(descriptor, "rb") as received:
            assert received.read() == b"seen by both"


def test_descriptors_are_taken_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    with channels() as (one, two):
        for number in range(3):
            path = tmp_path / str(number)
            path.write_text(str(number))
            with path.open("rb") as file:
                one.send(Envelope(number, Cancel()), file.fileno())
            one.send(Envelope(number, Ok({})))
        for _ in range(6):
            assert two.receive() is not None
        for number in range(3):
            descriptor = two.take_descriptor()
            assert descriptor is not None
            with os.fdopen(descriptor) as file_of:
                assert file_of.read() == str(number)


def test_descriptor_that_nobody_took_is_closed_with_the_channel() -> None:
    before = open_descriptors()
    with channels() as (one, two):
        read, write = os.pipe()
        one.send(Envelope(1, Cancel()), write)
        assert two.receive() is not None
        os.close(write)
        two.close()
        assert os.read(read, 1) == b""  # nobody holds the writing end any more
        os.close(read)
    assert open_descriptors() == before
