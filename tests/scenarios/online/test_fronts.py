"""Fronts in the workspace: made once, found again, made anew where damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.scenarios.online import fronts
from kenning_lego.scenarios.online.fronts import front_once
from kenning_lego.selection.problem import Block, Budget, Option, Problem
from kenning_lego.store.workspace import Workspace

PROBLEM = Problem(
    (Block("a", (Option("large", 0.0, 2.0, 9), Option("small", 0.1, 1.0, 3))),), 0.5, 7
)


def test_a_front_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace(tmp_path / "w")
    front = front_once(workspace, PROBLEM)
    assert len(front) == 2
    within = front_once(workspace, PROBLEM, within=Budget(latency_ms=1.5))
    assert [choice.variants for choice in within] == [{"a": "small"}]
    monkeypatch.setattr(fronts, "pareto_front", None)
    assert list(front_once(workspace, PROBLEM)) == list(front)
    assert len(front_once(workspace, PROBLEM, within=Budget(latency_ms=1.5))) == 1


def test_a_damaged_front_is_made_again(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    front = front_once(workspace, PROBLEM)
    (path,) = (tmp_path / "w" / "steps" / "front").iterdir()
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    assert list(front_once(workspace, PROBLEM)) == list(front)
    assert len(path.read_bytes()) == len(content)
