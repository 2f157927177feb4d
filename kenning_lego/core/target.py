"""What a host asks of a target, wherever it is: over the network or in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol

from kenning_lego.core.footprints import Footprint, FootprintPlan
from kenning_lego.core.loads import LoadPlan, LoadResult
from kenning_lego.core.plans import Composed, Plan, Progress, Statistics, TargetDescription
from kenning_lego.core.telemetry import Telemetry


class Target(Protocol):
    """A target that holds artifacts, times them, and runs chains of them.

    Tensors are raw bytes in C order, in the order of the pipeline's specification.
    All methods raise :class:`~kenning_lego.core.errors.TargetError`.
    """

    @property
    def address(self) -> str:
        """Where the target is, for people."""
        ...

    def describe(self) -> TargetDescription:
        """Facts about the target and its present state."""
        ...

    def upload(self, artifact: Path, digest: str) -> bool:
        """Make the target hold the artifact; True if it had to be sent."""
        ...

    def measure(self, plan: Plan, on_progress: Callable[[Progress], None] | None = None) -> None:
        """Time a plan on the target; its samples are in :meth:`statistics` afterwards."""
        ...

    def load(
        self, plan: LoadPlan, on_progress: Callable[[Progress], None] | None = None
    ) -> LoadResult:
        """Send queries to a chain of held artifacts, on the target itself."""
        ...

    def footprint(
        self, plan: FootprintPlan, on_progress: Callable[[Progress], None] | None = None
    ) -> Footprint:
        """See what a chain of held artifacts costs in memory, in fresh processes there."""
        ...

    def compose(
        self,
        stages: Sequence[str],
        *,
        runtime: str,
        threads: int = 1,
        batch: int = 1,
        outputs: Sequence[str] = (),
    ) -> Composed:
        """Load a chain of held artifacts, named by sha256, as the session's pipeline.

        It returns the tensors that `outputs` names, of any stages; by default the last one's.
        """
        ...

    def infer(self, inputs: Sequence[bytes]) -> tuple[list[bytes], int]:
        """Run the pipeline once; its outputs, and the engine's time in ns on the target's clock."""
        ...

    def statistics(self) -> Statistics:
        """Everything timed in this session so far."""
        ...

    def telemetry(self) -> Telemetry:
        """What the target's sensors told in this session so far."""
        ...

    def close(self) -> None:
        """End the session; the target forgets its models and samples."""
        ...

    def __enter__(self) -> Target: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
