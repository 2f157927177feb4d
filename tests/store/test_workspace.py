"""A workspace finds what was done with equal inputs, and touches no directory but its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import StoreError, WorkspaceError
from kenning_lego.store.fingerprint import fingerprint
from kenning_lego.store.workspace import LAYOUT_VERSION, Workspace

json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
inputs = st.dictionaries(st.text(max_size=5), json_values, max_size=3)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "work")


def test_new_workspace_says_what_it_is(workspace: Workspace) -> None:
    manifest = json.loads((workspace.root / "manifest.json").read_text())
    assert manifest["kind"] == "workspace"
    assert manifest["layout_version"] == LAYOUT_VERSION


def test_workspace_is_opened_again_as_it_was(workspace: Workspace) -> None:
    digest = workspace.artifacts.add(b"content")
    before = (workspace.root / "manifest.json").read_bytes()
    again = Workspace(str(workspace.root))
    assert again.artifacts.read(digest) == b"content"
    assert (workspace.root / "manifest.json").read_bytes() == before


def test_empty_directory_becomes_a_workspace(tmp_path: Path) -> None:
    Workspace(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize("version", [0, LAYOUT_VERSION + 1, "1", None])
def test_workspace_of_another_layout_is_refused_with_the_remedy(
    workspace: Workspace, version: object
) -> None:
    manifest = workspace.root / "manifest.json"
    manifest.write_text(json.dumps({"kind": "workspace", "layout_version": version}))
    with pytest.raises(WorkspaceError, match=f"layout version {version}.*uses 1.*use the kenning"):
        Workspace(workspace.root)


def test_directory_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(WorkspaceError, match=r"is not a workspace \(name an empty or a new"):
        Workspace(tmp_path)
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.tex"]


def test_file_is_no_workspace(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("mine")
    with pytest.raises(WorkspaceError, match="is not a workspace"):
        Workspace(path)
    assert path.read_text() == "mine"


@pytest.mark.parametrize("content", [b'{"kind": "npm"}', b"[]", b"{", b"\xff", b""])
def test_manifest_of_something_else_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "manifest.json").write_bytes(content)
    with pytest.raises(WorkspaceError, match="name another"):
        Workspace(tmp_path)
    assert (tmp_path / "manifest.json").read_bytes() == content


def test_step_is_found_again_by_equal_inputs(workspace: Workspace) -> None:
    step = workspace.step("retrain", 1, {"block": "layer1", "ratios": [0.2, 0.4]})
    assert step.load() is None
    step.save({"loss": 0.25})
    again = Workspace(workspace.root).step("retrain", 1, {"ratios": [0.2, 0.4], "block": "layer1"})
    assert again == step
    assert again.load() == {"loss": 0.25}


@pytest.mark.parametrize(
    ("name", "version", "changed"),
    [
        ("retrain", 1, {"a": 2}),
        ("retrain", 1, {"a": "1"}),
        ("retrain", 1, {"a": 1, "b": None}),
        ("retrain", 1, {}),
        ("retrain", 2, {"a": 1}),
        ("compile", 1, {"a": 1}),
    ],
)
def test_step_is_not_found_by_other_inputs(
    workspace: Workspace, name: str, version: int, changed: dict[str, object]
) -> None:
    step = workspace.step("retrain", 1, {"a": 1})
    step.save({"done": True})
    other = workspace.step(name, version, changed)
    assert other.load() is None
    assert other.key != step.key
    assert other.weights != step.weights


@given(inputs, inputs)
def test_keys_are_equal_just_when_inputs_are(one: dict[str, Any], two: dict[str, Any]) -> None:
    workspace = Workspace.__new__(Workspace)  # no files are needed to make a key
    workspace.root = Path("nowhere")
    keys = [workspace.step("s", 1, each).key for each in (one, two)]
    same = json.dumps(one, sort_keys=True) == json.dumps(two, sort_keys=True)
    assert (keys[0] == keys[1]) == same
    assert workspace.step("s", 1, dict(reversed(one.items()))).key == keys[0]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"3", b"\xff\xfe", b'{"half": '])
def test_damaged_step_counts_as_not_done(workspace: Workspace, content: bytes) -> None:
    step = workspace.step("retrain", 1, {})
    step.save({"done": True})
    step.path.write_bytes(content)
    assert step.load() is None
    step.save({"done": True})
    assert step.load() == {"done": True}


def test_step_that_cannot_be_read_is_an_error(workspace: Workspace) -> None:
    step = workspace.step("retrain", 1, {})
    step.path.mkdir(parents=True)
    with pytest.raises(StoreError, match=r"cannot read .*Is a directory"):
        step.load()


def test_runs_have_directories_of_their_own(workspace: Workspace) -> None:
    runs = {workspace.new_run() for _ in range(5)}
    assert len(runs) == 5
    assert all(run.is_dir() and run.parent == workspace.root / "runs" for run in runs)


def test_run_that_cannot_be_begun_is_an_error(workspace: Workspace) -> None:
    (workspace.root / "runs").write_text("in the way")
    with pytest.raises(StoreError, match="cannot make"):
        workspace.new_run()


def test_latest_record_is_that_of_the_newest_run_that_finished(workspace: Workspace) -> None:
    with pytest.raises(WorkspaceError, match=r"holds no finished run \(run `kenning-lego test`"):
        workspace.latest_record()
    for name in ("20260102T000000Z-aaaa", "20251231T235959Z-ffff", "20260101T000000Z-bbbb"):
        (workspace.root / "runs" / name).mkdir(parents=True)
        (workspace.root / "runs" / name / "record.json").write_text("{}")
    (workspace.root / "runs" / "20270101T000000Z-cccc").mkdir()  # was interrupted
    newest = workspace.root / "runs" / "20260102T000000Z-aaaa" / "record.json"
    assert workspace.latest_record() == newest


def test_fingerprint_does_not_depend_on_the_order_of_the_parts() -> None:
    array = np.arange(6, dtype=np.float32)
    assert fingerprint({"a": "text", "b": array}) == fingerprint({"b": array.copy(), "a": "text"})


def test_fingerprint_tells_values_shapes_types_and_names_apart() -> None:
    array = np.arange(6, dtype=np.float32)
    prints = [
        fingerprint(parts)
        for parts in (
            {},
            {"a": array},
            {"b": array},
            {"a": array + 1},
            {"a": array[:1]},
            {"a": array[0]},
            {"a": array.reshape(2, 3)},
            {"a": array.astype(np.float64)},
            {"a": array.view(np.int32)},
            {"a": array.tobytes().decode("latin-1")},
            {"a": array, "b": array},
            {"a": "x", "b": "y"},
            {"a": "xb", "": "y"},
        )
    ]
    assert len(set(prints)) == len(prints)


def test_fingerprint_reads_values_and_not_memory_layout() -> None:
    array = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert fingerprint({"a": np.asfortranarray(array)}) == fingerprint({"a": array})
