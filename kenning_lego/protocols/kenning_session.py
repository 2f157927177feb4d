"""A Kenning host's dialogue as a pure state machine: it makes such a host a peer like any other.

What arrives on Kenning's wire is translated into the messages of :mod:`.messages` for
:class:`~kenning_lego.protocols.session.Session`, and the answers back. So leases, limits,
isolation and clean-up are those of every host. It touches no socket, clock or file: the shell
carries the actions out and feeds what came of them back.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from kenning_lego import __version__
from kenning_lego.core.errors import KenningLegoError, ProtocolError, RemoteError
from kenning_lego.core.specs import IOSpec
from kenning_lego.protocols.codec import Envelope, Frame
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.kenning_answers import Answers
from kenning_lego.protocols.kenning_dialogue import (
    Actions,
    Ask,
    CloseSpool,
    DropSpool,
    HangUp,
    OpenSpool,
    Reply,
    WriteSpool,
)
from kenning_lego.protocols.kenning_report import Recorder, Utilisation
from kenning_lego.protocols.kenning_spec import MAX_SPEC_BYTES, batch_of, read_spec
from kenning_lego.protocols.kenning_tensors import WireTensors
from kenning_lego.protocols.kenning_wire import Bytes, Flow, Header, MessageType, Parser, Part
from kenning_lego.protocols.messages import (
    MAX_ARTIFACT_BYTES,
    Data,
    Error,
    Hello,
    Lease,
    Load,
    Message,
    Model,
    Ok,
    Output,
    Process,
)
from kenning_lego.protocols.results import read_composed, read_duration_ns

RUNTIME = "onnxruntime"
"""What runs the models of Kenning's hosts: the wire does not say, and ONNX files are taken."""

MAX_IGNORED = 64
"""Messages in a row that ask for nothing; a peer that sends more is hung up on."""

TOUCH_INTERVAL_S = 0.1
"""How often the target's session is told that a model is coming in."""

_TOUCH = 0
"""Id of requests that only show that the host is there; their success is of no interest."""


_Then = Callable[[Ok, tuple[Frame, ...]], Actions]


@dataclass(slots=True)
class _Request:
    """A request that is arriving, or being answered."""

    kind: MessageType
    limit: int = 0
    """Payload bytes that it may have."""
    size: int = 0
    pieces: list[bytes] | None = None
    """Its payload, where that is kept in memory."""
    spooled: bool = False
    problem: KenningLegoError | None = None
    """Why it is going to be refused; the rest of its payload is passed over."""
    complete: bool = False


