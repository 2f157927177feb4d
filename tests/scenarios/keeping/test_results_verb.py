"""The verb ``results``: what is listed, shown, tagged, noted and compared."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kenning_lego.core.entry import run
from kenning_lego.core.record_kinds import KINDS
from kenning_lego.scenarios.results import main
from kenning_lego.store.labels import read_labels
from kenning_lego.store.workspace import Workspace
from tests.scenarios.keeping.kept import add_run, content

Output = pytest.CaptureFixture[str]
HOUR = timedelta(hours=1)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """One run of each kind, an hour apart, the tests' kinds in order of the table."""
    for number, kind in enumerate(KINDS):
        add_run(tmp_path / "w", kind, age=number * HOUR, end=f"000{number}")
    return tmp_path / "w"


def results(*arguments: object) -> int:
    return run(main, list(map(str, arguments)))


def listed(capsys: Output, *arguments: object) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert results("list", *arguments, "--json") == 0
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    return rows


def test_every_kind_of_run_is_listed_the_newest_first(workspace: Path, capsys: Output) -> None:
    rows = listed(capsys, "--workspace", workspace)
    assert [each["kind"] for each in rows] == list(KINDS)
    assert {each["state"] for each in rows} == {"finished"}
    first = rows[0]
    assert (first["network"], first["board"]) == ("toy", "Made-up Board 1")
    assert (first["engine"], first["configuration"]) == ("onnxruntime 1.20.0", "1 ms")
    assert (first["latency_ms"], first["score"], first["metric"]) == (0.82, 0.885, "top1")
    assert first["latency_low_ms"] < first["latency_high_ms"]


def test_piped_list_has_a_line_a_run_and_no_colour(workspace: Path, capsys: Output) -> None:
    assert results("list", "--workspace", workspace) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(KINDS)
    assert "\x1b" not in "".join(lines)
    assert lines[0].split() == [
        "id",
        "when",
        "kind",
        "network",
        "board",
        "engine",
        "latency",
        "score",
        "verdict",
    ]
    assert lines[1].startswith("20260601T120000.000Z-0000 ")
    assert "820.0\N{NO-BREAK SPACE}µs" in lines[1]


def test_quiet_list_has_ids_alone(workspace: Path, capsys: Output) -> None:
    assert results("list", "--workspace", workspace, "--kind", "load", "--quiet") == 0
    assert capsys.readouterr().out == "20260601T100000.000Z-0002\n"


