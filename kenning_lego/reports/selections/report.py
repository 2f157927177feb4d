"""The report of a selection: the choice for each demand, and the front that it is from."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kenning_lego.core.selection_records import SelectionRecord
from kenning_lego.reports.document.parts import (
    Chart,
    Charts,
    Document,
    Fact,
    Facts,
    Paragraph,
    Part,
    Remark,
    Remarks,
    ReportTypes,
    Section,
)
from kenning_lego.reports.drawing.chart import chart
from kenning_lego.reports.formatting import counted, integer, milliseconds, size
from kenning_lego.reports.origin import moment, reproduce
from kenning_lego.reports.run.memory import MEMORY
from kenning_lego.reports.selections.chart import front_chart
from kenning_lego.reports.selections.table import choices_table, qualities_of

SOURCE = "selection.json"


def selection_document(record: SelectionRecord) -> Document:
    """The report; the same record always gives the same one."""
    names = ", ".join(each.name for each in record.networks)
    runs = " · ".join(f"run {each.run}" for each in record.networks)
    return Document(
        kind="selection",
        title=names or "Selection",
        place="",
        subject=runs,
        id="",
        created=moment(record.created),
        version=record.version,
        source=SOURCE,
        sections=tuple(_sections(record)),
    )


def _sections(record: SelectionRecord) -> Iterator[Section]:
    types: ReportTypes = frozenset({"selection"})
    yield _summary(record)
    if record.answers:
        yield Section("choices", "Choices", (choices_table(record),), types)
    charts = tuple(_fronts(record))
    if charts:
        yield Section("front", "Front", (Charts(charts),), types)
    yield reproduce(record)


def _fronts(record: SelectionRecord) -> Iterator[Chart]:
    for number, each in enumerate(record.networks, 1):
        draw = partial(front_chart, record, each.name)
        alone = len(record.networks) == 1
        found = chart(f"front-{number}", draw, _caption(record, each.name), lead=alone)
        if found:
            yield found


def _caption(record: SelectionRecord, network: str) -> str:
    front = record.undominated.get(network)
    if front is None:
        return f"{network}: what was chosen. Down and to the left is better."
    close = f" (to within {front.gap:.2g})" if front.gap else ""
    return (
        f"{network}: circles were chosen; small dots: the {integer(front.points)} undominated"
        f" configurations{close}; line: the cheapest up to each latency. Down and to the left is"
        " better."
    )


def _summary(record: SelectionRecord) -> Section:
    met = [each for each in record.answers if each.feasible]
    parts: list[Part] = [Paragraph(_answer(record), "answer")]
    if len(met) < len(record.answers):
        names = ", ".join(each.name for each in record.answers if not each.feasible)
        parts.append(
            Remarks(
                (
                    Remark(
                        "warning",
                        f"{counted(len(record.answers) - len(met), 'demand')} of"
                        f" {len(record.answers)} cannot be met: {names}. What is in the way, and"
                        " the nearest that can be met, stands below.",
                    ),
                )
            )
        )
    facts = tuple(
        Fact(
            each.name,
            f"{each.metric}; memory: {MEMORY[each.memory].lower()}; from {each.workspace}",
        )
        for each in record.networks
    )
    if facts:
        parts.append(Facts(facts))
    types: ReportTypes = frozenset({"summary", "selection"})
    return Section("summary", "Summary", tuple(parts), types, unseen=True)


def _answer(record: SelectionRecord) -> str:
    first = next((each for each in record.answers if each.feasible and each.chosen), None)
    if first is None:
        return "No demand can be met." if record.answers else "The front, without a demand."
    qualities = qualities_of(record)
    said = []
    for each in first.chosen:
        quality = qualities.get(each.network)
        score = quality.score(each.predicted.score) if quality else None
        figures = (
            milliseconds(each.predicted.latency_ms),
            size(each.predicted.memory_bytes),
            f"{score} {quality.name}" if score and quality else None,
        )
        said.append(f"{each.network}: {', '.join(one for one in figures if one)}")
    return f"{first.name} is predicted to give {'; '.join(said)}."
