"""The page of a comparison: what it shows for each kind of records, and what it never mixes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from kenning_lego.core.errors import UsageError
from kenning_lego.core.opening import AnyRecord, open_record
from kenning_lego.core.records import RunRecord
from kenning_lego.reports.comparisons.comparison import compare_records
from kenning_lego.reports.comparisons.report import comparison_document
from kenning_lego.reports.comparisons.sides import MARKS
from kenning_lego.reports.document.html import render_html
from kenning_lego.reports.document.parts import Document, Remarks
from kenning_lego.reports.document.tables import Table
from kenning_lego.reports.write import write_document
from tests.reports.comparisons.records import (
    again,
    changed,
    load_record,
    search_record,
    training_record,
    with_energy,
)
from tests.reports.pages import Page
from tests.reports.pipeline_records import pipelines_record
from tests.reports.records import composed_record, whole_model_record, with_telemetry

FIXTURES = Path(__file__).parents[2] / "core" / "fixtures"
RECORD = with_telemetry(composed_record(), 60)


def document(records: Sequence[AnyRecord], *, across_targets: bool = False) -> Document:
    return comparison_document(compare_records(records, across_targets=across_targets))


def table(found: Document, name: str) -> Table:
    return next(each for each in found.tables() if each.name == name)


def values(found: Document, name: str) -> list[dict[str, object]]:
    return [dict(table(found, name).values(row)) for _, row in table(found, name).rows()]


def remarks(found: Document) -> dict[str, str]:
    parts = [part for each in found.sections for part in each.flat() if isinstance(part, Remarks)]
    return {each.text: each.kind for part in parts for each in part.remarks}


def names(found: Document) -> set[str]:
    return {each.name for each in found.charts()}


def on_another_clock(record: RunRecord) -> RunRecord:
    timed = tuple(each.model_copy(update={"clock": "in-process"}) for each in record.measurements)
    return record.model_copy(update={"measurements": timed})


KINDS: dict[str, tuple[Sequence[AnyRecord], set[str]]] = {
    "run": (
        [RECORD, again(RECORD, 1.05)],
        {"ratios", "medians-target", "trade-off-0", "distribution-1-target", "board-power"},
    ),
    "search": ([search_record(), search_record(0.9)], {"ratios", "medians-target", "trade-off-0"}),
    "load": ([load_record(), load_record(1.2)], {"ratios", "distribution-1-target"}),
    "pipelines": ([pipelines_record()] * 2, {"ratios", "distribution-4-target"}),
    "training": ([training_record(), training_record(0.9)], {"scores-1", "losses-1"}),
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_page_with_its_drawings(kind: str) -> None:
    records, drawn = KINDS[kind]
    found = document(records)
    assert drawn <= names(found)
    assert found.sections[0].identity == "summary"
    page = render_html(found)
    Page(page).check()
    assert page == render_html(document(records))


def test_as_many_records_as_have_letters_are_told_apart() -> None:
    records = [again(whole_model_record(), 1 + place / 50, place) for place in range(len(MARKS))]
    page = Page(render_html(document(records)))
    page.check()
    for place in range(1, len(MARKS)):
        assert f"series-{place}" in page.source
    assert "H against A" in page.text


def test_table_holds_every_row_with_its_decision() -> None:
    found = document([RECORD, again(RECORD, 1.05), again(RECORD, 1.0)])
    rows = values(found, "medians")
    assert len(rows) == len(RECORD.measurements)
    assert {each["B outcome"] for each in rows} == {"slower"}
    assert {each["C outcome"] for each in rows} <= {"same", "too_few_samples"}
    assert all(float(str(each["B low"])) < 0.05 < float(str(each["B high"])) for each in rows[:3])


def test_effects_are_shown_for_more_than_two_records_alone() -> None:
    threads = changed(again(RECORD, 0.7), "target.used.threads", 4)
    found = document([RECORD, again(RECORD, 1.0), threads])
    rows = values(found, "effects")
    assert [each["record"] for each in rows] == ["C", "B"]
    assert rows[0]["changed"] == "threads from 1 to 4"
    assert "effects" not in {each.identity for each in document([RECORD, threads]).sections}


def test_several_changes_at_once_are_said_not_to_be_separable() -> None:
    both = changed(changed(again(RECORD), "target.used.threads", 4), "network.name", "other")
    said = remarks(document([RECORD, both]))
    (text,) = [each for each in said if each.endswith("their effects cannot be separated.")]
    assert text.startswith("2 settings differ between A and B (network, threads)")
    assert said[text] == "warning"


def test_other_clocks_are_said_and_drawn_apart() -> None:
    found = document([RECORD, on_another_clock(again(RECORD, 1.5))], across_targets=True)
    assert any("different clocks" in each for each in remarks(found))
    drawn = names(found)
    assert {"medians-target", "medians-in-process", "trade-off-0", "trade-off-1"} <= drawn
    assert {"distribution-1-target", "distribution-1-in-process"} <= drawn
    # No ratio of durations on different clocks is drawn; the table has them, with a note.
    assert "ratios" not in drawn
    assert values(found, "medians")[0]["B notes"] == "clocks: target and in-process"


def test_other_metrics_stand_on_other_axes() -> None:
    found = document([RECORD, changed(again(RECORD), "network.metric", "f1")])
    assert {"trade-off-0", "trade-off-1"} <= names(found)


def test_energy_with_overlapping_bounds_cannot_be_told_apart() -> None:
    one, close = with_energy(RECORD, 2.4, 0.2), with_energy(again(RECORD), 2.5, 0.2)
    apart = with_energy(again(RECORD), 4.8, 0.2)
    found = document([one, close, apart])
    rows = {title: row for title, row in table(found, "figures").rows() if "Energy" in title}
    (cells,) = rows.values()
    shown = [cell.note for cell in cells if cell.note]
    assert shown[1].endswith("cannot be told apart")
    assert shown[2].endswith("+100.0\N{NO-BREAK SPACE}%")


def test_memory_of_another_meaning_is_another_figure() -> None:
    found = document([RECORD, again(RECORD).model_copy(update={"memory": "rss"})])
    titles = {title for title, _ in table(found, "figures").rows()}
    assert not any("artifacts" in each or "loaded" in each for each in titles)


def test_page_is_written_whole(tmp_path: Path) -> None:
    found = document([RECORD, again(RECORD)])
    path = write_document(found, tmp_path)
    assert path == tmp_path / "comparison.html"
    assert path.read_text(encoding="utf-8") == render_html(found)


@pytest.mark.parametrize("kind", ["record", "pipelines", "load", "training", "optimisation"])
def test_records_of_the_first_version_compare(kind: str) -> None:
    record = open_record(FIXTURES / f"{kind}-v1.json")
    page = Page(render_html(document([record, record])))
    page.check()
    assert "differs from A in no recorded setting" in page.text


@pytest.mark.parametrize("kind", ["conversion", "selection", "export"])
def test_kinds_that_time_and_score_nothing_are_refused(kind: str) -> None:
    record = open_record(FIXTURES / f"{kind}-v1.json")
    with pytest.raises(UsageError, match="cannot be compared"):
        compare_records([record, record])
