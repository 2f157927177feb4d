"""Verbs that do work, asked to be quiet or for JSON: results alone, and all steps counted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from kenning_lego.cli import dispatch
from kenning_lego.core.entry import run
from tests.targets import scale_artifact

_NETWORK = "--workspace w --model.name tests.networks:tiny_resnet --training.epochs 1"
_SHORT = "--measurement.min-rounds 2 --measurement.max-rounds 2"

WORKING: Mapping[str, tuple[str, frozenset[str], frozenset[str]]] = {
    "train": (
        _NETWORK,
        frozenset({"record", "weights"}),
        frozenset({"network", "metric", "epochs", "best_epoch", "validation_score", "test_score"}),
    ),
    "blocks make": (
        f"{_NETWORK} --blocks.count 1 --blocks.ratios 0.0 0.5 --retraining.epochs 1",
        frozenset({"blocks"}),
        frozenset({"blocks", "variants"}),
    ),
    "baseline": (
        f"{_NETWORK} {_SHORT} --compilers onnx",
        frozenset({"record", "report"}),
        frozenset({"network", "metric", "verdicts", "configurations"}),
    ),
    "optimize": (
        f"{_NETWORK} {_SHORT} --compilers onnx --blocks.ratios 0.0 --target.address in-process",
        frozenset({"record", "report"}),
        frozenset({"network", "metric", "best", "states", "undominated"}),
    ),
    "load": (
        "--model scale.onnx --workspace w --target.address in-process --min-seconds 0",
        frozenset({"record"}),
        frozenset({"results"}),
    ),
}
"""By verb: its flags, kinds of its results, and its key figures."""

Capture = pytest.CaptureFixture[str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory where one verb finds what another made."""
    directory = tmp_path_factory.mktemp("verbs")
    scale_artifact(directory, 2.0).path.rename(directory / "scale.onnx")
    return directory


@pytest.mark.parametrize("verb", WORKING)
def test_json_names_results_and_figures_and_steps_are_counted(
    verb: str, place: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    flags, results, figures = WORKING[verb]
    code = run(dispatch, [*verb.split(), *flags.split(), "--json"])
    shown = capsys.readouterr()
    told = json.loads(shown.out)
    assert code == told["exit_code"] == 0, shown.err
    assert results <= set(told["paths"])
    assert set(told["figures"]) == figures
    assert all(Path(path).exists() for paths in told["paths"].values() for path in paths)
    steps = re.findall(r"^  (\d+)/(\d+) .* \.\.\.$", shown.err, re.MULTILINE)
    assert [int(number) for number, _ in steps] == list(range(1, len(steps) + 1))
    assert {int(count) for _, count in steps} == {len(steps)}


def test_quiet_prints_the_paths_alone(
    place: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    flags, results, _ = WORKING["train"]
    assert run(dispatch, ["train", *flags.split(), "--quiet"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    paths = shown.out.splitlines()
    assert len(paths) >= len(results)
    assert all(Path(path).is_file() for path in paths)
