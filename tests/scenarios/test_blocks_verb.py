"""``blocks make`` and ``blocks show`` as a user types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from kenning_lego.blocks.storage.manifest import Manifest
from kenning_lego.blocks.storage.networks import load_network
from kenning_lego.core.entry import run
from kenning_lego.core.flags import load_yaml
from kenning_lego.scenarios import block_scaling
from kenning_lego.store.workspace import Workspace

MODEL = "tests.networks:tiny_resnet"
SCENARIO = """
model: {{name: "{model}"}}
training: {{epochs: 1, learning_rate: 0.02}}
blocks: {{count: 2, ratios: [0.0, 0.5]}}
retraining: {{epochs: 1}}
profile: {{check_runs: 3}}
workspace: {workspace}
target: {{address: "tcp://nobody.invalid:1"}}
budgets: [{{latency_share: 0.5}}]
"""


def test_blocks_are_made_without_a_target_then_shown_and_loaded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, scenario = tmp_path / "workspace", tmp_path / "scenario.yaml"
    scenario.write_text(SCENARIO.format(model=MODEL, workspace=place))
    assert run(block_scaling.main, ["make", str(scenario)]) == 0
    made = capsys.readouterr().out
    assert "predicted top1 of 3 random configurations: off by" in made
    flags = [f"--{key}.{name.replace('_', '-')}={value}" for key, name, value in _flags(scenario)]
    again = ["make", MODEL, "--workspace", str(place), "--blocks.ratios", "0", "0.5", *flags]
    assert run(block_scaling.main, again) == 0
    assert capsys.readouterr().out.count("found in the workspace") == 3

    assert run(block_scaling.main, ["show", str(place)]) == 0
    shown = capsys.readouterr().out
    assert "2 blocks in" in shown
    assert "@pruned-0.50" in shown
    assert "├── " in shown
    assert run(block_scaling.main, ["show", str(place), "--network", MODEL, "--json"]) == 0
    (content,) = json.loads(capsys.readouterr().out)
    manifest = Manifest.model_validate(content)
    assert manifest.accuracy is not None
    assert len(manifest.accuracy.runs) == 3
    blocks = [each for each in manifest.segments if each.scalable]
    assert len(blocks) == 2
    for block in blocks:
        original, pruned = block.variants
        assert original.accuracy_cost == 0
        assert pruned.accuracy_cost is not None
        assert pruned.reconstruction_loss is not None
        assert pruned.weight_bytes < original.weight_bytes
    stored = load_network(Workspace(place).network(MODEL))
    assert stored.chain.run(torch.zeros(2, 1, 8, 8))[0].shape == (2, 10)


def _flags(scenario: Path) -> list[tuple[str, str, object]]:
    """All of a scenario that matters here and is a single value."""
    content = load_yaml(scenario)
    return [
        (key, name, value)
        for key in ("training", "blocks", "retraining", "profile")
        for name, value in content[key].items()
        if not isinstance(value, list)
    ]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["mkae"], "did you mean 'make'"),
        (["make", "resnet18-digits"], "workspace"),
        (["make", "resnet18-digist", "--workspace", "{place}"], "did you mean 'resnet18-digits'"),
        (
            ["make", "resnet18-digits", "--metric", "tpo1", "--workspace", "{place}"],
            "did you mean 'top1'",
        ),
        (
            ["make", "resnet18-digits", "--retraining.executor", "dsak", "--workspace", "{place}"],
            "unknown executor 'dsak'",
        ),
        (
            ["make", "resnet18-digits", "--target.address", "x", "--workspace", "{place}"],
            "unknown flag --target.address",
        ),
        (["show"], "which workspace"),
        (["show", "{place}"], "is not a workspace"),
        (["show", "{empty}"], "holds no blocks"),
    ],
)
def test_what_is_wrong_is_said_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], problem: str
) -> None:
    Workspace(tmp_path / "empty")
    places = {"place": tmp_path / "none", "empty": tmp_path / "empty"}
    assert run(block_scaling.main, [each.format(**places) for each in arguments]) == 2
    assert problem in capsys.readouterr().err


def test_help_tells_of_both_verbs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(block_scaling.main, []) == 0
    text = capsys.readouterr().out
    assert "  make " in text
    assert "  show " in text
