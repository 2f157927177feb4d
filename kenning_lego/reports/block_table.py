"""What the table of blocks shows."""

from __future__ import annotations

from dataclasses import dataclass

from kenning_lego.core.records import SegmentRecord, TensorRecord, VariantRecord
from kenning_lego.reports.findings import Findings
from kenning_lego.reports.formatting import (
    COUNT,
    PLAIN,
    SIZE_BYTES,
    TIME_NS,
    TIMES,
    Column,
    integer,
    share,
    significant,
)
from kenning_lego.reports.palette import shade
from kenning_lego.reports.quality import Quality
from kenning_lego.reports.variant_names import removed


@dataclass(frozen=True, slots=True)
class Row:
    """A variant; figures are None where there are none."""

    name: str
    label: str
    shade: int
    is_original: bool
    reached: str | None
    most: str | None
    """Share that can be removed at most, where more was asked."""
    flops: str | None
    parameters: str | None
    size: str | None
    activations: str | None
    median: str | None
    interval: str | None
    runs: str | None
    cost: str | None
    loss: str | None
    gap: str | None


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment and its variants."""

    name: str
    scalable: bool
    tensors: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """The segments and the units of their columns."""

    segments: tuple[Segment, ...]
    flops_unit: str
    parameters_unit: str
    size_unit: str
    activations_unit: str | None
    latency_unit: str
    cost_unit: str
    has_variants: bool


@dataclass(frozen=True, slots=True)
class _Columns:
    flops: Column
    parameters: Column
    size: Column
    activations: Column
    latency: Column
    loss: Column


def block_table(findings: Findings) -> Table | None:
    """The table, or None when the record has no segment."""
    segments = findings.record.segments
    if not segments:
        return None
    variants = [variant for segment in segments for variant in segment.variants]
    timings = [findings.timing(variant) for variant in variants]
    columns = _Columns(
        Column.fitting([each.flops for each in variants], COUNT),
        Column.fitting([each.parameters for each in variants], COUNT),
        Column.fitting([each.artifact.size_bytes for each in variants], SIZE_BYTES),
        Column.fitting([each.activation_bytes for each in variants], SIZE_BYTES),
        # A fourth digit, because the intervals are narrower than a percent.
        Column.fitting([each.summary.median for each in timings if each], TIME_NS, 4),
        Column.fitting([each.reconstruction_loss for each in variants], PLAIN),
    )
    quality = Quality.of(findings.record)
    return Table(
        tuple(_segment(findings, each, columns, quality) for each in segments),
        columns.flops.unit.symbol,
        columns.parameters.unit.symbol,
        columns.size.unit.symbol,
        columns.activations.unit.symbol
        if any(each.activation_bytes is not None for each in variants)
        else None,
        columns.latency.unit.symbol,
        quality.difference_unit,
        any(len(each.variants) > 1 for each in segments),
    )


def _segment(
    findings: Findings, segment: SegmentRecord, columns: _Columns, quality: Quality
) -> Segment:
    return Segment(
        segment.name,
        segment.scalable,
        f"{_tensors(segment.inputs)} → {_tensors(segment.outputs)}",
        tuple(_row(findings, each, columns, quality) for each in segment.variants),
    )


def _row(findings: Findings, variant: VariantRecord, columns: _Columns, quality: Quality) -> Row:
    timing = findings.timing(variant)
    summary = timing.summary if timing else None
    return Row(
        name=variant.name,
        label=_label(variant),
        shade=shade(variant),
        is_original=variant.is_original,
        reached=None if variant.kind == "original" else share(variant.ratio_reached),
        most=_most(variant),
        flops=columns.flops.number(variant.flops),
        parameters=columns.parameters.number(variant.parameters),
        size=columns.size.number(variant.artifact.size_bytes),
        activations=columns.activations.number(variant.activation_bytes),
        median=columns.latency.number(summary.median) if summary else None,
        interval=columns.latency.interval(summary.median_low, summary.median_high)
        if summary
        else None,
        runs=integer(summary.count) if summary else None,
        cost=quality.difference(variant.accuracy_cost),
        loss=columns.loss.number(variant.reconstruction_loss),
        gap=significant(variant.artifact.gap_max_abs, 2),
    )


def _label(variant: VariantRecord) -> str:
    said = "original" if variant.kind == "original" else removed(variant)
    return f"{said}, {variant.way}" if variant.way else said


def _most(variant: VariantRecord) -> str | None:
    if variant.least_share is None or variant.ratio <= 1 - variant.least_share:
        return None
    return share(1 - variant.least_share)


def _tensors(tensors: tuple[TensorRecord, ...]) -> str:
    return ", ".join(TIMES.join(map(str, each.shape)) or "scalar" for each in tensors) or "nothing"
