"""The target's side of the dialogue as a pure state machine: events in, actions out.

It owns who holds the lease, who waits for it, what is under way, and in which order requests are
answered. It touches no socket, clock, file or process: the server's shell carries the actions out
and feeds what came of them back as events.
"""

from __future__ import annotations

from dataclasses import replace

from kenning_lego.core.errors import KenningLegoError, ProtocolError
from kenning_lego.core.plans import Progress
from kenning_lego.protocols.beside import with_beside
from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.deployment_messages import WITHOUT_LEASE, Deploy
from kenning_lego.protocols.dialogue import (
    Action,
    DeploymentsAnswered,
    DeploymentsRun,
    ForDeployments,
    Malformed,
    OpenUpload,
    PeerLost,
    Received,
    Send,
    SendObservation,
    SendOutputs,
    SendTelemetry,
    SendWelcome,
    SessionEvent,
    SuspendUpload,
    Tick,
    ToWorker,
    UploadAt,
    UploadFailed,
    WorkerAnswered,
    WorkerExited,
    WriteInputs,
    WriteUpload,
)
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.leases import Holder, Leases, Uploading
from kenning_lego.protocols.live_messages import LIVE_REQUESTS, Preload, SwitchTo
from kenning_lego.protocols.messages import (
    CHUNK_BYTES,
    PROTOCOL_VERSION,
    REQUESTS,
    UPLOAD_CREDITS,
    AskTelemetry,
    Bye,
    Cancel,
    Chunk,
    Compose,
    Credit,
    Data,
    Event,
    Hello,
    Infer,
    Lease,
    MeasureFootprint,
    Measuring,
    Message,
    Model,
    Observe,
    Ok,
    Output,
    Process,
    RunLoadTest,
    RunPlan,
    Stats,
)
from kenning_lego.protocols.replies import ok, refusal
from kenning_lego.protocols.results import read_composed

MAX_QUEUED = 64
"""Requests that a host may send without waiting for answers."""

MAX_NAMES = 256
"""Names of hosts that are remembered, for the one who finds the target busy."""


_WORK = (
    *(Data, Process, Output, Infer, Model, Compose, Stats),
    *(RunPlan, RunLoadTest, MeasureFootprint, Deploy),
    *LIVE_REQUESTS,
)
"""What is carried out in the order in which it was asked, and but for what changes a running
pipeline is answered in that order too."""

_PROCESS = Process()