def test_workspaces_of_this_directory_are_looked_into_by_default(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert results("list") == 0
    assert capsys.readouterr().out == "no run is there\n"
    add_run(tmp_path / "workspaces" / "one")
    add_run(tmp_path / "workspaces" / "two", age=HOUR)
    (tmp_path / "workspaces" / "notes").mkdir()
    assert [each["workspace"] for each in listed(capsys)] == ["workspaces/one", "workspaces/two"]
    monkeypatch.chdir(tmp_path / "workspaces" / "two")
    assert [each["workspace"] for each in listed(capsys)] == ["."]


def test_what_cannot_be_read_is_listed_as_such(workspace: Path, capsys: Output) -> None:
    damaged = add_run(workspace, age=20 * HOUR, end="dddd")
    (damaged / "record.json").write_text("{")
    add_run(workspace, age=21 * HOUR, end="eeee", schema_version=99)
    (workspace / "runs" / "20260501T000000.000Z-ffff").mkdir()
    odd = add_run(workspace, age=22 * HOUR, end="cccc", created="yesterday")
    rows = {each["id"][-4:]: each for each in listed(capsys, "--workspace", workspace)}
    assert rows["dddd"]["state"] == "damaged"
    assert "is not JSON" in rows["dddd"]["problem"]
    assert rows["eeee"]["state"] == "newer"
    assert "schema version 99" in rows["eeee"]["problem"]
    assert (rows["ffff"]["state"], rows["ffff"]["created"]) == (
        "unfinished",
        "2026-05-01T00:00:00+00:00",
    )
    assert rows[odd.name[-4:]]["state"] == "damaged"
    assert results("list", "--workspace", workspace) == 0
    assert "schema version 99" in capsys.readouterr().out


def test_filters_leave_what_they_say(workspace: Path, capsys: Output) -> None:
    def kinds(*arguments: str) -> list[str]:
        return [each["kind"] for each in listed(capsys, "--workspace", workspace, *arguments)]

    assert kinds("--kind", "load", "training") == ["load", "training"]
    assert kinds("--network", "TOY") == ["run"]
    assert kinds("--board", "made-up") == ["run"]
    assert kinds("--where", "latency_ms<1", "score>=0.885", "network=toy") == ["run"]
    assert kinds("--until", "2026-06-01T08:30+00:00") == [
        "optimisation",
        "conversion",
        "selection",
        "export",
    ]
    assert kinds("--since", "2026-06-01T11:30+00:00") == ["run"]
    assert kinds("--newest", "2") == ["run", "pipelines"]
    assert kinds("--where", "verdict=stable") == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--where", "latency_ms"], "is no condition"),
        (["--where", "latency_ms<fast"], "'fast' is no number"),
        (["--where", "latency<1"], "unknown figure 'latency' (did you mean 'latency_ms'?)"),
        (["--where", "network<toy"], "is a text"),
        (["--since", "soon"], "is no moment"),
        (["--kind", "tea"], "no such kind: tea"),
        (["--workspace", "nowhere"], "nowhere is not a workspace"),
    ],
)
def test_wrong_filters_are_one_line(
    arguments: list[str], said: str, capsys: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert results("list", *arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1


@pytest.mark.parametrize("kind", KINDS)
def test_run_of_every_kind_is_shown(kind: str, workspace: Path, capsys: Output) -> None:
    name = f"000{list(KINDS).index(kind)}"
    assert results("show", name, "--workspace", workspace) == 0
    shown = capsys.readouterr().out
    assert shown.startswith(f"{kind} 20260601T")
    assert "command       kenning-lego" in shown
    assert results("show", name, "--workspace", workspace, "--json") == 0
    (document,) = json.loads(capsys.readouterr().out)
    assert any(document["tables"].values())


def test_one_table_is_shown_whole(workspace: Path, capsys: Output) -> None:
    where = ("--workspace", workspace)
    assert results("show", "0000", "--table", "measurements", *where) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].startswith("measurement ")
    assert [line.split()[0] for line in lines[2:]] == ["stem@original", "body@pruned-0.40"]
    assert results("show", "0000", "--table", "measurement", *where) == 2
    assert "did you mean 'measurements'" in capsys.readouterr().err


def test_rows_that_are_not_shown_are_counted(workspace: Path, capsys: Output) -> None:
    assert results("show", "0005", "--rows", "2", "--workspace", workspace) == 0
    assert "not shown: 12 rows" in capsys.readouterr().out


def test_unfinished_run_is_shown_without_tables(workspace: Path, capsys: Output) -> None:
    (workspace / "runs" / "20260501T000000.000Z-ffff").mkdir()
    assert results("show", "ffff", "--workspace", workspace) == 0
    assert capsys.readouterr().out.startswith("unfinished 20260501T000000.000Z-ffff\n")


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("20260601T12", 0, "run 20260601T120000.000Z-0000"),
        ("0003", 0, "training "),
        ("latest", 0, "run 20260601T120000.000Z-0000"),
        ("2026", 2, "could be 8 runs (write more of it: 20260601T120000.000Z-0000, "),
        ("000", 2, "could be 8 runs"),
        ("", 2, "unknown run ''"),
        ("0009", 2, "unknown run '0009'"),
    ],
)
def test_run_is_named_by_part_of_its_id(
    text: str, code: int, said: str, workspace: Path, capsys: Output
) -> None:
    assert results("show", text, "--workspace", workspace) == code
    shown = capsys.readouterr()
    assert said in (shown.err if code else shown.out)


def test_latest_is_the_newest_that_finished(workspace: Path, capsys: Output) -> None:
    (workspace / "runs" / "20270101T000000.000Z-ffff").mkdir()
    assert results("show", "latest", "--workspace", workspace) == 0
    assert "20260601T120000.000Z-0000" in capsys.readouterr().out


def test_latest_of_nothing_is_an_error(tmp_path: Path, capsys: Output) -> None:
    Workspace(tmp_path / "w")
    assert results("show", "latest", "--workspace", tmp_path / "w") == 2
    assert "no run has finished here" in capsys.readouterr().err


