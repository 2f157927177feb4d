"""The report of a search over compilers, precisions, ratios and engines."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kenning_lego.core.optimisation_records import CandidateRecord, OptimisationRecord
from kenning_lego.reports.board.section import board_over_time
from kenning_lego.reports.document.parts import Charts, Document, Paragraph, ReportTypes, Section
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.drawing.chart import chart
from kenning_lego.reports.environment import board
from kenning_lego.reports.formatting import (
    SIZE_BYTES,
    TIME_NS,
    Figures,
    counted,
    milliseconds,
    share,
    size,
)
from kenning_lego.reports.optimisations.front_charts import (
    latency_chart,
    measured,
    quality_of,
    size_chart,
)
from kenning_lego.reports.origin import environment, moment, reproduce

SOURCE = "optimisation.json"


def optimisation_document(record: OptimisationRecord) -> Document:
    """The report; the same record always gives the same one."""
    counts = counted(len(record.candidates), "candidate")
    subject = (counts, record.network.dataset, ", ".join(_limits(record)))
    return Document(
        kind="search",
        title=record.network.name,
        place=board(record.target.environment) or "",
        subject=" · ".join(filter(None, subject)),
        id=record.id,
        created=moment(record.created),
        version=record.version,
        source=SOURCE,
        sections=tuple(_sections(record)),
    )


def _sections(record: OptimisationRecord) -> Iterator[Section]:
    answer = Paragraph(_answer(record), "answer")
    yield Section("summary", "Summary", (answer,), frozenset({"summary"}), unseen=True)
    front = _front(record)
    if front:
        yield Section("front", "Front", (front,), frozenset({"selection"}))
    candidates = _candidates(record)
    if candidates:
        types: ReportTypes = frozenset({"selection", "performance"})
        yield Section("candidates", "Candidates", (candidates,), types)
    out = [each for each in record.candidates if each.state != "measured"]
    if out:
        yield Section("out", "Dropped and failed", (_out(out),), frozenset({"selection"}))
    over_time = board_over_time(record.telemetry, SOURCE)
    if over_time:
        yield over_time
    yield environment(record, record.target, record.durations_s)
    yield reproduce(record)


def _answer(record: OptimisationRecord) -> str:
    found = record.candidate(record.best)
    if found is None:
        return "No candidate keeps the limits."
    quality = quality_of(record)
    figures = (milliseconds(found.latency_ms), size(found.size_bytes), quality.score(found.score))
    tested = quality.score(found.test_score)
    said = f", {tested} on the test part" if tested else ""
    return f"Best in {record.goal}: {found.name}: {', '.join(filter(None, figures))}{said}."


def _limits(record: OptimisationRecord) -> Iterator[str]:
    limits, higher = record.limits, record.network.higher_is_better
    if limits.score is not None:
        yield f"{record.network.metric} {'≥' if higher else '≤'} {limits.score:g}"
    if limits.latency_ms is not None:
        yield f"latency ≤ {limits.latency_ms:g} ms"
    if limits.size_bytes is not None:
        yield f"size ≤ {size(limits.size_bytes)}"


def _front(record: OptimisationRecord) -> Charts | None:
    charts = [
        chart(
            f"score-{name}",
            partial(draw, record),
            f"Quality over {name}. Filled: undominated in score, latency and size; grey: "
            "beyond a limit. The line is the best score up to each value.",
        )
        for name, draw in (("latency", latency_chart), ("size", size_chart))
    ]
    found = tuple(each for each in charts if each)
    return Charts(found) if found else None


def _candidates(record: OptimisationRecord) -> Table | None:
    several = measured(record)
    if not several:
        return None
    latency = Figures.fitting([_ns(each) for each in several], TIME_NS, 4)
    sizes = Figures.fitting([each.size_bytes for each in several], SIZE_BYTES)
    metric, unit = quality_of(record).name, latency.unit.symbol
    columns = (
        Column("candidate", "Candidate", number=False),
        Column("runtime", "Runtime", where="data"),
        Column("precision", "Precision", where="data"),
        Column("ratio", "Ratio", where="data"),
        Column("median_ns", "Latency", unit),
        Column("interval", "95 % interval", unit, where="page"),
        Column("median_low_ns", "low", where="data"),
        Column("median_high_ns", "high", where="data"),
        Column("size_bytes", "Size", sizes.unit.symbol),
        Column("score_validation", f"{metric}, validation"),
        Column("score_test", f"{metric}, test"),
        Column("flops_kept", "FLOPs kept"),
        Column("agreement", "Agrees with torch"),
        Column("said", "", number=False),
    )
    return Table(
        "candidates",
        columns,
        (Rows(tuple(_row(each, record, latency, sizes) for each in several)),),
        note="All were timed in turn in one plan on the target. Scores are of the target's"
        f" outputs, on {counted(record.scored_on, 'image')} of the validation part, by which the"
        " best is chosen; the test part is for those that could be chosen.",
    )


def _row(
    candidate: CandidateRecord, record: OptimisationRecord, latency: Figures, sizes: Figures
) -> tuple[Cell, ...]:
    quality, untested = quality_of(record), "only undominated ones within the limits are tested"
    found = next((m for m in record.measurements if m.name == candidate.name), None)
    low, high = (found.interval_ns if found else None) or (None, None)
    agreement = candidate.artifact.gap_agreement if candidate.artifact else None
    kept = candidate.flops / record.network.flops if record.network.flops else None
    said = _said(candidate, record)
    return (
        Cell(candidate.name, candidate.name),
        Cell(None, candidate.runtime),
        Cell(None, candidate.precision),
        Cell(None, candidate.ratio),
        Cell(latency.number(_ns(candidate)), _ns(candidate), strong=True),
        Cell(latency.interval(low, high)),
        Cell(None, low),
        Cell(None, high),
        Cell(sizes.number(candidate.size_bytes), candidate.size_bytes),
        Cell(quality.score(candidate.score), candidate.score, strong=True),
        Cell(quality.score(candidate.test_score), candidate.test_score, why=untested),
        Cell(share(kept), kept),
        Cell(share(agreement), agreement, why="no classifier"),
        Cell(said, said),
    )


def _said(candidate: CandidateRecord, record: OptimisationRecord) -> str:
    if candidate.name == record.best:
        return "best"
    if not candidate.within_limits:
        return "beyond a limit"
    return "undominated" if candidate.undominated else ""


def _out(candidates: list[CandidateRecord]) -> Table:
    def row(each: CandidateRecord) -> tuple[Cell, ...]:
        what = f"{each.state} ({each.stage})" if each.stage else each.state
        reason = each.reason or None
        return Cell(each.name, each.name), Cell(what, what), Cell(reason, reason, why="not known")

    return Table(
        "dropped-and-failed",
        (
            Column("candidate", "Candidate", number=False),
            Column("what", "What became of it", number=False),
            Column("why", "Why", number=False),
        ),
        (Rows(tuple(map(row, candidates))),),
    )


def _ns(candidate: CandidateRecord) -> float | None:
    return None if candidate.latency_ms is None else candidate.latency_ms * 1e6
