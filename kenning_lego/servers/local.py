"""The explicit in-process target: same workbench, no server, no socket, no isolation."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from kenning_lego.core.engines import Engine, Options
from kenning_lego.core.errors import StoreError
from kenning_lego.core.footprints import Footprint, FootprintPlan
from kenning_lego.core.loads import LoadPlan, LoadResult
from kenning_lego.core.plans import Composed, Plan, Progress, Statistics, TargetDescription
from kenning_lego.core.switching import Preloaded, Switched
from kenning_lego.core.telemetry import Telemetry
from kenning_lego.protocols.messages import Load
from kenning_lego.runtimes.offers import Offers
from kenning_lego.runtimes.plugins import announced_runtimes
from kenning_lego.servers.environment import describe
from kenning_lego.servers.footprints import measure_footprint
from kenning_lego.servers.telemetry import DEFAULT_INTERVAL_S, Sampler
from kenning_lego.servers.workbench import Workbench
from kenning_lego.store.artifacts import ArtifactStore


class LocalTarget:
    """This process as a target, for comparison; see :class:`kenning_lego.core.target.Target`.

    Args:
        store: where its artifacts lie; a workspace's own store will do.
        telemetry_interval_s: between readings of the sensors, taken between a plan's rounds,
            a load test's queries and requests; 0 for none.
    """

    def __init__(
        self, store: ArtifactStore, telemetry_interval_s: float = DEFAULT_INTERVAL_S
    ) -> None:
        self._store = store
        # Whoever calls runs code of the packages installed here anyway.
        self._offers = Offers(runtimes=announced_runtimes())
        self._workbench = Workbench(store, offers=self._offers)
        self._sampler = Sampler(telemetry_interval_s)
        self._sampler.start(time.monotonic())

    @property
    def address(self) -> str:
        """Where the target is."""
        return "in-process"

    def describe(self) -> TargetDescription:
        """Facts about this machine and its present state."""
        return describe(runtimes=self._offers.runtimes)

    def upload(self, artifact: Path, digest: str) -> bool:
        """Put the artifact into the store; True if it was not there."""
        if self._store.holds(digest):
            return False
        try:
            content = artifact.read_bytes()
        except OSError as error:
            raise StoreError(f"cannot read {artifact}: {error.strerror}") from error
        if self._store.add(content) != digest:
            raise StoreError(f"{artifact} does not have the sha256 {digest}", "compile it again")
        return True

    def measure(self, plan: Plan, on_progress: Callable[[Progress], None] | None = None) -> None:
        """Time a plan in this process."""
        self._workbench.measure(plan, self._noting(on_progress), lambda: False)

    def load(
        self, plan: LoadPlan, on_progress: Callable[[Progress], None] | None = None
    ) -> LoadResult:
        """Send queries to a chain in this process."""
        return self._workbench.load(plan, self._noting(on_progress), lambda: False)

    def footprint(
        self, plan: FootprintPlan, on_progress: Callable[[Progress], None] | None = None
    ) -> Footprint:
        """See what a chain costs in memory, in fresh processes all the same."""
        progress = on_progress or (lambda _: None)
        return measure_footprint(plan, self._store, progress, lambda: False, offers=self._offers)

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
        """Load a chain of held artifacts as the pipeline."""
        load = Load(runtime, threads, batch, options or {}, tuple(engines))
        return self._workbench.compose(stages, load, outputs=outputs)

    def infer(self, inputs: Sequence[bytes]) -> tuple[list[bytes], int]:
        """Run the pipeline once; its outputs and the engine's time in ns."""
        self._tick()
        return self._workbench.infer(inputs)

    def switch(
        self, stages: Sequence[str], *, may_pause: bool = False, memory_bytes: int | None = None
    ) -> Switched:
        """Run the pipeline by other held artifacts, once they are loaded."""
        pipeline = self._workbench.pipeline
        if memory_bytes is not None:
            pipeline.set_memory(memory_bytes)
        return pipeline.switch(stages, may_pause=may_pause)

    def preload(self, stages: Sequence[str], *, memory_bytes: int | None = None) -> Preloaded:
        """Have held artifacts loaded beside those that run."""
        pipeline = self._workbench.pipeline
        if memory_bytes is not None:
            pipeline.set_memory(memory_bytes)
        return pipeline.preloaded(stages)

    def statistics(self) -> Statistics:
        """Everything timed so far."""
        return self._workbench.statistics()

    def telemetry(self) -> Telemetry:
        """What the sensors told so far; the worker is this process."""
        return self._sampler.telemetry(time.monotonic(), os.getpid())

    def close(self) -> None:
        """Forget models, samples and what the sensors told."""
        self._workbench.close()
        self._workbench = Workbench(self._store)
        self._sampler.start(time.monotonic())

    def _noting(self, on_progress: Callable[[Progress], None] | None) -> Callable[[Progress], None]:
        def note(progress: Progress) -> None:
            self._tick()
            if on_progress:
                on_progress(progress)

        return note

    def _tick(self) -> None:
        self._sampler.tick(time.monotonic(), os.getpid())

    def __enter__(self) -> LocalTarget:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
