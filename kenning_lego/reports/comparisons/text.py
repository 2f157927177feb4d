"""A comparison as lines for a terminal."""

from __future__ import annotations

from kenning_lego.reports.comparisons.comparison import Comparison, Row
from kenning_lego.reports.formatting import duration
from kenning_lego.stats.comparison import Difference


def comparison_text(comparison: Comparison) -> str:
    """What differs beside latency, each row in words, and the whole."""
    lines = [f"warning: {warning}" for warning in comparison.warnings]
    width = max(len(row.name) for row in comparison.rows)
    lines += [_line(row, width, comparison.threshold) for row in comparison.rows]
    if comparison.overall is not None and len(comparison.rows) > 1:
        mean = f"{in_words(comparison.overall, comparison.threshold)} (geometric mean)"
        lines.append(f"{'overall':<{width}}  {mean}")
    slower = sum(row.regression for row in comparison.rows)
    beyond = f"by more than {comparison.threshold * 100:g} %"
    if slower:
        lines.append(f"regression: {slower} of {len(comparison.rows)} slower {beyond}")
    elif comparison.overall_regression:
        lines.append(f"regression: overall slower {beyond}")
    else:
        lines.append(f"no regression: nothing was seen to be slower {beyond}")
    several = len(comparison.rows) > 1
    corrected = f", corrected for {len(comparison.rows)} comparisons (Holm)" if several else ""
    lines.append(f"{comparison.confidence * 100:g} % confidence{corrected}")
    return "\n".join(lines)


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


def _line(row: Row, width: int, threshold: float) -> str:
    mark = "  REGRESSION" if row.regression else ""
    notes = f"  [{'; '.join(row.notes)}]" if row.notes else ""
    medians = f"{duration(row.before_ns)} -> {duration(row.after_ns)}"
    said = in_words(row.difference, threshold)
    return f"{row.name:<{width}}  {medians:<22}  {said}{mark}{notes}"


def _range(low: float, high: float) -> str:
    decimals = 1 if high - low >= 0.001 else 2
    return f"{low * 100:.{decimals}f}-{high * 100:.{decimals}f} %"
