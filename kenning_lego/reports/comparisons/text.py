"""Comparisons as lines for a terminal."""

from __future__ import annotations

from kenning_lego.reports.comparisons.comparison import Comparison, Comparisons, Row, median_ns
from kenning_lego.reports.comparisons.scores import ScoreRow, score_rows
from kenning_lego.reports.comparisons.words import in_short, in_words, score_in_words
from kenning_lego.reports.formatting import duration
from kenning_lego.reports.quality import Quality


def comparison_text(comparisons: Comparisons) -> str:
    """What differs beside latency, each row in words, and the whole; compact for more than two."""
    if comparisons.sides[0].kind == "training":
        return _trainings(comparisons)
    if len(comparisons.pairs) == 1:
        return _pair(comparisons.pairs[0])
    return _several(comparisons)


def _pair(comparison: Comparison) -> str:
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
    return "\n".join([*lines, _confidence(comparison.confidence, len(comparison.rows))])


def _line(row: Row, width: int, threshold: float) -> str:
    mark = "  REGRESSION" if row.regression else ""
    notes = f"  [{'; '.join(row.notes)}]" if row.notes else ""
    medians = f"{duration(row.before_ns)} -> {duration(row.after_ns)}"
    said = in_words(row.difference, threshold)
    return f"{row.name:<{width}}  {medians:<22}  {said}{mark}{notes}"


def _several(comparisons: Comparisons) -> str:
    """A column for each record but the first; what is slower beyond the threshold has a mark."""
    lines = _sides(comparisons)
    lines += _warnings(comparisons)
    heads = ("", comparisons.sides[0].mark, *(each.mark for each in comparisons.pairs))
    table = [heads, *(_cells(comparisons, name) for name in comparisons.names)]
    means = [
        in_short(each.overall, regression=each.overall_regression) for each in comparisons.pairs
    ]
    table.append(("overall", "", *means))
    widths = [max(len(row[column]) for row in table) for column in range(len(heads))]
    lines += ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
    beyond = f"by more than {comparisons.threshold * 100:g} %"
    for each in comparisons.pairs:
        slower = sum(row.regression for row in each.rows)
        what = f"{slower} of {len(each.rows)}" if slower else "overall"
        if each.regressed:
            lines.append(f"regression: {each.mark}: {what} slower {beyond} (!)")
    if not comparisons.regressed:
        lines.append(f"no regression: nothing was seen to be slower {beyond}")
    lines.append("? is too few samples to tell, = is no difference seen, by the interval behind it")
    count = sum(len(each.rows) for each in comparisons.pairs)
    return "\n".join([*lines, _confidence(comparisons.confidence, count)])


def _sides(comparisons: Comparisons) -> list[str]:
    return [f"{each.mark}: {each.record.id} ({each.network})" for each in comparisons.sides]


def _cells(comparisons: Comparisons, name: str) -> tuple[str, ...]:
    first = duration(median_ns(comparisons.sides[0].measurements[name]))
    rows = [each.row(name) for each in comparisons.pairs]
    shown = [in_short(row.difference, regression=row.regression) if row else "-" for row in rows]
    return name, first or "", *shown


def _trainings(comparisons: Comparisons) -> str:
    """Scores; trainings time nothing on a target."""
    lines = [*_sides(comparisons), *_warnings(comparisons)]
    marks = [each.mark for each in comparisons.pairs]
    for row in score_rows(comparisons.sides, comparisons.confidence):
        lines += _scores(row, marks)
    return "\n".join([*lines, f"{comparisons.confidence * 100:g} % confidence for all together"])


def _scores(row: ScoreRow, marks: list[str]) -> list[str]:
    known = [each for each in row.scored if each is not None]
    quality = Quality.named(known[0].metric, [each.score for each in known])
    first = quality.score(known[0].score)
    lines = []
    for mark, scored, found in zip(marks, row.scored[1:], row.differences, strict=True):
        if scored is not None and found is not None:
            said = score_in_words(found, quality)
            lines.append(f"{row.name}: {first} -> {mark} {quality.score(scored.score)}, {said}")
    return lines


def _warnings(comparisons: Comparisons) -> list[str]:
    named = len(comparisons.pairs) > 1
    return [
        f"warning: {f'{each.mark}: ' if named else ''}{said}"
        for each in comparisons.pairs
        for said in each.warnings
    ]


def _confidence(confidence: float, comparisons: int) -> str:
    corrected = f", corrected for {comparisons} comparisons (Holm)" if comparisons > 1 else ""
    return f"{confidence * 100:g} % confidence{corrected}"
