"""Kenning's wire as bytes: golden vectors, any stream in any pieces, bounded and never astray."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kenning_lego.core.errors import ProtocolError
from kenning_lego.protocols.kenning_wire import (
    MESSAGE_BYTES,
    Flags,
    Flow,
    Form,
    Header,
    MessageType,
    Parser,
    encode,
    encode_all,
    xor,
)

OUTPUT_ANSWER = bytes.fromhex("05 00 00 00 C0 CF 21 60 00 00 00 00")
IO_SPEC_ANSWER = bytes.fromhex("07 00 00 00 C0 45 2D E0 05 00 00 00 01 02 03 04 05")
ANY_FLAGS = 0xF0FF & ~Flags.HAS_PAYLOAD

forms = st.sampled_from(Form)
messages = st.tuples(
    st.sampled_from(MessageType),
    st.sampled_from(Flow),
    st.integers(0, 0xFFFF).map(lambda flags: flags & ANY_FLAGS),
    st.binary(max_size=300),
)


def wire(kind: MessageType, flow: Flow, flags: int, payload: bytes, **how: object) -> bytes:
    if payload:
        flags |= Flags.HAS_PAYLOAD
    return encode(kind, flow, flags, payload, **how)  # type: ignore[arg-type]


def parse(parser: Parser, stream: bytes, sizes: list[int]) -> list[tuple[Header, bytes]]:
    """The messages in a stream that arrives in pieces of the given sizes, then all at once."""
    found: list[tuple[Header, bytes]] = []
    payload = b""
    under_way = False
    rest = b""
    for size in [*sizes, len(stream)]:
        rest, stream = rest + stream[:size], stream[size:]
        while True:
            part, taken = parser.next(memoryview(rest))
            if part is None:
                assert taken == 0
                assert len(rest) < 12  # all that is kept of what was read
                break
            rest = rest[taken:]
            assert part.begins is not under_way
            payload += part.payload
            under_way = not part.ends
            if part.ends:
                found.append((part.header, payload))
                payload = b""
    return found


def test_golden_vector_of_an_output_answer() -> None:
    flags = Flags.SUCCESS | Flags.LAST | 0x6000
    assert encode(MessageType.OUTPUT, Flow.TRANSMISSION, flags, checksum=True) == OUTPUT_ANSWER
    ((header, payload),) = parse(Parser(Form.LONG), OUTPUT_ANSWER, [])
    assert header == Header(MessageType.OUTPUT, Flow.TRANSMISSION, flags, 0)
    assert payload == b""


def test_golden_vector_of_an_io_spec_answer() -> None:
    flags = Flags.SUCCESS | Flags.IS_HOST | Flags.HAS_PAYLOAD | Flags.LAST | 0xE000
    content = bytes((1, 2, 3, 4, 5))
    message = encode(MessageType.IO_SPEC, Flow.TRANSMISSION, flags, content, checksum=True)
    assert message == IO_SPEC_ANSWER
    ((header, payload),) = parse(Parser(Form.LONG), IO_SPEC_ANSWER, [])
    assert header == Header(MessageType.IO_SPEC, Flow.TRANSMISSION, flags, 5)
    assert payload == content


def test_short_header_is_that_of_the_table() -> None:
    flags = Flags.SUCCESS | Flags.HAS_PAYLOAD | Flags.FIRST | Flags.LAST
    message = encode(MessageType.OUTPUT, Flow.TRANSMISSION, flags, b"ab", form=Form.SHORT)
    assert message == bytes.fromhex("C5 00 39 00 02 00 00 00") + b"ab"


@given(
    form=forms,
    sent=st.lists(messages, max_size=8),
    checksum=st.booleans(),
    sizes=st.lists(st.integers(0, 400), max_size=20),
)
def test_messages_come_out_as_they_went_in(
    form: Form, sent: list[tuple[MessageType, Flow, int, bytes]], checksum: bool, sizes: list[int]
) -> None:
    stream = b"".join(wire(*each, form=form, checksum=checksum) for each in sent)
    found = parse(Parser(form), stream, sizes)
    assert [(h.type, h.flow, h.flags & ~Flags.HAS_PAYLOAD, payload) for h, payload in found] == sent


@given(form=forms, kind=st.sampled_from(MessageType), payload=st.binary(max_size=50))
def test_form_is_learnt_from_the_first_request(
    form: Form, kind: MessageType, payload: bytes
) -> None:
    stream = b"".join(encode_all(kind, Flow.REQUEST, 0, payload, form=form))
    parser = Parser()
    assert parse(parser, stream, [1, 1, 1]) == parse(Parser(form), stream, [])
    assert parser.form is form


@given(st.binary(max_size=3000), st.lists(st.integers(0, 100), max_size=20))
def test_noise_is_parsed_or_refused_and_nothing_else(noise: bytes, sizes: list[int]) -> None:
    parser = Parser(max_payload=1000)
    try:
        found = parse(parser, noise, sizes)
    except ProtocolError:
        return
    assert sum(len(payload) for _, payload in found) <= len(noise)


@given(form=forms, message=messages, place=st.integers(0, 400), bit=st.integers(0, 7))
def test_flipped_bit_of_a_peer_with_checksums_never_makes_another_whole_message(
    form: Form, message: tuple[MessageType, Flow, int, bytes], place: int, bit: int
) -> None:
    good = wire(*message, form=form, checksum=True)
    assume(good[5 if form is Form.LONG else 1])  # a 0 may also mean that there is none
    bad = bytearray(good)
    bad[place % len(bad)] ^= 1 << bit
    parser = Parser(form)
    parse(parser, good, [])
    assert parser.checksums
    try:
        found = parse(parser, bytes(bad), [])
    except ProtocolError:
        return
    if _announces_less(
        good, bytes(bad), form
    ):  # what is cut off may undo what was flipped in the sum
        assert sum(form.value + len(payload) for _, payload in found) < len(bad)
    else:
        assert found == []  # it announces more than has come


def _announces_less(good: bytes, bad: bytes, form: Form) -> bool:
    """Whether a header has lost a part of its payload."""
    flags, size = (6, 8) if form is Form.LONG else (2, 4)
    before, after = (
        int.from_bytes(each[size : size + 4], "little") if each[flags] & Flags.HAS_PAYLOAD else 0
        for each in (good, bad)
    )
    return after < before


@pytest.mark.parametrize("form", Form)
@pytest.mark.parametrize("size", [0, 1, MESSAGE_BYTES - 12, MESSAGE_BYTES, 3 * MESSAGE_BYTES])
def test_long_payloads_are_split(form: Form, size: int) -> None:
    payload = bytes(range(256)) * (size // 256) + bytes(size % 256)
    sent = list(encode_all(MessageType.MODEL, Flow.REQUEST, 0, payload, form=form))
    assert all(len(message) <= MESSAGE_BYTES for message in sent)
    found = parse(Parser(form), b"".join(sent), [])
    assert b"".join(piece for _, piece in found) == payload
    assert [header.first for header, _ in found] == [True, *[False] * (len(sent) - 1)]
    assert [header.last for header, _ in found] == [*[False] * (len(sent) - 1), True]


@pytest.mark.parametrize("form", Form)
def test_payload_of_4_gib_is_refused_by_its_header(form: Form) -> None:
    head = bytearray(encode(MessageType.MODEL, Flow.REQUEST, 0x38, form=form))
    head[-4:] = b"\xff" * 4
    parser = Parser()
    with pytest.raises(ProtocolError, match="a message of 4294967295 bytes"):
        parser.next(memoryview(bytes(head)))
    assert parser.header is not None
    assert parser.header.type is MessageType.MODEL  # so that its sender can be answered


def test_checksum_that_is_wrong_is_refused_from_the_first_message_on() -> None:
    message = bytearray(encode(MessageType.PING, Flow.REQUEST, 0x30))
    message[5] = 1
    with pytest.raises(ProtocolError, match="checksum"):
        Parser().next(memoryview(bytes(message)))


@pytest.mark.parametrize("form", Form)
def test_peer_without_checksums_is_understood_when_one_fits_by_chance(form: Form) -> None:
    fitting = wire(MessageType.OPTIMIZE_MODEL, Flow.REQUEST, 0x30, b"x", form=form)
    fitting = fitting[:-1] + bytes([fitting[-1] ^ xor(fitting) ^ 0x4B])
    other = wire(MessageType.PING, Flow.REQUEST, 0x30, b"", form=form)
    assert xor(fitting) == 0x4B != xor(other)
    parser = Parser()
    assert len(parse(parser, fitting + other + fitting + other, [])) == 4
    assert not parser.checksums


@given(st.binary(max_size=2000))
def test_xor_is_that_of_all_bytes(content: bytes) -> None:
    total = 0
    for byte in content:
        total ^= byte
    assert xor(content) == total
