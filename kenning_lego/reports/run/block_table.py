"""The section of blocks: every variant's latency, size and cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from kenning_lego.core.records import SegmentRecord, TensorRecord, VariantRecord
from kenning_lego.reports.document.parts import Section
from kenning_lego.reports.document.subjects import block_subject, row_anchor
from kenning_lego.reports.document.tables import Cell, Column, Rows, Table
from kenning_lego.reports.drawing.palette import shade
from kenning_lego.reports.formatting import (
    COUNT,
    PLAIN,
    SIZE_BYTES,
    TIME_NS,
    TIMES,
    Figures,
    integer,
    share,
    significant,
)
from kenning_lego.reports.quality import Quality
from kenning_lego.reports.run.findings import Findings
from kenning_lego.reports.variant_names import removed

_TABLE = "variants"
_VARIANTS = (
    "A variant is named by the share of the block's FLOPs that was to be removed; “reached” is the"
    " share that was. Accuracy cost: the score of the original network less that with this variant"
    " alone; positive is worse. "
)
_ACTIVATIONS = (
    "Activations: the most that tensors hold at once while it runs, counted on the graph. "
)
_ALL = (
    "Latency: the median of the runs. Gap: the largest absolute difference between the artifact's"
    " outputs and torch's."
)


def blocks(findings: Findings) -> Section | None:
    """The section, or None when the record has no segment."""
    segments = findings.record.segments
    if not segments:
        return None
    writer = _Writer.of(findings)
    title = "Blocks and variants" if writer.has_variants else "Segments"
    short = "Blocks" if writer.has_variants else "Segments"
    groups = [writer.rows(each) for each in segments]
    if not writer.has_variants:
        groups = [Rows(tuple(row for group in groups for row in group.rows))]
    note = "".join(
        (
            _VARIANTS if writer.has_variants else "",
            _ACTIVATIONS if writer.has_activations else "",
            _ALL,
        )
    )
    table = Table(_TABLE, writer.columns(), tuple(groups), note=note, style="blocks")
    return Section("blocks", title, (table,), frozenset({"performance"}), short)


def anchors(segments: Sequence[SegmentRecord]) -> tuple[str, ...]:
    """Where links to each segment's rows lead; empty for one without."""
    if _has_variants(segments):
        return tuple(row_anchor(_TABLE, number) for number in range(1, len(segments) + 1))
    rows = accumulate(len(each.variants) for each in segments)
    return tuple(
        row_anchor(_TABLE, 1, row) if each.variants else ""
        for each, row in zip(segments, rows, strict=True)
    )


