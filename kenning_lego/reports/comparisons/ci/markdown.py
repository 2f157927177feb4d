"""Comparisons as Markdown, for summaries of jobs and comments of pull requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from kenning_lego.reports.comparisons.ci.cases import Case, cases_of
from kenning_lego.reports.comparisons.comparison import Comparison
from kenning_lego.reports.formats.markdown import escaped, markdown_table
from kenning_lego.reports.formats.table_texts import TextRow
from kenning_lego.reports.formats.text import one_line

_HEADER = ("Measurement", "Before", "After", "Difference", "")
_NUMBERS = (False, True, True, False, False)
_MARKS: Final = {"failed": "regression", "unknown": "cannot tell", "passed": ""}
_ORDER: Final = {"failed": 0, "unknown": 1, "passed": 2}
_MOST_ROWS = 200
"""A job's summary may have a mebibyte."""


def render_summary(comparisons: Mapping[str, Comparison]) -> str:
    """A table for each comparison, what became slower first.

    Args:
        comparisons: by what is compared with what.
    """
    blocks = [block for name, each in comparisons.items() for block in _blocks(name, each)]
    return "\n\n".join(blocks) + "\n"


def verdict(comparison: Comparison) -> str:
    """Whether anything became slower, in a sentence."""
    slower = sum(row.regression for row in comparison.rows)
    beyond = f"by more than {comparison.threshold * 100:g} %"
    sure = f"{comparison.confidence * 100:g} % confidence"
    if slower:
        return f"Regression: {slower} of {len(comparison.rows)} slower {beyond} ({sure})."
    if comparison.overall_regression:
        return f"Regression: overall slower {beyond} ({sure})."
    return f"No regression: nothing was seen to be slower {beyond} ({sure})."


def _blocks(name: str, comparison: Comparison) -> Iterator[str]:
    yield f"### {escaped(one_line(name))}"
    yield f"**{escaped(verdict(comparison))}**"
    if comparison.warnings:
        yield "\n".join(f"- Note: {escaped(one_line(each))}" for each in comparison.warnings)
    cases = sorted(cases_of(comparison), key=lambda each: _ORDER[each.state])
    shown = cases[:_MOST_ROWS]
    yield markdown_table(_HEADER, map(_row, shown), _NUMBERS)
    if len(cases) > len(shown):
        yield f"{len(cases) - len(shown)} more."


def _row(case: Case) -> TextRow:
    return TextRow((case.name, case.before, case.after, case.said, _MARKS[case.state]))
