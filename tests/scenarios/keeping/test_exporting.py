"""Rows of many runs for other programs."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kenning_lego.core.entry import run
from kenning_lego.core.record_kinds import KINDS
from kenning_lego.scenarios.results import main
from tests.scenarios.keeping.kept import add_run

Output = pytest.CaptureFixture[str]
PYARROW = importlib.util.find_spec("pyarrow") is not None


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    for number, kind in enumerate(KINDS):
        add_run(tmp_path / "w", kind, age=timedelta(hours=number), end=f"000{number}", tags=(kind,))
    return tmp_path / "w"


def export(workspace: Path, *arguments: object) -> int:
    return run(main, ["export", *map(str, arguments), "--workspace", str(workspace)])


def printed(capsys: Output) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


def test_a_row_is_a_configuration_of_any_run_that_has_some(workspace: Path, capsys: Output) -> None:
    assert export(workspace) == 0
    rows = printed(capsys)
    assert {each["kind"] for each in rows} == {
        *("run", "pipelines", "optimisation", "selection", "export")
    }
    first, second = rows[:2]
    assert (first["run"], first["network"], first["tags"]) == (
        "20260601T120000.000Z-0000",
        "toy",
        "run",
    )
    assert (first["configuration"], first["latency_ms"], first["score"]) == (
        "1 ms",
        "0.82",
        "0.885",
    )
    assert (second["feasible"], second["latency_ms"]) == ("False", "")


def test_a_row_is_what_is_asked_for(workspace: Path, capsys: Output) -> None:
    assert export(workspace, "0000", "--rows", "measurements") == 0
    assert [each["measurement"] for each in printed(capsys)] == [
        "stem@original",
        "body@pruned-0.40",
    ]
    assert export(workspace, "--rows", "epochs") == 0
    assert [each["epoch"] for each in printed(capsys)] == ["1", "2", "3"]
    assert export(workspace, "--rows", "runs", "--kind", "load", "run") == 0
    assert [each["kind"] for each in printed(capsys)] == ["run", "load"]


def test_samples_are_rows_of_their_own(workspace: Path, capsys: Output) -> None:
    assert export(workspace, "--samples", "--kind", "run", "load", "pipelines") == 0
    rows = printed(capsys)
    of_run = [each for each in rows if each["measurement"] == "stem@original"]
    assert [each["sample"] for each in of_run] == [str(n) for n in range(len(of_run))]
    assert {each["run"][-4:] for each in rows} == {"0000", "0001", "0002"}
    assert all(int(each["duration_ns"]) > 0 for each in rows)


def test_json_is_written_and_numbers_stay_numbers(workspace: Path, tmp_path: Path) -> None:
    output = tmp_path / "out" / "rows.json"
    assert export(workspace, "0000", "--output", output) == 0
    rows: list[dict[str, Any]] = json.loads(output.read_text())
    assert rows[0]["latency_ms"] == 0.82
    assert rows[1]["latency_ms"] is None
    assert rows[1]["feasible"] is False


def test_file_s_name_says_the_format_unless_it_is_said(
    workspace: Path, tmp_path: Path, capsys: Output
) -> None:
    assert export(workspace, "--output", tmp_path / "rows.csv") == 0
    assert (tmp_path / "rows.csv").read_text().startswith("run,created,kind,network,")
    assert f"rows {tmp_path / 'rows.csv'}" in capsys.readouterr().out
    assert export(workspace, "--output", tmp_path / "rows.txt", "--format", "json") == 0
    assert json.loads((tmp_path / "rows.txt").read_text())


@pytest.mark.skipif(not PYARROW, reason="pyarrow is not installed")
def test_parquet_holds_the_same_rows(workspace: Path, tmp_path: Path) -> None:
    import pyarrow.parquet

    for arguments in ([], ["--samples"], ["--rows", "runs"], ["--rows", "variants"]):
        table, text = tmp_path / "rows.parquet", tmp_path / "rows.json"
        assert export(workspace, *arguments, "--output", table) == 0
        assert export(workspace, *arguments, "--output", text) == 0
        rows = json.loads(text.read_text())
        names = list(dict.fromkeys(name for row in rows for name in row))
        expected = [{name: row.get(name) for name in names} for row in rows]
        assert pyarrow.parquet.read_table(table).to_pylist() == expected


def test_parquet_without_pyarrow_names_the_extra(
    workspace: Path, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert export(workspace, "--output", tmp_path / "rows.parquet") == 2
    assert "pip install 'kenning-lego[parquet]'" in capsys.readouterr().err
    assert not (tmp_path / "rows.parquet").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "parquet"], "Parquet cannot be printed"),
        (["--rows", "tea"], "none of 8 runs has tea"),
        (["--samples", "--kind", "training"], "none of 1 run has samples"),
        (["nothing"], "unknown run 'nothing'"),
        (["--format", "xls"], "--format"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    arguments: list[str], said: str, workspace: Path, capsys: Output
) -> None:
    assert export(workspace, *arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
