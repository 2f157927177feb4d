"""The report of pipelines: every frame's latency, the bounds, and what ran when."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from kenning_lego.core.pipeline_records import PipelineEventRecord, PipelinesRecord
from kenning_lego.reports.document.parts import (
    Chart,
    Document,
    KeyFigure,
    KeyFigures,
    Paragraph,
    Part,
    Section,
)
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.drawing.chart import chart
from kenning_lego.reports.environment import board, engine
from kenning_lego.reports.formatting import (
    SIZE_BYTES,
    TIME_NS,
    Figures,
    counted,
    decimal,
    integer,
    seconds,
    share,
)
from kenning_lego.reports.origin import environment, moment, reproduce
from kenning_lego.reports.pipelines.findings import (
    PipelineFindings,
    Used,
    pipeline_findings,
)
from kenning_lego.reports.pipelines.traces import (
    Trace,
    latency_trace,
    memory_trace,
    room_for_names,
    score_trace,
    trace_chart,
)
from kenning_lego.reports.pipelines.variants_chart import variants_chart
from kenning_lego.reports.quality import Quality
from kenning_lego.reports.run.configuration_table import brick

SOURCE = "pipelines.json"
MOST_ROWS = 20
"""Configurations in a table; the rest is counted."""
MOST_EVENTS = 200


def pipelines_document(record: PipelinesRecord) -> Document:
    """The report; the same record always gives the same one."""
    names = dict.fromkeys(each.network for each in record.pipelines)
    many = counted(len(record.pipelines), "pipeline")
    subject = (many, seconds(record.duration_s), engine(record.target.used))
    return Document(
        kind="pipelines",
        title=", ".join(names) or "Pipelines",
        place=board(record.target.environment) or "",
        subject=" · ".join(filter(None, subject)),
        id=record.id,
        created=moment(record.created),
        version=record.version,
        source=SOURCE,
        sections=tuple(_sections(record)),
    )


def _sections(record: PipelinesRecord) -> Iterator[Section]:
    for number, each in enumerate(pipeline_findings(record), 1):
        yield _pipeline(each, record, f"pipeline-{number}")
    if record.events:
        yield Section("events", "Events", (_events(record),), frozenset({"adaptation"}))
    yield environment(record, record.target)
    yield reproduce(record)


def _pipeline(findings: PipelineFindings, record: PipelinesRecord, identity: str) -> Section:
    pipeline = findings.record
    scores = [each.predicted.score for each in pipeline.configurations]
    quality = Quality.named(pipeline.metric, [*scores, pipeline.original_score])
    parts: list[Part] = [
        Paragraph(" · ".join(filter(None, (pipeline.network, pipeline.source))), "subject"),
        KeyFigures(tuple(_figures(findings, quality))),
        *_charts(findings, record, quality, identity),
    ]
    if findings.used:
        parts.append(_table(findings, quality, identity))
    return Section(identity, pipeline.name, tuple(parts), frozenset({"summary", "adaptation"}))


def _figures(findings: PipelineFindings, quality: Quality) -> Iterator[KeyFigure]:
    pipeline = findings.record
    span = findings.span_s
    rate = decimal(findings.frames / span, 1) if span > 0 else None
    dropped = f", {integer(pipeline.dropped)} more not kept" if pipeline.dropped else ""
    yield KeyFigure("Frames", integer(findings.frames), f"{rate} a second{dropped}" if rate else "")
    if findings.within.whole:
        yield KeyFigure(
            "Within the bound on latency",
            share(findings.within.value, 2),
            f"of {counted(findings.within.whole, 'frame')} out of grace",
        )
    minutes = span / 60
    often = decimal(findings.switches / minutes, 1) if minutes > 0 else None
    yield KeyFigure("Switches", integer(findings.switches), f"{often} a minute" if often else "")
    if findings.score is not None:
        yield KeyFigure(
            f"Predicted {quality.name}", quality.score(findings.score), "mean of frames"
        )
    if findings.correct.whole:
        yield KeyFigure(
            "Right answers",
            share(findings.correct.value, 2),
            f"of {counted(findings.correct.whole, 'frame')}",
        )
    if any(each.budget.memory_bytes is not None for each in pipeline.bounds):
        yield KeyFigure("Over the bound on memory", seconds(findings.over_memory_s))


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

    def traced(trace: Trace, name: str, width: float) -> str:
        return trace_chart(trace, end, room_for_names(findings, width), name, width)

    def variants(name: str, width: float) -> str | None:
        return variants_chart(findings, end, room_for_names(findings, width), name, width)

    drawn = [
        chart(f"{identity}-{name}", partial(traced, trace), caption, lead=True)
        for name, trace, caption in traces
        if trace
    ]
    caption = "A row for each block; the warmer the colour, the more was removed."
    drawn.append(chart(f"{identity}-variants", variants, caption, lead=True))
    yield from (each for each in drawn if each)


def _table(findings: PipelineFindings, quality: Quality, identity: str) -> Table:
    pipeline = findings.record
    latency = Figures.fitting([each.median_ns for each in findings.used], TIME_NS)
    sizes = [each.predicted.memory_bytes for each in pipeline.configurations]
    memory = Figures.fitting(sizes, SIZE_BYTES)
    left_out = max(0, len(findings.used) - MOST_ROWS)
    unit = latency.unit.symbol
    return Table(
        f"{identity}-configurations",
        (
            Column("blocks", "Blocks", number=False, where="page"),
            Column("variants", "Variants", where="data"),
            Column("fused", "Fused", where="data"),
            Column("frames", "Frames"),
            Column("share", "Share"),
            Column("latency_predicted_ns", "Predicted", unit),
            Column("latency_measured_ns", "Median measured", unit),
            Column("memory_bytes", "Memory", memory.unit.symbol),
            Column("score_predicted", f"Predicted {quality.name}"),
            Column("right_answers", "Right answers"),
        ),
        (
            Rows(
                tuple(
                    _row(findings, used, quality, latency, memory)
                    for used in findings.used[:MOST_ROWS]
                )
            ),
        ),
        caption="Configurations that ran",
        note=f"{left_out} configurations that ran fewer frames are left out." if left_out else "",
        style="roomy",
    )


def _row(
    findings: PipelineFindings, used: Used, quality: Quality, latency: Figures, memory: Figures
) -> tuple[Cell, ...]:
    variants = {each.name: each for each in findings.record.variants}
    configuration = findings.record.configurations[used.index]
    chosen, predicted = configuration.variants, configuration.predicted
    predicted_ns = None if predicted.latency_ms is None else predicted.latency_ms * 1e6
    bricks = tuple(brick(block, name, variants) for block, name in chosen.items())
    part = used.frames / findings.frames
    held, why = predicted.memory_bytes, "not predicted"
    return (
        Cell(None, bricks=bricks, why="no blocks", note="fused" if configuration.fused else ""),
        Cell(None, "; ".join(f"{block}={name}" for block, name in chosen.items()) or None),
        Cell(None, configuration.fused),
        Cell(integer(used.frames), used.frames),
        Cell(share(part), part),
        Cell(latency.number(predicted_ns), predicted_ns, why=why),
        Cell(latency.number(used.median_ns), used.median_ns, strong=True),
        Cell(memory.number(held), held, why=why),
        Cell(quality.score(predicted.score), predicted.score, why=why),
        Cell(share(used.correct.value, 2), used.correct.value, why="not known"),
    )


def _events(record: PipelinesRecord) -> Table:
    later = max(0, len(record.events) - MOST_EVENTS)
    return Table(
        "events",
        (
            Column("at_s", "Time", "s"),
            Column("pipeline", "Pipeline", number=False),
            Column("event", "Event", number=False),
            Column("text", "What and why", number=False),
            Column("frame", "Frame"),
        ),
        (Rows(tuple(map(_event, record.events[:MOST_EVENTS]))),),
        note=f"{later} later events are in {SOURCE}." if later else "",
    )


def _event(event: PipelineEventRecord) -> tuple[Cell, ...]:
    frame = None if event.frame is None else integer(event.frame)
    return (
        Cell(decimal(event.at_s, 2), event.at_s),
        Cell(event.pipeline or "all", event.pipeline or None),
        Cell(event.kind, event.kind),
        Cell(event.text, event.text),
        Cell(frame, event.frame, why="no frame"),
    )
