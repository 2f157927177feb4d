"""Who has the lease, who waits for it, and when it goes to the next: pure, as the session."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field

from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.plans import Observation, Progress
from kenning_lego.core.specs import IOSpec
from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.dialogue import (
    Action,
    Send,
    StartSampling,
    StopSampling,
    StopWorker,
    SuspendUpload,
)
from kenning_lego.protocols.messages import Compose, Event, Lease, Measuring, Message, Model
from kenning_lego.protocols.replies import ok, refusal

MAX_WAITING = 32
"""Hosts that may wait for the lease."""


@dataclass(slots=True)
class Uploading:
    """An upload under way.

    Args:
        id: of its MODEL.
        model: what it is.
        offset: bytes that have arrived.
        known: whether nothing had to be sent so far.
    """

    id: int
    model: Model
    offset: int = 0
    known: bool = True


@dataclass(slots=True)
class Holder:
    """The host that has the lease, and all that was done for it.

    Args:
        peer: the host.
        name: by which others are told of it.
        since: when it was given the lease, in seconds.
        seen: when it was last heard of.
        expected_s: for how long it said that it wants the lease; 0 if it did not say.
        queue: its requests that wait for their turn.
        pending: its request that the worker carries out.
        beside: those, by id, that the worker carries out while others go on.
        progress: how far that is.
        upload: its upload under way.
        artifacts: that it named, which must stay in the store.
        spec: of the pipeline that is loaded.
        input_sizes: bytes of each of the pipeline's inputs.
        has_inputs: whether DATA has come since COMPOSE.
        has_outputs: whether the last PROCESS left a result.
        deployments: that ran while it measured something.
        deployments_now: those that run while the worker measures for its pending request.
    """

    peer: bytes
    name: str
    since: float
    seen: float
    expected_s: float
    queue: deque[Envelope] = field(default_factory=deque)
    pending: Envelope | None = None
    beside: dict[int, Envelope] = field(default_factory=dict)
    progress: Progress | None = None
    upload: Uploading | None = None
    artifacts: set[str] = field(default_factory=set)
    spec: IOSpec | None = None
    input_sizes: tuple[int, ...] = ()
    has_inputs: bool = False
    has_outputs: bool = False
    deployments: set[str] = field(default_factory=set)
    deployments_now: set[str] = field(default_factory=set)

    @property
    def busy(self) -> bool:
        """Whether anything of it is under way."""
        return self.pending is not None or self.upload is not None or bool(self.beside)

    def delays(self, message: Message) -> bool:
        """Whether that has to wait, were it the next request."""
        if self.pending is not None or self.upload is not None:
            return True
        return bool(self.beside) and isinstance(message, Compose | Measuring)

    @property
    def doing(self) -> str:
        """The kind of request that the worker carries out; empty if none."""
        request = self.pending or next(iter(self.beside.values()), None)
        return request.message.kind.name if request else ""

    def measures_beside(self, deployments: Collection[str]) -> None:
        """Deployments run while it measures."""
        self.deployments.update(deployments)
        self.deployments_now.update(deployments)

    def forget_pipeline(self) -> None:
        """Nothing is loaded any more."""
        self.spec = None
        self.has_inputs = self.has_outputs = False


@dataclass(frozen=True, slots=True)
class _Waiting:
    peer: bytes
    id: int
    name: str
    lease: Lease


class Leases:
    """The lease of one target.

    Args:
        timeout_s: a holder that has been silent for so long, with nothing under way, loses the
            lease to the next host that asks.
    """

    def __init__(self, timeout_s: float) -> None:
        self._timeout = timeout_s
        self._waiting: deque[_Waiting] = deque()
        self.holder: Holder | None = None

    def ask(self, peer: bytes, request: int, name: str, lease: Lease, now: float) -> list[Action]:
        """A host asks for the lease."""
        holder = self.holder
        if holder and holder.peer == peer:
            holder.expected_s = lease.expected_s
            return [ok(peer, request)]
        released = self.expire(now, someone_asks=True)
        asking = _Waiting(peer, request, name, lease)
        holder = self.holder
        if holder is None:
            return [*released, *self._grant(asking, now)]
        if not lease.wait:
            return [*released, refusal(peer, request, "busy", _busy(holder, now))]
        if len(self._waiting) >= MAX_WAITING:
            error = ProtocolError(f"{MAX_WAITING} hosts are waiting already", "try again later")
            return [*released, refusal(peer, request, "too_many", error)]
        if self.waits(peer):
            error = ProtocolError("this host waits already", "read the answer to the first LEASE")
            return [*released, refusal(peer, request, "bad_request", error)]
        self._waiting.append(asking)
        return [*released, *self._tell_waiting()]

    def release(self, now: float) -> list[Action]:
        """Take the lease from its holder, clean up, and give it to the next that waits."""
        holder, self.holder = self.holder, None
        actions: list[Action] = []
        if holder and holder.upload:
            actions.append(SuspendUpload())
        actions += [StopWorker(), StopSampling()]
        if self._waiting:
            actions += [*self._grant(self._waiting.popleft(), now), *self._tell_waiting()]
        return actions

    def expire(self, now: float, *, someone_asks: bool = False) -> list[Action]:
        """Take the lease from a holder that is silent, if somebody else wants it."""
        holder = self.holder
        if holder is None or holder.busy or now - holder.seen < self._timeout:
            return []
        return self.release(now) if someone_asks or self._waiting else []

    def waits(self, peer: bytes) -> bool:
        """Whether a host is in the queue."""
        return any(each.peer == peer for each in self._waiting)

    def leave_queue(self, peer: bytes) -> None:
        """A host waits no more."""
        self._waiting = deque(each for each in self._waiting if each.peer != peer)

    def observe(self, now: float) -> Observation:
        """What others may know."""
        holder = self.holder
        if holder is None:
            return Observation(waiting=len(self._waiting))
        progress = holder.progress
        return Observation(
            holder=holder.name,
            held_s=now - holder.since,
            expected_s=holder.expected_s,
            doing=holder.doing,
            done=progress.done if progress else 0,
            total=progress.total if progress else 0,
            waiting=len(self._waiting),
        )

    def _grant(self, waiting: _Waiting, now: float) -> list[Action]:
        self.holder = Holder(waiting.peer, waiting.name, now, now, waiting.lease.expected_s)
        return [ok(waiting.peer, waiting.id), StartSampling()]

    def _tell_waiting(self) -> list[Action]:
        """Tell those who wait what place they have."""
        return [
            Send(
                each.peer,
                Envelope(each.id, Event(Progress(place, len(self._waiting), 0.0, "waiting"))),
            )
            for place, each in enumerate(self._waiting, 1)
        ]


def _busy(holder: Holder, now: float) -> ProtocolError:
    held = now - holder.since
    left = max(0.0, holder.expected_s - held)
    until = f", expected to be done in {left:.0f} s" if holder.expected_s else ""
    return ProtocolError(
        f"the target is busy: {holder.name} holds it since {held:.0f} s ago{until}",
        "try again when that host is done, or ask to wait",
    )
