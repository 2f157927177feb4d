"""Differences in words."""

from __future__ import annotations

from kenning_lego.reports.comparisons.scores import ScoreDifference
from kenning_lego.reports.formatting import NO_BREAK, RANGE, decimal
from kenning_lego.reports.quality import Quality
from kenning_lego.stats.comparison import Difference

_FINE = 0.001
"""Intervals narrower than this share are given with one more digit."""


def in_words(difference: Difference, threshold: float) -> str:
    """Such as "faster by 3.1-3.8 %"."""
    low, high = difference.low, difference.high
    if low is None or high is None:
        return f"too few samples to tell: needs about {difference.missing} more rounds"
    match difference.outcome:
        case "faster":
            return f"faster by {_range(-high, -low)}"
        case "slower":
            perhaps = " (perhaps beyond the threshold)" if low <= threshold < high else ""
            return f"slower by {_range(low, high)}{perhaps}"
        case "same":
            return f"no difference seen ({low * 100:+.1f} to {high * 100:+.1f} %)"
        case _:
            return f"too few samples to tell: needs about {difference.missing} more rounds"


def percent(share: float) -> str:
    """A share that was given rather than measured, such as a threshold."""
    return f"{share * 100:g}{NO_BREAK}%"


def bounds(low: float | None, high: float | None) -> str | None:
    """An interval of shares in %, signed, without the unit; None without both bounds."""
    if low is None or high is None:
        return None
    first, last = (decimal(end * 100, 1, signed=True) for end in (low, high))
    return f"{first}{NO_BREAK}to{NO_BREAK}{last}"


def in_brief(difference: Difference, than: str) -> str:
    """Of a decided difference, such as "3.1 to 3.8 % faster than A"."""
    low, high = difference.low or 0.0, difference.high or 0.0
    ends = (-high, -low) if difference.outcome == "faster" else (low, high)
    decimals = 1 if high - low >= _FINE else 2
    first, last = (decimal(end * 100, decimals) for end in ends)
    return f"{first}{RANGE}{last}{NO_BREAK}% {difference.outcome} than {than}"


def in_short(difference: Difference | None, *, regression: bool = False) -> str:
    """The same for a narrow column: a share with its bounds, ``=`` or ``?``."""
    if difference is None:
        return "?"
    low, high = difference.low, difference.high
    if low is None or high is None:
        return "?"
    between = f"({low * 100:+.1f} to {high * 100:+.1f})"
    match difference.outcome:
        case "faster" | "slower":
            return f"{difference.change * 100:+.1f} % {between}{' !' if regression else ''}"
        case "same":
            return f"= {between}"
        case _:
            return f"? {between}"


def score_in_words(difference: ScoreDifference, quality: Quality) -> str:
    """Such as "better by 0.12 to 0.48 points"."""
    if difference.change is None:
        return f"not comparable ({difference.why})"
    low, high = difference.low, difference.high
    if low is None or high is None:
        change = quality.difference(difference.change, signed=True) or ""
        return f"{quality.with_unit(change)} (not bounded: {difference.why})"
    first, last = (quality.difference(each, signed=True) or "" for each in (low, high))
    between = f"{first} to {quality.with_unit(last)}"
    if not difference.differs:
        return f"no difference seen ({between})"
    return f"{'better' if difference.better else 'worse'} ({between})"


def _range(low: float, high: float) -> str:
    decimals = 1 if high - low >= _FINE else 2
    return f"{low * 100:.{decimals}f}-{high * 100:.{decimals}f} %"
