"""A Kenning host's dialogue without sockets: whatever it sends, every request is answered once."""

from __future__ import annotations

import json
from collections import deque
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.core.errors import ProtocolError, StoreError
from kenning_lego.core.plans import Composed
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.protocols import kenning_dialogue as actions
from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.kenning_session import KenningSession
from kenning_lego.protocols.kenning_spec import write_spec
from kenning_lego.protocols.kenning_wire import (
    Flags,
    Flow,
    Form,
    MessageType,
    Parser,
    encode,
    encode_all,
)
from kenning_lego.protocols.messages import (
    Data,
    Error,
    Hello,
    Lease,
    Message,
    Model,
    Ok,
    Output,
    Process,
)
from kenning_lego.protocols.results import pack_composed

SPEC = IOSpec((TensorSpec("x", (1, 4)),), (TensorSpec("y", (1, 2)),))
DIGEST = "0" * 64


class Desk:
    """A connection and a target around the session; answers as it is told to."""

    def __init__(self) -> None:
        self.parser = Parser()
        self.session = KenningSession("somebody", self.parser)
        self.replies = b""
        self.asked: list[Message] = []
        self.fail: deque[str] = deque()
        """Codes of errors for the next requests; empty for success."""
        self.store_fails = False
        self.spool: int | None = None
        self.hung_up = False
        self.now = 1.0

    def send(self, content: bytes) -> None:
        """Bytes of the host, as far as they are read before it is hung up on."""
        view = memoryview(content)
        while view and not self.hung_up:
            header = None
            try:
                part, taken = self.parser.next(view)
                if part is None:
                    return
                view, header = view[taken:], part.header
                done = self.session.received(part, self.now)
            except ProtocolError as error:
                done = self.session.garbled(error, header or self.parser.header)
            self.carry_out(done)

    def request(
        self, kind: MessageType, payload: bytes = b""
    ) -> list[tuple[MessageType, int, bytes]]:
        """The answers to a request, in full."""
        self.replies = b""
        self.send(b"".join(encode_all(kind, Flow.REQUEST, 0, payload)))
        return self.answers()

    def answers(self) -> list[tuple[MessageType, int, bytes]]:
        parser, view, found = Parser(Form.LONG), memoryview(self.replies), []
        while view:
            part, taken = parser.next(view)
            assert part is not None
            assert part.ends
            assert part.header.flags & Flags.IS_KENNING
            found.append((part.header.type, part.header.flags & 3, bytes(part.payload)))
            view = view[taken:]
        return found

    def carry_out(self, done: actions.Actions) -> None:
        for action in done:
            match action:
                case actions.Reply(content):
                    self.replies += content
                case actions.Ask(envelope):
                    self.asked.append(envelope.message)
                    self.carry_out(self.session.answered(self.answer(envelope), 1.0))
                case actions.OpenSpool():
                    assert self.spool is None
                    self.spool = 0
                case actions.WriteSpool(piece):
                    if self.spool is None:
                        continue
                    if self.store_fails:
                        self.spool = None
                        self.carry_out(self.session.spool_failed(StoreError("no space left")))
                    else:
                        self.spool += len(piece)
                case actions.CloseSpool():
                    if self.spool is None:
                        continue
                    size, self.spool = self.spool, None
                    self.carry_out(self.session.stored(DIGEST, size))
                case actions.DropSpool():
                    self.spool = None
                case actions.HangUp():
                    self.hung_up = True

    def answer(self, envelope: Envelope) -> Envelope:
        code = self.fail.popleft() if self.fail else ""
        if code:
            return Envelope(envelope.id, Error(code, "a problem", "a remedy"))
        match envelope.message:
            case Model():
                return Envelope(envelope.id, Ok(pack_composed(Composed(SPEC))))
            case Process():
                return Envelope(envelope.id, Ok({"duration_ns": 2_000_000}))
            case Output():
                return Envelope(envelope.id, Ok({}), (b"abcdefgh",))
            case _:
                return Envelope(envelope.id, Ok({}))


def loaded() -> Desk:
    desk = Desk()
    assert desk.request(MessageType.IO_SPEC, write_spec(SPEC)) == [(MessageType.IO_SPEC, 1, b"\2")]
    assert desk.request(MessageType.MODEL, b"model") == [(MessageType.MODEL, 1, b"\3")]
    return desk


def test_session_is_translated_request_by_request() -> None:
    desk = loaded()
    assert desk.request(MessageType.DATA, bytes(16)) == [(MessageType.DATA, 1, b"\5")]
    assert desk.request(MessageType.PROCESS) == [(MessageType.PROCESS, 1, b"\6")]
    assert desk.request(MessageType.OUTPUT) == [(MessageType.OUTPUT, 1, b"abcdefgh")]
    ((kind, flags, report),) = desk.request(MessageType.STATS)
    assert (kind, flags) == (MessageType.STATS, 1)
    assert json.loads(report) == {
        "target_inference_step": [0.002],
        "target_inference_step_timestamp": [1.0],
    }
    assert [type(each) for each in desk.asked] == [
        Hello,
        Lease,
        Lease,
        Model,
        Data,
        Process,
        Output,
    ]
    (model,) = (each for each in desk.asked if isinstance(each, Model))
    assert (model.digest, model.size) == (DIGEST, 5)
    assert model.load is not None
    assert model.load.runtime == "onnxruntime"


