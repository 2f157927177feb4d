"""The host's view of a target over the network: the shell around the host's session."""

from __future__ import annotations

import contextlib
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from types import TracebackType

from kenning_lego import __version__
from kenning_lego.core.engines import Engine, Options
from kenning_lego.core.errors import (
    ConfigurationError,
    ProtocolError,
    StoreError,
    TargetLostError,
    TargetTimeoutError,
)
from kenning_lego.core.footprints import Footprint, FootprintPlan
from kenning_lego.core.loads import LoadPlan, LoadResult
from kenning_lego.core.plans import (
    Composed,
    Observation,
    Plan,
    Progress,
    Statistics,
    TargetDescription,
)
from kenning_lego.core.switching import Preloaded, Switched
from kenning_lego.core.telemetry import Telemetry
from kenning_lego.protocols.addresses import normalise
from kenning_lego.protocols.codec import (
    Envelope,
    Frame,
    decode,
    encode,
    unpack_numbers,
)
from kenning_lego.protocols.connection import Connection
from kenning_lego.protocols.deployments import Deployments
from kenning_lego.protocols.host_session import Answered, HostSession, Progressed, Refused, Wanted
from kenning_lego.protocols.keys import KeyPair, PublicKey
from kenning_lego.protocols.live_messages import Preload, SwitchTo
from kenning_lego.protocols.live_results import read_preloaded
from kenning_lego.protocols.load_results import read_footprint, read_load_result
from kenning_lego.protocols.messages import (
    CHUNK_BYTES,
    PROTOCOL_VERSION,
    UPLOAD_CREDITS,
    AskTelemetry,
    Bye,
    Cancel,
    Compose,
    Data,
    Hello,
    Infer,
    Lease,
    Load,
    MeasureFootprint,
    Measuring,
    Message,
    Model,
    Observe,
    Output,
    Process,
    RunLoadTest,
    RunPlan,
    Stats,
)
from kenning_lego.protocols.pending import Late, PendingSwitch
from kenning_lego.protocols.results import (
    Welcome,
    read_composed,
    read_duration_ns,
    read_observation,
    read_statistics,
    read_telemetry,
)

PATIENCE_S = 60.0
"""How long a connected target may take for an answer."""

WAIT_FOR_LEASE_S = 24 * 3600.0
"""How long to wait for the lease when told to wait."""

OnProgress = Callable[[Progress], None]


def connect(
    address: str,
    *,
    key: KeyPair | None = None,
    server_key: PublicKey | None = None,
    timeout_s: float = 5.0,
) -> TargetClient:
    """Reach a target and greet it.

    Args:
        address: ``tcp://HOST:PORT``.
        key: ours, if the target wants one; it must be authorised there.
        server_key: the target's, without which ours is not shown.
        timeout_s: how long to wait for it.

    Raises:
        AddressError: the address is malformed.
        ConfigurationError: one of the two keys was given without the other.
        TargetUnreachableError: nothing of ours answers there, or it does not admit us.
    """
    if (key is None) != (server_key is None):
        raise ConfigurationError(
            "a target's key and our own key go together", "give both or neither"
        )
    connection = Connection(normalise(address), timeout_s, key, server_key)
    try:
        client = TargetClient(connection)
        client.greet(timeout_s)
    except BaseException:
        connection.close()
        raise
    return client


@dataclass(frozen=True, slots=True)
class Timing:
    """One PROCESS on both clocks.

    Args:
        target_ns: around the engine's call, on the target's clock: the figure that counts.
        host_ns: between the acknowledgements of start and end as they arrived, on the host's
            clock: includes the network and the target's own work.
    """

    target_ns: int
    host_ns: int


