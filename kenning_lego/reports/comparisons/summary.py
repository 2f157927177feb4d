"""What a comparison says in the end: sentences and a few figures that are read first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from kenning_lego.reports.comparisons.comparison import Comparison, Comparisons
from kenning_lego.reports.comparisons.differences_table import records_table
from kenning_lego.reports.comparisons.scores import ScoreRow
from kenning_lego.reports.comparisons.settings import Change, Setting, change_between
from kenning_lego.reports.comparisons.sides import Side
from kenning_lego.reports.comparisons.warnings import doubts
from kenning_lego.reports.comparisons.words import bounds, in_brief, percent, score_in_words
from kenning_lego.reports.document.parts import (
    KeyFigure,
    KeyFigures,
    Paragraph,
    Part,
    Remark,
    Remarks,
    Section,
)
from kenning_lego.reports.formatting import counted, decimal
from kenning_lego.reports.quality import Quality

_MOST_FIGURES = 4
_MOST_SENTENCES = 2
_MOST_FAMILIES = 4
_NEUTRAL = "only in "


def summary(
    comparisons: Comparisons, settings: Sequence[Setting], scores: Sequence[ScoreRow]
) -> Section:
    """The section."""
    parts: list[Part] = [Paragraph(_answer(comparisons, scores), "answer")]
    figures = tuple(_figures(comparisons, scores))
    if figures:
        parts.append(KeyFigures(figures))
    parts.append(Remarks(tuple(_remarks(comparisons, settings))))
    parts.append(records_table(comparisons.sides))
    return Section("summary", "Summary", tuple(parts), frozenset({"summary"}), unseen=True)


def overall_said(pair: Comparison, first: str) -> str:
    """How one record's medians differ from the first one's, in a sentence without its end."""
    overall = pair.overall
    if overall is None:
        return f"{pair.mark} has too few samples to be told from {first}"
    what = "" if len(pair.rows) == 1 else " overall"
    if any(each.startswith("clock: ") for each in pair.warnings):
        what += ", timed on another clock"
    between = f"{bounds(overall.low, overall.high)} %"
    match overall.outcome:
        case "faster" | "slower":
            return f"{pair.mark} is {in_brief(overall, first)}{what}"
        case "same":
            return f"{pair.mark} is as fast as {first}{what}, within {between}"
        case _:
            return f"{pair.mark} cannot be told from {first}{what}: {between}"


def _answer(comparisons: Comparisons, scores: Sequence[ScoreRow]) -> str:
    first = comparisons.sides[0].mark
    if not comparisons.names:
        return " ".join(_scored(comparisons, scores)) or "No score of both can be compared."
    sentences = [f"{overall_said(each, first)}." for each in comparisons.pairs]
    outcomes = Counter(row.difference.outcome for pair in comparisons.pairs for row in pair.rows)
    regressions = sum(row.regression for pair in comparisons.pairs for row in pair.rows)
    total = sum(outcomes.values())
    if total > 1:
        beyond = f" ({regressions} by more than {percent(comparisons.threshold)})"
        told = [
            f"{outcomes['faster']} faster",
            f"{outcomes['slower']} slower{beyond if regressions else ''}",
            f"{outcomes['same']} without a difference",
            f"{outcomes['too_few_samples']} with too few samples to tell",
        ]
        shown = [each for each in told if not each.startswith("0 ")]
        sentences.append(f"Of {total} medians: {', '.join(shown)}.")
    return " ".join([*sentences, *_scored(comparisons, scores)[:_MOST_SENTENCES]])


def _scored(comparisons: Comparisons, scores: Sequence[ScoreRow]) -> list[str]:
    """A sentence on each score that differs, or one on all of them."""
    found = []
    bounded = 0
    for row in scores:
        for pair, difference in zip(comparisons.pairs, row.differences, strict=True):
            known = [each for each in row.scored if each is not None]
            bounded += difference is not None and difference.differs is not None
            if difference is not None and difference.differs:
                scale = Quality.named(known[0].metric, [each.score for each in known])
                said = score_in_words(difference, scale)
                found.append(f"{pair.mark}'s {known[0].metric} ({row.name}) is {said}.")
    if bounded and not found:
        found.append(f"No difference was seen in {counted(bounded, 'score')}.")
    return found


def _figures(comparisons: Comparisons, scores: Sequence[ScoreRow]) -> Iterator[KeyFigure]:
    first = comparisons.sides[0].mark
    for pair in comparisons.pairs[:_MOST_FIGURES]:
        overall = pair.overall
        if not pair.rows:
            continue
        name = f"{pair.mark} against {first}"
        if overall is None or overall.low is None:
            yield KeyFigure(name, None, "too few samples")
            continue
        said = {"same": "no difference seen", "too_few_samples": "cannot be told"}
        change = decimal(overall.change * 100, 1, signed=True)
        note = (
            f"{said.get(overall.outcome, overall.outcome)}; {bounds(overall.low, overall.high)} %"
        )
        yield KeyFigure(name, f"{change} %", note)
    rows = [row for pair in comparisons.pairs for row in pair.rows]
    if rows:
        slower = sum(row.regression for row in rows)
        beyond = f"slower by more than {percent(comparisons.threshold)}, of {len(rows)} medians"
        yield KeyFigure("Regressions", str(slower), beyond)
    decided = [each for row in scores for each in row.differences if each and each.differs]
    if scores:
        better = sum(bool(each.better) for each in decided)
        note = f"{better} better, {len(decided) - better} worse, of {counted(len(scores), 'score')}"
        yield KeyFigure("Scores that differ", str(len(decided)), note)


def _remarks(comparisons: Comparisons, settings: Sequence[Setting]) -> Iterator[Remark]:
    first, others = comparisons.sides[0], comparisons.sides[1:]
    if any(each.clocks != first.clocks for each in others):
        yield Remark(
            "warning",
            "The records were timed on different clocks: these are drawn apart, and ratios between"
            " them compare unlike things.",
        )
    for number, other in enumerate(others, 1):
        yield _changed(first, other, change_between(settings, number))
    said: dict[str, None] = {}
    for other in others:
        both = first.measurements.keys() & other.measurements.keys()
        unlike = sum(first.made_of.get(name) != other.made_of.get(name) for name in both)
        if unlike:
            of = f"{unlike} of {counted(len(both), 'median')}"
            yield Remark(
                "neutral", f"{other.mark} ran other artifacts than {first.mark} behind {of}."
            )
        said |= dict.fromkeys(doubts(first, other, (first.mark, other.mark)))
    for each in said:
        yield Remark("neutral" if each.startswith(_NEUTRAL) else "warning", each)


def _changed(first: Side, other: Side, change: Change) -> Remark:
    families = change.families
    if not families:
        return Remark("good", f"{other.mark} differs from {first.mark} in no recorded setting.")
    if len(families) == 1:
        said = f"{other.mark} differs from {first.mark} in one setting: {change.said()}."
        return Remark("neutral", said)
    more = ", ..." if len(families) > _MOST_FAMILIES else ""
    return Remark(
        "warning",
        f"{len(families)} settings differ between {first.mark} and {other.mark}"
        f" ({', '.join(families[:_MOST_FAMILIES])}{more}): their effects cannot be separated.",
    )
