"""What an operator may change of how pipelines adapt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kenning_lego.core.errors import UsageError


@dataclass(frozen=True, slots=True)
class AdaptationSettings:
    """When to switch; the defaults come from the simulation in ``benchmarks``.

    Args:
        outliers: share of the frames that may take longer than the bound on latency.
        missed_frames: so many of the last `recent_frames` over the bound are a miss, which is
            answered at once; fewer are outliers.
        recent_frames: see `missed_frames`.
        margin: share of the bound on latency that must be left over for a slower configuration.
        dwell_s: after a miss, or a lack of memory that was sensed, nothing grows for so long; each
            further one doubles it.
        longest_dwell_s: up to this; after so long without one it starts again at `dwell_s`.
        least_gain: accuracy cost that a switch must save, however little it loads.
        gain_per_mb: and so much more for each 10^6 bytes that it loads.
        retry_s: a configuration that could not be loaded is left alone for so long.
        memory_reserve_bytes: free memory to leave to others; None does not look at it.
        hot_c: from this temperature on, compute less and less; None does not look at it.
        cool_c: below this one, compute more again.
        heat_step_s: between such steps.
        goal: of several pipelines that share memory: least sum of accuracy costs, or max-min.

    Raises:
        UsageError: a figure is out of its range.
    """

    outliers: float = 0.03
    missed_frames: int = 4
    recent_frames: int = 20
    margin: float = 0.02
    dwell_s: float = 20.0
    longest_dwell_s: float = 240.0
    least_gain: float = 0.0005
    gain_per_mb: float = 0.0002
    retry_s: float = 30.0
    memory_reserve_bytes: int | None = None
    hot_c: float | None = None
    cool_c: float | None = None
    heat_step_s: float = 10.0
    goal: Literal["sum", "max-min"] = "sum"

    def __post_init__(self) -> None:
        _check("outliers", 0 <= self.outliers < 1, "a share below 1")
        _check("missed_frames", 1 <= self.missed_frames <= self.recent_frames, "1 to recent_frames")
        _check("margin", 0 <= self.margin < 1, "a share below 1")
        _check("longest_dwell_s", 0 <= self.dwell_s <= self.longest_dwell_s, "dwell_s or more")
        _check("least_gain", self.least_gain >= 0 and self.gain_per_mb >= 0, "no negative gains")
        _check("retry_s", self.retry_s >= 0, "seconds from 0")
        _check("heat_step_s", self.heat_step_s > 0, "seconds above 0")
        _check("memory_reserve_bytes", (self.memory_reserve_bytes or 0) >= 0, "bytes from 0")
        if self.cool_c is not None or self.hot_c is not None:
            in_order = None not in (self.cool_c, self.hot_c) and self.coolest < self.hottest
            _check("cool_c", in_order, "both temperatures, cool_c below hot_c")

    @property
    def hottest(self) -> float:
        """`hot_c`, or infinity."""
        return float("inf") if self.hot_c is None else self.hot_c

    @property
    def coolest(self) -> float:
        """`cool_c`, or minus infinity."""
        return float("-inf") if self.cool_c is None else self.cool_c


def _check(name: str, right: bool, wanted: str) -> None:
    if not right:
        raise UsageError(f"the adaptation setting {name} is out of its range", f"give {wanted}")
