"""The report of load tests: what was answered how fast, in LoadGen's scenarios."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kenning_lego.core.load_records import LoadRecord
from kenning_lego.reports.document.parts import (
    Document,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Part,
    Remark,
    Remarks,
    ReportTypes,
    Section,
)
from kenning_lego.reports.environment import board, engine
from kenning_lego.reports.formatting import counted, duration, share, significant
from kenning_lego.reports.loads.charts import load_charts
from kenning_lego.reports.loads.findings import EXPLAINED, Load, loads_of
from kenning_lego.reports.loads.results_table import results_table
from kenning_lego.reports.origin import environment, moment, reproduce

SOURCE = "load.json"
_MOST_FIGURES = 6
_CLOCK = "Latencies were measured on the target's own clock, with the network out of the loop."
_LATE = 0.01
"""A tester that was later than this share of a call says more of itself than of the target."""


def load_document(record: LoadRecord) -> Document:
    """The report; the same record always gives the same one."""
    loads = loads_of(record)
    ran = engine(record.target.used)
    what = f"configuration {record.configuration}" if record.configuration else ""
    subject = (what, counted(len(loads), "load test"), ran)
    return Document(
        kind="load",
        title=record.network or "Load tests",
        place=board(record.target.environment) or "",
        subject=" · ".join(filter(None, subject)),
        id=record.id,
        created=moment(record.created),
        version=record.version,
        source=SOURCE,
        sections=tuple(_sections(record, loads)),
    )


def _sections(record: LoadRecord, loads: Sequence[Load]) -> Iterator[Section]:
    yield _summary(record, loads)
    types: ReportTypes = frozenset({"performance"})
    explained = tuple(
        Paragraph(f"{each.name.partition(',')[0]}: {EXPLAINED[each.scenario]}", "small-print")
        for each in {one.scenario: one for one in loads}.values()
    )
    if loads:
        yield Section("results", "Results", (results_table(loads), *explained), types)
    charts = tuple(load_charts(loads))
    if charts:
        yield Section("latencies", "Latencies", charts, types)
    yield environment(record, record.target)
    yield reproduce(record)


def _summary(record: LoadRecord, loads: Sequence[Load]) -> Section:
    answers = " ".join(_answer(each) for each in loads[:1]) or "No load test was run."
    if len(loads) > 1:
        answers = _best(loads)
    parts: list[Part] = [Paragraph(answers, "answer")]
    figures = tuple(_figure(each) for each in loads[:_MOST_FIGURES])
    if figures:
        parts.append(KeyFigures(figures))
    known = tuple(_remarks(record, loads))
    if known:
        parts.append(Remarks(known))
    types: ReportTypes = frozenset({"summary", "performance"})
    return Section("summary", "Summary", tuple(parts), types, unseen=True)


def _answer(load: Load) -> str:
    rate = significant(load.result.samples_per_s)
    throughput = f"{rate} samples a second" if rate else "no rate is known"
    if not load.result.latencies_ns:
        return f"{load.name}: no query was answered."
    if load.quantile is None or load.latencies is None:
        return f"{load.name}: {throughput}."
    judged = load.judged
    if judged is None:
        tail = f"half of the queries take at most {duration(load.latencies.median)}"
    else:
        tail = f"{share(load.quantile, 0)} of the queries take at most {duration(judged.value)}"
    return f"{load.name}: {tail}; {throughput}."


def _best(loads: Sequence[Load]) -> str:
    """The highest rate that was kept up with, or the first result and how many there are."""
    servers = [each for each in loads if each.scenario == "server" and each.keeps_up]
    if not servers:
        return f"{_answer(loads[0])} {counted(len(loads) - 1, 'further load test')} below."
    highest = max(servers, key=lambda each: each.record.rate_per_s or 0.0)
    return f"The highest rate that the target kept up with: {_answer(highest)}"


def _figure(load: Load) -> KeyFigure:
    if load.quantile is None or load.latencies is None:
        rate = significant(load.result.samples_per_s)
        return KeyFigure(load.name, None if rate is None else f"{rate}/s", "samples a second")
    judged = load.judged
    if judged is None:
        note = f"median; too few queries for the {share(load.quantile, 0)}"
        return KeyFigure(load.name, duration(load.latencies.median), note)
    between = f"{duration(judged.low)} to {duration(judged.high)}"
    note = f"{share(load.quantile, 0)} of queries are faster; 95 % interval {between}"
    return KeyFigure(load.name, duration(judged.value), note)


def _remarks(record: LoadRecord, loads: Sequence[Load]) -> Iterator[Remark]:
    behind = [each.name for each in loads if not each.keeps_up]
    if behind:
        yield Remark(
            "warning",
            f"The target did not keep up: {', '.join(behind)}. Queries were left over, and the"
            " latencies say how long the queue grew rather than what the target can do. Lower the"
            " rate.",
        )
    if record.target.deployments:
        yield Remark(
            "warning",
            "The target ran pipelines of its own meanwhile:"
            f" {', '.join(record.target.deployments)}. Stop them and test again.",
        )
    late = [
        each.name
        for each in loads
        if each.service and each.result.lateness_median_ns > _LATE * each.service.median
    ]
    if late:
        yield Remark(
            "warning",
            f"The tester itself was late by more than {share(_LATE, 0)} of a call in"
            f" {', '.join(late)}. Quiet the target, or give the tester a core of its own.",
        )
    short = [each.name for each in loads if each.quantile is not None and each.judged is None]
    if short:
        yield Remark(
            "warning",
            f"Too few queries to bound the percentile that counts: {', '.join(short)}. Send more"
            " (min_queries, min_seconds).",
        )
    yield Remark("neutral", _CLOCK)
