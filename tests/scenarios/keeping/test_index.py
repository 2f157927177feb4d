"""The list of runs is what a fresh look would find, whatever happened since the last one."""

from __future__ import annotations

import json
import shutil
import time
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kenning_lego.core.errors import StoreError
from kenning_lego.core.record_kinds import KINDS
from kenning_lego.scenarios.keeping import scanning
from kenning_lego.scenarios.keeping.result import Result
from kenning_lego.scenarios.keeping.scanning import scan
from kenning_lego.store.labels import Labels, write_labels
from kenning_lego.store.workspace import Workspace
from tests.scenarios.keeping.kept import add_run

ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["add", "delete", "tag", "rewrite", "damage", "empty", "look"]),
        st.integers(0, 9),
        st.sampled_from(list(KINDS)),
    ),
    max_size=12,
)


def fresh(workspace: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: Path) -> list[Result]:
    """What is found without a cache."""
    with monkeypatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(elsewhere))
        return scan([workspace])


@settings(max_examples=30, suppress_health_check=list(HealthCheck))
@given(ACTIONS)
def test_list_equals_a_fresh_look_after_any_changes(
    tmp_path_factory: pytest.TempPathFactory, actions: list[tuple[str, int, str]]
) -> None:
    root = tmp_path_factory.mktemp("index")
    workspace = root / "w"
    Workspace(workspace)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(root / "caches"))
        for number, (action, which, kind) in enumerate(actions):
            change(workspace, action, which, kind, number)
        found = scan([workspace])
        assert found == scan([workspace])
        assert found == fresh(workspace, patch, root / f"other-{len(actions)}")


def change(workspace: Path, action: str, which: int, kind: str, number: int) -> None:
    runs = sorted((workspace / "runs").glob("*")) if (workspace / "runs").is_dir() else []
    if action == "add" or not runs:
        add_run(workspace, kind, age=timedelta(hours=which), end=f"{number:04d}")
        return
    run = runs[which % len(runs)]
    records = [run / each.file_name for each in KINDS.values() if (run / each.file_name).exists()]
    match action:
        case "delete":
            shutil.rmtree(run)
        case "tag":
            write_labels(run, Labels((f"t{which}",), "note"))
        case "look":
            scan([workspace])
    for record in records:
        match action:
            case "rewrite":
                record.write_text(record.read_text() + " " * number)
            case "damage":
                record.write_text("{" * (number + 1))
            case "empty":
                record.unlink()


def test_records_that_did_not_change_are_read_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_run(tmp_path / "w", end="0001")
    add_run(tmp_path / "w", end="0002")
    first = scan([tmp_path / "w"])
    monkeypatch.setattr(scanning, "_read", None)  # nothing is read any more
    assert scan([tmp_path / "w"]) == first
    assert len(first) == 2


@pytest.mark.parametrize("content", ["", "{", "[]", '{"runs": 3}', "[" * 100_000, None])
def test_damaged_cache_is_made_again(content: str | None, tmp_path: Path, own_cache: Path) -> None:
    add_run(tmp_path / "w")
    first = scan([tmp_path / "w"])
    (cache,) = (own_cache / "kenning-lego" / "results").iterdir()
    if content is None:
        held = json.loads(cache.read_text())
        for entry in held["runs"].values():
            entry["headline"]["surprise"] = 1
        cache.write_text(json.dumps(held))
    else:
        cache.write_text(content)
    assert scan([tmp_path / "w"]) == first
    assert json.loads(cache.read_text())["runs"]


def test_cache_of_another_version_is_not_believed(tmp_path: Path, own_cache: Path) -> None:
    add_run(tmp_path / "w")
    first = scan([tmp_path / "w"])
    (cache,) = (own_cache / "kenning-lego" / "results").iterdir()
    cache.write_text(cache.read_text().replace('"toy"', '"other"'))
    assert scan([tmp_path / "w"])[0].headline.network == "other"
    cache.write_text(cache.read_text().replace('"software": "', '"software": "9'))
    assert scan([tmp_path / "w"]) == first


def test_cache_that_cannot_be_written_is_done_without(tmp_path: Path, own_cache: Path) -> None:
    add_run(tmp_path / "w")
    own_cache.write_text("in the way")
    assert len(scan([tmp_path / "w"])) == 1


def test_runs_that_cannot_be_listed_are_an_error(tmp_path: Path) -> None:
    Workspace(tmp_path / "w")
    (tmp_path / "w" / "runs").write_text("in the way")
    with pytest.raises(StoreError, match="cannot list"):
        scan([tmp_path / "w"])


def test_a_thousand_runs_are_listed_without_reading_their_records(tmp_path: Path) -> None:
    for number in range(1000):
        add_run(tmp_path / "w", "training", age=timedelta(hours=number), end=f"{number:04x}")
    scan([tmp_path / "w"])
    begin = time.process_time()
    assert len(scan([tmp_path / "w"])) == 1000
    assert time.process_time() - begin < 5.0  # a second is asked for; loaded machines are slow