def _has_variants(segments: Sequence[SegmentRecord]) -> bool:
    return any(len(each.variants) > 1 for each in segments)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes variants as rows, figures that stand below each other in one unit."""

    findings: Findings
    flops: Figures
    parameters: Figures
    size: Figures
    activations: Figures
    latency: Figures
    loss: Figures
    quality: Quality
    has_variants: bool
    has_activations: bool

    @classmethod
    def of(cls, findings: Findings) -> _Writer:
        segments = findings.record.segments
        variants = [variant for segment in segments for variant in segment.variants]
        timings = [findings.timing(variant) for variant in variants]
        return cls(
            findings,
            Figures.fitting([each.flops for each in variants], COUNT),
            Figures.fitting([each.parameters for each in variants], COUNT),
            Figures.fitting([each.artifact.size_bytes for each in variants], SIZE_BYTES),
            Figures.fitting([each.activation_bytes for each in variants], SIZE_BYTES),
            # A fourth digit, because the intervals are narrower than a percent.
            Figures.fitting([each.summary.median for each in timings if each], TIME_NS, 4),
            Figures.fitting([each.reconstruction_loss for each in variants], PLAIN),
            Quality.of(findings.record),
            _has_variants(segments),
            any(each.activation_bytes is not None for each in variants),
        )

    def columns(self) -> tuple[Column, ...]:
        latency = self.latency.unit.symbol
        cost = Column("accuracy_cost", "Accuracy cost", self.quality.difference_unit)
        activations = Column("activation_bytes", "Activations", self.activations.unit.symbol)
        return (
            Column("variant", "Variant" if self.has_variants else "Segment", number=False),
            Column("segment", "Segment", where="data"),
            Column("kind", "Kind", where="data"),
            Column("ratio", "Ratio", where="data"),
            Column("median_ns", "Latency", latency),
            Column("interval", "95 % interval", latency, where="page"),
            Column("median_low_ns", "low", where="data"),
            Column("median_high_ns", "high", where="data"),
            Column("runs", "Runs"),
            *((cost,) if self.has_variants else ()),
            Column("size_bytes", "Size", self.size.unit.symbol),
            *((activations,) if self.has_activations else ()),
            *((Column("ratio_reached", "Reached"),) if self.has_variants else ()),
            Column("flops", "FLOPs", self.flops.unit.symbol),
            Column("parameters", "Parameters", self.parameters.unit.symbol),
            *((Column("reconstruction_loss", "Reconstr. loss"),) if self.has_variants else ()),
            Column("gap_max_abs", "Gap"),
        )

    def rows(self, segment: SegmentRecord) -> Rows:
        tensors = f"{_tensors(segment.inputs)} → {_tensors(segment.outputs)}"
        rows = tuple(self._row(segment, tensors, each) for each in segment.variants)
        if not self.has_variants:
            return Rows(rows)
        note = tensors if segment.scalable else f"fixed, {tensors}"
        return Rows(rows, segment.name, note, block_subject(segment.name))

    def _row(
        self, segment: SegmentRecord, tensors: str, variant: VariantRecord
    ) -> tuple[Cell, ...]:
        return (
            self._name(segment, tensors, variant),
            Cell(None, segment.name),
            Cell(None, variant.kind),
            Cell(None, variant.ratio),
            *self._latency(variant),
            *((self._cost(variant),) if self.has_variants else ()),
            Cell(self.size.number(variant.artifact.size_bytes), variant.artifact.size_bytes),
            *((self._activations(variant),) if self.has_activations else ()),
            *((_reached(variant),) if self.has_variants else ()),
            Cell(self.flops.number(variant.flops), variant.flops),
            Cell(self.parameters.number(variant.parameters), variant.parameters),
            *((self._loss(variant),) if self.has_variants else ()),
            Cell(significant(variant.artifact.gap_max_abs, 2), variant.artifact.gap_max_abs),
        )

    def _name(self, segment: SegmentRecord, tensors: str, variant: VariantRecord) -> Cell:
        if not self.has_variants:
            about = block_subject(segment.name)
            return Cell(segment.name, variant.name, tensors, title=variant.name, about=about)
        return Cell(_label(variant), variant.name, title=variant.name, shade=shade(variant))

    def _latency(self, variant: VariantRecord) -> tuple[Cell, ...]:
        timing = self.findings.timing(variant)
        if timing is None:
            return (Cell(None),) * 5
        summary = timing.summary
        low, high = summary.median_low, summary.median_high
        return (
            Cell(self.latency.number(summary.median), summary.median, strong=True),
            Cell(self.latency.interval(low, high)),
            Cell(None, low),
            Cell(None, high),
            Cell(integer(summary.count), summary.count),
        )

    def _cost(self, variant: VariantRecord) -> Cell:
        return Cell(self.quality.difference(variant.accuracy_cost), variant.accuracy_cost)

    def _activations(self, variant: VariantRecord) -> Cell:
        return Cell(self.activations.number(variant.activation_bytes), variant.activation_bytes)

    def _loss(self, variant: VariantRecord) -> Cell:
        why = "nothing was replaced" if variant.is_original else "not measured"
        loss = variant.reconstruction_loss
        return Cell(self.loss.number(loss), loss, why=why)


def _reached(variant: VariantRecord) -> Cell:
    if variant.kind == "original":
        why = "nothing was removed" if variant.is_original else "not measured"
        return Cell(None, variant.ratio_reached, why=why)
    note = ""
    if variant.least_share is not None and variant.ratio > 1 - variant.least_share:
        note = f"at most {share(1 - variant.least_share)}"
    return Cell(share(variant.ratio_reached), variant.ratio_reached, note=note)


def _label(variant: VariantRecord) -> str:
    said = "original" if variant.kind == "original" else removed(variant)
    return f"{said}, {variant.way}" if variant.way else said


def _tensors(tensors: tuple[TensorRecord, ...]) -> str:
    return ", ".join(TIMES.join(map(str, each.shape)) or "scalar" for each in tensors) or "nothing"
