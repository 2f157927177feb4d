"""The demo's line on a tiny setting, against real servers in processes of their own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from kenning_lego.core.entry import run
from kenning_lego.core.opening import open_as
from kenning_lego.core.records import RunRecord
from kenning_lego.scenarios import inference_tester, load_test, render_report
from kenning_lego.scenarios.tester import run as tester_run
from kenning_lego.stats.energy import InferenceEnergy
from kenning_lego.store.workspace import Workspace
from tests.targets import running_server

TINY = """
model: {{name: "tests.networks:tiny_resnet"}}
training: {{epochs: 2, learning_rate: 0.02}}
blocks: {{count: 4, ratios: [0.0, 0.3, 0.6]}}
retraining: {{epochs: 1}}
measurement: {{warmup_rounds: 2, min_rounds: 10, max_rounds: 10}}
workspace: {workspace}
target: {{address: "{address}"}}
budgets: [{{latency_share: 1.5}}, {{memory_share: 0.7}}, {{latency_ms: 1.0e-6}}]
"""


def scenario(directory: Path, address: str) -> Path:
    path = directory / "scenario.yaml"
    path.write_text(TINY.format(workspace=directory / "workspace", address=address))
    return path


def latest(directory: Path) -> RunRecord:
    return open_as(RunRecord, Workspace(directory / "workspace").latest_record())


@pytest.fixture(scope="module")
def tested(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory whose workspace has one run, in-process."""
    directory = tmp_path_factory.mktemp("tested")
    assert run(inference_tester.main, [str(scenario(directory, "in-process"))]) == 0
    return directory


@pytest.fixture
def prepared(tested: Path, tmp_path: Path) -> Path:
    """A directory of one's own, in whose workspace all steps are done and nothing ran yet."""
    runs = shutil.ignore_patterns("runs")
    shutil.copytree(tested / "workspace", tmp_path / "workspace", ignore=runs)
    return tmp_path