class KenningSession:
    """One Kenning host's dialogue with this target.

    Args:
        name: of the host, for others that find the target busy.
        parser: of its connection, which knows the form of its headers.
        threads: that the engine may use; the wire does not say.
    """

    def __init__(self, name: str, parser: Parser, threads: int = 1) -> None:
        self._name = name
        self._threads = threads
        self._answers = Answers(parser)
        self._last_id = _TOUCH
        self._awaited: tuple[int, _Then] | None = None
        self._request: _Request | None = None
        self._ignored = 0
        self._leased = False
        self._announced: IOSpec | None = None
        self._tensors: WireTensors | None = None
        self._recorder = Recorder()
        self._now = 0.0
        self._touched = -math.inf

    @property
    def receiving(self) -> bool:
        """Whether a request has begun to arrive and is not complete."""
        return self._request is not None and self._awaited is None

    @property
    def waiting(self) -> bool:
        """Whether an answer of the target's session is awaited; no part may come meanwhile."""
        return self._awaited is not None

    @property
    def leased(self) -> bool:
        """Whether the host has the target's lease, as far as it has been told."""
        return self._leased

    @property
    def measuring(self) -> bool:
        """Whether the target's utilisation is of interest."""
        return self._tensors is not None

    # What the host sends

    def received(self, part: Part, now: float) -> Actions:
        """What to do about the next bytes of a message, at `now` seconds.

        Raises:
            ProtocolError: it does not belong here; :meth:`garbled` is to be told.
        """
        header = part.header
        if header.flow is not Flow.REQUEST:
            return self._ignore(part)
        actions: Actions = []
        if part.begins and header.first:
            if self._request is not None:
                raise ProtocolError("a request within another")
            self._ignored = 0
            self._request = _Request(header.type)
            actions += self._begin(self._request)
        request = self._request
        if request is None or request.kind is not header.type:
            raise ProtocolError("the middle of a request that never began")
        if part.payload:
            actions += self._take(request, part.payload, now)
        if part.ends and header.last:
            request.complete = True
            actions += self._complete(request)
        return actions

    def garbled(self, error: KenningLegoError, header: Header | None) -> Actions:
        """The host sent what is no message; there is no going on after that.

        Args:
            error: what is wrong with it.
            header: of the message, if it came so far.
        """
        actions: Actions = [DropSpool()] if self._request and self._request.spooled else []
        if header is not None and header.flow is Flow.REQUEST:
            actions.append(Reply(self._answers.refusal(header.type, error)))
        self._request = None
        return [*actions, HangUp()]

    def sampled(self, utilisation: Utilisation) -> None:
        """Note how busy the machine is."""
        self._recorder.utilisation(utilisation)

    def _ignore(self, part: Part) -> Actions:
        if not part.ends:
            return []
        self._ignored += 1
        if self._ignored > MAX_IGNORED:
            raise ProtocolError("nothing but messages that ask for nothing")
        if part.header.flow is Flow.RETRANSMIT:  # TCP loses nothing that could be sent again
            return [Reply(self._answers.denial(part.header.type))]
        return []

    def _begin(self, request: _Request) -> Actions:
        kind = request.kind
        if kind is MessageType.MODEL and self._leased:
            self._tensors = None
            request.limit, request.spooled = MAX_ARTIFACT_BYTES, True
            return [OpenSpool()]
        if kind is MessageType.MODEL:
            request.problem = ProtocolError("MODEL without IO_SPEC", "send IO_SPEC first")
        elif kind is MessageType.DATA and self._tensors:
            request.limit, request.pieces = self._tensors.input_bytes, []
        elif kind is MessageType.DATA:
            request.problem = _no_model(kind)
        elif kind is MessageType.IO_SPEC:
            request.limit, request.pieces = MAX_SPEC_BYTES, []
        elif kind not in _SERVED:
            request.problem = ProtocolError(
                f"this target does not do {kind.name}",
                "optimise on the host and send the model as ONNX",
            )
        return []

    def _take(self, request: _Request, payload: Bytes, now: float) -> Actions:
        request.size += len(payload)
        if request.problem is not None:
            return []
        if request.size > request.limit:
            return self._spoil(
                request,
                ProtocolError(
                    f"{request.kind.name} with more than the {request.limit} bytes that it may have"
                ),
            )
        if request.spooled and now - self._touched < TOUCH_INTERVAL_S:
            return [WriteSpool(payload)]
        if request.spooled:
            # While a model comes in, the target's session hears nothing else of the host.
            self._touched = now
            return [WriteSpool(payload), Ask(Envelope(_TOUCH, Lease()))]
        if request.pieces is not None:
            request.pieces.append(bytes(payload))
        return []

    def _spoil(self, request: _Request, problem: KenningLegoError) -> Actions:
        request.problem, request.pieces = problem, None
        dropped, request.spooled = request.spooled, False
        return [DropSpool()] if dropped else []

    def _complete(self, request: _Request) -> Actions:
        if request.problem is not None:
            return self._fail(request.problem)
        content = b"".join(request.pieces or ())
        tensors = self._tensors
        if tensors is None and request.kind in _NEED_MODEL:
            return self._fail(_no_model(request.kind))
        match request.kind:
            case MessageType.IO_SPEC:
                return self._announce(content)
            case MessageType.MODEL if not request.size:
                return [DropSpool(), *self._fail(ProtocolError("MODEL without a model"))]
            case MessageType.MODEL:
                return [CloseSpool()]
            case MessageType.DATA if tensors:
                return self._data(tensors, content)
            case MessageType.PROCESS:
                return self._ask(Process(), lambda ok, _: self._processed(ok))
            case MessageType.OUTPUT if tensors:
                return self._ask(Output(), lambda _, payload: self._output(tensors, payload))
            case MessageType.STATS:
                return self._succeed(self._recorder.report())
            case MessageType.STATUS:
                return self._succeed(self._answers.status())
            case _:  # PING
                return self._succeed(b"")

    # What it asks for

    def _announce(self, content: bytes) -> Actions:
        try:
            announced = read_spec(content)
        except ProtocolError as error:
            return self._fail(error)

        def leased() -> Actions:
            self._leased, self._announced, self._tensors = True, announced, None
            return self._succeed()

        if self._leased:
            return self._ask(Lease(), lambda *_: leased())
        hello = Hello(self._name, f"Kenning, served by {__version__}"[:64])
        return self._ask(hello, lambda *_: self._ask(Lease(), lambda *_: leased()))

    def stored(self, digest: str, size: int) -> Actions:
        """The model is in the store."""
        if self._announced is None or self._request is None:
            return []
        load = Load(RUNTIME, self._threads, batch_of(self._announced))
        return self._ask(Model(digest, size, load), lambda ok, _: self._loaded(ok))

    def spool_failed(self, error: KenningLegoError) -> Actions:
        """The model cannot be kept; the host is told once all of it has come."""
        request = self._request
        if request is None:
            return []
        dropped = self._spoil(request, request.problem or error)
        return [*dropped, *self._fail(request.problem or error)] if request.complete else dropped

    def _loaded(self, ok: Ok) -> Actions:
        if self._announced is None:
            return self._fail(ProtocolError("MODEL without IO_SPEC", "send IO_SPEC first"))
        try:
            spec = read_composed(Fields(dict(ok.result), "MODEL")).spec
            self._tensors = WireTensors.of(self._announced, spec)
        except ProtocolError as error:
            return self._fail(error)
        self._recorder = Recorder()
        return self._succeed()

    def _data(self, tensors: WireTensors, content: bytes) -> Actions:
        try:
            frames = tensors.inputs(content)
        except ProtocolError as error:
            return self._fail(error)
        return self._ask(Data(), lambda *_: self._succeed(), frames)

    def _processed(self, ok: Ok) -> Actions:
        duration_ns = read_duration_ns(Fields(dict(ok.result), "PROCESS"))
        self._recorder.inference(self._now, duration_ns)
        return self._succeed()

    def _output(self, tensors: WireTensors, payload: tuple[Frame, ...]) -> Actions:
        try:
            return self._succeed(tensors.outputs(payload))
        except ProtocolError as error:
            return self._fail(error)

    # The target's session

    def answered(self, envelope: Envelope, now: float) -> Actions:
        """The target's session has answered, at `now` seconds."""
        message, self._now = envelope.message, now
        if envelope.id == _TOUCH:
            return self._lost(message) if isinstance(message, Error) else []
        if self._awaited is None or self._awaited[0] != envelope.id:
            return []
        _, then = self._awaited
        match message:
            case Ok():
                self._awaited = None
                return then(message, envelope.payload)
            case Error(code, problem, remedy):
                self._awaited = None
                if code in ("no_lease", "busy"):
                    self._forget()
                return self._fail(RemoteError(code, problem, remedy))
            case _:
                return []

    def _lost(self, error: Error) -> Actions:
        """The lease went to another host while a model came in."""
        self._forget()
        if self._awaited:
            return []  # what is awaited will fail too
        return self.spool_failed(RemoteError(error.code, error.problem, error.remedy))

    def _forget(self) -> None:
        self._leased, self._announced, self._tensors = False, None, None

    def _ask(self, message: Message, then: _Then, payload: tuple[Frame, ...] = ()) -> Actions:
        self._last_id += 1
        self._awaited = (self._last_id, then)
        return [Ask(Envelope(self._last_id, message, payload))]

    # Answers to the host

    def _succeed(self, payload: bytes | None = None) -> Actions:
        """Answer the request; without a payload with the byte that names what was done."""
        request, self._request = self._request, None
        if request is None:
            return []
        if payload is None:
            return [Reply(self._answers.done(request.kind))]
        return [Reply(content) for content in self._answers.result(request.kind, payload)]

    def _fail(self, error: KenningLegoError) -> Actions:
        request, self._request = self._request, None
        if request is None:
            return []
        return [Reply(self._answers.refusal(request.kind, error))]


_SERVED = (
    MessageType.PING,
    MessageType.STATUS,
    MessageType.DATA,
    MessageType.MODEL,
    MessageType.PROCESS,
    MessageType.OUTPUT,
    MessageType.STATS,
    MessageType.IO_SPEC,
)


_NEED_MODEL = (MessageType.DATA, MessageType.PROCESS, MessageType.OUTPUT, MessageType.STATS)


def _no_model(kind: MessageType) -> ProtocolError:
    return ProtocolError(f"{kind.name} without a model", "send IO_SPEC and MODEL first")
