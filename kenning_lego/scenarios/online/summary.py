"""What the verbs `run` and `adapt` print in the end."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from kenning_lego.core.pipeline_records import PipelinesRecord
from kenning_lego.reports.formatting import integer, milliseconds, seconds, share
from kenning_lego.reports.pipelines.findings import PipelineFindings, pipeline_findings
from kenning_lego.reports.quality import Quality

HEADINGS = (
    *("frames", "a second", "median", "within bound", "over memory", "switches"),
    *("predicted", "right answers"),
)


def print_pipelines(console: Console, record: PipelinesRecord) -> None:
    """One row a pipeline."""
    table = Table(title="Pipelines", title_justify="left", box=None, pad_edge=False)
    table.add_column("pipeline", no_wrap=True)
    for heading in HEADINGS:
        table.add_column(heading, justify="right")
    for each in pipeline_findings(record):
        table.add_row(each.record.name, *(cell or "-" for cell in _cells(each)))
    console.print()
    console.print(table)
    console.print(
        f"within bound: of the frames {record.grace_frames} after a change of bounds or later"
    )


def _cells(found: PipelineFindings) -> tuple[str | None, ...]:
    pipeline = found.record
    scores = [each.predicted.score for each in pipeline.configurations]
    quality = Quality.named(pipeline.metric, [*scores, pipeline.original_score])
    bounded = any(each.budget.memory_bytes is not None for each in pipeline.bounds)
    return (
        integer(found.frames),
        f"{found.frames / found.span_s:.1f}" if found.span_s else None,
        milliseconds(found.median_ms),
        share(found.within.value, 2),
        seconds(found.over_memory_s) if bounded else None,
        integer(found.switches),
        quality.score(found.score),
        share(found.correct.value, 2),
    )
