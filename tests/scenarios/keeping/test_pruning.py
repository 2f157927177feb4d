"""What is pruned: never what has a tag, nor what anything that stays refers to."""

from __future__ import annotations

import hashlib
import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kenning_lego.core.entry import run
from kenning_lego.scenarios.keeping.pruning import Policy, carry_out, plan_pruning
from kenning_lego.scenarios.keeping.scanning import scan
from kenning_lego.scenarios.results import main
from kenning_lego.store.labels import Labels, write_labels
from kenning_lego.store.workspace import Workspace
from tests.scenarios.keeping.kept import NOW, add_run

Output = pytest.CaptureFixture[str]
DAY = timedelta(days=1)
LATER = NOW + timedelta(days=400)


def add_artifact(workspace: Path, content: str, *, fresh: bool = False) -> str:
    """An artifact that was last used long ago."""
    digest = hashlib.sha256(content.encode()).hexdigest()
    path = Workspace(workspace).root / "artifacts" / digest
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    if not fresh:
        os.utime(path, (1, 1))
    return digest


def left(workspace: Path) -> set[str]:
    return {each.name[-4:] for each in (workspace / "runs").iterdir()}


def artifacts(workspace: Path) -> set[str]:
    return {each.name for each in (workspace / "artifacts").iterdir()}


def prune(*arguments: object) -> int:
    return run(main, ["prune", *map(str, arguments)])


def test_nothing_goes_without_yes(tmp_path: Path, capsys: Output) -> None:
    add_run(tmp_path / "w", end="0001")
    digest = add_artifact(tmp_path / "w", "unused")
    assert prune("--untagged", "--workspace", tmp_path / "w") == 0
    said = capsys.readouterr().out
    assert "run toy" in said
    assert "would remove 1 run (" in said
    assert "1 artifact (6\N{NO-BREAK SPACE}B)" in said
    assert "nothing is removed without --yes" in said
    assert left(tmp_path / "w") == {"0001"}
    assert artifacts(tmp_path / "w") == {digest}


def test_newest_of_each_network_and_kind_stay(tmp_path: Path) -> None:
    w = tmp_path / "w"
    for day in range(3):
        add_run(w, age=day * DAY, end=f"a{day}00", network="one")
        add_run(w, age=day * DAY, end=f"b{day}00", network="two")
        add_run(w, "training", age=day * DAY, end=f"c{day}00", network="one")
    add_run(w, age=9 * DAY, end="d000", network="one", tags=("paper",))
    assert prune("--keep", 1, "--yes", "--workspace", w) == 0
    assert left(w) == {"a000", "b000", "c000", "d000"}


def test_only_what_is_older_goes(tmp_path: Path) -> None:
    w = tmp_path / "w"
    add_run(w, age=-timedelta(days=100_000), end="0001")  # of a far future
    add_run(w, age=timedelta(days=7000), end="0002")
    assert prune("--older-than", "30d", "--yes", "--workspace", w) == 0
    assert left(w) == {"0001"}


def test_runs_that_a_tagged_one_refers_to_stay_and_so_on(tmp_path: Path, capsys: Output) -> None:
    w = tmp_path / "w"
    first = add_run(w, age=3 * DAY, end="0001")
    second = add_run(w, "export", age=2 * DAY, end="0002", run=first.name)
    add_run(w, "export", age=DAY, end="0003", run=second.name, tags=("sent",))
    add_run(w, age=4 * DAY, end="0004")
    assert prune("--untagged", "--yes", "--workspace", w) == 0
    assert left(w) == {"0001", "0002", "0003"}
    assert "others refer to" in capsys.readouterr().out


def test_artifacts_of_runs_steps_and_networks_stay(tmp_path: Path) -> None:
    w = tmp_path / "w"
    workspace = Workspace(w)
    by_run, by_step, by_network, by_gone, fresh = (
        add_artifact(w, name) for name in ("run", "step", "network", "gone", "fresh")
    )
    add_artifact(w, "fresh", fresh=True)
    add_run(w, "load", end="0001", stages=[by_run, f"{by_run}:1"], tags=("kept",))
    add_run(w, "load", end="0002", stages=[by_gone])
    workspace.step("compilation", 1, {}).save({"artifact": by_step})
    (w / "networks" / "toy").mkdir(parents=True)
    (w / "networks" / "toy" / "manifest.json").write_text(json.dumps({"digest": by_network}))
    (w / "artifacts" / "incoming").mkdir()
    (w / "artifacts" / "README").write_text("mine")
    assert prune("--untagged", "--yes", "--workspace", w) == 0
    assert artifacts(w) == {by_run, by_step, by_network, fresh, "incoming", "README"}
    assert left(w) == {"0001"}


