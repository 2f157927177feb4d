"""The host's side of the dialogue, without sockets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import ProtocolError, RemoteError
from kenning_lego.core.plans import Progress
from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.host_session import (
    Answered,
    HostSession,
    Progressed,
    Refused,
    Wanted,
)
from kenning_lego.protocols.messages import (
    CHUNK_BYTES,
    UPLOAD_CREDITS,
    Credit,
    Data,
    Error,
    Event,
    Model,
    Ok,
    Stats,
)

DIGEST = "0" * 64


def test_answers_are_told_apart_by_their_ids() -> None:
    session = HostSession()
    first, second = session.request(Data(), (b"x",)), session.request(Stats())
    assert first.id != second.id
    assert first.payload == (b"x",)
    refused = session.received(Envelope(second.id, Error("no_lease", "no", "ask")))
    assert isinstance(refused, Refused)
    assert refused.id == second.id
    assert isinstance(refused.error, RemoteError)
    assert refused.error.code == "no_lease"
    answered = session.received(Envelope(first.id, Ok({"n": 1}), (b"y",)))
    assert isinstance(answered, Answered)
    assert answered.result.integer("n", 0, 1) == 1
    assert answered.payload == (b"y",)


def test_progress_leaves_the_request_open() -> None:
    session = HostSession()
    request = session.request(Stats())
    progress = Progress(1, 2, 0.5)
    assert session.received(Envelope(request.id, Event(progress))) == Progressed(
        request.id, progress
    )
    assert isinstance(session.received(Envelope(request.id, Ok({}))), Answered)


def test_answer_to_no_open_request_is_dropped() -> None:
    session = HostSession()
    request = session.request(Stats())
    assert session.received(Envelope(request.id + 1, Ok({}))) is None
    session.received(Envelope(request.id, Ok({})))
    assert session.received(Envelope(request.id, Ok({}))) is None


def test_request_from_a_target_is_refused() -> None:
    session = HostSession()
    request = session.request(Stats())
    with pytest.raises(ProtocolError, match="answered with DATA"):
        session.received(Envelope(request.id, Data()))


def test_credit_for_what_is_no_upload_is_refused() -> None:
    session = HostSession()
    request = session.request(Stats())
    with pytest.raises(ProtocolError, match="no upload"):
        session.received(Envelope(request.id, Credit(0, 1)))


def test_credit_for_bytes_that_were_not_sent_is_refused() -> None:
    session = HostSession()
    request = session.request(Model(DIGEST, CHUNK_BYTES * 10))
    session.received(Envelope(request.id, Credit(0, 1)))
    with pytest.raises(ProtocolError, match="wants bytes"):
        session.received(Envelope(request.id, Credit(CHUNK_BYTES * 9, 1)))


def test_more_credit_than_we_would_give_is_not_used_up() -> None:
    session = HostSession()
    request = session.request(Model(DIGEST, CHUNK_BYTES * 100))
    wanted = session.received(Envelope(request.id, Credit(0, UPLOAD_CREDITS + 5)))
    assert isinstance(wanted, Wanted)
    assert len(wanted.chunks) == UPLOAD_CREDITS


@given(
    size=st.integers(1, 12 * CHUNK_BYTES),
    begin=st.floats(0, 1),
    credits_given=st.lists(st.integers(0, UPLOAD_CREDITS), max_size=30),
)
def test_chunks_cover_the_rest_of_the_upload_once_and_within_the_credit(
    size: int, begin: float, credits_given: list[int]
) -> None:
    session = HostSession()
    request = session.request(Model(DIGEST, size))
    position = start = int(begin * (size - 1))
    given_so_far = sent = 0
    for chunks in [*credits_given, *[UPLOAD_CREDITS] * 12]:
        given_so_far += chunks
        wanted = session.received(Envelope(request.id, Credit(position, chunks)))
        assert isinstance(wanted, Wanted)
        for offset, length in wanted.chunks:
            assert offset == position
            assert 0 < length <= CHUNK_BYTES
            position += length
            sent += 1
        assert sent <= given_so_far
    assert position == size
    assert sent == -(-(size - start) // CHUNK_BYTES)
