"""Where workspaces and runs are looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.store.references import FRESH_S, digests_in, runs_in, unreferred_artifacts
from kenning_lego.store.runs import find_runs, find_workspaces, is_workspace
from kenning_lego.store.workspace import Workspace

DIGEST = "ab" * 32


def test_this_directory_and_its_workspaces_are_looked_into(tmp_path: Path) -> None:
    assert find_workspaces([], tmp_path) == ()
    for name in ("b", "a"):
        Workspace(tmp_path / "workspaces" / name)
    (tmp_path / "workspaces" / "other").mkdir()
    (tmp_path / "workspaces" / "other" / "manifest.json").write_text('{"kind": "bundle"}')
    (tmp_path / "manifest.json").write_text("{")
    found = find_workspaces([], tmp_path)
    assert [each.name for each in found] == ["a", "b"]
    (tmp_path / "manifest.json").write_text('{"kind": "workspace"}')
    assert find_workspaces([], tmp_path)[0] == tmp_path


def test_directory_that_is_named_must_be_a_workspace(tmp_path: Path) -> None:
    Workspace(tmp_path / "w")
    assert find_workspaces([tmp_path / "w", tmp_path / "w"]) == (tmp_path / "w",)
    assert not is_workspace(tmp_path)
    with pytest.raises(ConfigurationError, match="is not a workspace"):
        find_workspaces([tmp_path / "w", tmp_path])
    assert list(tmp_path.iterdir()) == [tmp_path / "w"]


def test_runs_are_directories_with_or_without_a_record(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    assert list(find_runs(workspace.root)) == []
    with_record, without = workspace.new_run(), workspace.new_run()
    (with_record / "load.json").write_text("{}")
    (with_record / "labels.json").write_text("{}")
    (workspace.root / "runs" / ".gone-x").mkdir()
    (workspace.root / "runs" / "notes.txt").write_text("mine")
    found = {each.id: each for each in find_runs(workspace.root)}
    assert found.keys() == {with_record.name, without.name}
    assert (found[with_record.name].record, found[with_record.name].size) == ("load.json", 2)
    assert found[without.name].record is None


def test_digests_are_found_whole_and_wherever_they_stand(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(f'{{"x": "{DIGEST}:3", "y": ["{"cd" * 32}"], "z": "{"e" * 65}"}}')
    assert digests_in(path) == {DIGEST, "cd" * 32}
    assert digests_in(tmp_path / "none.json") == set()


def test_names_of_runs_are_found_in_all_of_a_run_s_files(tmp_path: Path) -> None:
    (tmp_path / "record.json").write_text('{"run": "one"}')
    (tmp_path / "labels.json").write_text('{"note": "as in two"}')
    assert runs_in(tmp_path, ["one", "two", "three"]) == {"one", "two"}


def test_fresh_artifacts_may_be_somebody_s(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    digest = workspace.artifacts.add(b"model")
    written = workspace.artifacts.path(digest).stat().st_mtime
    assert unreferred_artifacts(workspace.root, now_s=written + FRESH_S - 1) == []
    (found,) = unreferred_artifacts(workspace.root, now_s=written + FRESH_S + 1)
    assert (found.path.name, found.size) == (digest, 5)
    workspace.step("compilation", 1, {}).save({"artifact": digest})
    assert unreferred_artifacts(workspace.root, now_s=written + FRESH_S + 1) == []
