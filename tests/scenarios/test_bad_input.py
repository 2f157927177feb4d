"""Wrong input as a user meets it: one line that says what and where, and a server that goes on."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kenning_lego.core.entry import run
from kenning_lego.protocols.client import connect
from kenning_lego.runtimes.lookup import installed_engines
from kenning_lego.scenarios import inference_tester
from tests.datasets.image_files import write_classes
from tests.runtimes.tflite_files import product
from tests.targets import ServerProcess, running_server, scale_artifact

TINY = (
    "--training.epochs 1 --retraining.epochs 1 --blocks.count 1 --blocks.ratios 0.0 0.5 "
    "--measurement.min-rounds 2 --measurement.max-rounds 2"
)


def refused(
    capsys: pytest.CaptureFixture[str], directory: Path, flags: str, *, code: int = 2
) -> str:
    """The one line that the tester ends with."""
    workspace = directory / "workspace"
    arguments = ["--workspace", str(workspace), "--target.address", "in-process", *TINY.split()]
    assert run(inference_tester.main, [*arguments, *flags.split()]) == code
    errors = capsys.readouterr().err
    assert errors.startswith("error: ")
    assert errors.count("\n") == 1
    return errors


def test_classes_that_do_not_match_are_told_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for count in (5, 12):  # more outputs than classes would pass unseen, fewer fail late
        flags = f"--dataset.type random --dataset.shape 1 8 8 --dataset.class-count {count}"
        errors = refused(capsys, tmp_path, flags)
        assert f"resnet18-digits has 10 outputs for the {count} classes of random" in errors
    assert not (tmp_path / "workspace" / "weights").exists()


def test_images_of_another_shape_are_told_before_anything_is_made(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = refused(capsys, tmp_path, "--dataset.type random --dataset.shape 3 32 32")
    assert "fails on images of random, float32[1, 3, 32, 32]: " in errors
    assert not (tmp_path / "workspace" / "weights").exists()


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ("--dataset.type cifar10 --dataset.root {0}", "CIFAR-10 is not in {0}"),
        ("--dataset.type image_folder --dataset.root {0}/nowhere", "{0}/nowhere"),
        ("--dataset.type image_folder --dataset.root {0}/pets", "empty has no image"),
        ("--dataset.type oxford_pets --dataset.root {0}", "Oxford-IIIT Pets is not in {0}"),
    ],
)
def test_incomplete_directory_of_data_is_named(
    flags: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_classes(tmp_path / "pets", ("cat",), 3)
    (tmp_path / "pets" / "empty").mkdir()
    errors = refused(capsys, tmp_path, flags.format(tmp_path))
    assert problem.format(tmp_path) in errors


def test_engine_that_cannot_read_the_artifacts_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = refused(capsys, tmp_path, "--compiler.type litert")
    assert "makes a TFLite file, which runtime 'onnxruntime' does not read" in errors
    assert "choose --target.runtime litert" in errors


class Bad:
    """Samples of which some part is not what the others are."""

    def __init__(self, dtype: str, shape: tuple[int, int, int]) -> None:
        self.samples = np.ones((12, *shape), dtype)

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, number: int) -> tuple[np.ndarray[Any, Any], int]:
        if number >= len(self):
            raise IndexError
        return self.samples[number], number % 10


def data(dtype: str = "float32", side: int = 8, value: float = 1.0) -> Mapping[str, Sequence[Any]]:
    """A dataset whose calibration part is of that type and size."""
    calibration = Bad(dtype, (1, side, side))
    calibration.samples = (calibration.samples * value).astype(dtype)
    parts: dict[str, Any] = {
        name: Bad("float32", (1, 8, 8)) for name in ("train", "validation", "test")
    }
    return {**parts, "calibration": calibration}


def doubles() -> Mapping[str, Sequence[Any]]:
    return data(dtype="float64")


def large() -> Mapping[str, Sequence[Any]]:
    return data(side=9)


@pytest.mark.parametrize(
    ("name", "problem"), [("doubles", "float64"), ("large", "9")], ids=["dtype", "shape"]
)
def test_calibration_data_of_another_kind_are_told(
    name: str, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = f"--dataset.type custom --dataset.path tests.scenarios.test_bad_input:{name}"
    errors = refused(capsys, tmp_path, f"{path} --compiler.precision int8")
    assert problem in errors


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with running_server(tmp_path_factory.mktemp("server")) as started:
        yield started


def loaded(
    server: ServerProcess, path: Path, runtime: str, *flags_beside: str
) -> subprocess.CompletedProcess[str]:
    """What comes of sending a file to a server."""
    flags = f"--target.address {server.address} --target.runtime {runtime}"
    flags += " --min-seconds 0 --max-seconds 1"
    return subprocess.run(
        [sys.executable, "-m", "kenning_lego", "load", str(path), *flags.split(), *flags_beside],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.target
def test_corrupted_onnx_file_is_one_line_and_the_server_goes_on(
    tmp_path: Path, server: ServerProcess
) -> None:
    whole = scale_artifact(tmp_path, 2.0).path
    content = whole.read_bytes()
    damaged = {
        "cut": content[: len(content) // 2],
        "empty": b"",
        "text": b"this is no model",
        "flipped": content[:40] + bytes(byte ^ 0xFF for byte in content[40:60]) + content[60:],
    }
    for name, broken in damaged.items():
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(broken)
        done = loaded(server, path, "onnxruntime")
        assert done.returncode == 1, (name, done)
        assert done.stderr.count("\n") == 1
        assert done.stderr.startswith("error: ")
        assert server.process.poll() is None
    assert loaded(server, whole, "onnxruntime").returncode == 0


@pytest.mark.skipif("litert" not in installed_engines(), reason="needs ai-edge-litert")
@pytest.mark.target
def test_corrupted_tflite_file_is_one_line_and_the_server_goes_on(
    tmp_path: Path, server: ServerProcess
) -> None:
    content = product()
    for name, broken in {"cut": content[: len(content) // 2], "wrong": content[:8] * 9}.items():
        path = tmp_path / f"{name}.tflite"
        path.write_bytes(broken)
        done = loaded(server, path, "litert")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), (name, done)
        assert done.stderr.startswith("error: ")
        assert server.process.poll() is None


@pytest.mark.target
def test_provider_that_the_server_lacks_is_one_line_and_never_another(
    tmp_path: Path, server: ServerProcess
) -> None:
    done = loaded(
        server,
        scale_artifact(tmp_path, 2.0).path,
        "onnxruntime",
        "--target.options",
        "provider=acl",
    )
    assert done.returncode in (1, 2)
    assert done.stderr.count("\n") == 1
    assert "acl" in done.stderr.lower()
    assert server.process.poll() is None


@pytest.mark.target
def test_engine_that_the_server_lacks_is_one_line(tmp_path: Path, server: ServerProcess) -> None:
    done = loaded(server, scale_artifact(tmp_path, 2.0).path, "tensorrt")
    assert done.returncode == 2
    assert "has no engine 'tensorrt'; it has: " in done.stderr
    with connect(server.address) as target:
        assert target.describe().engines
