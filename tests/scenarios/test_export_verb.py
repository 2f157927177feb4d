"""The verb ``export``: one file that computes what the chain does, whole or not at all."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from kenning_lego.core.entry import run
from kenning_lego.core.errors import StoreError
from kenning_lego.core.export_records import ExportRecord
from kenning_lego.core.opening import open_as
from kenning_lego.scenarios.export import main
from kenning_lego.scenarios.exporting import exporting
from kenning_lego.store.artifacts import digest_of
from kenning_lego.store.workspace import Workspace
from tests.scenarios.online.chains import SIZE, made_chain

Output = pytest.CaptureFixture[str]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    made_chain(tmp_path / "w")
    return tmp_path / "w"


def export(workspace: Path, *arguments: str) -> int:
    return run(main, [str(workspace), *arguments])


def outputs(path: Path, batch: int = 1) -> float:
    """What the file makes of ones, in an ONNX Runtime that knows nothing of us."""
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [each.name for each in session.get_inputs()] == ["x"]
    (found,) = session.run(["y"], {"x": np.ones((batch, SIZE), np.float32)})
    assert found.shape == (batch, SIZE)
    assert (found == found[0, 0]).all()
    return float(found[0, 0])


@pytest.mark.parametrize(
    ("arguments", "factor", "variant"),
    [
        (("--configuration", "original"), 10.0, "block@original"),
        (("--configuration", "whole"), 10.0, None),
        (("--latency-ms", "5.6"), 20.0, "block@pruned-0.50"),
        (("--latency-share", "0.88"), 30.0, "block@pruned-0.80"),
        (("--variants", "block@pruned-0.80"), 30.0, "block@pruned-0.80"),
        (("--variants", "*-0.50"), 20.0, "block@pruned-0.50"),
    ],
)
def test_file_computes_what_the_configuration_does(
    workspace: Path, tmp_path: Path, arguments: Sequence[str], factor: float, variant: str | None
) -> None:
    path = tmp_path / "out" / "net.onnx"
    assert export(workspace, *arguments, "--output", str(path)) == 0
    assert outputs(path) == factor
    assert outputs(path, batch=3) == factor
    record = ExportRecord.model_validate_json((tmp_path / "out" / "net.json").read_text())
    assert record.artifact.digest == digest_of(path.read_bytes())
    assert record.variants == ({} if variant is None else {"block": variant})
    assert [each.name for each in (*record.inputs, *record.outputs)] == ["x", "y"]
    assert record.file == "net.onnx"


def test_export_is_noted_in_the_workspace_with_where_it_went(
    workspace: Path, tmp_path: Path, capsys: Output
) -> None:
    path = tmp_path / "out" / "net.onnx"
    assert export(workspace, "--configuration", "original", "--output", str(path)) == 0
    (noted,) = workspace.glob("runs/*/export.json")
    assert f"noted {noted}" in capsys.readouterr().out
    record = open_as(ExportRecord, noted)
    assert (record.file, record.directory) == ("net.onnx", str(tmp_path / "out"))
    beside = open_as(ExportRecord, path.with_suffix(".json"))
    assert record.model_copy(update={"directory": ""}) == beside


def test_export_from_a_workspace_that_cannot_be_written_is_said_not_to_be_noted(
    workspace: Path, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object) -> Path:
        raise StoreError("no space left")

    monkeypatch.setattr(Workspace, "new_run", full)
    path = tmp_path / "net.onnx"
    assert export(workspace, "--configuration", "original", "--output", str(path)) == 0
    assert "not noted in the workspace: no space left" in capsys.readouterr().out
    assert outputs(path) == 10.0


def test_file_says_what_it_is(workspace: Path, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    assert export(workspace, "--latency-ms", "5.6", "--output", str(path)) == 0
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    said = session.get_modelmeta().custom_metadata_map
    assert json.loads(said["kenning_lego.variants"]) == {"block": "block@pruned-0.50"}
    assert json.loads(said["kenning_lego.predicted"])["latency_ms"] == 5.5
    assert said["kenning_lego.configuration"] == "selected"
    assert said["kenning_lego.network"] == "resnet18"
    assert said["kenning_lego.run"]


def test_what_is_there_is_not_overwritten_unless_asked(
    workspace: Path, tmp_path: Path, capsys: Output
) -> None:
    path = tmp_path / "net.onnx"
    path.write_text("mine")
    arguments = ("--configuration", "original", "--output", str(path))
    assert export(workspace, *arguments) == 2
    assert "is there already (give --overwrite" in capsys.readouterr().err
    assert path.read_text() == "mine"
    assert export(workspace, *arguments, "--overwrite") == 0
    assert outputs(path) == 10.0


def test_a_record_beside_it_is_not_overwritten_either(workspace: Path, tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    path.with_suffix(".json").write_text("mine")
    assert export(workspace, "--configuration", "original", "--output", str(path)) == 2
    assert not path.exists()


def test_without_its_record_nothing_is_left(
    workspace: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: object) -> None:
        raise StoreError(f"no space left to write {path}")

    monkeypatch.setattr(exporting, "write_json", full)
    path = tmp_path / "out" / "net.onnx"
    assert export(workspace, "--configuration", "original", "--output", str(path)) == 1
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "which configuration? name it, or its variants, or give bounds"),
        (("--configuration", "original", "--latency-ms", "3"), "which configuration?"),
        (("--configuration", "none"), "no configuration 'none' (it has: original)"),
        (("--latency-ms", "1"), "no configuration keeps 1.0 ms (near it: 5.2 ms"),
        (("--variants", "*-0.99"), "no variant of resnet18 is called '*-0.99'"),
        (("--variants", "block@*"), "are of one block (name one of them)"),
        (("--configuration", "original", "--format", "pb"), "'onnx' or 'tflite', got 'pb'"),
        (("--configuration", "original", "--output", "a.tflite"), "end its name in .onnx"),
        (("--configuration", "original", "--output", "a.pb"), "end its name in .onnx"),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    workspace: Path, capsys: Output, arguments: Sequence[str], said: str
) -> None:
    assert export(workspace, *arguments) == 2
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