class Session:
    """One target's dialogue with all of its peers.

    Args:
        lease_timeout_s: a host that has been silent for so long, with nothing under way, loses
            its lease to the next host that asks.
    """

    def __init__(self, lease_timeout_s: float = 30.0) -> None:
        self._leases = Leases(lease_timeout_s)
        self._names: dict[bytes, str] = {}
        self._deployments: tuple[str, ...] = ()

    @property
    def holder(self) -> bytes | None:
        """The peer that has the lease."""
        return self._leases.holder.peer if self._leases.holder else None

    def handle(self, event: SessionEvent, now: float) -> list[Action]:
        """What to do about an event, at `now` seconds on a monotonic clock."""
        match event:
            case Received(peer, envelope):
                return self._received(peer, envelope, now)
            case Malformed(peer, request, error):
                return [refusal(peer, request, "bad_message", error)]
            case PeerLost(peer):
                return self._peer_lost(peer, now)
            case Tick():
                return self._leases.expire(now)
            case WorkerAnswered(envelope):
                return self._worker_answered(envelope, now)
            case WorkerExited(reason):
                return self._worker_exited(reason)
            case UploadAt(offset, held):
                return self._upload_at(offset, held)
            case UploadFailed(error):
                return self._upload_failed(error)
            case DeploymentsAnswered(peer, envelope):
                return self._deployments_answered(peer, envelope)
            case DeploymentsRun(names):
                return self._deployments_run(names)

    # Requests of hosts

    def _received(self, peer: bytes, envelope: Envelope, now: float) -> list[Action]:
        message, request = envelope.message, envelope.id
        holder = self._leases.holder
        if holder is not None and holder.peer == peer:
            holder.seen = now
            if isinstance(message, _WORK):
                return self._work(holder, envelope)
        if isinstance(message, WITHOUT_LEASE):
            return [ForDeployments(peer, envelope)]
        if not isinstance(message, (*REQUESTS, *LIVE_REQUESTS, Deploy)):
            error = ProtocolError(f"{message.kind.name} is not for a target to receive")
            return [refusal(peer, request, "bad_message", error)]
        match message:
            case Hello() as hello:
                return self._greet(peer, request, hello)
            case Observe():
                return [SendObservation(peer, request, self._leases.observe(now))]
            case Lease():
                return self._leases.ask(peer, request, self._name(peer), message, now)
            case Bye() if self._leases.waits(peer):
                self._leases.leave_queue(peer)
                return [ok(peer, request)]
            case _ if holder is None or holder.peer != peer:
                error = ProtocolError(
                    f"{message.kind.name} needs the lease, which this host does not hold",
                    "send LEASE first; it is lost after long silence when another host asks",
                )
                return [refusal(peer, request, "no_lease", error)]
            case _:
                return self._for_holder(holder, envelope, now)

    def _for_holder(self, holder: Holder, envelope: Envelope, now: float) -> list[Action]:
        """What is answered beside the holder's work."""
        match envelope.message:
            case Bye():
                return [*self._leases.release(now), ok(holder.peer, envelope.id)]
            case Cancel():
                return self._cancel(holder, envelope.id)
            case AskTelemetry():
                return [SendTelemetry(holder.peer, envelope.id)]
            case _:
                return self._chunk(holder, envelope)

    def _work(self, holder: Holder, envelope: Envelope) -> list[Action]:
        """Carry a request of the holder out, in its turn."""
        if not holder.queue and not holder.delays(envelope.message):
            return self._try(holder, envelope)
        if len(holder.queue) >= MAX_QUEUED:
            error = ProtocolError(f"more than {MAX_QUEUED} requests are waiting", "read answers")
            return [refusal(holder.peer, envelope.id, "too_many", error)]
        holder.queue.append(envelope)
        return []

    def _name(self, peer: bytes) -> str:
        return self._names.get(peer, "a host")

    def _greet(self, peer: bytes, request: int, hello: Hello) -> list[Action]:
        if PROTOCOL_VERSION not in hello.protocols:
            error = ProtocolError(
                f"the host speaks protocol {', '.join(map(str, hello.protocols))}, "
                f"this target {PROTOCOL_VERSION}",
                "install the same kenning-lego on host and target",
            )
            return [refusal(peer, request, "unsupported_version", error)]
        self._names.pop(peer, None)
        self._names[peer] = hello.name
        if len(self._names) > MAX_NAMES:  # hosts come and go without a word
            del self._names[next(iter(self._names))]
        return [SendWelcome(peer, request)]

    def _peer_lost(self, peer: bytes, now: float) -> list[Action]:
        self._names.pop(peer, None)
        self._leases.leave_queue(peer)
        return self._leases.release(now) if self.holder == peer else []

    # What the holder asks for

    def _cancel(self, holder: Holder, request: int) -> list[Action]:
        actions: list[Action] = [ok(holder.peer, request)]
        if holder.pending and isinstance(holder.pending.message, Measuring):
            actions.append(ToWorker(Envelope(holder.pending.id, Cancel())))
        return actions

    def _advance(self) -> list[Action]:
        """Carry out waiting requests, in order, until one has to be waited for."""
        actions: list[Action] = []
        while (holder := self._leases.holder) and holder.queue:
            if holder.delays(holder.queue[0].message):
                break
            actions += self._try(holder, holder.queue.popleft())
        return actions

    def _try(self, holder: Holder, envelope: Envelope) -> list[Action]:
        try:
            return self._carry_out(holder, envelope)
        except ProtocolError as error:
            return [refusal(holder.peer, envelope.id, "bad_request", error)]

    def _carry_out(self, holder: Holder, envelope: Envelope) -> list[Action]:
        match envelope.message:
            case Data():
                return [*_write_inputs(holder, envelope), ok(holder.peer, envelope.id)]
            case Infer():
                written = _write_inputs(holder, envelope)
                return [*written, *self._ask_worker(holder, envelope, _PROCESS)]
            case Process(acknowledge):
                return self._process(holder, envelope, acknowledge=acknowledge)
            case Output():
                if not holder.has_outputs:
                    raise ProtocolError("OUTPUT without a result", "send DATA and PROCESS first")
                return [SendOutputs(holder.peer, envelope.id, Ok({}))]
            case Model() as model:
                holder.upload = Uploading(envelope.id, model)
                holder.artifacts.add(model.digest)
                return [OpenUpload(model.digest, model.size, frozenset(holder.artifacts))]
            case Compose() | Stats() as message:
                return self._ask_worker(holder, envelope, message)
            case RunPlan() | RunLoadTest() | MeasureFootprint() as measuring:
                return self._measure(holder, envelope, measuring)
            case Deploy():
                holder.pending = envelope
                return [ForDeployments(holder.peer, envelope)]
            case SwitchTo() | Preload():
                return self._ask_beside(holder, envelope)
            case other:
                raise ProtocolError(f"{other.kind.name} is not understood here")

    def _process(self, holder: Holder, envelope: Envelope, *, acknowledge: bool) -> list[Action]:
        if not holder.has_inputs:
            raise ProtocolError("PROCESS without inputs", "send DATA first")
        holder.has_outputs = False
        asked = self._ask_worker(holder, envelope, _PROCESS)
        if not acknowledge:
            return asked
        started = Event(Progress(0, 1, 0.0, "started"))
        return [Send(holder.peer, Envelope(envelope.id, started)), *asked]

    def _measure(self, holder: Holder, envelope: Envelope, measuring: Measuring) -> list[Action]:
        if self._deployments and not measuring.plan.beside_deployments:
            raise ProtocolError(
                f"{measuring.kind.name} beside {', '.join(self._deployments)}, "
                "which would disturb what is measured",
                "stop them with UNLOAD, or ask to measure beside deployments, which is recorded",
                "deployments",
            )
        holder.deployments_now.clear()
        holder.measures_beside(self._deployments)
        return self._ask_worker(holder, envelope, measuring)

    def _ask_worker(self, holder: Holder, envelope: Envelope, message: Message) -> list[Action]:
        _check_id(holder, envelope)
        holder.pending = envelope
        return [ToWorker(Envelope(envelope.id, message))]

    def _ask_beside(self, holder: Holder, envelope: Envelope) -> list[Action]:
        """Have the worker do what others do not wait for."""
        if holder.spec is None:
            raise _no_pipeline()
        if len(holder.beside) >= MAX_QUEUED:
            raise ProtocolError(f"more than {MAX_QUEUED} changes are under way", code="too_many")
        _check_id(holder, envelope)
        holder.beside[envelope.id] = envelope
        return [ToWorker(Envelope(envelope.id, envelope.message))]

    # Uploads

    def _chunk(self, holder: Holder, envelope: Envelope) -> list[Action]:
        upload = holder.upload
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
        holder = self._leases.holder
        if holder is None or holder.upload is None:
            return []
        upload = holder.upload
        if held:
            holder.upload = None
            if upload.model.load:
                compose = Compose((upload.model.digest,), upload.model.load)
                holder.queue.appendleft(Envelope(upload.id, compose))
                return self._advance()
            return [ok(holder.peer, upload.id, known=upload.known), *self._advance()]
        chunks = UPLOAD_CREDITS if upload.known else 1
        upload.known = False
        upload.offset = max(upload.offset, offset)
        return [Send(holder.peer, Envelope(upload.id, Credit(offset, chunks)))]

    def _upload_failed(self, error: KenningLegoError) -> list[Action]:
        holder = self._leases.holder
        if holder is None or holder.upload is None:
            return []
        upload, holder.upload = holder.upload, None
        return [refusal(holder.peer, upload.id, "store", error), *self._advance()]

    # Deployments

    def _deployments_answered(self, peer: bytes, envelope: Envelope) -> list[Action]:
        holder = self._leases.holder
        answers: list[Action] = [Send(peer, envelope)]
        if holder is None or holder.peer != peer or holder.pending is None:
            return answers
        if isinstance(holder.pending.message, Deploy) and holder.pending.id == envelope.id:
            holder.pending = None
            return [*answers, *self._advance()]
        return answers

    def _deployments_run(self, names: tuple[str, ...]) -> list[Action]:
        self._deployments = names
        holder = self._leases.holder
        if holder and holder.pending and isinstance(holder.pending.message, Measuring):
            holder.measures_beside(names)
        return []

    # The worker

    def _worker_answered(self, envelope: Envelope, now: float) -> list[Action]:
        holder = self._leases.holder
        if holder is None:
            return []  # of a request whose host is gone
        if envelope.id in holder.beside:
            holder.seen = now
            del holder.beside[envelope.id]
            return [Send(holder.peer, envelope), *self._advance()]
        if holder.pending is None or holder.pending.id != envelope.id:
            return []
        holder.seen = now  # a host that waits for its answer is not silent
        if isinstance(envelope.message, Event):
            holder.progress = envelope.message.progress
            return [Send(holder.peer, envelope)]
        answers = _answer(holder, holder.pending, envelope)
        holder.pending = holder.progress = None
        return [*answers, *self._advance()]

    def _worker_exited(self, reason: str) -> list[Action]:
        holder = self._leases.holder
        if holder is None:
            return []
        holder.forget_pipeline()
        requests = [*holder.beside.values(), *([holder.pending] if holder.pending else [])]
        holder.pending = holder.progress = None
        holder.beside.clear()
        refusals: list[Action] = [_died(holder, each, reason) for each in requests]
        return [*refusals, *self._advance()] if requests else []


