"""What was timed, and what to think of it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kenning_lego.core.columns import Column
from kenning_lego.core.run_headers import Record
from kenning_lego.core.showing import Shown


class VerdictRecord(Record):
    """Whether something can be believed; see :class:`kenning_lego.stats.verdict.Verdict`."""

    name: Literal["stable", "noisy", "too_few_samples", "drifting", "throttled"]
    reasons: tuple[str, ...] = ()
    figures: dict[str, float] = Field(default_factory=dict)
    remedy: str = ""
    ratios: Literal["stable", "noisy", "too_few_samples", "drifting", "throttled"] | None = None
    """What to think of its ratios to what was measured with it; None where not known."""


class PercentileRecord(Record):
    """A percentile with its bounds, or how many samples it still needed."""

    quantile: float
    value_ns: float | None = None
    low_ns: float | None = None
    high_ns: float | None = None
    missing: int = 0


class MeasurementRecord(Record, Shown):
    """Raw samples in ns, in order, on the clock that is named."""

    name: str
    clock: Literal["target", "host", "in-process"]
    samples_ns: Column
    """Of one call each; with `loops` above 1 the mean of so many, rounded."""
    stopped: str
    per_round: Column = ()
    """Samples in each round, in order; empty for one in each, or where there were no rounds."""
    loops: int = Field(default=1, ge=1)
    """Calls in a row that made one sample."""
    warmup: int = Field(default=0, ge=0)
    """Samples that were taken before these and dropped."""
    interval_ns: tuple[float, float] | None = None
    """Of the median, with the confidence of its plan."""
    half_width: float | None = None
    """Of that interval, as a share of the median."""
    at_pace_ns: float | None = None
    """The median at the pace that the machine had in the middle of the plan; for ratios."""
    at_pace_half_width: float | None = None
    """Of its interval, as a share of it."""
    percentiles: tuple[PercentileRecord, ...] = ()
    verdict: VerdictRecord | None = None


class PlanRecord(Record):
    """A plan that was measured: what was asked, why it ended, what to think of it."""

    name: str
    measurements: tuple[str, ...]
    """Names of what was measured in the same rounds."""
    stopped: str
    rounds: int
    asked_half_width: float
    """Share of the median that every interval was to stay within."""
    confidence: float = 0.95
    half_width: float | None = None
    """The widest that was reached; None if one had too few samples."""
    at_pace_half_width: float | None = None
    """The widest apart from the machine's pace; None if that could not be told apart."""
    pace_half_width: float | None = None
    """Of the interval of the machine's own median pace, as a share of it."""
    elapsed_s: float | None = None
    verdict: VerdictRecord | None = None
