"""A server's shell without sockets, processes or files around a session, which it watches."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from kenning_lego.core.errors import KenningLegoError, StoreError
from kenning_lego.core.plans import Composed, Progress
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.protocols import dialogue
from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.live_messages import Changing
from kenning_lego.protocols.messages import (
    UPLOAD_CREDITS,
    Cancel,
    Chunk,
    Compose,
    Credit,
    Error,
    Event,
    Measuring,
    Message,
    Ok,
    Process,
    Stats,
)
from kenning_lego.protocols.results import pack_composed
from kenning_lego.protocols.session import Session

SPEC = IOSpec((TensorSpec("x", (2,)),), (TensorSpec("y", (1,), "uint8"),))
INPUT = bytes(8)


@dataclass
class FakeWorker:
    """Holds what a worker would hold; starts with nothing."""

    inbox: deque[Envelope] = field(default_factory=deque)
    changes: deque[Envelope] = field(default_factory=deque)
    """What it does beside the rest."""
    composed: bool = False
    has_inputs: bool = False
    has_result: bool = False


@dataclass
class FakeStore:
    """Artifacts by digest with the bytes that have arrived."""

    held: set[str] = field(default_factory=set)
    parts: dict[str, int] = field(default_factory=dict)
    open: tuple[str, int] | None = None
    failing: bool = False

    def begin(self, digest: str, size: int) -> dialogue.SessionEvent:
        assert self.open is None, "the upload before was not closed"
        if digest in self.held:
            return dialogue.UploadAt(size, held=True)
        self.open = digest, size
        self.parts.setdefault(digest, 0)
        return self._state()

    def write(self, size: int) -> dialogue.SessionEvent:
        assert self.open is not None, "nothing is open to be written"
        if self.failing:
            self.open = None
            return dialogue.UploadFailed(StoreError("no space left"))
        self.parts[self.open[0]] += size
        return self._state()

    def _state(self) -> dialogue.SessionEvent:
        assert self.open is not None
        digest, size = self.open
        if self.parts[digest] < size:
            return dialogue.UploadAt(self.parts[digest])
        assert self.parts[digest] == size, "more was written than announced"
        self.open = None
        self.held.add(digest)
        return dialogue.UploadAt(size, held=True)


class Shell:
    """Carries a session's actions out as the server does, and checks each of them.

    `answers` has the final answer to each request; an answer to what was not asked, or was
    answered already, fails at once.
    """

    def __init__(self, timeout_s: float = 30.0) -> None:
        self.session = Session(timeout_s)
        self.now = 0.0
        self.worker: FakeWorker | None = None
        self.sampled_for: bytes | None = None
        """For whom the sensors are read."""
        self.store = FakeStore()
        self.waiting: dict[tuple[bytes, int], Message] = {}
        """Requests without an answer, in the order in which they were sent."""
        self.answers: dict[tuple[bytes, int], Message] = {}
        self.events: list[tuple[bytes, int, Message]] = []
        self.credits = 0
        """Chunks that the holder may still send."""
        self.unreachable: set[bytes] = set()
        self.for_deployments: deque[tuple[bytes, Envelope]] = deque()
        """Requests about deployments that have no answer yet."""
        self._last_id = 0

    # What hosts do

    def ask(self, peer: bytes, message: Message, *payload: bytes) -> int:
        """Send a request with a fresh id; returns it."""
        self._last_id += 1
        self.waiting[peer, self._last_id] = message
        self.feed(dialogue.Received(peer, Envelope(self._last_id, message, payload)))
        return self._last_id

    def answer(self, peer: bytes, message: Message, *payload: bytes) -> Message:
        """Send a request that is answered at once; returns the answer."""
        return self.answers[peer, self.ask(peer, message, *payload)]

    def chunk(self, peer: bytes, request: int, offset: int, *pieces: bytes) -> None:
        """Send a chunk, which has no answer of its own."""
        self.credits -= 1
        self.feed(dialogue.Received(peer, Envelope(request, Chunk(offset), pieces)))

    def lose(self, peer: bytes) -> None:
        """The peer's connection breaks."""
        self.feed(dialogue.PeerLost(peer))
        self.forget(peer)

    def forget(self, peer: bytes) -> None:
        """The peer waits for no answers any more."""
        self.waiting = {key: each for key, each in self.waiting.items() if key[0] != peer}

    # What the worker does

    def work(self, *, fail: bool = False) -> Message | None:
        """The worker carries out its oldest request, or else a change; returns it."""
        worker = self.worker
        if worker is None or not worker.inbox:
            return self.change(fail=fail)
        request = worker.inbox.popleft()
        message = request.message
        answer: Message | None = Error("engine_failed", "no") if fail else Ok({})
        match message:
            case Cancel():
                answer = None
            case Compose() if not fail:
                worker.composed, worker.has_inputs, worker.has_result = True, False, False
                answer = Ok(pack_composed(Composed(SPEC)))
            case Process():
                assert worker.has_inputs, "PROCESS reached a worker without inputs"
                worker.has_result = not fail
            case _:
                pass
        if answer is not None:
            self.feed(dialogue.WorkerAnswered(Envelope(request.id, answer)))
        return message

    def change(self, *, fail: bool = False) -> Message | None:
        """The worker has done its oldest change of the pipeline; returns it."""
        if self.worker is None or not self.worker.changes:
            return None
        request = self.worker.changes.popleft()
        answer = Error("superseded", "no") if fail else Ok({})
        self.feed(dialogue.WorkerAnswered(Envelope(request.id, answer)))
        return request.message

    def settle(self, *, fail: bool = False) -> None:
        """The oldest request about deployments is answered."""
        peer, request = self.for_deployments.popleft()
        answer = Error("worker_died", "no") if fail else Ok({})
        self.feed(dialogue.DeploymentsAnswered(peer, Envelope(request.id, answer)))

    def tell(self) -> bool:
        """The worker tells how far it is; whether there was anything to tell."""
        if self.worker is None or not self.worker.inbox:
            return False
        progress = Event(Progress(1, 2, 0.5))
        self.feed(dialogue.WorkerAnswered(Envelope(self.worker.inbox[0].id, progress)))
        return True

    def die(self) -> None:
        """The worker dies."""
        if self.worker is not None:
            self.worker = None
            self.feed(dialogue.WorkerExited("killed by SIGKILL"))

    @property
    def running(self) -> list[Envelope]:
        """What the worker has been asked and has not answered."""
        inbox = self.worker.inbox if self.worker else deque()
        return [each for each in inbox if not isinstance(each.message, Cancel)]

    # How it is carried out

    def feed(self, event: dialogue.SessionEvent) -> None:
        """Let the session decide, carry it out, and feed back what comes of it."""
        events = deque([event])
        while events:
            for action in self.session.handle(events.popleft(), self.now):
                outcome = self._carry_out(action)
                if outcome is not None:
                    events.append(outcome)

    def _carry_out(self, action: dialogue.Action) -> dialogue.SessionEvent | None:
        match action:
            case dialogue.Send(peer, envelope):
                return self._send(peer, envelope.id, envelope.message)
            case dialogue.SendWelcome(peer, request):
                return self._send(peer, request, Ok({"welcome": True}))
            case dialogue.SendOutputs(peer, request, message):
                assert self.worker is not None, "outputs of no worker"
                assert self.worker.has_result, "outputs of nothing that ran"
                return self._send(peer, request, message)
            case dialogue.WriteInputs(frames):
                assert self.worker is not None, "inputs for no worker"
                assert self.worker.composed, "inputs for no pipeline"
                assert [len(frame) for frame in frames] == [len(INPUT)]
                self.worker.has_inputs, self.worker.has_result = True, False
            case dialogue.ToWorker(envelope):
                self._to_worker(envelope)
            case dialogue.StopWorker():
                self.worker = None
            case dialogue.ForDeployments(peer, envelope):
                self.for_deployments.append((peer, envelope))
            case dialogue.OpenUpload(digest, size):
                self.credits = 0
                return self.store.begin(digest, size)
            case dialogue.WriteUpload(piece):
                return self.store.write(len(piece))
            case dialogue.SuspendUpload():
                assert self.store.open is not None, "no upload to suspend"
                self.store.open = None
            case other:
                return self._carry_out_sampling(other)
        return None

    def _carry_out_sampling(self, action: dialogue.Action) -> dialogue.SessionEvent | None:
        match action:
            case dialogue.SendObservation(peer, request):
                return self._send(peer, request, Ok({"observation": True}))
            case dialogue.SendTelemetry(peer, request):
                assert peer == self.sampled_for, "telemetry of another's lease"
                return self._send(peer, request, Ok({"telemetry": True}))
            case dialogue.StartSampling():
                assert self.sampled_for is None, "what was sampled for another was not forgotten"
                self.sampled_for = self.session.holder
            case dialogue.StopSampling():
                self.sampled_for = None
            case other:
                raise AssertionError(f"the session wants {other}")
        return None

    def _to_worker(self, envelope: Envelope) -> None:
        holder = self.session.holder
        assert holder is not None, "a worker for nobody"
        assert (holder, envelope.id) in self.waiting, "the worker is asked for nobody"
        if isinstance(envelope.message, Cancel):
            assert [isinstance(each.message, Measuring) for each in self.running] == [True]
        elif isinstance(envelope.message, Changing):
            assert self.worker is not None, "a change of no pipeline"
            assert self.worker.composed, "a change of no pipeline"
            assert not any(isinstance(each.message, Measuring | Compose) for each in self.running)
            self.worker.changes.append(envelope)
            return
        else:
            assert isinstance(envelope.message, Compose | Process | Measuring | Stats)
            assert not self.running, "the worker is asked two things at once"
            if isinstance(envelope.message, Compose | Measuring):
                assert not (self.worker and self.worker.changes), "a change is under way"
        self.worker = self.worker or FakeWorker()
        self.worker.inbox.append(envelope)

    def _send(self, peer: bytes, request: int, message: Message) -> dialogue.SessionEvent | None:
        if peer in self.unreachable:
            self.forget(peer)
            return dialogue.PeerLost(peer)
        match message:
            case Ok() | Error():
                if request:
                    asked = self.waiting.pop((peer, request), None)
                    assert asked is not None, f"answer {message} to what nobody asks any more"
                self.answers[peer, request] = message
            case Credit(_, chunks):
                assert peer == self.session.holder
                assert (peer, request) in self.waiting
                self.credits += chunks
                assert 0 < self.credits <= UPLOAD_CREDITS
            case _:
                assert peer == self.session.holder, "news for one who does not hold the lease"
                assert (peer, request) in self.waiting, "news of what nobody asks any more"
        self.events.append((peer, request, message))
        return None


def problem_of(answer: Message) -> KenningLegoError:
    """The problem in an ERROR."""
    assert isinstance(answer, Error), answer
    return KenningLegoError(answer.problem, answer.remedy)


def code_of(answer: Message) -> str:
    """The code of an ERROR, or ``ok``."""
    return answer.code if isinstance(answer, Error) else "ok"