def test_what_cannot_be_judged_stays(tmp_path: Path) -> None:
    w = tmp_path / "w"
    add_run(w, end="0001", schema_version=99)
    labelled = add_run(w, end="0002")
    (labelled / "labels.json").write_text("{")
    under_way = w / "runs" / "29990101T000000.000Z-0003"
    under_way.mkdir()
    damaged = add_run(w, end="0004")
    (damaged / "record.json").write_text("{")
    assert prune("--untagged", "--yes", "--workspace", w) == 0
    assert left(w) == {"0001", "0002", "0003"}


def test_run_that_is_tagged_meanwhile_stays_with_its_artifacts(tmp_path: Path) -> None:
    w = tmp_path / "w"
    digest = add_artifact(w, "model")
    tagged = add_run(w, "load", end="0001", stages=[digest])
    add_run(w, end="0002")
    pruning = plan_pruning(scan([w]), Policy(), LATER)
    assert len(pruning.runs) == 2
    assert len(pruning.artifacts) == 1
    write_labels(tagged, Labels(("wait",)))
    carry_out(pruning)
    assert left(w) == {"0001"}
    assert artifacts(w) == {digest}


def test_linked_run_stays_and_a_removal_that_was_cut_short_is_finished(tmp_path: Path) -> None:
    w, elsewhere = tmp_path / "w", tmp_path / "elsewhere"
    add_run(w, end="0001")
    add_run(elsewhere, end="0002")
    (linked,) = (elsewhere / "runs").iterdir()
    (w / "runs" / linked.name).symlink_to(linked)
    (w / "runs" / ".gone-x").mkdir()
    assert prune("--untagged", "--yes", "--workspace", w) == 0
    assert left(w) == {"0002"}
    assert linked.is_dir()


def test_json_says_what_went(tmp_path: Path, capsys: Output) -> None:
    add_run(tmp_path / "w", end="0001")
    digest = add_artifact(tmp_path / "w", "unused")
    assert prune("--untagged", "--yes", "--json", "--workspace", tmp_path / "w") == 0
    said: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert said["removed"] is True
    assert [Path(each).name[-4:] for each in said["runs"]] == ["0001"]
    assert [Path(each).name for each in said["artifacts"]] == [digest]
    assert said["artifact_bytes"] == 6
    assert said["run_bytes"] > 1000


@pytest.mark.parametrize("arguments", [[], ["--yes"], ["--keep", "-1"], ["--older-than", "soon"]])
def test_what_is_to_go_must_be_said(arguments: list[str], tmp_path: Path, capsys: Output) -> None:
    add_run(tmp_path / "w")
    assert prune(*arguments, "--workspace", tmp_path / "w") == 2
    assert capsys.readouterr().err.count("\n") == 1


RUNS = st.lists(
    st.tuples(
        st.integers(0, 5),  # days of age
        st.booleans(),  # tagged
        st.lists(st.integers(0, 7), max_size=2),  # runs that it names
        st.lists(st.integers(0, 4), max_size=2),  # artifacts that it names
        st.sampled_from(["one", "two"]),
    ),
    max_size=8,
)


@settings(max_examples=40, suppress_health_check=list(HealthCheck))
@given(RUNS, st.none() | st.integers(0, 2), st.none() | st.integers(0, 4))
def test_prune_never_removes_what_is_tagged_or_referred_to(
    tmp_path_factory: pytest.TempPathFactory,
    runs: list[tuple[int, bool, list[int], list[int], str]],
    keep: int | None,
    days: int | None,
) -> None:
    root = tmp_path_factory.mktemp("prune")
    w = root / "w"
    Workspace(w)
    digests = [add_artifact(w, str(number)) for number in range(5)]
    names = [
        f"{NOW - timedelta(days=age):%Y%m%dT%H%M%S}.000Z-{number:04d}"
        for number, (age, *_) in enumerate(runs)
    ]
    for number, (age, tagged, others, used, network) in enumerate(runs):
        named = [names[other] for other in others if other < len(names)]
        made = add_run(
            w,
            "load",
            age=timedelta(days=age),
            end=f"{number:04d}",
            stages=[digests[index] for index in used],
            command=named,
            network=network,
            tags=("kept",) if tagged else (),
        )
        assert made.name == names[number]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(root / "caches"))
        results = scan([w])
        older = None if days is None else timedelta(days=days)
        carry_out(plan_pruning(results, Policy(keep, older), NOW))
        after = {each.id for each in scan([w])}
    for name, (age, tagged, others, used, _) in zip(names, runs, strict=True):
        if tagged or (days is not None and age <= days):
            assert name in after
        if name in after:
            assert all(names[other] in after for other in others if other < len(names))
            assert all((w / "artifacts" / digests[index]).exists() for index in used)
    for network in ("one", "two"):
        newest = [each.id for each in results if each.headline.network == network][: keep or 0]
        assert set(newest) <= after
    if keep is None and days is None:
        roots = {n for n, each in zip(names, runs, strict=True) if each[1]}
        assert bool(after) == bool(roots)
