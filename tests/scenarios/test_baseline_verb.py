"""``baseline`` as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.core.entry import run
from kenning_lego.core.opening import open_as
from kenning_lego.core.records import RunRecord
from kenning_lego.scenarios import compare, inference_performance, render_report
from kenning_lego.store.workspace import Workspace

SCENARIO = """
model: {{name: "tests.networks:tiny_resnet"}}
training: {{epochs: 2, learning_rate: 0.02}}
measurement:
  {{warmup_rounds: 2, min_rounds: 10, max_rounds: 10, memory: {memory}, memory_repeats: 1}}
workspace: {workspace}
target: {{address: "tcp://nobody.invalid:1"}}
{more}
"""


def scenario(directory: Path, more: str = "", memory: str = "none") -> str:
    path = directory / "scenario.yaml"
    path.write_text(SCENARIO.format(workspace=directory / "w", more=more, memory=memory))
    return str(path)


def latest(directory: Path) -> tuple[RunRecord, Path]:
    path = Workspace(directory / "w").latest_record()
    return open_as(RunRecord, path), path


def test_torch_and_a_compiler_side_by_side(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    impossible = "{type: onnx, precision: fp16, gap: {tolerance: 1.0e-9, beyond: error}}"
    arguments = [scenario(tmp_path, f"compilers: [onnx, {impossible}]")]
    assert run(inference_performance.main, arguments) == 0
    said = capsys.readouterr().out
    record, path = latest(tmp_path)
    original, onnx = record.configurations
    assert (original.name, onnx.name) == ("original", "onnx fp32 on onnxruntime")
    assert "left out onnx fp16 on onnxruntime: " in said
    assert record.whole is not None
    assert (record.whole.artifact.format, record.whole.measurement) == ("torch", "whole")
    for each in (original, onnx):
        assert each.measured is not None
        # On the very images, by whatever engine: as torch scored the network before.
        assert each.measured.score == pytest.approx(record.network.test_score)
        assert each.classification is not None
        assert each.fused is not None
        assert each.measured.memory_bytes == each.fused.size_bytes
        measurement = record.measurement(each.measurement)
        assert measurement is not None
        assert (len(measurement.samples_ns), measurement.clock) == (10, "in-process")
    assert record.target.in_process
    assert record.network.flops
    assert (path.parent / "report.html").is_file()

    assert run(render_report.main, [str(path), "--output", str(tmp_path / "again")]) == 0
    # Compared with itself: nothing is slower.
    assert run(compare.main, [str(path), str(path)]) == 0
    assert "whole" in capsys.readouterr().out


def test_memory_in_fresh_processes_on_request(tmp_path: Path) -> None:
    assert run(inference_performance.main, [scenario(tmp_path, memory="rss")]) == 0
    record, _ = latest(tmp_path)
    (original,) = record.configurations
    assert record.memory == "rss"
    assert original.measured is not None
    assert original.measured.memory_bytes is not None


@pytest.mark.parametrize(
    ("more", "code", "problem"),
    [
        ("compilers: [onx-int8]", 2, "onx"),
        ("compilers: [onnx-int9]", 2, "int9"),
        ("model: {name: 'tests.networks:tiny_resnt'}", 2, "tiny_resnt"),
        ("metric: tpo1", 2, "did you mean 'top1'"),
        ("dataset: {type: random, shape: [1, 8, 8], class_count: 7}", 2, "for the 7 classes"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: str, code: int, problem: str
) -> None:
    assert run(inference_performance.main, [scenario(tmp_path, more)]) == code
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1
