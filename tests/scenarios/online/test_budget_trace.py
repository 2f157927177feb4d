"""Budgets over time, from files."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.core.bounds import Bounds
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.scenarios.online.budget_trace import read_trace, schedule_for
from kenning_lego.selection.problem import Choice

ORIGINAL = Choice({"a": "a@original"}, 0.0, 10.0, 4_000_000, None)


def written(directory: Path, name: str, text: str) -> Path:
    path = directory / name
    path.write_text(text)
    return path


def test_csv_and_yaml_say_the_same(tmp_path: Path) -> None:
    table = "at_s,pipeline,latency_ms,memory_share\n0,,12,\n5, camera,,0.5\n"
    lines = "- {at_s: 0, latency_ms: 12}\n- {at_s: 5, pipeline: camera, memory_share: 0.5}\n"
    steps = read_trace(written(tmp_path, "t.csv", table))
    assert steps == read_trace(written(tmp_path, "t.yaml", lines))
    assert [(each.at_s, each.pipeline) for each in steps] == [(0.0, None), (5.0, "camera")]


def test_steps_are_put_in_order_and_shares_become_amounts(tmp_path: Path) -> None:
    table = "at_s,latency_share,memory_mb\n5,0.5,\n0,,3\n"
    schedule = schedule_for(read_trace(written(tmp_path, "t.csv", table)), "p", ORIGINAL, None)
    assert schedule is not None
    assert [(step.at_s, step.bounds) for step in schedule.steps] == [
        (0.0, Bounds(memory_bytes=3_000_000)),
        (5.0, Bounds(latency_ms=5.0)),
    ]


def test_steps_of_other_pipelines_are_left_to_them(tmp_path: Path) -> None:
    steps = read_trace(written(tmp_path, "t.csv", "at_s,pipeline,latency_ms\n0,door,3\n"))
    assert schedule_for(steps, "camera", ORIGINAL, None) is None
    assert schedule_for(steps, "door", ORIGINAL, None) is not None


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("t.csv", "", "holds no step"),
        ("t.csv", "at_s,latency\n0,1\n", "line 2: unknown key 'latency'"),
        ("t.csv", "at_s,latency_ms\n0,fast\n", "line 2"),
        ("t.csv", "at_s,latency_ms\n0,1,2\n", "line 2: unknown key 'None'"),
        ("t.csv", "at_s,latency_ms\n-1,1\n", "line 2"),
        ("t.csv", "at_s,latency_ms,latency_share\n0,1,1\n", "are the same bound"),
        ("t.yaml", "at_s: 0\n", "no list of steps"),
        ("t.yaml", "- {at_s: [}", "is not YAML"),
        ("missing.csv", None, "cannot read"),
    ],
)
def test_bad_traces_are_refused_with_the_place(
    tmp_path: Path, name: str, text: str | None, said: str
) -> None:
    path = tmp_path / name
    if text is not None:
        path.write_text(text)
    with pytest.raises(ConfigurationError, match=said):
        read_trace(path)


def test_two_steps_of_one_moment_are_refused(tmp_path: Path) -> None:
    steps = read_trace(written(tmp_path, "t.csv", "at_s,latency_ms\n1,3\n1,4\n"))
    with pytest.raises(ConfigurationError, match="do not go forward"):
        schedule_for(steps, "p", ORIGINAL, None)
