"""The drawing of which variant of each block ran when."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from kenning_lego.core.pipeline_records import VariantShareRecord
from kenning_lego.reports.document.subjects import block_subject
from kenning_lego.reports.drawing.palette import shade
from kenning_lego.reports.drawing.svg import (
    Scale,
    across,
    drawing,
    element,
    group,
    nice_ticks,
    shortened,
    text,
)
from kenning_lego.reports.formatting import counted, seconds
from kenning_lego.reports.pipelines.findings import PipelineFindings
from kenning_lego.reports.variant_names import described

_RIGHT_PX = 16.0
_TOP_PX = 28.0
_BOTTOM_PX = 42.0
_ROW_PX = 17.0

_Variants = Mapping[str, VariantShareRecord]
_Stretch = tuple[float, float, str]
"""Begin and end in px, and the name of what ran."""


def variants_chart(
    findings: PipelineFindings, end_s: float, left: float, identity: str, width: float
) -> str | None:
    """Which variant of each block ran when: a row for each block, coloured by what it removes.

    Returns:
        An SVG of `width` px over the time from 0, at `left`, to `end_s`; None if nothing ran.
    """
    record = findings.record
    variants = {each.name: each for each in record.variants}
    blocks = list(dict.fromkeys(each.block for each in record.variants))
    ran = _ran(findings)
    if not blocks or not ran:
        return None
    right, bottom = width - _RIGHT_PX, _TOP_PX + _ROW_PX * len(blocks)
    x = Scale(0.0, max(end_s, 1e-3), left, right)
    body = [
        *across(x, nice_ticks(0.0, x.high, 4 if width < 500 else 8), _TOP_PX, bottom),
        text(0, 14, "variant of each block", class_="axis"),
        text(right, bottom + _BOTTOM_PX - 6, "time, s", class_="axis", text_anchor="end"),
    ]
    for row, block in enumerate(blocks):
        top = _TOP_PX + row * _ROW_PX
        label = shortened(block, left - 8)
        body.append(text(x.start - 6, top + 12, label, class_="tick", text_anchor="end"))
        chosen = [each.variants.get(block, "") for each in record.configurations]
        stretches = [(x(begin), x(end), chosen[index]) for begin, end, index in ran]
        body += _row(block, _visible(stretches), variants, top)
    return drawing(
        identity,
        "Variant of each block over time",
        f"{counted(len(blocks), 'block')}, {counted(findings.switches, 'change')} in"
        f" {seconds(end_s)}. The table of configurations holds the same.",
        width,
        bottom + _BOTTOM_PX,
        body,
    )


def _row(
    block: str, stretches: Sequence[_Stretch], variants: _Variants, top: float
) -> Iterator[str]:
    """A mark for each variant that ran, with all its stretches."""
    low, high = f"{top + 2:.0f}", f"{top + _ROW_PX - 2:.0f}"
    for name in dict.fromkeys(name for *_, name in stretches):
        variant = variants.get(name)
        if variant is None:
            continue
        slabs = "".join(
            f"M{begin:.1f} {low}H{max(end, begin + 0.5):.1f}V{high}H{begin:.1f}z"
            for begin, end, each in stretches
            if each == name
        )
        mark = element("path", d=slabs, class_=f"slab shade-{shade(variant)}")
        said = f"{block}: {described(variant)}"
        yield group(said, mark, data_about=block_subject(block))


def _visible(stretches: Sequence[_Stretch]) -> list[_Stretch]:
    """Stretches of one variant as one; of those that begin in one px the last."""
    begins = {int(begin): (begin, name) for begin, _, name in stretches}
    changes = [next(same) for _, same in groupby(begins.values(), key=lambda each: each[1])]
    ends = [begin for begin, _ in changes[1:]]
    last = stretches[-1][1]
    return [(begin, end, name) for (begin, name), end in zip(changes, [*ends, last], strict=True)]


def _ran(findings: PipelineFindings) -> list[tuple[float, float, int]]:
    """Begin and end in s, and the configuration, of frames in a row that one ran."""
    if not findings.frames:
        return []
    pairs = zip(findings.begins_s, findings.record.frames.configuration, strict=True)
    begins = [(index, next(part)[0]) for index, part in groupby(pairs, key=lambda each: each[1])]
    ends = [begin for _, begin in begins[1:]]
    last = findings.begins_s[0] + findings.span_s
    return [(begin, end, index) for (index, begin), end in zip(begins, [*ends, last], strict=True)]