@pytest.mark.target
def test_whole_line_against_a_server_then_again_from_the_workspace(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running_server(tmp_path) as server:
        arguments = [str(scenario(tmp_path, server.address))]
        assert run(inference_tester.main, arguments) == 0
        first = capsys.readouterr().out
        record = latest(tmp_path)
        held = {path.name for path in server.store.iterdir() if path.is_file()}
        assert run(inference_tester.main, arguments) == 0
        again = capsys.readouterr().out

    blocks = [segment for segment in record.segments if segment.scalable]
    assert len(blocks) == 4
    variants = [variant for segment in record.segments for variant in segment.variants]
    in_one_piece = {each.fused.digest for each in record.configurations if each.fused}
    assert record.whole is not None
    in_one_piece.add(record.whole.artifact.digest)
    assert {variant.artifact.digest for variant in variants} | in_one_piece == held
    for variant in variants:
        measurement = record.measurement(variant.measurement)
        assert measurement is not None
        assert len(measurement.samples_ns) >= 10
        assert measurement.clock == "target"
        assert all(sample > 0 for sample in measurement.samples_ns)
    for block in blocks:
        original, *pruned = block.variants
        assert (original.kind, original.accuracy_cost) == ("original", 0.0)
        assert original.reconstruction_loss is None
        for variant in pruned:
            assert variant.reconstruction_loss is not None
            assert variant.artifact.size_bytes < original.artifact.size_bytes
            assert variant.flops < original.flops

    by_name = {each.name: each for each in record.configurations}
    assert list(by_name) == ["original", "budget-1", "budget-2", "budget-3"]
    assert by_name["original"].measured is not None
    # The composed original, run on the target, scores as torch does on the same images.
    assert by_name["original"].measured.score == pytest.approx(record.network.test_score)
    classification = by_name["original"].classification
    assert classification is not None
    assert classification.accuracy == by_name["original"].measured.score
    assert sum(classification.samples) == record.network.samples["test"]
    for name in ("original", "budget-1", "budget-2"):
        configuration = by_name[name]
        assert configuration.predicted is not None
        assert configuration.measured is not None
        assert configuration.measured.latency_ms is not None
        assert record.measurement(configuration.measurement) is not None
    smaller = by_name["budget-2"]
    assert smaller.predicted is not None
    assert smaller.predicted.memory_bytes is not None
    assert smaller.budget.memory_bytes is not None
    assert smaller.predicted.memory_bytes <= smaller.budget.memory_bytes
    impossible = by_name["budget-3"]
    assert not impossible.feasible
    assert impossible.nearest[0].changed == ("latency",)
    assert "budget-3 cannot be met" in first
    assert "the original in one piece: " in first
    assert "over 8 composed runs: off by" in first

    assert record.telemetry is not None
    assert record.telemetry.began is not None
    assert "worker_rss_bytes" in record.telemetry.columns  # what the worker's sensor told

    assert "found in the workspace" not in first
    # trained, retrained, profiled, compiled, fused
    assert again.count("found in the workspace") == 5
    assert "the target has them" in again


def test_in_process_run_says_so_in_its_record(tested: Path) -> None:
    record = latest(tested)
    assert record.target.in_process
    assert {each.clock for each in record.measurements} == {"in-process"}
    assert record.telemetry is not None
    assert "memory_used_bytes" in record.telemetry.columns


def test_budgets_may_bound_the_memory_that_was_measured_on_the_target(
    prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(scenario(prepared, "in-process"))]
    arguments += ["--measurement.memory", "peak", "--memory", "peak", "--blocks.count", "1"]
    arguments += ["--measurement.memory-repeats", "1", "--blocks.variants", "pruned", "low_rank"]
    assert run(inference_tester.main, arguments) == 0
    assert "memory: peak memory while running" in capsys.readouterr().out
    record = latest(prepared)
    assert record.memory == "peak"
    variants = {each.name: each for segment in record.segments for each in segment.variants}
    assert all(each.rss_bytes and each.peak_bytes for each in variants.values())
    assert all(each.weight_bytes and each.activation_bytes for each in variants.values())
    assert {each.kind for each in variants.values()} == {"original", "pruned", "low_rank"}
    assert all(each.accuracy_cost is not None for each in variants.values())
    fixed = [s.variants[0].peak_bytes or 0 for s in record.segments if not s.scalable]
    for configuration in record.configurations:
        if configuration.feasible and configuration.predicted:
            chosen = [variants[name].peak_bytes or 0 for name in configuration.variants.values()]
            assert configuration.predicted.memory_bytes == sum(fixed) + sum(chosen)
    page = Workspace(prepared / "workspace").latest_record().with_name("report.html").read_text()
    assert "Peak memory while running" in page
    assert "low rank 30" in page
    # A load test of what was chosen, from the same workspace.
    arguments = ["--workspace", str(prepared / "workspace"), "--configuration", "original"]
    arguments += ["--target.address", "in-process", "--min-seconds", "0.1", "--min-queries", "5"]
    assert run(load_test.main, arguments) == 0
    arguments[3] = "nonesuch"
    assert run(load_test.main, arguments) == 2
    assert "no configuration 'nonesuch'" in capsys.readouterr().err


def test_budget_of_memory_that_is_not_measured_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = refused(capsys, scenario(tmp_path, "in-process"), "--memory", "rss")
    assert "set measurement.memory to rss" in errors


def test_report_is_rebuilt_from_the_record(
    tested: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = Workspace(tested / "workspace").latest_record()
    page = path.with_name("report.html")
    made = page.read_bytes()
    page.unlink()
    assert run(render_report.main, [str(path)]) == 0
    assert page.read_bytes() == made
    assert run(render_report.main, ["--workspace", str(tested / "workspace")]) == 0
    assert run(render_report.main, [str(path), "--output", str(tmp_path / "elsewhere")]) == 0
    assert (tmp_path / "elsewhere" / "report.html").read_bytes() == made
    capsys.readouterr()


def test_server_killed_in_the_middle_ends_the_host_with_the_remedy(prepared: Path) -> None:
    with running_server(prepared) as server:
        command = [sys.executable, "-m", "kenning_lego.scenarios.inference_tester"]
        command += [str(scenario(prepared, server.address))]
        command += ["--measurement.min-rounds", "1000000", "--measurement.max-rounds", "1000000"]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as host:
            assert host.stdout is not None
            for line in host.stdout:
                if "time every variant on the target ..." in line:
                    break
            server.kill()
            killed = time.monotonic()
            _, errors = host.communicate(timeout=60)
            seconds = time.monotonic() - killed
    assert host.returncode == 1
    assert seconds < 10
    assert errors.startswith(f"error: the target at {server.address} went away")
    assert "kenning-lego serve" in errors
    assert "Traceback" not in errors
    # Nothing is lost: another run continues from what was finished.
    assert run(inference_tester.main, [str(scenario(prepared, "in-process"))]) == 0


def test_plan_without_time_measures_one_round_and_the_record_says_so(prepared: Path) -> None:
    arguments = [str(scenario(prepared, "in-process")), "--measurement.max-seconds", "1e-9"]
    assert run(inference_tester.main, arguments) == 0
    (path,) = (prepared / "workspace" / "runs").glob("*/record.json")
    record = open_as(RunRecord, path)
    measured = record.measurement("stem@original")
    assert measured
    assert measured.stopped == "max_seconds"
    assert len(measured.samples_ns) == sum(measured.per_round)
    assert len(measured.per_round) == 1
    assert measured.verdict
    assert measured.verdict.name == "too_few_samples"
    assert {plan.name for plan in record.plans} == {"variants", "configurations"}


def refused(capsys: pytest.CaptureFixture[str], *arguments: str | Path) -> str:
    assert run(inference_tester.main, [str(each) for each in arguments]) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert errors.startswith("error: ")
    return errors


def test_unreachable_server_is_refused_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = scenario(tmp_path, "tcp://127.0.0.1:9")
    assert "nothing listens at tcp://127.0.0.1:9" in refused(capsys, path)
    assert [each.name for each in (tmp_path / "workspace").iterdir()] == ["manifest.json"]


def test_board_with_kennings_server_is_refused_with_the_way_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = refused(capsys, scenario(tmp_path, "kenning+tcp://127.0.0.1:9"))
    assert "carries one model and no blocks" in errors
    assert "KenningTarget" in errors


def test_unknown_model_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = scenario(tmp_path, "in-process")
    errors = refused(capsys, path, "--model.name", "resnet81-digits")
    assert "unknown model 'resnet81-digits'" in errors
    assert "did you mean 'resnet18-digits'?" in errors


def test_engine_that_the_target_lacks_is_refused_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    errors = refused(capsys, scenario(tmp_path, "in-process"), "--target.runtime", "tensorblt")
    assert "has no engine 'tensorblt'; it has: onnxruntime" in errors
    assert [each.name for each in (tmp_path / "workspace").iterdir()] == ["manifest.json"]


def test_broken_yaml_key_is_named_with_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text("workspace: w\nblocks: {cuont: 3}\n")
    errors = refused(capsys, path)
    assert f"{path}: unknown key 'blocks.cuont'" in errors


def test_workspace_of_another_layout_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "workspace").mkdir()
    manifest = {"kind": "workspace", "layout_version": 99}
    (tmp_path / "workspace" / "manifest.json").write_text(json.dumps(manifest))
    assert "layout version 99" in refused(capsys, scenario(tmp_path, "in-process"))


def test_directory_that_is_no_workspace_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "workspace").mkdir()
    (tmp_path / "workspace" / "thesis.tex").write_text("do not touch")
    assert "is not a workspace" in refused(capsys, scenario(tmp_path, "in-process"))
    assert [each.name for each in (tmp_path / "workspace").iterdir()] == ["thesis.tex"]


