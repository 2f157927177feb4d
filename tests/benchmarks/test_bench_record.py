import json
from pathlib import Path

import pytest

from benchmarks.bench_record import Metric, table, write_record


def test_metric_without_bounds_is_reported_and_always_reached() -> None:
    metric = Metric("size", 3.0, "MB")
    assert metric.asked == "reported"
    assert metric.reached


@pytest.mark.parametrize(
    ("value", "reached"), [(0.9, False), (1.0, True), (1.2, True), (1.3, False)]
)
def test_bounds_are_inclusive(value: float, reached: bool) -> None:
    assert Metric("ratio", value, "x", at_least=1.0, at_most=1.2).reached is reached


def test_ratio_is_over_the_peer_or_the_value_itself_when_that_is_a_ratio() -> None:
    assert Metric("time", 1.0, "s", peer=4.0).ratio == 0.25
    assert Metric("over_echo", 1.3, "x").ratio == 1.3
    assert Metric("time", 1.0, "s").ratio is None


def test_record_has_the_common_form(tmp_path: Path) -> None:
    path = write_record("transport", [Metric("time", 1.0, "s", at_most=2, peer=4.0)], tmp_path)
    assert path == tmp_path / "transport.json"
    assert json.loads(path.read_text()) == {
        "schema_version": 1,
        "metrics": {
            "time": {"value": 1.0, "unit": "s", "peer": 4.0, "ratio": 0.25, "asked": "<= 2"}
        },
    }


def test_two_metrics_of_one_name_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="two metrics of one name"):
        write_record("transport", [Metric("a", 1, "s"), Metric("a", 2, "s")], tmp_path)
    assert not list(tmp_path.iterdir())


def test_table_marks_what_was_not_reached() -> None:
    lines = table([Metric("a", 1, "s", at_most=2), Metric("b", 3, "s", at_most=2)]).splitlines()
    assert lines[1].split() == ["a", "1", "s", "<=", "2", "yes"]
    assert lines[2].split() == ["b", "3", "s", "<=", "2", "NO"]
