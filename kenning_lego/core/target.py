"""What a host asks of a target, wherever it is: over the network or in this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol

from kenning_lego.core.engines import Engine, Options
from kenning_lego.core.footprints import Footprint, FootprintPlan
from kenning_lego.core.loads import LoadPlan, LoadResult
from kenning_lego.core.plans import Composed, Plan, Progress, Statistics, TargetDescription
from kenning_lego.core.switching import Preloaded, Switched
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
        options: Options | None = None,
        engines: Sequence[Engine] = (),
    ) -> Composed:
        """Load a chain of held artifacts as the session's pipeline.

        Args:
            stages: in the order in which they run; see :mod:`kenning_lego.core.engines`.
            runtime: the engine's name.
            threads: that each engine may use.
            batch: size of symbolic batch dimensions.
            outputs: names of the tensors to return, of any stages; by default the last one's.
            options: of `runtime`.
            engines: further ones, of these stages and of those that are switched to later.
        """
        ...

    def infer(self, inputs: Sequence[bytes]) -> tuple[list[bytes], int]:
        """Run the pipeline once; its outputs, and the engine's time in ns on the target's clock."""
        ...

    def switch(
        self, stages: Sequence[str], *, may_pause: bool = False, memory_bytes: int | None = None
    ) -> Switched:
        """Run the composed pipeline by other held artifacts, from some next frame on.

        Those that run go on until these are loaded; if they cannot be, they stay. What is used no
        more is unloaded, unless :meth:`preload` named it.

        Args:
            stages: in order: of as many variants of the same blocks, or of a fused form, with the
                same inputs and outputs.
            may_pause: whether frames may wait where the memory cannot hold what is needed at once.
            memory_bytes: that all loaded artifacts may have together from now on; None as before,
                which is any amount at first.
        """
        ...

    def preload(self, stages: Sequence[str], *, memory_bytes: int | None = None) -> Preloaded:
        """Have held artifacts loaded beside those that run, so that a switch to them is immediate.

        They stay, as far as the memory allows, until the next call.

        Args:
            stages: the last make room first.
            memory_bytes: as for :meth:`switch`.
        """
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
