"""Whether two shares of right answers differ: intervals that hold for few samples too.

Of one share: Wilson's score interval ("Probable inference, the law of succession, and statistical
inference", 1927). Of the difference between shares of different samples: Newcombe's hybrid of two
such intervals ("Interval estimation for the difference between independent proportions", method
10, 1998). Of the difference between two that answered the same samples: Agresti and Min's interval
("Simple improved confidence intervals for comparing matched proportions", 2005), from the samples
on which the two differ.

Two networks that answered the same samples agree on most of them. Without the answers themselves
the interval for different samples is wider than it had to be, and never too narrow for that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from kenning_lego.core.errors import UsageError
from kenning_lego.stats.mcnemar import Paired


@dataclass(frozen=True, slots=True)
class Bounds:
    """An interval of a share, or of a difference between shares."""

    low: float
    high: float


def share_interval(share: float, samples: int, confidence: float = 0.95) -> Bounds:
    """Wilson's interval of a share.

    Args:
        share: that was seen, from 0 to 1.
        samples: of which it is the share.
        confidence: of the interval.

    Raises:
        UsageError: the share is not one, there is no sample, or the confidence is not between 0
            and 1.
    """
    if not 0 <= share <= 1 or samples < 1:
        raise UsageError(
            f"{share!r} of {samples} samples is no share", "give a share from 0 to 1 of at least 1"
        )
    square = _quantile(confidence) ** 2 / samples
    middle = (share + square / 2) / (1 + square)
    half = math.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    return Bounds(min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)))


def difference_interval(
    first: float, first_samples: int, second: float, second_samples: int, confidence: float = 0.95
) -> Bounds:
    """Newcombe's interval of the second share minus the first, taken as independent.

    Raises:
        UsageError: as in :func:`share_interval`.
    """
    one = share_interval(first, first_samples, confidence)
    other = share_interval(second, second_samples, confidence)
    change = second - first
    below = math.hypot(second - other.low, one.high - first)
    above = math.hypot(other.high - second, first - one.low)
    return Bounds(change - below, change + above)


def paired_interval(paired: Paired, samples: int, confidence: float = 0.95) -> Bounds:
    """Agresti and Min's interval of the second share minus the first, of the same samples.

    Args:
        paired: on how many samples the two differ.
        samples: that both answered.
        confidence: of the interval.

    Raises:
        UsageError: more samples differ than there are, or the confidence is not between 0 and 1.
    """
    if not 0 < samples >= paired.only_first + paired.only_second:
        raise UsageError(
            f"{paired} of {samples} samples", "give the number of all samples that both answered"
        )
    # Half a sample more in each of the four cells.
    lost, won, count = paired.only_first + 0.5, paired.only_second + 0.5, samples + 2.0
    change = (won - lost) / count
    error = math.sqrt(max(0.0, (won + lost) - (won - lost) ** 2 / count)) / count
    half = _quantile(confidence) * error
    return Bounds(max(-1.0, change - half), min(1.0, change + half))


def _quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise UsageError(f"confidence is {confidence!r}", "give a number such as 0.95")
    return NormalDist().inv_cdf((1 + confidence) / 2)
