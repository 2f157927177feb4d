"""``optimize`` as a user types it, against a real server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kenning_lego.core.entry import run
from kenning_lego.core.errors import WorkspaceError
from kenning_lego.core.opening import open_as
from kenning_lego.core.optimisation_records import OptimisationRecord
from kenning_lego.runtimes.lookup import installed_engines
from kenning_lego.scenarios import optimisation, render_report
from kenning_lego.store.artifacts import digest_of
from tests.targets import running_server

SCENARIO = """
model: {{name: "tests.networks:tiny_resnet"}}
training: {{epochs: 2, learning_rate: 0.02}}
blocks: {{count: 2, ratios: [{ratios}]}}
retraining: {{epochs: 1}}
measurement: {{warmup_rounds: 2, min_rounds: 10, max_rounds: 10}}
workspace: {workspace}
target: {{address: "{address}"}}
samples: 60
trial_samples: 20
{more}
"""


def scenario(directory: Path, address: str, more: str = "", ratios: str = "0.0") -> str:
    path = directory / "scenario.yaml"
    text = SCENARIO.format(workspace=directory / "w", address=address, more=more, ratios=ratios)
    path.write_text(text)
    return str(path)


def latest(directory: Path) -> tuple[OptimisationRecord, Path]:
    path = max(directory.glob("w/runs/*/optimisation.json"))
    return open_as(OptimisationRecord, path), path


@pytest.mark.target
def test_a_search_over_precisions_and_ratios_on_a_server(tmp_path: Path) -> None:
    output = tmp_path / "best"
    # What no ONNX can be: this candidate fails, and the search goes on.
    impossible = "{type: onnx, precision: fp16, gap: {tolerance: 1.0e-9, beyond: error}}"
    more = f"compilers: [onnx, {impossible}]\ngoal: latency\noutput: {output}"
    with running_server(tmp_path) as server:
        path = scenario(tmp_path, server.address, more, "0.0, 0.5")
        command = [sys.executable, "-m", "kenning_lego.cli", "optimize", path]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    record, record_path = latest(tmp_path)
    by_name = {each.name: each for each in record.candidates}
    assert list(by_name) == [
        f"{network}, onnx {precision} on onnxruntime"
        for network in ("original", "pruned-0.50")
        for precision in ("fp32", "fp16")
    ]
    measured = [each for each in record.candidates if each.state == "measured"]
    assert [each.precision for each in measured] == ["fp32"] * 2
    for each in record.candidates:
        if each.precision == "fp16":
            assert (each.state, each.stage) == ("failed", "compile")
            assert "differs from the original" in each.reason
    for each in measured:
        found = next(m for m in record.measurements if m.name == each.name)
        assert len(found.samples_ns) == 10
        assert found.clock == "target"
        assert each.score is not None
        assert each.within_limits
    (plan,) = record.plans  # all of them in turn
    assert plan.measurements == tuple(each.name for each in measured)
    best = by_name[record.best or ""]
    assert best.latency_ms == min(each.latency_ms for each in measured if each.latency_ms)
    assert best.undominated
    assert best.test_score is not None
    assert {each.name for each in measured if each.test_score is not None} == {
        each.name for each in measured if each.undominated
    }
    pruned, original = by_name["pruned-0.50, onnx fp32 on onnxruntime"], measured[0]
    assert pruned.flops < original.flops
    assert pruned.parameters < original.parameters

    assert best.artifact is not None
    assert digest_of((output / "best.onnx").read_bytes()) == best.artifact.digest
    assert json.loads((output / "best.json").read_text())["name"] == best.name
    assert f"best in latency within the limits: {best.name}" in done.stdout
    page = tmp_path / "page"
    assert run(render_report.main, [str(record_path), "--output", str(page)]) == 0
    assert best.name in (page / "optimisation.html").read_text(encoding="utf-8")


def test_nothing_within_the_limits_is_a_bad_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = "compilers: [onnx]\nlimits: {latency_ms: 1.0e-6}"
    assert run(optimisation.main, [scenario(tmp_path, "in-process", more)]) == 3
    assert "no candidate keeps the limits" in capsys.readouterr().out
    record, _ = latest(tmp_path)
    (only,) = record.candidates
    assert (only.state, only.within_limits, only.test_score) == ("measured", False, None)
    assert record.best is None


def test_scores_are_taken_up_by_the_next_search_and_times_are_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = scenario(tmp_path, "in-process", "compilers: [onnx]")
    assert run(optimisation.main, [path]) == 0
    assert "found in the workspace" not in capsys.readouterr().out.split("score on the target:")[1]
    first, _ = latest(tmp_path)
    assert run(optimisation.main, [path]) == 0
    assert "candidates are left, 2 scores found in the workspace" in capsys.readouterr().out
    second, _ = latest(tmp_path)
    scores = [(each.score, each.test_score) for each in first.candidates]
    assert [(each.score, each.test_score) for each in second.candidates] == scores
    assert second.measurements[0].samples_ns != first.measurements[0].samples_ns


@pytest.mark.skipif("litert" in installed_engines(), reason="needs an engine that is not there")
def test_a_search_in_which_all_fail_says_why_each_did(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(optimisation.main, [scenario(tmp_path, "in-process", "compilers: [litert]")]) == 1
    said = capsys.readouterr().out
    assert "original, litert fp32 on litert failed (compile): " in said
    assert "which is not installed" in said
    assert "no candidate was measured" in said


@pytest.mark.parametrize(
    ("more", "code", "problem"),
    [
        ("compilers: []", 2, "compilers"),
        ("hopeless: 1.0", 2, "hopeless"),
        ("goal: speed", 2, "goal"),
        ("runtimes: [onnxrutime]", 2, "did you mean 'onnxruntime'"),
        ("runtimes: [{runtime: onnxruntime, options: {provder: cpu}}]", 2, "'provider'"),
        ("limits: {latency: 3}", 2, "limits.latency"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: str, code: int, problem: str
) -> None:
    assert run(optimisation.main, [scenario(tmp_path, "in-process", more)]) == code
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1


def test_each_engine_that_reads_a_format_makes_a_candidate(tmp_path: Path) -> None:
    arena = "{runtime: onnxruntime, options: {arena: false}}"
    more = f"compilers: [onnx, torch]\nruntimes: [onnxruntime, {arena}, torch]"
    assert run(optimisation.main, [scenario(tmp_path, "in-process", more)]) == 0
    record, _ = latest(tmp_path)
    assert {each.name: each.state for each in record.candidates} == {
        "original, onnx fp32 on onnxruntime": "measured",
        "original, onnx fp32 on onnxruntime (arena=False)": "measured",
        "original, torch fp32 on torch": "measured",
    }
    (plan,) = record.plans  # in turn, whatever their engines
    assert len(plan.measurements) == 3
    assert len({each.score for each in record.candidates}) == 1


def test_nobody_at_the_address_is_said_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(optimisation.main, [scenario(tmp_path, "tcp://127.0.0.1:1")]) == 2
    captured = capsys.readouterr()
    assert "train the network" not in captured.out
    assert captured.err.count("\n") == 1


def test_other_records_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "optimisation.json"
    path.write_text('{"kind": "run"}')
    with pytest.raises(WorkspaceError, match="is not a record of a search"):
        open_as(OptimisationRecord, path)
    path.write_text('{"kind": "optimisation", "schema_version": 99}')
    with pytest.raises(WorkspaceError, match="has schema version 99"):
        open_as(OptimisationRecord, path)
