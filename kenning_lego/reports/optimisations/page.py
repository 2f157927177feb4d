"""The record of a search as one HTML page that needs nothing else."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from kenning_lego.core.optimisation_records import CandidateRecord, OptimisationRecord
from kenning_lego.reports.charts import HALF_PX, PHONE_PX, Chart
from kenning_lego.reports.environment import board, machine
from kenning_lego.reports.formatting import (
    SIZE_BYTES,
    TIME_NS,
    Column,
    counted,
    milliseconds,
    seconds,
    share,
    size,
)
from kenning_lego.reports.html import environment_of_templates, moment, scenario_text
from kenning_lego.reports.optimisations.front_charts import (
    latency_chart,
    measured,
    quality_of,
    size_chart,
)


@dataclass(frozen=True, slots=True)
class Row:
    """A measured candidate."""

    name: str
    latency: str | None
    interval: str | None
    size: str | None
    score: str | None
    test: str | None
    flops: str | None
    agreement: str | None
    said: str


def render_optimisation(record: OptimisationRecord) -> str:
    """Render a record; the same record always gives the same page.

    Raises:
        MissingDependencyError: jinja2 is not installed.
    """
    page = environment_of_templates().get_template("optimisation.html.j2")
    several = measured(record)
    latency = Column.fitting([(each.latency_ms or 0.0) * 1e6 for each in several], TIME_NS)
    sizes = Column.fitting([each.size_bytes for each in several], SIZE_BYTES)
    return page.render(
        record=record,
        created=moment(record.created),
        board=board(record.target.environment),
        answer=_answer(record),
        metric=quality_of(record).name,
        scored_on=counted(record.scored_on, "image"),
        limits=", ".join(_limits(record)),
        charts=list(_charts(record)),
        rows=[_row(each, record, latency, sizes) for each in several],
        latency_unit=latency.unit.symbol,
        size_unit=sizes.unit.symbol,
        out=[each for each in record.candidates if each.state != "measured"],
        target=machine(record.target.environment),
        host=machine(record.host),
        durations=[(name, seconds(value)) for name, value in record.durations_s.items()],
        command=shlex.join(record.command),
        scenario=scenario_text(record),
    )


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


def _charts(record: OptimisationRecord) -> Iterator[Chart]:
    for name, draw in (("latency", latency_chart), ("size", size_chart)):
        wide = draw(record, f"score-{name}-wide", HALF_PX)
        narrow = draw(record, f"score-{name}-narrow", PHONE_PX)
        if wide and narrow:
            yield Chart(
                wide,
                narrow,
                f"Quality over {name}. Filled: undominated in score, latency and size; grey: "
                "beyond a limit. The line is the best score up to each value.",
            )


def _row(
    candidate: CandidateRecord, record: OptimisationRecord, latency: Column, sizes: Column
) -> Row:
    quality = quality_of(record)
    found = next((m for m in record.measurements if m.name == candidate.name), None)
    interval = found.interval_ns if found else None
    artifact = candidate.artifact
    return Row(
        name=candidate.name,
        latency=latency.number((candidate.latency_ms or 0.0) * 1e6),
        interval=latency.interval(*interval) if interval else None,
        size=sizes.number(candidate.size_bytes),
        score=quality.score(candidate.score),
        test=quality.score(candidate.test_score),
        flops=share(candidate.flops / record.network.flops) if record.network.flops else None,
        agreement=share(artifact.gap_agreement) if artifact else None,
        said=_said(candidate, record),
    )


def _said(candidate: CandidateRecord, record: OptimisationRecord) -> str:
    if candidate.name == record.best:
        return "best"
    if not candidate.within_limits:
        return "beyond a limit"
    return "undominated" if candidate.undominated else ""
