"""The verb `load`, against a real server and in this process."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.core.entry import run
from kenning_lego.core.load_records import LoadRecord
from kenning_lego.scenarios import load_test
from tests.targets import Artifact, running_server, scale_artifact

SHORT = ("--min-queries", "30", "--min-seconds", "0.1", "--warmup-queries", "1")


@pytest.fixture
def model(tmp_path: Path) -> Artifact:
    return scale_artifact(tmp_path, 2.0)


def read(path: Path) -> LoadRecord:
    return LoadRecord.model_validate_json(path.read_text())


def test_sweep_of_rates_on_a_server_is_shown_and_recorded(
    model: Artifact, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "load.json"
    with running_server(tmp_path) as server:
        arguments = [str(model.path), "--target.address", server.address, *SHORT]
        arguments += ["--scenario", "server", "--rate", "200", "400", "--output", str(output)]
        assert run(load_test.main, arguments) == 0
    shown = capsys.readouterr().out
    assert "server at 200 a second" in shown
    assert "server at 400 a second" in shown
    assert f"record {output}" in shown
    record = read(output)
    assert [each.rate_per_s for each in record.results] == [200.0, 400.0]
    assert all(len(each.latencies_ns) >= 30 for each in record.results)
    assert record.stages == (model.digest,)
    assert record.target.used["engine"] == "onnxruntime"
    assert record.command[:2] == ("kenning-lego", "load")


@pytest.mark.parametrize(
    ("scenario", "samples"), [("single_stream", 1), ("multi_stream", 3), ("offline", 1)]
)
def test_other_scenarios_run_in_process_and_are_kept_in_a_workspace(
    scenario: str, samples: int, model: Artifact, tmp_path: Path
) -> None:
    workspace = tmp_path / "workspace"
    arguments = [str(model.path), "--target.address", "in-process", "--scenario", scenario, *SHORT]
    arguments += ["--workspace", str(workspace), "--samples-per-query", "3"]
    assert run(load_test.main, arguments) == 0
    (path,) = workspace.glob("runs/*/load.json")
    record = read(path)
    (result,) = record.results
    assert (result.scenario, result.samples_per_query) == (scenario, samples)
    assert result.rate_per_s is None
    assert record.target.in_process
    assert (record.id, record.network) == (path.parent.name, model.path.name)
    page = path.with_name("load.html").read_text(encoding="utf-8")
    assert scenario.replace("_", " ").capitalize() in page


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "name an ONNX file, or a configuration"),
        (["absent.onnx"], "cannot read absent.onnx: No such file"),
        (["m.onnx", "--scenario", "server"], "rate belongs to the scenario server"),
        (["m.onnx", "--rate", "5"], "rate belongs to the scenario server"),
        (["m.onnx", "--scenario", "server", "--rate", "0"], "above 0"),
        (["m.onnx", "--scenario", "burst"], "'--scenario'|--scenario"),
        (["m.onnx", "--min-seconds", "9", "--max-seconds", "8"], "min_seconds 9 is above"),
        (["--configuration", "budget-1"], "which workspace"),
        (
            ["m.onnx", "--scenario", "multi_stream", "--samples-per-query", "5", "--batch", "2"],
            "5 samples in calls of 2",
        ),
    ],
)
def test_wrong_flags_are_one_line(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(load_test.main, arguments) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert any(each in errors for each in problem.split("|"))


def test_rate_that_leaves_no_query_answered_is_shown_without_figures(
    model: Artifact, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(model.path), "--target.address", "in-process", "--scenario", "server"]
    arguments += ["--rate", "1e-6", "--min-seconds", "0", "--max-seconds", "0.2"]
    assert run(load_test.main, arguments) == 0
    assert "max_seconds" in capsys.readouterr().out
