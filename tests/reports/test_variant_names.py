from __future__ import annotations

import pytest

from kenning_lego.core.records import RunRecord
from kenning_lego.reports.document.tables import Cell, Table
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.formatting import NO_BREAK
from kenning_lego.reports.variant_names import removed, short
from tests.reports.pages import render
from tests.reports.records import resnet_record, variant


def variants_table(record: RunRecord) -> Table:
    (table,) = (each for each in document_of(record).tables() if each.name == "variants")
    return table


def cells_of(record: RunRecord, key: str) -> list[list[Cell]]:
    """The cells of one column, by segment."""
    table = variants_table(record)
    place = [column.key for column in table.columns].index(key)
    return [[row[place] for row in group.rows] for group in table.groups]


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
    notes = [cell.note for cell in cells_of(changed, "ratio_reached")[1]]
    assert notes == [""] * 4 + [f"at most 75.0{NO_BREAK}%"]
    page = render(changed)
    assert f"at most 75.0{NO_BREAK}%" in page


def test_originals_are_called_so() -> None:
    assert short(variant("block", 0.0, 1e6, 1e5, 0.0)) == "orig."


def test_the_table_of_blocks_has_activations_where_they_are_known() -> None:
    record = resnet_record()
    assert "activation_bytes" not in {each.key for each in variants_table(record).columns}
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
    (column,) = (each for each in variants_table(known).columns if each.key == "activation_bytes")
    assert column.unit == "kB"
    groups = cells_of(known, "activation_bytes")
    assert {(cell.text, cell.value) for group in groups for cell in group} == {("524", 524_288)}
