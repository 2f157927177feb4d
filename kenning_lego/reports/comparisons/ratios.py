"""The section of medians: ratios as a forest plot, and every row as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from kenning_lego.core.records import RunRecord
from kenning_lego.reports.comparisons.comparison import Comparison, Comparisons, median_ns
from kenning_lego.reports.comparisons.distributions import whole_names
from kenning_lego.reports.comparisons.forest_chart import forest_chart, forest_rows
from kenning_lego.reports.comparisons.words import bounds, percent
from kenning_lego.reports.document.parts import Part, Section
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.drawing.chart import chart
from kenning_lego.reports.formatting import (
    NO_BREAK,
    TIME_NS,
    Figures,
    counted,
    decimal,
)

OUTCOMES = {
    "faster": "faster",
    "slower": "slower",
    "same": f"no{NO_BREAK}difference",
    "too_few_samples": f"too{NO_BREAK}few{NO_BREAK}samples",
}
"""In words, as they stand in tables."""


def ratios(comparisons: Comparisons) -> Section | None:
    """The section, or None where nothing was timed."""
    if not comparisons.names:
        return None
    marks = [each.mark for each in comparisons.pairs]
    rows = forest_rows(comparisons, [name for _, names in _groups(comparisons) for name in names])
    left = len(comparisons.names) - sum(each.name in comparisons.names for each in rows)
    more = f" {counted(left, 'smaller one')} in the table alone." if left else ""
    drawn = chart(
        "ratios",
        partial(forest_chart, rows, marks, comparisons.threshold),
        f"Change of each median against {comparisons.sides[0].mark}, with intervals that hold for"
        f" all together at {percent(comparisons.confidence)}. Right of the line is slower; the"
        f" band is what does not matter.{more}",
        lead=True,
    )
    parts: tuple[Part, ...] = (_table(comparisons),)
    return Section(
        "ratios", "Medians", (drawn, *parts) if drawn else parts, frozenset({"performance"})
    )


def _groups(comparisons: Comparisons) -> Iterator[tuple[str, list[str]]]:
    """Names under a title each, what counts most first."""
    whole = whole_names(comparisons)
    if not isinstance(comparisons.sides[0].record, RunRecord):
        yield "", whole
        return
    checks = [name for name in comparisons.names if name.startswith("composed-")]
    aside = {*whole, *checks}
    groups = {
        "Whole networks and configurations": whole,
        "Variants of blocks": [name for name in comparisons.names if name not in aside],
        "Compositions that check sums": checks,
    }
    for title, names in groups.items():
        if names:
            yield title, names


def _table(comparisons: Comparisons) -> Table:
    medians = [median_ns(comparisons.sides[0].measurements[name]) for name in comparisons.names]
    latency = Figures.fitting(medians, TIME_NS, 4)
    first = comparisons.sides[0].mark
    correction = " Holm's correction for all of them." if len(comparisons.names) > 1 else ""
    return Table(
        "medians",
        (
            Column("measurement", "Measurement", number=False),
            Column(f"{first} median_ns", "Median", latency.unit.symbol, f"{first}"),
            *(column for each in comparisons.pairs for column in _columns(each, latency, first)),
        ),
        tuple(
            Rows(tuple(_row(comparisons, name, latency) for name in names), title)
            for title, names in _groups(comparisons)
        ),
        note=f"Differences are called at {percent(comparisons.confidence)} confidence for all"
        f" together, by Welch's t test on logarithms of medians, with errors from the block"
        f" bootstrap.{correction} A regression is slower by more than"
        f" {percent(comparisons.threshold)} with the whole interval.",
        style="blocks",
    )


def _columns(pair: Comparison, latency: Figures, first: str) -> tuple[Column, ...]:
    band = f"{pair.mark} against {first}"
    return (
        Column(f"{pair.mark} median_ns", "Median", latency.unit.symbol, band),
        Column(f"{pair.mark} change", "Change", "%", band),
        Column(f"{pair.mark} interval", "Interval", "%", band, where="page"),
        Column(f"{pair.mark} low", "low", where="data"),
        Column(f"{pair.mark} high", "high", where="data"),
        Column(f"{pair.mark} p_value", "p", "", band, where="data"),
        Column(f"{pair.mark} outcome", "Says", "", band, number=False),
        *((Column(f"{pair.mark} notes", "Notes", "", band, number=False),) if noted(pair) else ()),
    )


def _row(comparisons: Comparisons, name: str, latency: Figures) -> tuple[Cell, ...]:
    median = median_ns(comparisons.sides[0].measurements[name])
    return (
        Cell(name, name),
        Cell(latency.number(median), median),
        *(cell for pair in comparisons.pairs for cell in _cells(pair, name, latency)),
    )


def noted(pair: Comparison) -> bool:
    """Whether there is anything to know about one of its rows."""
    return any(row.notes for row in pair.rows)


def _cells(pair: Comparison, name: str, latency: Figures) -> Sequence[Cell]:
    row, notes = pair.row(name), noted(pair)
    if row is None:
        return [Cell(None) for _ in range(7 + notes)]
    found = row.difference
    decided = found.outcome in ("faster", "slower")
    said = "regression" if row.regression else OUTCOMES[found.outcome]
    told = "; ".join(row.notes)
    change = decimal(found.change * 100, 1, signed=True)
    return [
        Cell(latency.number(row.after_ns), row.after_ns),
        Cell(change, found.change, strong=decided),
        Cell(bounds(found.low, found.high), why="too few rounds"),
        Cell(None, found.low),
        Cell(None, found.high),
        Cell(None, found.p_value),
        Cell(said, found.outcome, strong=row.regression),
        *((Cell(told.replace(" ", NO_BREAK), told),) if notes else ()),
    ]
