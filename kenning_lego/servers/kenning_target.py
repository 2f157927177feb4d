"""A board that runs Kenning's own server as a target: whole models, one at a time.

Kenning's wire carries one model and no plan, so plans are emulated from the host: every item is
loaded and timed by itself, over the wire, instead of interleaved on the target. Which clock timed
it is recorded in `used`: ``target`` where the target reports its own inference times, else
``host``, around the round trip of PROCESS.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from kenning_lego.core.engines import Engine, Options
from kenning_lego.core.errors import ModelError, StoreError
from kenning_lego.core.plans import (
    Composed,
    Measurement,
    Plan,
    PlanItem,
    Progress,
    Statistics,
    TargetDescription,
)
from kenning_lego.core.specs import IOSpec
from kenning_lego.core.switching import Preloaded, Switched
from kenning_lego.protocols.kenning_client import KenningClient, connect_kenning
from kenning_lego.runtimes.lookup import make_runtime
from kenning_lego.servers.pipeline import random_arrays
from kenning_lego.servers.rounds import Bench, run_rounds
from kenning_lego.servers.schedule import RoundOrder

UNKNOWN = "unknown"
"""What Kenning's wire does not tell."""


class KenningTarget:
    """See :class:`kenning_lego.core.target.Target`.

    Args:
        address: ``kenning+tcp://HOST:PORT``; see :func:`.kenning_client.connect_kenning`.

    Raises:
        TargetUnreachableError: nothing greets there.
    """

    def __init__(self, address: str) -> None:
        self._address = address
        self._artifacts: dict[str, Path] = {}
        self._measurements: dict[str, Measurement] = {}
        self._clocks: set[str] = set()
        self._client: KenningClient | None = connect_kenning(address)

    @property
    def address(self) -> str:
        """Where the target is."""
        return self._address

    def describe(self) -> TargetDescription:
        """All that is known: the wire tells nothing about the target."""
        return TargetDescription({"protocol": "Kenning's wire"}, {}, {})

    def upload(self, artifact: Path, digest: str) -> bool:
        """Note the artifact; Kenning's server gets it whenever it is to run, and keeps none."""
        self._artifacts[digest] = artifact
        return False

    def measure(self, plan: Plan, on_progress: Callable[[Progress], None] | None = None) -> None:
        """Time the items of a plan one after the other, each with the plan's stop rule.

        Raises:
            ModelError: an item is a chain of several artifacts, or something is chosen about the
                engine.
        """
        _no_choice(plan.options, plan.engines)
        for item in plan.items:
            _only(item.stages)
        for item in plan.items:
            self._time(item, plan, on_progress or (lambda _: None))

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
        """Load one artifact; the target's server chooses engine and threads.

        Raises:
            ModelError: it is a chain of several artifacts, or does not return just `outputs`, or
                something is chosen about the engine.
        """
        del threads
        _no_choice(options or {}, engines)
        digest = _only(stages)
        spec = self._load(self._connect(), digest, runtime, batch)
        given = [tensor.name for tensor in spec.outputs]
        if outputs and list(outputs) != given:
            raise ModelError(
                f"the artifact returns {', '.join(given)}, asked were {', '.join(outputs)}",
                "Kenning's wire knows all outputs of one artifact alone: take them as they come",
            )
        return Composed(spec)

    def infer(self, inputs: Sequence[bytes]) -> tuple[list[bytes], int]:
        """Run the model once; its outputs, and the round trip of PROCESS in ns on our clock."""
        client = self._client or self._connect()
        client.data(inputs)
        duration_ns = client.process()
        return client.output(), duration_ns

    def switch(
        self, stages: Sequence[str], *, may_pause: bool = False, memory_bytes: int | None = None
    ) -> Switched:
        """Refused: Kenning's server holds one model.

        Raises:
            ModelError: always.
        """
        del stages, may_pause, memory_bytes
        raise _one_model()

    def preload(self, stages: Sequence[str], *, memory_bytes: int | None = None) -> Preloaded:
        """Refused: Kenning's server holds one model.

        Raises:
            ModelError: always.
        """
        del stages, memory_bytes
        raise _one_model()

    def statistics(self) -> Statistics:
        """Everything timed so far."""
        used = {
            "engine": f"{UNKNOWN}, behind Kenning's wire",
            "clock": " and ".join(sorted(self._clocks)) or "none",
            "interleaved": "no",
        }
        here = self.describe()
        return Statistics(tuple(self._measurements.values()), used, here, here)

    def close(self) -> None:
        """End the session."""
        client, self._client = self._client, None
        if client:
            client.close()

    def __enter__(self) -> KenningTarget:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _connect(self) -> KenningClient:
        """A connection without a past: Kenning's statistics go from session to session."""
        self.close()
        self._client = connect_kenning(self._address)
        return self._client

    def _load(self, client: KenningClient, digest: str, runtime: str, batch: int) -> IOSpec:
        path = self._artifacts.get(digest)
        if path is None:
            raise StoreError(f"artifact {digest[:12]} was not uploaded", "upload it first")
        try:
            content = path.read_bytes()
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror}") from error
        # The wire does not tell what a model takes; our own engine does.
        spec = make_runtime(runtime, threads=1).load(content, batch).spec
        client.announce(spec)
        client.model(path)
        return spec

    def _time(self, item: PlanItem, plan: Plan, on_progress: Callable[[Progress], None]) -> None:
        client = self._connect()
        spec = self._load(client, _only(item.stages), plan.runtime, plan.batch)
        arrays = random_arrays({tensor.name: tensor for tensor in spec.inputs}, plan.seed)
        client.data([arrays[tensor.name].tobytes() for tensor in spec.inputs])
        alone = replace(plan, items=(item,))
        timed = run_rounds(
            alone,
            RoundOrder(alone.items, [0], alone.seed),
            Bench({0: client.process}, frozenset({0}), {0: 1}),
            max_seconds=alone.max_seconds,
            on_progress=on_progress,
            cancelled=lambda: False,
        )
        samples = timed.samples[0]
        reported = client.target_durations_ns()[-len(samples) or None :]
        own = len(reported) == len(samples) > 0
        self._clocks.add("target" if own else "host")
        self._measurements[item.name] = Measurement(
            item.name, reported if own else tuple(samples), timed.stopped
        )
        self.close()


def _one_model() -> ModelError:
    return ModelError(
        "Kenning's wire carries one model, which cannot be changed while it runs",
        "compose the other one, or start kenning-lego's own server on the board",
    )


def _no_choice(options: Options, engines: Sequence[Engine]) -> None:
    if options or engines:
        raise ModelError(
            "the target's own server chooses its engine: Kenning's wire carries no options of it",
            "leave them out, or start kenning-lego's own server on the board",
        )


def _only(stages: Sequence[str]) -> str:
    if len(stages) != 1:
        raise ModelError(
            f"a chain of {len(stages)} artifacts cannot run behind Kenning's wire, "
            "which carries one model",
            "start kenning-lego's own server on the board, or export the chain as one model",
        )
    return stages[0]