def _died(holder: Holder, request: Envelope, reason: str) -> Action:
    error = ProtocolError(
        f"the worker died while it carried out {request.message.kind.name}: {reason}",
        "the server goes on; load the models again",
    )
    return refusal(holder.peer, request.id, "worker_died", error)


def _check_id(holder: Holder, envelope: Envelope) -> None:
    if envelope.id in holder.beside:
        raise ProtocolError(f"a request with the id {envelope.id} is under way already")


def _no_pipeline() -> ProtocolError:
    return ProtocolError("no pipeline is loaded", "send COMPOSE, or MODEL with `load`")


def _answer(holder: Holder, request: Envelope, envelope: Envelope) -> list[Action]:
    message = envelope.message
    if isinstance(message, Ok):
        match request.message:
            case Infer():
                holder.has_outputs = True
                return [SendOutputs(holder.peer, envelope.id, message)]
            case Process():
                holder.has_outputs = True
            case Stats():
                message = with_beside(message, holder.deployments)
            case RunLoadTest() | MeasureFootprint():
                message = with_beside(message, holder.deployments_now)
            case Compose():
                holder.forget_pipeline()
                holder.spec = read_composed(Fields(dict(message.result), "COMPOSE")).spec
                holder.input_sizes = tuple(tensor.nbytes for tensor in holder.spec.inputs)
        return [Send(holder.peer, replace(envelope, message=message))]
    return [Send(holder.peer, envelope)]


def _write_inputs(holder: Holder, envelope: Envelope) -> list[Action]:
    if holder.spec is None:
        raise _no_pipeline()
    if tuple(map(len, envelope.payload)) != holder.input_sizes:
        holder.spec.check_inputs(envelope.payload)
    holder.has_inputs, holder.has_outputs = True, False
    return [WriteInputs(envelope.payload)]