@pytest.mark.parametrize(
    "kind",
    [
        MessageType.OPTIMIZERS,
        MessageType.OPTIMIZE_MODEL,
        MessageType.RUNTIME,
        MessageType.UNOPTIMIZED_MODEL,
        MessageType.TRACE_DATA,
        MessageType.LOGS,
    ],
)
def test_what_is_not_done_is_refused_and_nothing_of_it_is_kept(kind: MessageType) -> None:
    desk = loaded()
    before = len(desk.asked)
    log, answer = desk.request(kind, b'{"type": "os.system"}' * 100_000)
    assert log[0] is MessageType.LOGS
    assert f"does not do {kind.name}" in log[2].decode("ascii")
    assert (answer[0], answer[1]) == (kind, 2)
    assert len(desk.asked) == before
    assert desk.spool is None


def test_long_reason_is_split_into_lines_of_the_log() -> None:
    desk = Desk()
    spec = {"input": [{"name": "ü" * 250, "shape": [1, {}], "dtype": "float32"}], "output": []}
    log, answer = desk.request(MessageType.IO_SPEC, json.dumps(spec).encode())
    lines, content = [], log[2]
    while content:
        lines.append(content[1 : 1 + content[0]])
        content = content[1 + content[0] :]
    assert len(lines) > 1
    assert all(0 < len(line) <= 255 for line in lines)
    b"".join(lines).decode("ascii")
    assert answer[1] == 2


def test_lease_that_is_lost_while_a_model_comes_ends_the_upload() -> None:
    desk = loaded()
    desk.now += 1
    desk.fail.extend(["busy"])
    log, answer = desk.request(MessageType.MODEL, b"model")
    assert b"a problem" in log[2]
    assert answer == (MessageType.MODEL, 2, b"\3")
    assert desk.spool is None
    _, answer = desk.request(MessageType.DATA, bytes(16))
    assert answer[1] == 2


def test_target_hears_of_the_host_now_and_then_while_a_model_comes() -> None:
    desk = loaded()
    before = len(desk.asked)
    desk.send(encode(MessageType.MODEL, Flow.REQUEST, Flags.FIRST | Flags.HAS_PAYLOAD, b"x"))
    for _ in range(40):
        desk.now += 0.05
        desk.send(encode(MessageType.MODEL, Flow.REQUEST, Flags.HAS_PAYLOAD, b"x"))
    asked = desk.asked[before:]
    assert {type(each) for each in asked} == {Lease}
    assert 10 <= len(asked) <= 21


def test_store_that_refuses_is_told_once_the_model_has_come() -> None:
    desk = loaded()
    desk.store_fails = True
    for payload in (b"model", bytes(3 << 20)):
        log, answer = desk.request(MessageType.MODEL, payload)
        assert b"no space left" in log[2]
        assert answer == (MessageType.MODEL, 2, b"\3")
    desk.store_fails = False
    assert desk.request(MessageType.MODEL, b"model") == [(MessageType.MODEL, 1, b"\3")]


PAYLOADS: dict[MessageType, list[bytes]] = {
    MessageType.IO_SPEC: [write_spec(SPEC), b"{"],
    MessageType.MODEL: [b"model", b"", bytes(2 << 20)],
    MessageType.DATA: [bytes(16), bytes(15), b""],
}

requests = st.sampled_from(MessageType).flatmap(
    lambda kind: st.tuples(st.just(kind), st.sampled_from(PAYLOADS.get(kind, [b"", b"x"])))
)
codes = st.lists(st.sampled_from(["", "", "", "busy", "no_lease", "worker_died", "store"]))


@settings(max_examples=60)
@given(sent=st.lists(requests, max_size=25), fail=codes, store_fails=st.booleans())
def test_every_request_is_answered_once(
    sent: list[tuple[MessageType, bytes]], fail: list[str], store_fails: bool
) -> None:
    desk = Desk()
    desk.fail.extend(fail)
    desk.store_fails = store_fails
    for kind, payload in sent:
        answers = [each for each in desk.request(kind, payload) if each[0] != MessageType.LOGS]
        if kind is MessageType.LOGS:
            continue
        assert [(each[0], each[1] in (1, 2)) for each in answers] == [(kind, True)]
        assert not desk.session.waiting
        assert not desk.session.receiving
        assert desk.spool is None
        assert not desk.hung_up


loose = st.tuples(
    st.sampled_from(MessageType),
    st.sampled_from(Flow),
    st.sampled_from([0, Flags.FIRST, Flags.LAST, Flags.FIRST | Flags.LAST]),
    st.sampled_from([b"", b"x", write_spec(SPEC), bytes(16)]),
)


@given(st.lists(loose | st.binary(max_size=40), max_size=30))
def test_any_messages_are_answered_or_end_in_being_hung_up_on(sent: list[Any]) -> None:
    desk = Desk()
    for each in sent:
        if isinstance(each, bytes):
            desk.send(each)
            continue
        kind, flow, flags, payload = each
        flags |= Flags.HAS_PAYLOAD if payload else 0
        desk.send(encode(kind, flow, flags, payload))
        if desk.hung_up:
            assert desk.spool is None
        else:
            assert desk.spool is None or desk.session.receiving
