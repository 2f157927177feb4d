"""The target's side of the dialogue as a pure state machine: events in, actions out.

It owns who holds the lease, what is under way, and in which order requests are answered. It
touches no socket, clock, file or process: the server's shell carries the actions out and feeds
what came of them back as events.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from kenning_lego.core.errors import KenningLegoError, ProtocolError
from kenning_lego.core.specs import IOSpec
from kenning_lego.protocols.codec import Envelope, Frame
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.messages import (
    CHUNK_BYTES,
    REQUESTS,
    UPLOAD_CREDITS,
    Bye,
    Cancel,
    Chunk,
    Compose,
    Credit,
    Data,
    Error,
    Event,
    Hello,
    Infer,
    Lease,
    Message,
    Model,
    Ok,
    Output,
    Process,
    RunPlan,
    Stats,
    read_composed,
)

MAX_QUEUED = 64
"""Requests that a host may send without waiting for answers."""

MAX_NAMES = 256
"""Names of hosts that are remembered, for the one who finds the target busy."""

# --- events -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Received:
    """A peer sent a message."""

    peer: bytes
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Malformed:
    """A peer sent something that is no message."""

    peer: bytes
    id: int
    error: KenningLegoError


@dataclass(frozen=True, slots=True)
class PeerLost:
    """A peer's connection is gone."""

    peer: bytes


@dataclass(frozen=True, slots=True)
class WorkerAnswered:
    """The worker answered, or told how far it is."""

    envelope: Envelope


@dataclass(frozen=True, slots=True)
class WorkerExited:
    """The worker is gone without having been asked to stop."""

    reason: str


@dataclass(frozen=True, slots=True)
class UploadAt:
    """Bytes of the upload up to `offset` are in the store; `held` once it is whole and verified."""

    offset: int
    held: bool = False


@dataclass(frozen=True, slots=True)
class UploadFailed:
    """The store refused the upload."""

    error: KenningLegoError


SessionEvent = (
    Received | Malformed | PeerLost | WorkerAnswered | WorkerExited | UploadAt | UploadFailed
)

# --- actions ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Send:
    """Send a message to a peer."""

    peer: bytes
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class SendWelcome:
    """Answer a HELLO with the target's description."""

    peer: bytes
    id: int


@dataclass(frozen=True, slots=True)
class SendOutputs:
    """Send a message with the pipeline's outputs as payload."""

    peer: bytes
    id: int
    message: Message


@dataclass(frozen=True, slots=True)
class WriteInputs:
    """Put tensors, whose sizes have been checked, into the pipeline's inputs."""

    frames: tuple[Frame, ...]


@dataclass(frozen=True, slots=True)
class ToWorker:
    """Pass a request to the worker, which is started if there is none."""

    envelope: Envelope


@dataclass(frozen=True, slots=True)
class StopWorker:
    """End the worker and forget all that it holds."""


@dataclass(frozen=True, slots=True)
class OpenUpload:
    """Begin or continue to receive an artifact; answered by UploadAt."""

    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class WriteUpload:
    """Append to the open upload; answered by UploadAt."""

    piece: Frame


@dataclass(frozen=True, slots=True)
class SuspendUpload:
    """Close the open upload; what has arrived stays, for a later one to continue."""


Action = (
    Send
    | SendWelcome
    | SendOutputs
    | WriteInputs
    | ToWorker
    | StopWorker
    | OpenUpload
    | WriteUpload
    | SuspendUpload
)

# --- the machine --------------------------------------------------------------------------------


@dataclass(slots=True)
class _Upload:
    id: int
    model: Model
    offset: int = 0
    known: bool = True


@dataclass(slots=True)
class _Lease:
    peer: bytes
    name: str
    since: float
    seen: float
    queue: deque[Envelope] = field(default_factory=deque)
    pending: Envelope | None = None
    upload: _Upload | None = None
    spec: IOSpec | None = None
    has_inputs: bool = False
    has_outputs: bool = False

    @property
    def busy(self) -> bool:
        return self.pending is not None or self.upload is not None


