"""What loading and running a chain of artifacts costs in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from kenning_lego.core.engines import Engine, Options


@dataclass(frozen=True, slots=True)
class FootprintPlan:
    """Load a chain in fresh processes on the target, and look at their memory.

    Args:
        stages: of the chain, in the order in which they run (:mod:`kenning_lego.core.engines`).
        runtime: the engine's name.
        threads: threads that the engine may use.
        batch: size of symbolic batch dimensions.
        runs: how often the chain is run in each process, to see its peak; with 0 it is only loaded.
        repeats: processes, one after the other.
        max_seconds: wall time for all of them.
        beside_deployments: measure even while deployments run on the target.
        options: of `runtime`.
        engines: further ones that stages name.
    """

    stages: tuple[str, ...]
    runtime: str = "onnxruntime"
    threads: int = 1
    batch: int = 1
    runs: int = 5
    repeats: int = 3
    max_seconds: float = 60.0
    beside_deployments: bool = False
    options: Options = field(default_factory=dict)
    engines: tuple[Engine, ...] = ()


@dataclass(frozen=True, slots=True)
class FootprintSample:
    """The memory of one fresh process.

    Args:
        engine_bytes: resident before anything was loaded: Python, numpy and the engine.
        load_bytes: that loading added: the growth of memory that holds no file, swap included.
            Pages of the engine's own libraries that are touched for the first time are the
            engine's.
        peak_bytes: the most that was added since before loading while the chain ran; None if it did
            not run.
        peak_is_exact: whether the kernel kept the peak of the runs; else it is what was in use
            after them.
    """

    engine_bytes: int
    load_bytes: int
    peak_bytes: int | None = None
    peak_is_exact: bool = False


@dataclass(frozen=True, slots=True)
class Spread:
    """A figure of several processes, in bytes; the median is the upper of two in the middle."""

    median: int
    minimum: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Footprint:
    """What came of a :class:`FootprintPlan`.

    Args:
        file_bytes: of the chain's artifacts.
        samples: one for each process; at least one.
        deployments: names of those that ran on the target meanwhile.
    """

    file_bytes: int
    samples: tuple[FootprintSample, ...]
    deployments: tuple[str, ...] = ()

    @property
    def engine(self) -> Spread:
        """Before anything was loaded."""
        return _spread(each.engine_bytes for each in self.samples)

    @property
    def load(self) -> Spread:
        """What loading added."""
        return _spread(each.load_bytes for each in self.samples)

    @property
    def peak(self) -> Spread | None:
        """What loading and running added at most; None if it did not run."""
        peaks = [each.peak_bytes for each in self.samples if each.peak_bytes is not None]
        return _spread(peaks) if peaks else None


def _spread(values: Iterable[int]) -> Spread:
    ascending = sorted(values)
    return Spread(ascending[len(ascending) // 2], ascending[0], ascending[-1])
