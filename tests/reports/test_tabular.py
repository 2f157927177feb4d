"""The figures of records as tables, on terminals, in notebooks and as data frames."""

from __future__ import annotations

import importlib.util
import re
import sys
from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kenning_lego.core.errors import MissingDependencyError, UnknownNameError
from kenning_lego.core.opening import AnyRecord, kind_of, open_as, open_record
from kenning_lego.core.record_kinds import KINDS
from kenning_lego.core.records import RunRecord
from kenning_lego.core.showing import Shown
from kenning_lego.core.tables import Column, Table, table_of
from kenning_lego.reports.comparisons.comparison import compare_records
from kenning_lego.reports.headlines import headline_of
from kenning_lego.reports.tabular.cells import cell
from kenning_lego.reports.tabular.html import table_html
from kenning_lego.reports.tabular.of_records import tables_of
from kenning_lego.selection.front import pareto_front
from tests.core.record_strategies import records
from tests.reports.pipeline_records import pipelines_record
from tests.reports.records import resnet_record, whole_model_record
from tests.selection.instances import random_problem

FIXTURES = Path(__file__).parents[1] / "core" / "fixtures"
MODELS: Sequence[type[AnyRecord]] = get_args(AnyRecord)
PANDAS = importlib.util.find_spec("pandas") is not None


def first(kind: str) -> AnyRecord:
    return open_record(FIXTURES / f"{Path(KINDS[kind].file_name).stem}-v1.json")


class Checker(HTMLParser):
    """Whether every tag is closed, and what text there is."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_tables_of_a_run_hold_its_figures() -> None:
    record = resnet_record()
    configurations, measurements, variants = tables_of(record)
    row = next(iter(configurations.mappings()))
    assert record.configurations[0].measured is not None
    assert row["configuration"] == "balanced"
    assert row["latency_ms"] == record.configurations[0].measured.latency_ms
    low, high = row["latency_low_ms"], row["latency_high_ms"]
    assert isinstance(low, float)
    assert isinstance(high, float)
    assert low < high
    assert len(measurements.rows) == len(record.measurements)
    assert len(variants.rows) == sum(len(each.variants) for each in record.segments)
    assert [each["feasible"] for each in configurations.mappings()] == [True, True, True, False]


def test_columns_of_one_name_hold_one_kind_of_value_in_all_tables() -> None:
    # Rows of many records stand in one column of a file.
    kinds: dict[str, set[str]] = {}
    for kind in KINDS:
        for table in tables_of(first(kind)):
            for column in table.columns:
                kind_of_value = "number" if column.kind in ("bytes", "share") else column.kind
                kinds.setdefault(column.name, set()).add(kind_of_value)
    assert {name: found for name, found in kinds.items() if len(found) > 1} == {}


@pytest.mark.parametrize("model", MODELS, ids=kind_of)
@settings(max_examples=20, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_any_valid_record_has_tables_a_line_and_html(
    model: type[AnyRecord], data: st.DataObject
) -> None:
    record = data.draw(records(model))
    for table in tables_of(record):
        assert all(len(row) == len(table.columns) for row in table.rows)
    assert headline_of(record).kind == kind_of(record)
    assert Checker(record._repr_html_()).open == []


@pytest.mark.parametrize("kind", KINDS)
def test_record_shows_itself_small_and_self_contained(kind: str) -> None:
    html = first(kind)._repr_html_()
    assert Checker(html).open == []
    assert len(html) < 40_000
    assert re.search(r"<script|<link|<style|https?:|src=|url\(", html) is None
    # Nothing sets a colour of text or ground: both are the notebook's.
    assert re.search(r"background|[^-]color:(?!inherit)", html) is None


def test_html_escapes_what_records_say() -> None:
    network = whole_model_record().network.model_copy(update={"name": "<b>&\"'"})
    html = whole_model_record().model_copy(update={"network": network})._repr_html_()
    assert "<b>&\"'" not in html
    assert "&lt;b&gt;&amp;" in html
    assert "<b>&\"'" in " ".join(Checker(html).texts)


def test_long_tables_are_cut_and_what_is_left_is_counted() -> None:
    table = table_of("t", "T", [Column("n", digits=0)], [{"n": n} for n in range(1000)])
    html = table_html(table, most=5)
    assert html.count("<tr>") == 1 + 5
    assert "and 995 more" in html


def test_columns_without_values_are_not_shown() -> None:
    columns = [Column("a"), Column("b"), Column("c", in_full=True)]
    table = table_of("t", "T", columns, [{"a": 1, "c": 2}, {"a": None, "c": 3}])
    assert [each.name for each in table.short().columns] == ["a"]
    assert table.short().rows == ((1,), (None,))
    assert Table("t", "T", (), ()).short().rows == ()


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        (Column("a"), None, "—"),
        (Column("a", "text"), "", "—"),
        (Column("a", "flag"), False, "no"),
        (Column("a"), 0.123456, "0.1235"),
        (Column("a"), float("inf"), "—"),
        (Column("a", digits=0), 12_345, "12\N{NO-BREAK SPACE}345"),
        (Column("a", "bytes"), 2_500_000, "2.50\N{NO-BREAK SPACE}MB"),
        (Column("a", "share"), 0.5, "50.0\N{NO-BREAK SPACE}%"),
    ],
)
def test_cells_have_units_and_sensible_digits(column: Column, value: object, expected: str) -> None:
    assert cell(column, value) == expected  # type: ignore[arg-type]


def test_parts_of_a_record_and_results_of_choosing_show_themselves() -> None:
    record = resnet_record()
    front = pareto_front(random_problem(1, 4, 3))
    shown: list[Shown] = [
        record.configurations[0],
        record.measurements[0],
        compare_records((record, record)),
        front,
        front[0],
    ]
    for each in shown:
        checked = Checker(each._repr_html_())
        assert checked.open == []
        assert len(checked.texts) > 4
    assert len(front.tables()[0].rows) == len(front)
    best = next(front.tables()[0].mappings())
    assert best["latency_ms"] == front[0].latency_ms
    assert best["accuracy_cost"] == front[0].accuracy_cost
    assert {name: best[name] for name in front[0].variants} == dict(front[0].variants)


def test_record_writes_its_page(tmp_path: Path) -> None:
    assert resnet_record().report(tmp_path) == tmp_path / "report.html"
    assert "resnet18" in (tmp_path / "report.html").read_text()


@pytest.mark.skipif(not PANDAS, reason="pandas is not installed")
def test_frames_have_all_rows_and_columns_by_name() -> None:
    record = open_as(RunRecord, FIXTURES / "record-v2.json")
    frame = record.frame()
    assert list(frame["configuration"]) == [each.name for each in record.configurations]
    assert frame["latency_ms"].dtype == "float64"
    assert frame["latency_ms"].isna().sum() == 1
    measurements = record.frame("measurements").set_index("measurement")
    assert measurements.loc["stem@original", "clock"] == record.measurements[0].clock
    assert len(pipelines_record().frame("events")) == len(pipelines_record().events)
    front = pareto_front(random_problem(1, 4, 3))
    assert len(front.frame()) == len(front)
    with pytest.raises(UnknownNameError, match="unknown table 'samples'"):
        record.frame("samples")


def test_frame_without_pandas_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(MissingDependencyError, match=r"kenning-lego\[notebook\]"):
        resnet_record().frame()
