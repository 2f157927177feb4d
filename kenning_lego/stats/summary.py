"""What a set of samples says, and what it is too small to say."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from kenning_lego.core.errors import UsageError
from kenning_lego.stats.intervals import (
    Estimate,
    ordered,
    ordered_interval,
    ordered_quantile,
    samples_needed,
)


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of one set of samples, all in the samples' unit.

    Args:
        count: how many samples there are; at least one.
        median: the sample median.
        median_low: lower bound of the median's interval; None with too few samples.
        median_high: upper bound; None with too few samples.
        mean: arithmetic mean.
        std: standard deviation with n - 1 in the denominator; None for a single sample.
        minimum: the smallest sample.
        maximum: the largest sample.
        p90: 90th percentile with its bounds; None with too few samples to bound it.
        p95: 95th percentile likewise.
        p99: 99th percentile likewise.
        confidence: of every interval.
    """

    count: int
    median: float
    median_low: float | None
    median_high: float | None
    mean: float
    std: float | None
    minimum: float
    maximum: float
    p90: Estimate | None
    p95: Estimate | None
    p99: Estimate | None
    confidence: float = 0.95

    @property
    def relative_half_width(self) -> float | None:
        """Distance of the median's farther bound as a share of the median; None if unbounded."""
        if self.median_low is None or self.median_high is None:
            return None
        bounds = Estimate(0.5, self.median, self.median_low, self.median_high, self.confidence)
        return bounds.relative_half_width

    def __str__(self) -> str:
        median = f"median {self.median:.4g}"
        if self.median_low is not None:
            median += f" [{self.median_low:.4g}, {self.median_high:.4g}]"
        else:
            median += f" (no interval: {self._missing(0.5)})"
        spread = "" if self.std is None else f" (sd {self.std:.2g})"
        parts = [
            f"{median}, mean {self.mean:.4g}{spread}",
            f"range {self.minimum:.4g} to {self.maximum:.4g}",
        ]
        for name, quantile, bound in (
            ("p90", 0.9, self.p90),
            ("p95", 0.95, self.p95),
            ("p99", 0.99, self.p99),
        ):
            parts.append(f"{name} {self._missing(quantile) if bound is None else bound}")
        samples = "1 sample" if self.count == 1 else f"{self.count} samples"
        return f"{'; '.join(parts)}; {samples}, {self.confidence:.4g} confidence"

    def _missing(self, quantile: float) -> str:
        missing = samples_needed(quantile, self.confidence) - self.count
        return f"needs {missing} more sample{'s' if missing > 1 else ''}"


def summarize(samples: Iterable[float], confidence: float = 0.95) -> Summary:
    """Summarise samples of one thing; their order does not matter.

    Raises:
        UsageError: there is no sample, one is not finite, or confidence is not between 0 and 1.
    """
    ascending = ordered(samples)
    if not ascending:
        raise UsageError("there are no samples to summarise", "measure first")
    count = len(ascending)
    mean = math.fsum(ascending) / count
    median = ordered_interval(ascending, 0.5, confidence)
    return Summary(
        count=count,
        median=ordered_quantile(ascending, 0.5),
        median_low=median.low if median else None,
        median_high=median.high if median else None,
        mean=mean,
        std=_standard_deviation(ascending, mean) if count > 1 else None,
        minimum=float(ascending[0]),
        maximum=float(ascending[-1]),
        p90=ordered_interval(ascending, 0.9, confidence),
        p95=ordered_interval(ascending, 0.95, confidence),
        p99=ordered_interval(ascending, 0.99, confidence),
        confidence=confidence,
    )


def _standard_deviation(samples: list[float], mean: float) -> float:
    squares = math.fsum((sample - mean) ** 2 for sample in samples)
    return math.sqrt(squares / (len(samples) - 1))
