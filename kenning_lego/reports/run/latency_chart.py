"""The chart of every block's variants: where the time goes, and what pruning saves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kenning_lego.core.records import SegmentRecord, VariantRecord
from kenning_lego.reports.document.subjects import block_subject
from kenning_lego.reports.drawing.palette import shade
from kenning_lego.reports.drawing.svg import (
    CHARACTER_PX,
    Scale,
    across,
    drawing,
    element,
    group,
    line,
    nice_ticks,
    shortened,
    text,
)
from kenning_lego.reports.formatting import RANGE, TIME_NS, Figures, duration
from kenning_lego.reports.run.findings import Findings
from kenning_lego.reports.run.timings import Timing
from kenning_lego.reports.variant_names import described, short

_ROW_PX = 15.0
_GAP_PX = 9.0
_TOP_PX = 18.0
_BOTTOM_PX = 40.0
_RATIO_PX = 40.0
_NAMES_SHARE = 0.3
_FEWEST = 2
"""One latency needs no chart."""


@dataclass(frozen=True, slots=True)
class _Row:
    variant: VariantRecord
    timing: Timing


def latency_chart(findings: Findings, identity: str, width: float) -> str | None:
    """Median, its interval and the middle half of the runs for each variant of each segment.

    Returns:
        An SVG of `width` px, or None when there is nothing to compare.
    """
    blocks = [(segment, _rows(findings, segment)) for segment in findings.record.segments]
    blocks = [(segment, rows) for segment, rows in blocks if rows]
    if sum(len(rows) for _, rows in blocks) < _FEWEST:
        return None
    longest = max(len(segment.name) for segment, _ in blocks)
    names_px = longest * CHARACTER_PX + 12
    # Names that would take too much of the width stand above their rows.
    above = names_px > width * _NAMES_SHARE
    header_px = _ROW_PX if above else 0.0
    left = (0.0 if above else names_px) + _RATIO_PX
    farthest = max(_reach(row.timing) for _, rows in blocks for row in rows)
    unit = Figures.fitting([farthest], TIME_NS).unit
    reach = farthest / unit.factor * 1.02
    scale = Scale(0.0, reach, left, width - 16)
    ticks = nice_ticks(0.0, reach, 4 if width < 500 else 8)

    height = _TOP_PX + sum(header_px + len(rows) * _ROW_PX + _GAP_PX for _, rows in blocks)
    body = [
        *across(scale, ticks, _TOP_PX, height),
        # Again above the rows, which may be many.
        *(
            text(scale(each.value), 12, each.label, class_="tick", text_anchor="middle")
            for each in ticks
        ),
        text(width - 16, height + 34, f"latency, {unit.symbol}", class_="axis", text_anchor="end"),
    ]
    y = _TOP_PX + _GAP_PX / 2
    for segment, rows in blocks:
        label = shortened(segment.name, width - 16)
        body.append(text(0, y + _ROW_PX / 2 + 4, label, class_="label"))
        y += header_px
        for row in rows:
            body.append(_mark(segment, row, scale, unit.factor, left, y + _ROW_PX / 2))
            y += _ROW_PX
        y += _GAP_PX
        body.append(line(0, y - _GAP_PX / 2, width - 16, y - _GAP_PX / 2, class_="rule"))
    timed = sum(len(rows) for _, rows in blocks)
    return drawing(
        identity,
        "Latency of each block's variants",
        f"{timed} variants of {len(blocks)} segments; medians from 0 to {duration(farthest)}."
        " The table of blocks holds the same figures.",
        width,
        height + _BOTTOM_PX,
        body,
    )


def _rows(findings: Findings, segment: SegmentRecord) -> list[_Row]:
    timed = [(variant, findings.timing(variant)) for variant in segment.variants]
    rows = [_Row(variant, timing) for variant, timing in timed if timing is not None]
    return sorted(rows, key=lambda row: row.variant.ratio)


def _reach(timing: Timing) -> float:
    return max(timing.quartiles[1], timing.summary.median, timing.summary.median_high or 0)


def _mark(
    segment: SegmentRecord, row: _Row, scale: Scale, factor: float, left: float, y: float
) -> str:
    summary, variant = row.timing.summary, row.variant
    shape = f"shade-{shade(variant)}"
    parts: list[str] = []
    if segment.scalable:
        parts.append(text(left - 10, y + 4, short(variant), class_="tick", text_anchor="end"))
    parts.append(_span(row.timing.quartiles, scale, factor, y, f"middle {shape}"))
    if summary.median_low is not None and summary.median_high is not None:
        bounds = (summary.median_low, summary.median_high)
        parts.append(_span(bounds, scale, factor, y, f"interval {shape}"))
    parts.append(element("circle", cx=scale(summary.median / factor), cy=y, r=4.0, class_=shape))
    what = described(variant)
    column = Figures.fitting([summary.median], TIME_NS, 4)
    interval = column.interval(summary.median_low, summary.median_high)
    between = f" ({interval})" if interval else ""
    return group(
        f"{segment.name}, {what}: {column.number(summary.median)}{between}"
        f" {column.unit.symbol}, {summary.count} runs,"
        f" middle half {column.interval(*row.timing.quartiles) or RANGE}",
        *parts,
        data_about=block_subject(segment.name),
    )


def _span(bounds: Sequence[float], scale: Scale, factor: float, y: float, class_: str) -> str:
    return line(scale(bounds[0] / factor), y, scale(bounds[1] / factor), y, class_=class_)