class Session:
    """One target's dialogue with all of its peers.

    Args:
        lease_timeout_s: a host that has been silent for so long, with nothing under way, loses
            its lease to the next host that asks.
    """

    def __init__(self, lease_timeout_s: float = 30.0) -> None:
        self._timeout = lease_timeout_s
        self._lease: _Lease | None = None
        self._names: dict[bytes, str] = {}

    @property
    def holder(self) -> bytes | None:
        """The peer that has the lease."""
        return self._lease.peer if self._lease else None

    def handle(self, event: SessionEvent, now: float) -> list[Action]:
        """What to do about an event, at `now` seconds on a monotonic clock."""
        match event:
            case Received(peer, envelope):
                return self._received(peer, envelope, now)
            case Malformed(peer, request, error):
                return [_refusal(peer, request, "bad_message", error)]
            case PeerLost(peer):
                self._names.pop(peer, None)
                return self._release() if self.holder == peer else []
            case WorkerAnswered(envelope):
                return self._worker_answered(envelope, now)
            case WorkerExited(reason):
                return self._worker_exited(reason)
            case UploadAt(offset, held):
                return self._upload_at(offset, held)
            case UploadFailed(error):
                return self._upload_failed(error)

    # Requests of hosts

    def _received(self, peer: bytes, envelope: Envelope, now: float) -> list[Action]:
        message = envelope.message
        if not isinstance(message, REQUESTS):
            error = ProtocolError(f"{message.kind.name} is not for a target to receive")
            return [_refusal(peer, envelope.id, "bad_message", error)]
        lease = self._lease
        if lease and lease.peer == peer:
            lease.seen = now
        match message:
            case Hello(name):
                self._remember(peer, name)
                return [SendWelcome(peer, envelope.id)]
            case Lease():
                return self._grant(peer, envelope.id, now)
            case _ if lease is None or lease.peer != peer:
                error = ProtocolError(
                    f"{message.kind.name} needs the lease, which this host does not hold",
                    "send LEASE first; it is lost after long silence when another host asks",
                )
                return [_refusal(peer, envelope.id, "no_lease", error)]
            case Bye():
                return [*self._release(), _ok(peer, envelope.id)]
            case Cancel():
                return self._cancel(lease, envelope.id)
            case Chunk():
                return self._chunk(lease, envelope)
        if len(lease.queue) >= MAX_QUEUED:
            error = ProtocolError(f"more than {MAX_QUEUED} requests are waiting", "read answers")
            return [_refusal(peer, envelope.id, "too_many", error)]
        lease.queue.append(envelope)
        return self._advance()

    def _remember(self, peer: bytes, name: str) -> None:
        self._names.pop(peer, None)
        self._names[peer] = name
        if len(self._names) > MAX_NAMES:  # hosts come and go without a word
            del self._names[next(iter(self._names))]

    def _grant(self, peer: bytes, request: int, now: float) -> list[Action]:
        lease = self._lease
        if lease and lease.peer == peer:
            return [_ok(peer, request)]
        released: list[Action] = []
        if lease:
            if lease.busy or now - lease.seen < self._timeout:
                error = ProtocolError(
                    f"the target is busy: {lease.name} holds it "
                    f"since {now - lease.since:.0f} s ago",
                    "try again when that host is done",
                )
                return [_refusal(peer, request, "busy", error)]
            released = self._release()
        self._lease = _Lease(peer, self._names.get(peer, "a host"), now, now)
        return [*released, _ok(peer, request)]

    def _release(self) -> list[Action]:
        lease, self._lease = self._lease, None
        if lease and lease.upload:
            return [SuspendUpload(), StopWorker()]
        return [StopWorker()]

    def _cancel(self, lease: _Lease, request: int) -> list[Action]:
        actions: list[Action] = [_ok(lease.peer, request)]
        if lease.pending and isinstance(lease.pending.message, RunPlan):
            actions.append(ToWorker(Envelope(lease.pending.id, Cancel())))
        return actions

    def _advance(self) -> list[Action]:
        """Carry out waiting requests, in order, until one has to be waited for."""
        actions: list[Action] = []
        while (lease := self._lease) and lease.queue and not lease.busy:
            envelope = lease.queue.popleft()
            try:
                actions += self._carry_out(lease, envelope)
            except ProtocolError as error:
                actions.append(_refusal(lease.peer, envelope.id, "bad_request", error))
        return actions

    def _carry_out(self, lease: _Lease, envelope: Envelope) -> list[Action]:
        match envelope.message:
            case Model() as model:
                lease.upload = _Upload(envelope.id, model)
                return [OpenUpload(model.digest, model.size)]
            case Compose() | RunPlan() | Stats():
                return self._ask_worker(lease, envelope, envelope.message)
            case Data():
                return [*_write_inputs(lease, envelope), _ok(lease.peer, envelope.id)]
            case Infer():
                written = _write_inputs(lease, envelope)
                return [*written, *self._ask_worker(lease, envelope, Process())]
            case Process():
                if not lease.has_inputs:
                    raise ProtocolError("PROCESS without inputs", "send DATA first")
                lease.has_outputs = False
                return self._ask_worker(lease, envelope, Process())
            case Output():
                if not lease.has_outputs:
                    raise ProtocolError("OUTPUT without a result", "send DATA and PROCESS first")
                return [SendOutputs(lease.peer, envelope.id, Ok({}))]
            case other:
                raise ProtocolError(f"{other.kind.name} is not understood here")

    def _ask_worker(self, lease: _Lease, envelope: Envelope, message: Message) -> list[Action]:
        lease.pending = Envelope(envelope.id, envelope.message)
        return [ToWorker(Envelope(envelope.id, message))]

    # Uploads

    def _chunk(self, lease: _Lease, envelope: Envelope) -> list[Action]:
        upload = lease.upload
        if upload is None or upload.id != envelope.id:
            return []  # chunks still under way after their upload failed
        message = envelope.message
        size = sum(memoryview(frame).nbytes for frame in envelope.payload)
        if (
            not isinstance(message, Chunk)
            or len(envelope.payload) != 1
            or message.offset != upload.offset
            or not 0 < size <= min(CHUNK_BYTES, upload.model.size - upload.offset)
        ):
            error = ProtocolError(
                f"a chunk of {size} bytes that does not continue the upload at {upload.offset}"
            )
            return [SuspendUpload(), *self._upload_failed(error)]
        upload.offset += size
        return [WriteUpload(envelope.payload[0])]

    def _upload_at(self, offset: int, held: bool) -> list[Action]:
        lease = self._lease
        if lease is None or lease.upload is None:
            return []
        upload = lease.upload
        if held:
            lease.upload = None
            if upload.model.load:
                compose = Compose((upload.model.digest,), upload.model.load)
                lease.queue.appendleft(Envelope(upload.id, compose))
                return self._advance()
            return [_ok(lease.peer, upload.id, known=upload.known), *self._advance()]
        chunks = UPLOAD_CREDITS if upload.known else 1
        upload.known = False
        upload.offset = max(upload.offset, offset)
        return [Send(lease.peer, Envelope(upload.id, Credit(offset, chunks)))]

    def _upload_failed(self, error: KenningLegoError) -> list[Action]:
        lease = self._lease
        if lease is None or lease.upload is None:
            return []
        upload, lease.upload = lease.upload, None
        return [_refusal(lease.peer, upload.id, "store", error), *self._advance()]

    # The worker

    def _worker_answered(self, envelope: Envelope, now: float) -> list[Action]:
        lease = self._lease
        if lease is None or lease.pending is None or lease.pending.id != envelope.id:
            return []  # of a request whose host is gone
        lease.seen = now  # a host that waits for its answer is not silent
        if isinstance(envelope.message, Event):
            return [Send(lease.peer, envelope)]
        answers = self._answer(lease, lease.pending, envelope)
        lease.pending = None
        return [*answers, *self._advance()]

    def _answer(self, lease: _Lease, request: Envelope, envelope: Envelope) -> list[Action]:
        message = envelope.message
        if isinstance(message, Ok):
            match request.message:
                case Compose():
                    lease.spec = read_composed(Fields(dict(message.result), "COMPOSE")).spec
                    lease.has_inputs = lease.has_outputs = False
                case Process():
                    lease.has_outputs = True
                case Infer():
                    lease.has_outputs = True
                    return [SendOutputs(lease.peer, envelope.id, message)]
        return [Send(lease.peer, envelope)]

    def _worker_exited(self, reason: str) -> list[Action]:
        lease = self._lease
        if lease is None:
            return []
        lease.spec = None
        lease.has_inputs = lease.has_outputs = False
        if lease.pending is None:
            return []
        request, lease.pending = lease.pending, None
        error = ProtocolError(
            f"the worker died while it carried out {request.message.kind.name}: {reason}",
            "the server goes on; load the models again",
        )
        return [_refusal(lease.peer, request.id, "worker_died", error), *self._advance()]


def _write_inputs(lease: _Lease, envelope: Envelope) -> list[Action]:
    if lease.spec is None:
        raise ProtocolError("no pipeline is loaded", "send COMPOSE, or MODEL with `load`")
    lease.spec.check_inputs(envelope.payload)
    lease.has_inputs, lease.has_outputs = True, False
    return [WriteInputs(envelope.payload)]


def _ok(peer: bytes, request: int, **result: bool) -> Send:
    return Send(peer, Envelope(request, Ok(result)))


def _refusal(peer: bytes, request: int, code: str, error: KenningLegoError) -> Send:
    return Send(peer, Envelope(request, Error(code, error.problem, error.remedy)))
