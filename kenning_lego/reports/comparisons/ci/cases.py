"""What continuous integration is told of a comparison: each case passed, failed, or cannot tell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from kenning_lego.reports.comparisons.comparison import Comparison
from kenning_lego.reports.comparisons.words import in_words
from kenning_lego.reports.formats.text import one_line
from kenning_lego.reports.formatting import duration
from kenning_lego.stats.comparison import Difference

OVERALL = "overall (geometric mean)"


@dataclass(frozen=True, slots=True)
class Case:
    """A measurement of both runs.

    Args:
        name: of the measurement.
        state: ``failed`` is slower beyond the threshold; ``unknown`` had too few samples.
        said: how it differs, in words, and what to know about it.
        before: the first run's median, as people read it; empty for the whole.
        after: the other run's.
        seconds: the other run's median; None for the whole.
    """

    name: str
    state: Literal["passed", "failed", "unknown"]
    said: str
    before: str = ""
    after: str = ""
    seconds: float | None = None

    @property
    def medians(self) -> str:
        """Both medians; empty for the whole."""
        return f"{self.before} -> {self.after}" if self.before or self.after else ""


def cases_of(comparison: Comparison) -> Iterator[Case]:
    """A case for each row, and one for all together if there are several."""
    for row in comparison.rows:
        said = in_words(row.difference, comparison.threshold)
        yield Case(
            one_line(row.name),
            _state(row.difference, regression=row.regression),
            one_line("; ".join((said, *row.notes))),
            duration(row.before_ns) or "",
            duration(row.after_ns) or "",
            row.after_ns / 1e9,
        )
    overall = comparison.overall
    if overall is not None and len(comparison.rows) > 1:
        state = _state(overall, regression=comparison.overall_regression)
        yield Case(OVERALL, state, in_words(overall, comparison.threshold))


def _state(difference: Difference, *, regression: bool) -> Literal["passed", "failed", "unknown"]:
    if regression:
        return "failed"
    return "unknown" if difference.outcome == "too_few_samples" else "passed"
