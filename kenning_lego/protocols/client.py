"""The host's view of a target over the network."""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from kenning_lego import __version__
from kenning_lego.core.errors import ProtocolError, RemoteError, StoreError, TargetTimeoutError
from kenning_lego.core.plans import Composed, Plan, Progress, Statistics, TargetDescription
from kenning_lego.protocols.addresses import normalise
from kenning_lego.protocols.codec import Envelope, Frame, decode, encode, unpack_samples
from kenning_lego.protocols.connection import Connection
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.messages import (
    CHUNK_BYTES,
    Bye,
    Chunk,
    Compose,
    Credit,
    Data,
    Error,
    Event,
    Hello,
    Infer,
    Lease,
    Load,
    Message,
    Model,
    Ok,
    Output,
    Process,
    RunPlan,
    Stats,
    Welcome,
    read_composed,
    read_statistics,
)

PATIENCE_S = 60.0
"""How long a connected target may take for an answer."""

MAX_DURATION_NS = 2**62


def connect(address: str, *, timeout_s: float = 5.0) -> TargetClient:
    """Reach a target and greet it.

    Args:
        address: ``tcp://HOST:PORT``.
        timeout_s: how long to wait for it.

    Raises:
        AddressError: the address is malformed.
        TargetUnreachableError: nothing of ours answers there.
    """
    where = normalise(address)
    connection = Connection(where, timeout_s)
    try:
        client = TargetClient(connection)
        client.greet(timeout_s)
    except BaseException:
        connection.close()
        raise
    return client


class TargetClient:
    """A target at the other end of a connection; see :class:`kenning_lego.core.target.Target`.

    The lease is taken with the first call that needs it, and given back by :meth:`close`.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._last_id = 0
        self._leased = False

    @property
    def address(self) -> str:
        """Where the target is."""
        return self._connection.address

    def greet(self, timeout_s: float = PATIENCE_S) -> Welcome:
        """Say who we are and hear who the target is."""
        hello = Hello(platform.node()[:256] or "host", __version__)
        result, _ = self._ask(hello, patience_s=timeout_s)
        return Welcome.from_result(result)

    def describe(self) -> TargetDescription:
        """Facts about the target and its present state."""
        return self.greet().description

    def upload(self, artifact: Path, digest: str) -> bool:
        """Make the target hold the artifact; True if it had to be sent."""
        return self._model(artifact, digest, None)

    def measure(self, plan: Plan, on_progress: Callable[[Progress], None] | None = None) -> None:
        """Time a plan on the target; its samples are in :meth:`statistics` afterwards."""
        self._lease()
        # Loading the artifacts and one round's length come on top of the plan's own time.
        patience = plan.max_seconds + PATIENCE_S
        request = self._send(RunPlan(plan))
        while True:
            answer = self._answer(request, patience)
            if not isinstance(answer.message, Event):
                self._result(answer)
                return
            if on_progress:
                on_progress(answer.message.progress)

    def compose(
        self, stages: Sequence[str], *, runtime: str, threads: int = 1, batch: int = 1
    ) -> Composed:
        """Load a chain of held artifacts, named by sha256, as the session's pipeline."""
        self._lease()
        result, _ = self._ask(Compose(tuple(stages), Load(runtime, threads, batch)))
        return read_composed(result)

    def infer(self, inputs: Sequence[bytes]) -> tuple[list[bytes], int]:
        """Run the pipeline once; its outputs, and the engine's time in ns on the target's clock."""
        result, payload = self._ask(Infer(), tuple(inputs))
        return [bytes(frame) for frame in payload], result.integer(
            "duration_ns", 0, MAX_DURATION_NS
        )

    def statistics(self) -> Statistics:
        """Everything timed in this session so far."""
        self._lease()
        result, payload = self._ask(Stats())
        return read_statistics(result, [unpack_samples(frame) for frame in payload])

    # The classic dialogue, step by step

    def model(self, artifact: Path, digest: str, load: Load) -> None:
        """MODEL: make the target hold the artifact and load it as the pipeline."""
        self._model(artifact, digest, load)

    def data(self, inputs: Sequence[bytes]) -> None:
        """DATA: the pipeline's inputs."""
        self._ask(Data(), tuple(inputs))

    def process(self) -> int:
        """PROCESS: run once; the engine's time in ns on the target's clock."""
        result, _ = self._ask(Process())
        return result.integer("duration_ns", 0, MAX_DURATION_NS)

    def output(self) -> list[bytes]:
        """OUTPUT: what the last PROCESS gave."""
        _, payload = self._ask(Output())
        return [bytes(frame) for frame in payload]

    def close(self) -> None:
        """End the session; the target forgets its models and samples."""
        if self._leased and self._connection.alive:
            self._leased = False
            self._ask(Bye(), patience_s=5.0)
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
                self._send(Bye())
            self._connection.close()

    # How it is done

    def _lease(self) -> None:
        if not self._leased:
            self._ask(Lease())
            self._leased = True

    def _model(self, artifact: Path, digest: str, load: Load | None) -> bool:
        self._lease()
        try:
            with artifact.open("rb") as file:
                size = artifact.stat().st_size
                request = self._send(Model(digest, size, load))
                return self._feed(request, file, size)
        except OSError as error:
            raise StoreError(f"cannot read {artifact}: {error.strerror}") from error

    def _feed(self, request: int, file: BinaryIO, size: int) -> bool:
        """Send chunks as the target gives credit for them; whether any was asked for."""
        credits_left, asked = 0, False
        while True:
            answer = self._answer(request, PATIENCE_S)
            match answer.message:
                case Credit(offset, chunks):
                    if not asked:
                        file.seek(offset)
                        asked = True
                    credits_left += chunks
                case _:
                    self._result(answer)
                    return asked
            while credits_left and (offset := file.tell()) < size:
                piece = file.read(CHUNK_BYTES)
                self._connection.send(encode(Envelope(request, Chunk(offset), (piece,))))
                credits_left -= 1

    def _send(self, message: Message, payload: tuple[Frame, ...] = ()) -> int:
        self._last_id += 1
        self._connection.send(encode(Envelope(self._last_id, message, payload)))
        return self._last_id

    def _ask(
        self, message: Message, payload: tuple[Frame, ...] = (), patience_s: float = PATIENCE_S
    ) -> tuple[Fields, tuple[Frame, ...]]:
        answer = self._answer(self._send(message, payload), patience_s)
        return self._result(answer), answer.payload

    def _answer(self, request: int, patience_s: float) -> Envelope:
        deadline = time.monotonic() + patience_s
        while True:
            frames = self._connection.receive(deadline)
            if frames is None:
                raise TargetTimeoutError(
                    f"the target at {self.address} has not answered for {patience_s:.0f} s, "
                    "though it is connected",
                    "look at the server's terminal; restart it if it hangs",
                )
            envelope = decode(frames)
            if envelope.id == request:
                return envelope

    def _result(self, answer: Envelope) -> Fields:
        match answer.message:
            case Ok(result):
                return Fields(dict(result), "OK")
            case Error(code, problem, remedy):
                raise RemoteError(code, problem, remedy)
            case other:
                raise ProtocolError(f"the target answered with {other.kind.name}")
