"""``train`` as a user types it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kenning_lego.core.entry import run
from kenning_lego.core.errors import WorkspaceError
from kenning_lego.core.opening import open_as
from kenning_lego.core.training_records import TrainingRecord
from kenning_lego.models.lookup import load_model
from kenning_lego.scenarios import model_training
from kenning_lego.store.artifacts import digest_of

TINY = ("--model.name", "tests.networks:tiny_resnet", "--training.learning-rate", "0.02")


def only_record(workspace: Path) -> tuple[TrainingRecord, Path]:
    (path,) = workspace.glob("runs/*/training.json")
    return open_as(TrainingRecord, path), path.parent


def test_a_network_is_trained_and_its_weights_are_a_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "best.safetensors"
    scenario = tmp_path / "scenario.yaml"
    # A scenario of test, of which the rest is left alone.
    scenario.write_text(
        f"model: {{name: {TINY[1]!r}}}\ntraining: {{epochs: 2, learning_rate: 0.02}}\n"
        f"workspace: {tmp_path / 'w'}\ntarget: {{address: 'tcp://nobody.invalid:1'}}\n"
    )
    arguments = [str(scenario), "--output", str(output), "--metric", "f1"]
    assert run(model_training.main, arguments) == 0
    said = capsys.readouterr().out
    record, directory = only_record(tmp_path / "w")
    assert record.metric == "f1"
    assert record.trained_now
    scores = [each.validation_score for each in record.epochs]
    assert len(scores) == 2
    assert record.validation_score == max(scores) == scores[record.best_epoch - 1]
    assert "was the best: its validation f1 is the highest" in said
    weights = output.read_bytes()
    assert weights == (directory / record.checkpoint).read_bytes()
    assert digest_of(weights) == record.checkpoint_digest
    load_model(TINY[1], output)
    page = (directory / "training.html").read_text(encoding="utf-8")
    assert f"with the weights of epoch {record.best_epoch} of 2" in page
    (log,) = (tmp_path / "w").glob("logs/*/log.jsonl")
    assert len(log.read_text(encoding="utf-8").splitlines()) == 3
    assert not list((tmp_path / "w").glob("checkpoints/*"))

    assert run(model_training.main, arguments) == 0
    assert "found in the workspace" in capsys.readouterr().out
    assert output.read_bytes() == weights
    # Weights that are given are where a training begins: another training.
    more = [*arguments, "--model.checkpoint", str(output)]
    assert run(model_training.main, more) == 0
    assert "found in the workspace" not in capsys.readouterr().out


def test_ctrl_c_keeps_a_checkpoint_and_the_same_command_goes_on(tmp_path: Path) -> None:
    # More epochs than anybody waits for: how fast this machine is does not matter.
    flags = ["--workspace", str(tmp_path / "w"), "--training.epochs", "1000000", *TINY]
    command = [sys.executable, "-m", "kenning_lego.cli", "train", *flags]
    first = interrupted(command, tmp_path / "w")
    assert "the same command goes on from there" in first
    assert "goes on from its checkpoint" not in first
    assert list((tmp_path / "w").glob("checkpoints/*/state.json"))
    (best,) = (tmp_path / "w").glob("logs/*/best.safetensors")
    load_model(TINY[1], best)
    assert "goes on from its checkpoint in epoch" in interrupted(command, tmp_path / "w")


def interrupted(command: list[str], workspace: Path) -> str:
    """What a training says that is stopped as soon as an epoch is in its log."""
    for path in workspace.glob("logs/*/log.jsonl"):
        path.unlink()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            deadline = time.monotonic() + 120
            while not any(path.stat().st_size for path in workspace.glob("logs/*/log.jsonl")):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.02)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=120)
        finally:
            process.kill()
    assert process.returncode == 130, err
    return out


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        (["--workspace", "{w}", "--model.name", "resnet20-cifar10"], 2, "fails on images"),
        (["--workspace", "{w}", "--model.checkpoint", "{other}"], 1, "is of another network"),
        (["--workspace", "{w}", "--model.checkpoint", "{none}"], 2, "there is no checkpoint"),
        (["--workspace", "{w}", "--metric", "tpo1"], 2, "did you mean 'top1'"),
        (["--workspace", "{w}", "--dataset.type", "digist"], 2, "digist"),
        (["--epochs", "3"], 2, "unknown flag --epochs"),
        (["--workspace", "{w}", "--model.file", "net.onnx"], 2, "is a torch network"),
        (["--workspace", "{other}"], 2, "is not a workspace"),
        ([], 2, "workspace"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    code: int,
    problem: str,
) -> None:
    from kenning_lego.training.weights import weights_file

    other = tmp_path / "other.safetensors"
    other.write_bytes(weights_file(load_model("tests.networks:tiny_resnet")))
    places = {"w": tmp_path / "w", "other": other, "none": tmp_path / "none.safetensors"}
    assert run(model_training.main, [each.format(**places) for each in arguments]) == code
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1


def test_a_class_count_that_does_not_match_is_said_before_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(
        "model: {name: 'kenning_lego.models.resnet:ResNet', "
        "arguments: {widths: [4, 4, 4, 4], in_channels: 1, num_classes: 7}}\n"
        f"workspace: {tmp_path / 'w'}\n"
    )
    assert run(model_training.main, [str(scenario)]) == 2
    assert "has 7 outputs for the 10 classes of digits" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_place_that_cannot_be_written_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "w").mkdir(mode=0o500)
    assert run(model_training.main, ["--workspace", str(tmp_path / "w"), *TINY]) == 1
    assert "cannot write" in capsys.readouterr().err


def test_other_records_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "training.json"
    path.write_text('{"kind": "run"}')
    with pytest.raises(WorkspaceError, match="is not a record of a training"):
        open_as(TrainingRecord, path)
    path.write_text('{"kind": "training", "schema_version": 99}')
    with pytest.raises(WorkspaceError, match="has schema version 99"):
        open_as(TrainingRecord, path)
