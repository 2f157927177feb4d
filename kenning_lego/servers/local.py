"""The explicit in-process target: same workbench, no server, no socket, no isolation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from kenning_lego.core.errors import StoreError
from kenning_lego.core.footprints import Footprint, FootprintPlan
from kenning_lego.core.loads import LoadPlan, LoadResult
from kenning_lego.core.plans import Composed, Plan, Progress, Statistics, TargetDescription
from kenning_lego.servers.environment import describe
from kenning_lego.servers.footprints import measure_footprint
from kenning_lego.servers.workbench import Workbench
from kenning_lego.store.artifacts import ArtifactStore


class LocalTarget:
    """This process as a target, for comparison; see :class:`kenning_lego.core.target.Target`.

    Args:
        store: where its artifacts lie; a workspace's own store will do.
    """

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._workbench = Workbench(store)

    @property
    def address(self) -> str:
        """Where the target is."""
        return "in-process"

    def describe(self) -> TargetDescription:
        """Facts about this machine and its present state."""
        return describe()

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
        self._workbench.measure(plan, on_progress or (lambda _: None), lambda: False)

    def load(
        self, plan: LoadPlan, on_progress: Callable[[Progress], None] | None = None
    ) -> LoadResult:
        """Send queries to a chain in this process."""
        return self._workbench.load(plan, on_progress or (lambda _: None), lambda: False)

    def footprint(
        self, plan: FootprintPlan, on_progress: Callable[[Progress], None] | None = None
    ) -> Footprint:
        """See what a chain costs in memory, in fresh processes all the same."""
        return measure_footprint(plan, self._store, on_progress or (lambda _: None), lambda: False)

    def compose(
        self, stages: Sequence[str], *, runtime: str, threads: int = 1, batch: int = 1
    ) -> Composed:
        """Load a chain of held artifacts as the pipeline."""
        return self._workbench.compose(stages, runtime=runtime, threads=threads, batch=batch)

    def infer(self, inputs: Sequence[bytes]) -> tuple[list[bytes], int]:
        """Run the pipeline once; its outputs and the engine's time in ns."""
        return self._workbench.infer(inputs)

    def statistics(self) -> Statistics:
        """Everything timed so far."""
        return self._workbench.statistics()

    def close(self) -> None:
        """Forget models and samples."""
        self._workbench = Workbench(self._store)

    def __enter__(self) -> LocalTarget:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()