def test_tags_are_given_listed_and_taken_away(workspace: Path, capsys: Output) -> None:
    where = ("--workspace", workspace)
    record = (workspace / "runs" / "20260601T120000.000Z-0000" / "record.json").read_bytes()
    assert results("tag", "0000", "0001", "paper", *where) == 0
    assert results("tag", "0000", "best/2", *where) == 0
    assert results("note", "0000", "with", "the new fan", *where) == 0
    capsys.readouterr()
    rows = listed(capsys, "--tag", "paper", *where)
    assert [(each["id"][-4:], each["tags"]) for each in rows] == [
        ("0000", ["best/2", "paper"]),
        ("0001", ["paper"]),
    ]
    assert rows[0]["note"] == "with the new fan"
    both = listed(capsys, "--tag", "paper", "best/2", *where)
    assert [each["id"][-4:] for each in both] == ["0000"]
    assert results("tag", "0000", "paper", "--remove", *where) == 0
    assert [each["id"][-4:] for each in listed(capsys, "--tag", "paper", *where)[-1:]] == ["0001"]
    run_directory = workspace / "runs" / "20260601T120000.000Z-0000"
    assert (run_directory / "record.json").read_bytes() == record
    assert read_labels(run_directory).note == "with the new fan"
    assert results("note", "0000", *where) == 0
    assert read_labels(run_directory).note == ""


@pytest.mark.parametrize("tag", ["", "-x", "two words", "a" * 65, "ünïcode!", "_x"])
def test_what_cannot_be_a_tag_is_refused_and_no_run_is_tagged(
    tag: str, workspace: Path, capsys: Output
) -> None:
    assert results("tag", "--workspace", workspace, "--words", "0000", "0001", tag) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not list(workspace.glob("runs/*/labels.json"))


@pytest.mark.parametrize("content", ["{", "[]", '{"kind": "labels", "schema_version": 9}'])
def test_labels_that_cannot_be_read_do_not_break_the_list_and_are_not_replaced(
    content: str, workspace: Path, capsys: Output
) -> None:
    path = workspace / "runs" / "20260601T120000.000Z-0000" / "labels.json"
    path.write_text(content)
    rows = listed(capsys, "--workspace", workspace)
    assert rows[0]["state"] == "finished"
    assert "labels.json" in rows[0]["problem"]
    assert results("tag", "0000", "paper", "--workspace", workspace) == 2
    assert path.read_text() == content


@pytest.mark.parametrize("arguments", [["tag"], ["tag", "0000"], ["note"], ["show"]])
def test_runs_must_be_named(arguments: list[str], workspace: Path, capsys: Output) -> None:
    assert results(*arguments, "--workspace", workspace) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_runs_are_compared_as_the_verb_compare_does(
    tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    add_run(tmp_path / "workspaces" / "w", end="aaaa")
    add_run(tmp_path / "workspaces" / "w", end="bbbb", age=HOUR)
    assert results("compare", "aaaa", "bbbb", "--threshold", "0.1") == 0
    assert "no regression" in capsys.readouterr().out
    assert results("compare", "aaaa", "cccc") == 2
    assert "unknown run 'cccc'" in capsys.readouterr().err


def test_actions_are_listed_and_others_refused(capsys: Output) -> None:
    assert results() == 0
    shown = capsys.readouterr().out
    assert all(f"  {action:<10} " in shown for action in ("list", "show", "tag", "export", "prune"))
    assert results("lst") == 2
    assert "did you mean 'list'?" in capsys.readouterr().err


def test_figures_that_are_not_finite_are_not_known(tmp_path: Path, capsys: Output) -> None:
    configurations = content("run")["configurations"]
    configurations[0]["measured"]["score"] = float("nan")
    path = add_run(tmp_path / "w", configurations=[]) / "record.json"
    changed = {**json.loads(path.read_text()), "configurations": configurations}
    path.write_text(json.dumps(changed))
    (row,) = listed(capsys, "--workspace", tmp_path / "w")
    assert (row["state"], row["score"]) == ("finished", None)
    assert results("show", "latest", "--workspace", tmp_path / "w", "--json") == 0
    (document,) = json.loads(capsys.readouterr().out)
    assert document["tables"]["configurations"][0]["score"] is None
    assert listed(capsys, "--workspace", tmp_path / "w", "--where", "score<2") == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_workspace_that_cannot_be_written_is_listed(workspace: Path, capsys: Output) -> None:
    workspace.chmod(0o500)
    try:
        assert len(listed(capsys, "--workspace", workspace)) == len(KINDS)
    finally:
        workspace.chmod(0o700)


def test_listing_writes_nothing_into_a_workspace(workspace: Path, capsys: Output) -> None:
    before = sorted(workspace.rglob("*"))
    assert results("list", "--workspace", workspace) == 0
    assert sorted(workspace.rglob("*")) == before
