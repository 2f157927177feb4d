"""Trainings, load tests, selections and exports have pages too."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from benchmarks.reports_kinds import KINDS
from benchmarks.reports_others import (
    export_record,
    load_record,
    selection_record,
    training_record,
)
from kenning_lego.core.opening import AnyRecord, open_record
from kenning_lego.core.record_kinds import KINDS as RECORDS
from kenning_lego.reports.documents import document_of
from kenning_lego.reports.loads.findings import loads_of
from kenning_lego.reports.selections.bricks import named_brick
from kenning_lego.reports.write import write_report
from tests.reports.pages import Page, render
from tests.reports.test_distributions import words

FIXTURES = Path(__file__).parents[1] / "core" / "fixtures"


def charts(record: AnyRecord) -> list[str]:
    return [each.name for each in document_of(record).charts()]


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_of_every_kind_is_sound(kind: str) -> None:
    page = Page(render(KINDS[kind]()))
    page.check()
    assert "Summary" in page.text or kind == "pipelines"


@pytest.mark.parametrize("kind", RECORDS)
def test_the_first_record_of_every_kind_has_a_page(kind: str, tmp_path: Path) -> None:
    name = "record" if kind == "run" else kind
    path = write_report(open_record(FIXTURES / f"{name}-v1.json"), tmp_path)
    assert path.stat().st_size > 10_000


def test_a_training_tells_its_best_epoch_and_its_interruption() -> None:
    record = training_record()
    page = Page(render(record))
    assert f"with the weights of epoch {record.best_epoch} of 40" in page.text
    assert "Interrupted before epoch 22 for 90 min 0 s, resumed." in page.text
    assert charts(record) == ["score", "loss", "learning-rate"]
    best = next(each for each in document_of(record).charts() if each.name == "score")
    assert f"best, epoch {record.best_epoch}" in words(best.wide)


def test_a_training_that_came_apart_is_told_so() -> None:
    record = training_record(4)
    broken = record.epochs[2].model_copy(update={"loss": math.nan})
    epochs = (*record.epochs[:2], broken, record.epochs[3])
    page = Page(render(record.model_copy(update={"epochs": epochs})))
    page.check()
    assert "no finite number in 1 epoch, first in epoch 3" in page.text


def test_a_constant_learning_rate_needs_no_drawing() -> None:
    record = training_record(5)
    epochs = tuple(each.model_copy(update={"learning_rate": 0.1}) for each in record.epochs)
    assert "learning-rate" not in charts(record.model_copy(update={"epochs": epochs}))


def test_load_tests_are_judged_by_the_figure_of_their_scenario() -> None:
    loads = loads_of(load_record())
    assert [each.quantile for each in loads[:4]] == [0.9, 0.99, None, 0.99]
    assert all(each.judged for each in loads if each.quantile)
    assert [each.keeps_up for each in loads] == [*(True,) * 7, False]
    page = Page(render(load_record()))
    assert "The highest rate that the target kept up with: Server, 145 a second" in page.text
    assert "The target did not keep up: Server, 170 a second." in page.text


def test_a_percentile_that_the_queries_cannot_bound_is_not_claimed() -> None:
    page = Page(render(load_record(60)))
    page.check()
    assert "Too few queries to bound the percentile that counts" in page.text


def test_a_single_load_test_has_no_rates_to_compare() -> None:
    record = load_record()
    single = record.model_copy(update={"results": record.results[:1]})
    assert charts(single) == ["tails", "queries-1"]
    assert "90 % of the queries take at most" in Page(render(single)).text
    Page(render(record.model_copy(update={"results": ()}))).check()


def test_a_selection_tells_choices_conflicts_and_the_nearest() -> None:
    page = Page(render(selection_record()))
    assert "budget-1 is predicted to give resnet18: 7.60 ms" in page.text
    assert "Too tight by itself: latency. Not to be kept together: memory, score." in page.text
    assert "With latency relaxed: latency ≤ 2 ms, memory ≤ 2 MB" in page.text
    assert charts(selection_record()) == ["front-1"]


def test_a_selection_of_older_records_has_no_front_and_one_choice_needs_no_drawing() -> None:
    record = selection_record()
    without = record.model_copy(update={"undominated": {}, "answers": record.answers[:1]})
    assert charts(without) == []
    Page(render(without)).check()


@pytest.mark.parametrize(
    ("name", "removed"),
    [
        ("layer1.0@original", "0"),
        ("layer1.0@pruned-0.40", "40"),
        ("a@b@low_rank-0.25+int8", "25"),
        ("layer1.0@mine", None),
        ("anything", None),
    ],
)
def test_bars_are_drawn_for_the_variants_whose_names_say_what_they_are(
    name: str, removed: str | None
) -> None:
    brick = named_brick("layer1.0", name)
    assert (brick.removed if brick else None) == removed


def test_an_export_tells_what_the_file_is_and_how_far_it_is_off() -> None:
    text = Page(render(export_record())).text
    assert "computes configuration “balanced” of resnet18" in text
    assert "differ from those of the chain of segments by at most 2.4e\N{MINUS SIGN}6." in text
    assert "7" * 64 in text