class TargetClient:
    """A target at the other end of a connection; see :class:`kenning_lego.core.target.Target`.

    The lease is taken with the first call that needs it, and given back by :meth:`close`.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._session = HostSession()
        self._late = Late()
        self._leased = False
        self.deployments = Deployments(self._ask, self.observe, self._ensure_lease)
        """The pipelines that the target owns."""

    @property
    def address(self) -> str:
        """Where the target is."""
        return self._connection.address

    def greet(self, timeout_s: float = PATIENCE_S) -> Welcome:
        """Say who we are and hear who the target is."""
        hello = Hello(platform.node()[:256] or "host", __version__, (PROTOCOL_VERSION,))
        return Welcome.from_result(self._ask(hello, patience_s=timeout_s).result)

    def describe(self) -> TargetDescription:
        """Facts about the target and its present state."""
        return self.greet().description

    def observe(self, timeout_s: float = PATIENCE_S) -> Observation:
        """Who measures there now and how far it is; needs no lease."""
        return read_observation(self._ask(Observe(), patience_s=timeout_s).result)

    def lease(
        self,
        *,
        wait: bool = False,
        expected_s: float = 0.0,
        on_progress: OnProgress | None = None,
    ) -> None:
        """Take the lease, which all that measures needs.

        Args:
            wait: wait in the queue if another host has it; else that is an error at once.
            expected_s: for how long it will be wanted; told to others, 0 if not known.
            on_progress: told the place in the queue.

        Raises:
            RemoteError: another host has the lease (code ``busy``).
        """
        patience = WAIT_FOR_LEASE_S if wait else PATIENCE_S
        self._ask(Lease(wait, expected_s), patience_s=patience, on_progress=on_progress)
        self._leased = True

    def upload(self, artifact: Path, digest: str) -> bool:
        """Make the target hold the artifact; True if it had to be sent."""
        return self._model(artifact, digest, None)

    def measure(self, plan: Plan, on_progress: OnProgress | None = None) -> None:
        """Time a plan on the target; its samples are in :meth:`statistics` afterwards."""
        self._measure(RunPlan(plan), on_progress)

    def load(self, plan: LoadPlan, on_progress: OnProgress | None = None) -> LoadResult:
        """Send queries to a chain of held artifacts, on the target itself."""
        answer = self._measure(RunLoadTest(plan), on_progress)
        return read_load_result(answer.result, answer.payload)

    def footprint(self, plan: FootprintPlan, on_progress: OnProgress | None = None) -> Footprint:
        """See what a chain of held artifacts costs in memory, in fresh processes there."""
        return read_footprint(self._measure(MeasureFootprint(plan), on_progress).result)

    def cancel(self) -> None:
        """End what measures just now after its present round or query; what it measured stays.

        To be called from the `on_progress` of :meth:`measure`, :meth:`load` or :meth:`footprint`,
        which then returns.
        """
        self._send(Cancel())

    def compose(
        self,
        stages: Sequence[str],
        *,
        runtime: str,
        threads: int = 1,
        batch: int = 1,
        outputs: Sequence[str] = (),
        options: Options | None = None,
        engines: Sequence[Engine] = (),
    ) -> Composed:
        """Load a chain of held artifacts as the session's pipeline; see :class:`.target.Target`."""
        self._ensure_lease()
        load = Load(runtime, threads, batch, options or {}, tuple(engines))
        return read_composed(self._ask(Compose(tuple(stages), load, tuple(outputs))).result)

    def infer(self, inputs: Sequence[bytes]) -> tuple[list[bytes], int]:
        """Run the pipeline once; its outputs, and the engine's time in ns on the target's clock."""
        answer = self._ask(Infer(), tuple(inputs))
        return [bytes(frame) for frame in answer.payload], read_duration_ns(answer.result)

    def switch(
        self, stages: Sequence[str], *, may_pause: bool = False, memory_bytes: int | None = None
    ) -> Switched:
        """Run the composed pipeline by other held artifacts; see :class:`.target.Target`."""
        return self.begin_switch(stages, may_pause=may_pause, memory_bytes=memory_bytes).result()

    def begin_switch(
        self, stages: Sequence[str], *, may_pause: bool = False, memory_bytes: int | None = None
    ) -> PendingSwitch:
        """:meth:`switch`, without waiting for it: :meth:`infer` goes on meanwhile."""
        self._ensure_lease()
        request = self._send(SwitchTo(tuple(stages), may_pause, memory_bytes))
        self._late.expect(request)
        return PendingSwitch(lambda: self._came(request), lambda: self._settle_late(request))

    def preload(self, stages: Sequence[str], *, memory_bytes: int | None = None) -> Preloaded:
        """Have held artifacts loaded beside those that run; see :class:`.target.Target`."""
        self._ensure_lease()
        return read_preloaded(self._ask(Preload(tuple(stages), memory_bytes)).result)

    def statistics(self) -> Statistics:
        """Everything timed in this session so far."""
        self._ensure_lease()
        answer = self._ask(Stats())
        return read_statistics(answer.result, answer.payload)

    def telemetry(self) -> Telemetry:
        """What the target's sensors told since the lease was given."""
        self._ensure_lease()
        answer = self._ask(AskTelemetry())
        return read_telemetry(answer.result, [unpack_numbers(frame) for frame in answer.payload])

    # The classic dialogue, step by step

    def model(self, artifact: Path, digest: str, load: Load) -> None:
        """MODEL: make the target hold the artifact and load it as the pipeline."""
        self._model(artifact, digest, load)

    def data(self, inputs: Sequence[bytes]) -> None:
        """DATA: the pipeline's inputs."""
        self._ask(Data(), tuple(inputs))

    def process(self) -> int:
        """PROCESS: run once; the engine's time in ns on the target's clock."""
        return read_duration_ns(self._ask(Process()).result)

    def process_acknowledged(self) -> Timing:
        """PROCESS with its start and its end acknowledged, and the time between the two here."""
        started = 0

        def note(_progress: Progress) -> None:
            nonlocal started
            started = time.perf_counter_ns()

        answer = self._ask(Process(acknowledge=True), on_progress=note)
        return Timing(read_duration_ns(answer.result), time.perf_counter_ns() - started)

    def output(self) -> list[bytes]:
        """OUTPUT: what the last PROCESS gave."""
        return [bytes(frame) for frame in self._ask(Output()).payload]

    def pipelined(self, inputs: Sequence[bytes]) -> tuple[list[bytes], int]:
        """DATA, PROCESS and OUTPUT sent without waiting; the first refusal is raised."""
        requests = [
            self._send(Data(), tuple(inputs)),
            self._send(Process()),
            self._send(Output()),
        ]
        answers = [self._settle(request, PATIENCE_S, None) for request in requests]
        for answer in answers:
            if isinstance(answer, Refused):
                raise answer.error
        _, process, output = (answer for answer in answers if isinstance(answer, Answered))
        return [bytes(frame) for frame in output.payload], read_duration_ns(process.result)

    def close(self) -> None:
        """End the session; the target forgets its models and samples."""
        try:
            if self._leased and self._connection.alive:
                self._leased = False
                # One that does not hear it forgets by being gone, or once the connection is.
                with contextlib.suppress(TargetLostError, TargetTimeoutError):
                    self._ask(Bye(), patience_s=5.0)
        finally:
            self._connection.close()

    def __enter__(self) -> TargetClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self.close()
        else:
            # After a failure nothing more is expected of the target; BYE goes without an answer.
            if self._leased and self._connection.alive:
                with contextlib.suppress(TargetLostError):
                    self._send(Bye())
            self._connection.close()

    # How it is done

    def _ensure_lease(self) -> None:
        if not self._leased:
            self.lease()

    def _measure(self, request: Measuring, on_progress: OnProgress | None) -> Answered:
        self._ensure_lease()
        # Loading the artifacts and one round's length come on top of the plan's own time.
        patience = request.plan.max_seconds + PATIENCE_S
        return self._ask(request, patience_s=patience, on_progress=on_progress)

    def _model(self, artifact: Path, digest: str, load: Load | None) -> bool:
        """Make the target hold an artifact; True if it was sent."""
        self._ensure_lease()
        try:
            with artifact.open("rb") as file:
                size = artifact.stat().st_size
                return self._upload(self._send(Model(digest, size, load)), file)
        except OSError as error:
            raise StoreError(f"cannot read {artifact}: {error.strerror}") from error

    def _upload(self, request: int, file: BufferedReader) -> bool:
        """Send chunks as the target wants them; whether any was wanted."""
        buffers: list[memoryview] = []
        sent = 0
        while True:
            match self._next(request, PATIENCE_S):
                case Wanted() as wanted:
                    for offset, size in wanted.chunks:
                        # A buffer is free again once there is credit for as many chunks more.
                        if len(buffers) < UPLOAD_CREDITS:
                            buffers.append(memoryview(bytearray(CHUNK_BYTES)))
                        piece = buffers[sent % UPLOAD_CREDITS][:size]
                        file.seek(offset)
                        if file.readinto(piece) != size:
                            raise StoreError(f"{file.name} changes while it is uploaded")
                        self._connection.send(encode(wanted.envelope(offset, piece)))
                        sent += 1
                case Answered():
                    return sent > 0
                case Refused(_, error):
                    raise error

    def _send(self, message: Message, payload: tuple[Frame, ...] = ()) -> int:
        envelope: Envelope = self._session.request(message, payload)
        self._connection.send(encode(envelope))
        return envelope.id

    def _ask(
        self,
        message: Message,
        payload: tuple[Frame, ...] = (),
        *,
        patience_s: float = PATIENCE_S,
        on_progress: OnProgress | None = None,
    ) -> Answered:
        answer = self._settle(self._send(message, payload), patience_s, on_progress)
        if isinstance(answer, Refused):
            raise answer.error
        return answer

    def _settle(
        self, request: int, patience_s: float, on_progress: OnProgress | None
    ) -> Answered | Refused:
        while True:
            match self._next(request, patience_s):
                case Progressed(_, progress):
                    if on_progress:
                        on_progress(progress)
                case Wanted():
                    raise ProtocolError("the target wants chunks of what is no upload")
                case answer:
                    return answer

    def _next(self, request: int, patience_s: float) -> Answered | Refused | Progressed | Wanted:
        """The next news of a request; answers to others are kept if they are expected later."""
        deadline = time.monotonic() + patience_s
        while True:
            frames = self._connection.receive(deadline)
            if frames is None:
                raise TargetTimeoutError(
                    f"the target at {self.address} has not answered for {patience_s:.0f} s, "
                    "though it is connected",
                    "look at the server's terminal; restart it if it hangs",
                )
            news = self._session.received(decode(frames))
            if news is not None and news.id == request:
                return news
            if isinstance(news, Answered | Refused):
                self._late.note(news)

    def _came(self, request: int) -> bool:
        """Whether an answer that is expected later has come; reads what lies in the socket."""
        while not self._late.has(request) and self._connection.has_message():
            frames = self._connection.receive(0.0)
            news = self._session.received(decode(frames)) if frames else None
            if isinstance(news, Answered | Refused):
                self._late.note(news)
        return self._late.has(request)

    def _settle_late(self, request: int) -> Answered | Refused:
        return self._late.take(request) or self._settle(request, PATIENCE_S, None)
