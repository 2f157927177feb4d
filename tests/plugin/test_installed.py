"""A package of somebody else's brings an engine, a compiler, a dataset, a network and a metric."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from kenning_lego.core.errors import RemoteError
from kenning_lego.protocols.client import connect
from kenning_lego.store.artifacts import digest_of
from tests.plugin.installed import SOURCE, Plugin, install

SMALL: dict[str, Any] = {
    "dataset": {"type": "waves", "samples": 200},
    "training": {"epochs": 1},
    "blocks": {"count": 1, "ratios": [0.0, 0.5]},
    "retraining": {"epochs": 1},
    "profile": {"check_runs": 0},
    "measurement": {"min_rounds": 5, "max_rounds": 5, "warmup_rounds": 2, "additivity_runs": 0},
}
BROUGHT = {
    ("runtime", "affine"),
    ("compiler", "affine"),
    ("dataset", "waves"),
    ("network", "waves-mlp"),
    ("metric", "worst_class"),
}


@pytest.fixture(scope="module")
def plugin(tmp_path_factory: pytest.TempPathFactory) -> Plugin:
    return install(tmp_path_factory.mktemp("plugin"))


def test_list_names_all_that_it_brings(plugin: Plugin, tmp_path: Path) -> None:
    done = plugin.kenning_lego("list", "--json", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    found = [e for e in json.loads(done.stdout) if e["origin"] == "kenning-lego-affine"]
    assert {(each["kind"], each["name"]) for each in found} == BROUGHT
    assert {each["version"] for each in found} == {"0.1.0"}


def test_info_tells_its_parameters(plugin: Plugin, tmp_path: Path) -> None:
    dataset = plugin.kenning_lego("info", "waves", cwd=tmp_path).stdout
    assert "noise [0.3]" in dataset
    assert "kenning_lego_affine.dataset:Waves" in dataset
    engine_and_compiler = plugin.kenning_lego("info", "affine", cwd=tmp_path).stdout
    assert "double [false]" in engine_and_compiler
    assert "in a scenario: compiler.type: affine" in engine_and_compiler


def test_scenario_runs_from_its_data_to_the_report(plugin: Plugin, tmp_path: Path) -> None:
    scenario = yaml.safe_load((SOURCE / "scenario.yaml").read_text())
    with plugin.serving(tmp_path, "--plugin", "affine") as (address, engines):
        assert "affine 0.1.0" in engines
        scenario["target"] |= {"address": address, "options": {"double": True}}
        (tmp_path / "scenario.yaml").write_text(yaml.safe_dump({**scenario, **SMALL}))
        flags = ("--dataset.noise", "0.1")
        done = plugin.kenning_lego("test", "scenario.yaml", *flags, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    workspace = tmp_path / scenario["workspace"]
    (path,) = workspace.glob("runs/*/record.json")
    record = json.loads(path.read_text())
    assert record["target"]["used"]["engine"] == "affine"
    assert record["target"]["used"]["precision"] == "float64"
    assert record["network"]["metric"] == "worst_class"
    assert record["scenario"]["dataset"]["noise"] == 0.1
    artifacts = [v["artifact"] for segment in record["segments"] for v in segment["variants"]]
    assert {each["format"] for each in artifacts} == {"affine"}
    assert all(each["gap_max_abs"] < 1e-4 for each in artifacts)
    (report,) = workspace.glob("runs/*/report.html")
    assert "waves-mlp" in report.read_text()


def test_server_offers_no_engine_that_it_was_not_started_with(
    plugin: Plugin, tmp_path: Path
) -> None:
    content = b"AFFINE1\n"
    path = tmp_path / "artifact"
    path.write_bytes(content)
    with plugin.serving(tmp_path) as (address, engines), connect(address) as target:
        assert "affine" not in engines
        assert "affine" not in target.describe().engines
        target.upload(path, digest_of(content))
        with pytest.raises(RemoteError, match="unknown runtime 'affine'"):
            target.compose([digest_of(content)], runtime="affine")


def test_damaged_file_is_refused_by_its_engine(plugin: Plugin, tmp_path: Path) -> None:
    content = b"AFFINE1\n" + b"\xff" * 40
    path = tmp_path / "artifact"
    path.write_bytes(content)
    with (
        plugin.serving(tmp_path, "--plugin", "affine") as (address, _),
        connect(address) as target,
    ):
        target.upload(path, digest_of(content))
        with pytest.raises(RemoteError, match="it ends too early"):
            target.compose([digest_of(content)], runtime="affine")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("serve", "--plugin", "afine"), "unknown plugin 'afine' (did you mean 'affine'?"),
        (("test", "wrong.yaml"), "dataset.samples"),
        (("test", "unread.yaml"), "which runtime 'onnxruntime' does not read"),
    ],
)
def test_what_is_wrong_is_one_line(
    arguments: tuple[str, ...], problem: str, plugin: Plugin, tmp_path: Path
) -> None:
    files = {
        "wrong.yaml": {"workspace": "w", "dataset": {"type": "waves", "samples": 1}},
        "unread.yaml": {"workspace": "w", "compiler": {"type": "affine"}},
    }
    for name, content in files.items():
        (tmp_path / name).write_text(yaml.safe_dump(content))
    done = plugin.kenning_lego(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert problem in done.stderr
    assert done.stderr.count("\n") == 1


def test_without_the_package_its_names_are_unknown(tmp_path: Path) -> None:
    nothing = Plugin(tmp_path / "nothing")
    (tmp_path / "scenario.yaml").write_text((SOURCE / "scenario.yaml").read_text())
    done = nothing.kenning_lego("test", "scenario.yaml", cwd=tmp_path)
    assert done.returncode == 2
    assert "'waves'" in done.stderr
    assert done.stderr.count("\n") == 1
