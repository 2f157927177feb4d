"""The section of what each change did, for more than two records."""

from __future__ import annotations

from collections.abc import Sequence

from kenning_lego.reports.comparisons.comparison import Comparisons
from kenning_lego.reports.comparisons.effects import Effect, effects_of
from kenning_lego.reports.comparisons.ratios import OUTCOMES
from kenning_lego.reports.comparisons.scores import ScoreRow
from kenning_lego.reports.comparisons.settings import Setting
from kenning_lego.reports.comparisons.words import bounds, score_in_words
from kenning_lego.reports.document.parts import Section
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.formatting import NO_BREAK, decimal
from kenning_lego.reports.quality import Quality
from kenning_lego.stats.comparison import Difference

_MEDIANS = (
    " All medians: the geometric mean of all ratios; the intervals hold for all records together."
)
_TITLES = {
    "single": "One setting changed",
    "together": "Several settings changed at once: their effects cannot be separated",
    "repetition": "Nothing changed: what a repetition alone brings",
}


def effects(
    comparisons: Comparisons, settings: Sequence[Setting], scores: Sequence[ScoreRow]
) -> Section | None:
    """The section, or None for two records, whose differences stand in the summary."""
    if len(comparisons.pairs) == 1:
        return None
    found = effects_of(comparisons, settings)
    timed = bool(comparisons.names)
    overall = (
        Column("overall", "All medians", "%"),
        Column("interval", "Interval", "%", where="page"),
        Column("low", "low", where="data"),
        Column("high", "high", where="data"),
        Column("outcome", "Says", number=False),
    )
    table = Table(
        "effects",
        (
            Column("changed", "Changed", number=False),
            Column("record", "Record", number=False, where="data"),
            *(overall if timed else ()),
            Column("score", "Score", number=False),
        ),
        tuple(
            Rows(tuple(_row(comparisons, each, scores) for each in several), title)
            for kind, title in _TITLES.items()
            if (several := [each for each in found if each.kind == kind])
        ),
        note=f"Each record against {comparisons.sides[0].mark}, the fastest first."
        f"{_MEDIANS if timed else ''} The score is the first one that both hold.",
        style="roomy",
    )
    return Section(
        "effects",
        "Effect of each change",
        (table,),
        frozenset({"performance", "summary"}),
        short="Effects",
    )


def _row(comparisons: Comparisons, effect: Effect, scores: Sequence[ScoreRow]) -> tuple[Cell, ...]:
    pair, overall = effect.pair, effect.pair.overall
    place = [each.mark for each in comparisons.pairs].index(pair.mark)
    return (
        Cell(effect.said, effect.said, ordinal=pair.mark),
        Cell(None, pair.mark),
        *(_overall(overall, regression=pair.overall_regression) if comparisons.names else ()),
        _score(place, scores),
    )


def _overall(overall: Difference | None, *, regression: bool) -> tuple[Cell, ...]:
    if overall is None or overall.low is None or overall.high is None:
        why = "too few samples"
        return Cell(None, why=why), Cell(None, why=why), Cell(None), Cell(None), Cell(None, why=why)
    said = "regression" if regression else OUTCOMES[overall.outcome]
    decided = overall.outcome in ("faster", "slower")
    return (
        Cell(decimal(overall.change * 100, 1, signed=True), overall.change, strong=decided),
        Cell(bounds(overall.low, overall.high)),
        Cell(None, overall.low),
        Cell(None, overall.high),
        Cell(said, overall.outcome, strong=regression),
    )


def _score(place: int, scores: Sequence[ScoreRow]) -> Cell:
    for row in scores:
        found, known = row.differences[place], row.scored[0]
        if found is not None and known is not None:
            other = row.scored[place + 1]
            values = [each.score for each in (known, other) if each is not None]
            said = score_in_words(found, Quality.named(known.metric, values))
            return Cell(said.replace(" ", NO_BREAK), found.change, row.name)
    return Cell(None)
