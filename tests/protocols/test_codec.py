"""Messages survive the wire; what is no message is refused, whatever it is."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.core.errors import ProtocolError
from kenning_lego.protocols import messages
from kenning_lego.protocols.codec import (
    MAX_HEADER_BYTES,
    MAX_PAYLOAD_FRAMES,
    Envelope,
    Frame,
    decode,
    encode,
    pack_samples,
    request_id,
    unpack_samples,
)
from kenning_lego.protocols.deployment_messages import DEPLOYMENT_REQUESTS, Deploy
from kenning_lego.protocols.live_messages import LIVE_REQUESTS, Preload, SwitchTo
from kenning_lego.protocols.messages import PROTOCOL_VERSION, Kind
from kenning_lego.protocols.worker_messages import FROM_SERVER, FROM_WORKER, RunPipeline, Steer
from tests.protocols.envelopes import by_type, envelopes, envelopes_of, ids, values

thorough = settings(max_examples=300)
brief = settings(max_examples=30)


def header(*parts: object) -> bytes:
    packed: bytes = msgpack.packb(list(parts), use_bin_type=True)
    return packed


def check_hostile(frames: list[Frame]) -> None:
    """Either a message, which then survives the wire, or one readable ProtocolError."""
    envelope, refusal = None, ""
    try:
        envelope = decode(frames)
    except ProtocolError as error:
        refusal = str(error)
    if envelope is None:
        assert 0 < len(refusal) < 5000
        assert 0 <= request_id(frames) < 2**63
        return
    again = encode(envelope)
    assert encode(decode(again)) == again
    assert request_id(frames) == envelope.id


def test_every_type_of_message_is_covered_here() -> None:
    assert set(by_type) == {
        *messages.REQUESTS,
        *messages.ANSWERS,
        *LIVE_REQUESTS,
        *DEPLOYMENT_REQUESTS,
        *FROM_SERVER,
        *FROM_WORKER,
    }
    assert {kind.kind for kind in by_type} == set(Kind)


OPTIONAL = {
    messages.Model: ("load",),
    messages.Compose: ("outputs",),
    messages.RunPlan: ("memory_bytes", "cool_below_c"),
    SwitchTo: ("memory_bytes",),
    Preload: ("stages", "memory_bytes"),
    Deploy: ("rate_fps", "schedule"),
    RunPipeline: ("rate_fps", "memory_bytes", "latency_ms"),
    Steer: ("memory_bytes", "latency_ms"),
}


@pytest.mark.parametrize("kind", by_type, ids=lambda kind: kind.__name__)
def test_message_is_the_same_after_the_wire(kind: type[Any]) -> None:
    @brief
    @given(envelopes_of(kind))
    def check(envelope: Envelope) -> None:
        frames = encode(envelope)
        assert decode(frames) == envelope
        assert request_id(frames) == envelope.id
        views = [memoryview(bytes(frame)) for frame in frames]
        assert decode(views) == envelope

    check()


def test_error_that_tells_a_long_story_still_arrives() -> None:
    envelope = Envelope(1, messages.Error("engine_failed", "x" * 100_000, "y" * 100_000))
    message = decode(encode(envelope)).message
    assert isinstance(message, messages.Error)
    assert message.problem == "x" * 4096
    assert message.remedy == "y" * 4096


@thorough
@given(st.lists(st.binary(max_size=200), max_size=3))
def test_arbitrary_bytes_are_refused_or_a_message(frames: list[Frame]) -> None:
    check_hostile(frames)


@thorough
@given(st.one_of(st.tuples(values, values, values, values), st.lists(values, max_size=6), values))
def test_arbitrary_msgpack_is_refused_or_a_message(content: object) -> None:
    check_hostile([msgpack.packb(content, use_bin_type=True)])


@thorough
@given(kind=st.sampled_from(Kind), request=ids, body=values)
def test_arbitrary_body_is_refused_or_a_message(kind: Kind, request: int, body: object) -> None:
    frame = header(PROTOCOL_VERSION, int(kind), request, body)
    check_hostile([frame])
    assert request_id([frame]) == request


@thorough
@given(envelopes, st.data())
def test_flipped_bytes_are_refused_or_a_message(envelope: Envelope, data: st.DataObject) -> None:
    frames = encode(envelope)
    damaged = bytearray(frames[0])
    for _ in range(data.draw(st.integers(1, 3))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] ^= data.draw(st.integers(1, 255))
    check_hostile([damaged, *frames[1:]])


@brief
@given(envelopes)
def test_message_that_breaks_off_is_refused_wherever_it_does(envelope: Envelope) -> None:
    whole = bytes(encode(envelope)[0])
    for end in range(0, len(whole), max(1, len(whole) // 64)):
        with pytest.raises(ProtocolError):
            decode([whole[:end]])
        assert request_id([whole[:end]]) == 0
    with pytest.raises(ProtocolError):
        decode([whole + b"\x00"])


JUNK: tuple[Any, ...] = (
    *(None, True, False, -1, 0, 1, 2**31, 2**63, 2**64 - 1, 1.5, math.nan, math.inf, -math.inf),
    *("", "x" * 5000, "../../etc/passwd", "\0", b"", b"\xff" * 64, [], [[]], {}, {"": None}),
    *(msgpack.ExtType(5, b"x"), msgpack.Timestamp(1, 2), [None] * 100, {"a": {"b": {"c": [{}]}}}),
)


def places(content: Any) -> Iterator[tuple[Any, Any]]:
    """Every entry of every list and map inside."""
    entries = enumerate(content) if isinstance(content, list) else content.items()
    for key, value in list(entries):
        yield content, key
        if isinstance(value, list | dict):
            yield from places(value)


@thorough
@given(envelopes, st.data())
def test_changed_missing_and_extra_fields_are_refused_or_a_message(
    envelope: Envelope, data: st.DataObject
) -> None:
    content = msgpack.unpackb(bytes(encode(envelope)[0]), strict_map_key=False)
    container, key = data.draw(st.sampled_from(list(places(content))))
    match data.draw(st.sampled_from(["change", "remove", "add"])):
        case "change":
            container[key] = data.draw(st.sampled_from(JUNK))
        case "remove":
            del container[key]
        case _ if isinstance(container, dict):
            container["surprise"] = data.draw(st.sampled_from(JUNK))
        case _:
            container.insert(key, data.draw(st.sampled_from(JUNK)))
    check_hostile([msgpack.packb(content, use_bin_type=True)])


@pytest.mark.parametrize("kind", [k for k in by_type if k is not messages.Ok], ids=str)
def test_field_too_many_or_too_few_is_refused_in_every_message(kind: type[Any]) -> None:
    @brief
    @given(envelopes_of(kind))
    def check(envelope: Envelope) -> None:
        body = dict(envelope.message.to_body())
        with pytest.raises(ProtocolError, match="unknown field 'surprise'"):
            decode([header(PROTOCOL_VERSION, int(kind.kind), 1, {**body, "surprise": 1})])
        for name in body:
            if name in OPTIONAL.get(kind, ()):
                continue
            less = {key: value for key, value in body.items() if key != name}
            with pytest.raises(ProtocolError, match=f"lacks '{name}'"):
                decode([header(PROTOCOL_VERSION, int(kind.kind), 1, less)])

    check()


def nested(depth: int) -> bytes:
    return b"\x91" * depth + b"\xc0"


@pytest.mark.parametrize("depth", [100, 1000, 1015, 1020, 1023, 1024, 5000, 1_000_000])
def test_deep_nesting_anywhere_is_refused_and_not_repeated(depth: int) -> None:
    deep = nested(depth)
    for frame in (
        deep,
        b"\x94" + deep + b"\x10\x01\x80",
        b"\x94\x01" + deep + b"\x01\x80",
        b"\x94\x01\x10" + deep + b"\x80",
        b"\x94\x01\x10\x01" + deep,
        b"\x94\x01\x10\x01\x82\xa4name" + deep + b"\xa8software\xa0",
        b"\x94\x01\x12\x01\x81\xa6offset" + deep,
    ):
        with pytest.raises(ProtocolError) as refused:
            decode([frame])
        assert len(str(refused.value)) < 300
        assert request_id([frame]) in (0, 1)


@pytest.mark.parametrize("position", range(4))
def test_long_nonsense_is_not_repeated_in_the_refusal(position: int) -> None:
    parts: list[object] = [PROTOCOL_VERSION, int(Kind.LEASE), 1, {}]
    parts[position] = {"n" * 1_000_000: 1} if position == 3 else "n" * 1_000_000
    with pytest.raises(ProtocolError) as refused:
        decode([header(*parts)])
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize(
    "frame",
    [
        b"\xdd\xff\xff\xff\xff",
        b"\xdf\xff\xff\xff\xff",
        b"\xc6\xff\xff\xff\xff",
        b"\xdb\xff\xff\xff\xff",
        b"\xc9\xff\xff\xff\xff\x05",
        b"\x94\x01\x10\x01\xdf\xff\xff\xff\xff",
        b"\x94\x01\x10\x01\x81\xdb\xff\xff\xff\xff",
    ],
)
def test_huge_declared_lengths_are_refused(frame: bytes) -> None:
    with pytest.raises(ProtocolError, match="not msgpack"):
        decode([frame])


@pytest.mark.parametrize("code", [-1, 0, 5, 127])
@pytest.mark.parametrize("size", [1, 2, 4, 8, 12, 16, 100])
def test_msgpack_extensions_are_refused_wherever_they_stand(code: int, size: int) -> None:
    extension = msgpack.ExtType(code, b"\xff" * size) if code >= 0 else None
    raw = msgpack.packb(extension) if extension else bytes([0xC7, size, 0xFF]) + b"\xff" * size
    for frame in (
        raw,
        b"\x94" + raw + b"\x11\x01\x80",
        b"\x94\x01" + raw + b"\x01\x80",
        b"\x94\x01\x11" + raw + b"\x80",
        b"\x94\x01\x11\x01" + raw,
        b"\x94\x01\x12\x01\x81\xa6offset" + raw,
    ):
        with pytest.raises(ProtocolError):
            decode([frame])
        assert request_id([frame]) in (0, 1)


@pytest.mark.parametrize(
    ("frames", "reason"),
    [
        ([], "a message of 0 frames"),
        ([b""], "not msgpack"),
        ([b"GET / HTTP/1.1\r\n\r\n"], "not msgpack"),
        ([b"\x80"], r"not \[version, kind, id, body\]"),
        ([header(PROTOCOL_VERSION, 17, 1)], r"not \[version, kind, id, body\]"),
        ([header(PROTOCOL_VERSION, 17, 1, {}, 0)], r"not \[version, kind, id, body\]"),
        ([header(PROTOCOL_VERSION, 17, -1, {})], "id is not a number"),
        ([header(PROTOCOL_VERSION, 17, 2**63, {})], "id is not a number"),
        ([header(PROTOCOL_VERSION, 17, True, {})], "id is not a number"),
        ([header(PROTOCOL_VERSION, 17, 1.0, {})], "id is not a number"),
        ([header(PROTOCOL_VERSION, 17, None, {})], "id is not a number"),
        ([header(1, 17, 1, {})], "protocol version 1, this side speaks 2 .*same kenning-lego"),
        ([header(None, 17, 1, {})], "protocol version None"),
        ([header(PROTOCOL_VERSION, 99, 1, {})], "unknown kind of message 99"),
        ([header(PROTOCOL_VERSION, True, 1, {})], "unknown kind of message True"),
        ([header(PROTOCOL_VERSION, "LEASE", 1, {})], "unknown kind of message 'LEASE'"),
        ([header(PROTOCOL_VERSION, [], 1, {})], r"unknown kind of message \[\]"),
        ([header(PROTOCOL_VERSION, 17, 1, [])], "LEASE is not a map"),
        ([header(PROTOCOL_VERSION, 17, 1, None)], "LEASE is not a map"),
        ([header(PROTOCOL_VERSION, 26, 1, {b"raw": 1})], "unknown field b'raw'"),
        ([b"\x94\x01\x11\x01\x81\x01\x01"], "not msgpack"),  # a number for a key
        ([b"\x94\x01\x10\x01\x81\xa4name\xa2\xff\xfe"], "not msgpack"),  # text that is not UTF-8
    ],
)
def test_refusal_says_what_is_wrong(frames: list[Frame], reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        decode(frames)


def test_header_and_frames_are_bounded() -> None:
    with pytest.raises(ProtocolError, match="a header of"):
        decode([bytes(MAX_HEADER_BYTES + 1)])
    assert request_id([bytes(MAX_HEADER_BYTES + 1)]) == 0
    frames: list[Frame] = [header(PROTOCOL_VERSION, 26, 1, {}), *[b""] * MAX_PAYLOAD_FRAMES]
    assert len(decode(frames).payload) == MAX_PAYLOAD_FRAMES
    with pytest.raises(ProtocolError, match="frames"):
        decode([*frames, b""])


@thorough
@given(st.lists(st.binary(max_size=100), max_size=2) | envelopes.map(encode))
def test_id_of_whatever_came_is_found_without_an_error(frames: list[Frame]) -> None:
    assert 0 <= request_id(frames) < 2**63


def test_id_of_a_message_of_another_version_is_found_for_the_refusal() -> None:
    assert request_id([header(99, "?", 41, None)]) == 41
    assert request_id([]) == 0


@thorough
@given(st.lists(st.integers(-(2**63), 2**63 - 1)))
def test_samples_are_the_same_after_the_wire(samples: list[int]) -> None:
    packed = pack_samples(samples)
    assert packed == b"".join(each.to_bytes(8, "little", signed=True) for each in samples)
    assert unpack_samples(packed) == tuple(samples)
    assert unpack_samples(memoryview(packed)) == tuple(samples)


@given(st.binary(max_size=64))
def test_bytes_are_samples_only_if_they_are_whole(frame: bytes) -> None:
    if len(frame) % 8:
        with pytest.raises(ProtocolError, match=f"samples in {len(frame)} bytes"):
            unpack_samples(frame)
    else:
        assert pack_samples(unpack_samples(frame)) == frame
