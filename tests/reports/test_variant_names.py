from __future__ import annotations

import pytest

from kenning_lego.reports.block_table import block_table
from kenning_lego.reports.findings import findings_of
from kenning_lego.reports.formatting import NO_BREAK
from kenning_lego.reports.html import render_html
from kenning_lego.reports.timings import timings_of
from kenning_lego.reports.variant_names import removed, short
from tests.reports.records import resnet_record, variant


@pytest.mark.parametrize(
    ("kind", "long", "brief"),
    [
        ("pruned", "40_%", "40_%"),
        ("low_rank", "low rank 40_%", "LR_40_%"),
        ("depth", "depth 40_%", "D_40_%"),
    ],
)
def test_variants_are_called_by_what_was_removed_and_how(kind: str, long: str, brief: str) -> None:
    made = variant("block", 0.4, 1e6, 1e5, 0.01).model_copy(update={"kind": kind})
    assert removed(made) == long.replace("_", NO_BREAK)
    assert short(made) == brief.replace("_", NO_BREAK)


def test_the_table_says_how_much_can_go_where_more_was_asked() -> None:
    record = resnet_record()
    (stem, first, *_) = record.segments
    least = [each.model_copy(update={"least_share": 0.25}) for each in first.variants]
    block = first.model_copy(update={"variants": tuple(least)})
    changed = record.model_copy(update={"segments": (stem, block)})
    table = block_table(findings_of(changed, timings_of(changed)))
    assert table is not None
    assert [each.most for each in table.segments[1].rows] == [None] * 4 + [f"75.0{NO_BREAK}%"]
    page = render_html(changed)
    assert f"at most 75.0{NO_BREAK}%" in page


def test_originals_are_called_so() -> None:
    assert short(variant("block", 0.0, 1e6, 1e5, 0.0)) == "orig."


def test_the_table_of_blocks_has_activations_where_they_are_known() -> None:
    record = resnet_record()
    table = block_table(findings_of(record, timings_of(record)))
    assert table is not None
    assert table.activations_unit is None
    segments = tuple(
        segment.model_copy(
            update={
                "variants": tuple(
                    each.model_copy(update={"activation_bytes": 524_288})
                    for each in segment.variants
                )
            }
        )
        for segment in record.segments
    )
    known = record.model_copy(update={"segments": segments})
    table = block_table(findings_of(known, timings_of(known)))
    assert table is not None
    assert table.activations_unit == "kB"
    assert {row.activations for each in table.segments for row in each.rows} == {"524"}
