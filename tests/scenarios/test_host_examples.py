"""The examples of the verbs on the host, as they are printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.core.entry import run
from kenning_lego.scenarios import inference_performance, model_training, optimisation

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_train_baseline_and_optimize_work_on_one_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(model_training.main, [str(EXAMPLES / "train.yaml")]) == 0
    assert Path("workspaces/digits-small.safetensors").is_file()
    capsys.readouterr()
    assert run(inference_performance.main, [str(EXAMPLES / "baseline.yaml")]) == 0
    assert "found in the workspace" in capsys.readouterr().out  # what train has trained
    assert run(optimisation.main, [str(EXAMPLES / "optimize.yaml")]) == 0
    assert Path("workspaces/digits-small-best/best.json").is_file()
