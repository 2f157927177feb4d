"""The record of pipelines as one HTML page that needs nothing else."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from kenning_lego.core.pipeline_records import PipelineEventRecord, PipelinesRecord
from kenning_lego.reports.charts import FULL_PX, PHONE_PX, Chart
from kenning_lego.reports.configuration_table import Brick, brick
from kenning_lego.reports.environment import board, engine, machine
from kenning_lego.reports.formatting import (
    SIZE_BYTES,
    TIME_NS,
    Column,
    counted,
    decimal,
    integer,
    seconds,
    share,
)
from kenning_lego.reports.html import environment_of_templates, moment, scenario_text
from kenning_lego.reports.pipelines.findings import PipelineFindings, pipeline_findings
from kenning_lego.reports.pipelines.traces import (
    Trace,
    latency_trace,
    memory_trace,
    room_for_names,
    score_trace,
    trace_chart,
    variants_chart,
)
from kenning_lego.reports.quality import Quality

MOST_ROWS = 20
"""Configurations in a table; the rest is counted."""
MOST_EVENTS = 200


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the summary; None where there is none."""

    name: str
    value: str | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """A configuration that ran."""

    bricks: tuple[Brick, ...]
    fused: bool
    frames: str
    share: str | None
    predicted: str | None
    measured: str | None
    memory: str | None
    score: str | None
    correct: str | None


@dataclass(frozen=True, slots=True)
class Shown:
    """One pipeline as the page shows it."""

    name: str
    network: str
    source: str
    identity: str
    figures: tuple[Figure, ...]
    charts: tuple[Chart, ...]
    rows: tuple[Row, ...]
    left_out: int
    latency_unit: str
    memory_unit: str
    metric: str


def render_pipelines(record: PipelinesRecord) -> str:
    """Render a record; the same record always gives the same page.

    Raises:
        MissingDependencyError: jinja2 is not installed.
    """
    found = pipeline_findings(record)
    page = environment_of_templates().get_template("pipelines.html.j2")
    return page.render(
        record=record,
        created=moment(record.created),
        duration=seconds(record.duration_s),
        board=board(record.target.environment),
        engine=engine(record.target.used),
        pipelines=[_shown(each, record, f"pipeline-{i}") for i, each in enumerate(found, 1)],
        events=[_event(each) for each in record.events[:MOST_EVENTS]],
        events_left_out=max(0, len(record.events) - MOST_EVENTS),
        target=machine(record.target.environment),
        host=machine(record.host),
        command=shlex.join(record.command),
        scenario=scenario_text(record),
    )


def _shown(findings: PipelineFindings, record: PipelinesRecord, identity: str) -> Shown:
    pipeline = findings.record
    scores = [each.predicted.score for each in pipeline.configurations]
    quality = Quality.named(pipeline.metric, [*scores, pipeline.original_score])
    latency = Column.fitting([each.median_ns for each in findings.used], TIME_NS)
    sizes = [each.predicted.memory_bytes for each in pipeline.configurations]
    memory = Column.fitting(sizes, SIZE_BYTES)
    return Shown(
        name=pipeline.name,
        network=pipeline.network,
        source=pipeline.source,
        identity=identity,
        figures=tuple(_figures(findings, quality)),
        charts=tuple(_charts(findings, record, quality, identity)),
        rows=tuple(_rows(findings, quality, latency, memory)),
        left_out=max(0, len(findings.used) - MOST_ROWS),
        latency_unit=latency.unit.symbol,
        memory_unit=memory.unit.symbol,
        metric=quality.name,
    )


def _figures(findings: PipelineFindings, quality: Quality) -> Iterator[Figure]:
    pipeline = findings.record
    span = findings.span_s
    rate = decimal(findings.frames / span, 1) if span > 0 else None
    dropped = f", {integer(pipeline.dropped)} more not kept" if pipeline.dropped else ""
    yield Figure("Frames", integer(findings.frames), f"{rate} a second{dropped}" if rate else "")
    if findings.within.whole:
        yield Figure(
            "Within the bound on latency",
            share(findings.within.value, 2),
            f"of {counted(findings.within.whole, 'frame')} out of grace",
        )
    minutes = span / 60
    often = decimal(findings.switches / minutes, 1) if minutes > 0 else None
    yield Figure("Switches", integer(findings.switches), f"{often} a minute" if often else "")
    if findings.score is not None:
        yield Figure(f"Predicted {quality.name}", quality.score(findings.score), "mean of frames")
    if findings.correct.whole:
        yield Figure(
            "Right answers",
            share(findings.correct.value, 2),
            f"of {counted(findings.correct.whole, 'frame')}",
        )
    if any(each.budget.memory_bytes is not None for each in pipeline.bounds):
        yield Figure("Over the bound on memory", seconds(findings.over_memory_s))


def _charts(
    findings: PipelineFindings, record: PipelinesRecord, quality: Quality, identity: str
) -> Iterator[Chart]:
    end = max(record.duration_s, findings.begins_s[-1] if findings.frames else 0.0)
    traces: list[tuple[str, Trace | None, str]] = [
        (
            "latency",
            latency_trace(findings),
            "Engine's time of every frame, the slowest 0.5 % cut off; the line is the bound.",
        ),
        ("memory", memory_trace(findings), "Bytes of the artifacts held, and the bound on them."),
        (
            "score",
            score_trace(findings, quality),
            "Score predicted for the configuration that ran.",
        ),
    ]
    wide, narrow = (room_for_names(findings, width) for width in (FULL_PX, PHONE_PX))
    for name, trace, caption in traces:
        if trace:
            yield Chart(
                trace_chart(trace, end, wide, f"{identity}-{name}-wide", FULL_PX),
                trace_chart(trace, end, narrow, f"{identity}-{name}-narrow", PHONE_PX),
                caption,
            )
    at_desk = variants_chart(findings, end, wide, f"{identity}-variants-wide", FULL_PX)
    on_phone = variants_chart(findings, end, narrow, f"{identity}-variants-narrow", PHONE_PX)
    if at_desk and on_phone:
        caption = "A row for each block; the warmer the colour, the more was removed."
        yield Chart(at_desk, on_phone, caption)


def _rows(
    findings: PipelineFindings, quality: Quality, latency: Column, memory: Column
) -> Iterator[Row]:
    variants = {each.name: each for each in findings.record.variants}
    for used in findings.used[:MOST_ROWS]:
        configuration = findings.record.configurations[used.index]
        predicted = configuration.predicted
        ms = predicted.latency_ms
        yield Row(
            bricks=tuple(
                brick(block, name, variants) for block, name in configuration.variants.items()
            ),
            fused=configuration.fused,
            frames=integer(used.frames),
            share=share(used.frames / findings.frames),
            predicted=latency.number(None if ms is None else ms * 1e6),
            measured=latency.number(used.median_ns),
            memory=memory.number(predicted.memory_bytes),
            score=quality.score(predicted.score),
            correct=share(used.correct.value, 2),
        )


@dataclass(frozen=True, slots=True)
class Event:
    """A line of what happened."""

    at: str | None
    pipeline: str
    kind: str
    text: str
    frame: str | None


def _event(event: PipelineEventRecord) -> Event:
    frame = None if event.frame is None else integer(event.frame)
    return Event(decimal(event.at_s, 2), event.pipeline, event.kind, event.text, frame)
