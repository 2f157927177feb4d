"""The report of a comparison.

There is no radar chart. Its area depends on the order of its axes and on how each was scaled, it
has no place for intervals, and figures in different units cannot be read off it; the forest plot
and the tables say the same with their units.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from kenning_lego.reports.comparisons.boards import board_charts
from kenning_lego.reports.comparisons.comparison import Comparisons
from kenning_lego.reports.comparisons.differences_table import differences
from kenning_lego.reports.comparisons.distributions import distribution_charts
from kenning_lego.reports.comparisons.effects_table import effects
from kenning_lego.reports.comparisons.figure_table import figures
from kenning_lego.reports.comparisons.figures import figure_rows
from kenning_lego.reports.comparisons.medians_chart import median_charts
from kenning_lego.reports.comparisons.ratios import ratios
from kenning_lego.reports.comparisons.score_table import quality
from kenning_lego.reports.comparisons.scores import score_rows
from kenning_lego.reports.comparisons.settings import settings_of
from kenning_lego.reports.comparisons.sides import Side
from kenning_lego.reports.comparisons.summary import summary
from kenning_lego.reports.comparisons.tradeoffs import tradeoff_charts
from kenning_lego.reports.comparisons.trainings import training_charts
from kenning_lego.reports.document.parts import (
    Chart,
    Charts,
    Document,
    Heading,
    Listing,
    Part,
    ReportType,
    Section,
)
from kenning_lego.reports.environment import board
from kenning_lego.reports.origin import moment

_KINDS = {
    "run": "run",
    "pipelines": "record of pipelines",
    "load": "load test",
    "optimisation": "search",
    "training": "training",
}


def comparison_document(comparisons: Comparisons) -> Document:
    """The report; the same records always give the same one."""
    sides = comparisons.sides
    places = {_place(each) for each in sides}
    networks = list(dict.fromkeys(each.network for each in sides))
    plural = {"record of pipelines": "records of pipelines", "search": "searches"}
    kind = _KINDS[sides[0].kind]
    newest = max(sides, key=lambda each: each.record.created)
    return Document(
        kind="comparison",
        title=" and ".join(networks),
        place=places.pop() if len(places) == 1 else "",
        subject=f"{len(sides)} {plural.get(kind, f'{kind}s')} compared with each other",
        id=", ".join(f"{each.mark} {each.record.id}" for each in sides),
        created=moment(newest.record.created),
        version=newest.record.version,
        source="the records that are compared",
        sections=tuple(_sections(comparisons)),
    )


def _sections(comparisons: Comparisons) -> Iterator[Section]:
    sides = comparisons.sides
    settings = settings_of(sides)
    scores = score_rows(sides, comparisons.confidence)
    sections = (
        summary(comparisons, settings, scores),
        effects(comparisons, settings, scores),
        _drawn("trade-offs", "Quality over latency", tradeoff_charts(comparisons), "selection"),
        _drawn("epochs", "Epochs", training_charts(comparisons), "training"),
        ratios(comparisons),
        _drawn("blocks", "Medians side by side", median_charts(comparisons), "performance"),
        _drawn("distributions", "Distributions", distribution_charts(comparisons), "performance"),
        quality(comparisons, scores),
        figures(sides, figure_rows(sides)),
        _drawn("board", "The boards while they ran", board_charts(comparisons), "energy"),
        differences(sides, settings),
        _reproduce(sides),
    )
    yield from (each for each in sections if each is not None)


def _drawn(identity: str, title: str, charts: Iterator[Chart], about: ReportType) -> Section | None:
    found = list(charts)
    parts: list[Part] = [each for each in found if each.lead]
    halves = tuple(each for each in found if not each.lead)
    if halves:
        parts.append(Charts(halves))
    if not parts:
        return None
    return Section(identity, title, tuple(parts), frozenset({"performance", about}))


def _place(side: Side) -> str:
    return (board(side.target.environment) or "") if side.target is not None else ""


def _reproduce(sides: Sequence[Side]) -> Section | None:
    """The command behind each record."""
    parts: list[Part] = []
    for each in sides:
        if each.record.command:
            parts.append(Heading(f"{each.mark}: {each.record.id}"))
            parts.append(Listing(shlex.join(each.record.command), "sh"))
    if not parts:
        return None
    return Section("reproduce", "Reproduce", tuple(parts), frozenset({"environment"}))