def test_energy_is_recorded_told_and_drawn(
    prepared: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, float]] = []

    def measure(*arguments: Any) -> tuple[dict[str, InferenceEnergy], str]:
        asked.append(dict(arguments[3]))
        domains = ("power_mw.VDD_IN",)
        energy = InferenceEnergy(
            0.012, 0.011, 0.0135, 2.0, 5.0, 10, domains, (0.0, 1.0), (1.0, 2.0), 100
        )
        return {"original": energy}, "from power_mw.VDD_IN"

    monkeypatch.setattr(tester_run, "measure_energy", measure)
    path = str(scenario(prepared, "in-process"))
    assert run(inference_tester.main, [path, "--measurement.energy-s", "10"]) == 0
    said = capsys.readouterr().out
    assert "of original, net of idle: 12 mJ (11 to 13.5), from power_mw.VDD_IN" in said
    assert said.count("net of idle") == 1  # what has no figure is not told as zero
    record = latest(prepared)
    original, other, *_ = record.configurations
    assert original.measured is not None
    assert (original.measured.energy_mj, original.measured.energy_high_mj) == (12.0, 13.5)
    assert other.measured is not None
    assert other.measured.energy_mj is None
    assert other.measured.energy_source is None
    assert asked[0]["original"] > 0
    page = Workspace(prepared / "workspace").latest_record().with_name("report.html").read_text()
    assert "beyond what the target uses when idle" in page
    # By default nothing of it happens.
    assert run(inference_tester.main, [path]) == 0
    assert len(asked) == 1
    assert "measure energy" not in capsys.readouterr().out
