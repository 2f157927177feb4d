"""The section of scores: each with its interval, and whether they differ by more than chance."""

from __future__ import annotations

from collections.abc import Sequence

from kenning_lego.reports.comparisons.comparison import Comparisons
from kenning_lego.reports.comparisons.scores import Scored, ScoreDifference, ScoreRow
from kenning_lego.reports.comparisons.words import percent, score_in_words
from kenning_lego.reports.document.parts import Section
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.formatting import NO_BREAK, RANGE, counted, share
from kenning_lego.reports.quality import Quality
from kenning_lego.stats.proportions import share_interval

_BASES = {
    "paired": "sample by sample (McNemar)",
    "shares": "",
    "none": "",
}


def quality(comparisons: Comparisons, rows: Sequence[ScoreRow]) -> Section | None:
    """The section, or None where no score is in two records."""
    if not rows:
        return None
    first = comparisons.sides[0].mark
    table = Table(
        "scores",
        (
            Column("scored", "Score", number=False),
            Column(f"{first} score", first),
            *(column for each in comparisons.pairs for column in _columns(each.mark, first)),
        ),
        (Rows(tuple(_row(each) for each in rows)),),
        note=f"Below a score: its own 95 % interval (Wilson). A difference is called at"
        f" {percent(comparisons.confidence)} confidence for all scores together: by McNemar's test"
        " where both records hold the answers to the same samples; otherwise by Newcombe's interval"
        " for different samples, which is wider than need be where the samples were the same.",
        style="plain",
    )
    return Section("quality", "Quality", (table,), frozenset({"performance", "classification"}))


def _columns(mark: str, first: str) -> tuple[Column, ...]:
    return (
        Column(f"{mark} score", mark),
        Column(f"{mark} against {first}", f"{mark} against {first}", number=False),
        Column(f"{mark} low", "low", where="data"),
        Column(f"{mark} high", "high", where="data"),
        Column(f"{mark} differs", "differs", where="data"),
    )


def _row(row: ScoreRow) -> tuple[Cell, ...]:
    known = [each for each in row.scored if each is not None]
    scale = Quality.named(known[0].metric, [each.score for each in known])
    cells = [Cell(row.name, row.name), _score(row.scored[0], scale)]
    for scored, found in zip(row.scored[1:], row.differences, strict=True):
        cells += [_score(scored, scale), *_difference(found, scale)]
    return tuple(cells)


def _score(scored: Scored | None, scale: Quality) -> Cell:
    if scored is None:
        return Cell(None)
    note = ""
    if scored.samples:
        bounds = share_interval(scored.score, scored.samples)
        ends = RANGE.join(share(end, 2) or "" for end in (bounds.low, bounds.high))
        note = f"{ends}, {counted(scored.samples, 'sample')}"
    return Cell(scale.score(scored.score), scored.score, note)


def _difference(found: ScoreDifference | None, scale: Quality) -> tuple[Cell, ...]:
    if found is None:
        return tuple(Cell(None) for _ in range(4))
    return (
        Cell(
            score_in_words(found, scale).replace(" ", NO_BREAK),
            found.change,
            _BASES[found.basis],
            strong=bool(found.differs),
        ),
        Cell(None, found.low),
        Cell(None, found.high),
        Cell(None, found.differs),
    )
