"""The section of scores: each with its interval, and whether they differ by more than chance."""

from __future__ import annotations

from collections.abc import Sequence

from kenning_lego.reports.comparisons.comparison import Comparisons
from kenning_lego.reports.comparisons.scores import Scored, ScoreDifference, ScoreRow
from kenning_lego.reports.comparisons.words import percent
from kenning_lego.reports.document.parts import Section
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.formatting import NO_BREAK, RANGE, counted, share
from kenning_lego.reports.quality import Quality
from kenning_lego.stats.proportions import share_interval


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
        " for different samples, which is wider than need be where the samples were the same."
        " Differences of shares are in points.",
        style="plain",
    )
    return Section("quality", "Quality", (table,), frozenset({"performance", "classification"}))


def _columns(mark: str, first: str) -> tuple[Column, ...]:
    return (
        Column(f"{mark} score", mark),
        Column(f"{mark} against {first}", f"{mark}{NO_BREAK}against{NO_BREAK}{first}"),
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
        Cell(_interval(found, scale), found.change, _said(found), strong=bool(found.differs)),
        Cell(None, found.low),
        Cell(None, found.high),
        Cell(None, found.differs),
    )


def _interval(found: ScoreDifference, scale: Quality) -> str | None:
    """Of the difference, in the metric's unit; the difference alone where it has no bounds."""
    if found.low is None or found.high is None:
        return scale.difference(found.change, signed=True)
    ends = (scale.difference(end, signed=True) for end in (found.low, found.high))
    return f"{NO_BREAK}to{NO_BREAK}".join(end or "" for end in ends)


def _said(found: ScoreDifference) -> str:
    if found.differs is None:
        return found.why
    decided = "better" if found.better else "worse"
    said = decided if found.differs else f"no{NO_BREAK}difference"
    return f"{said}, McNemar" if found.basis == "paired" else said
