"""Files that others trained reach what their authors state, by the verb and through a server."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("PIL", reason="needs Pillow to decode the images")

from benchmarks.foreign_networks import CLASSIFIERS
from benchmarks.trained import SHARED
from kenning_lego.core.entry import run
from kenning_lego.core.opening import open_as
from kenning_lego.core.records import RunRecord
from kenning_lego.runtimes.lookup import installed_engines
from kenning_lego.scenarios.inference_tester import main
from kenning_lego.store.workspace import Workspace
from tests.targets import running_server

DATA = "benchmarks.foreign_networks"
CASES = {
    "keywords_float": (f"{DATA}:keyword_features", {}, 0.05),
    "keywords_int8": (f"{DATA}:keyword_features", {}, 0.05),
    # So few images are good for two points.
    "resnet8_float": (f"{DATA}:cifar10_pixels", {"count": 1000}, 2.0),
    "resnet8_int8": (f"{DATA}:cifar10_pixels", {"count": 1000}, 2.0),
}


@pytest.mark.parametrize("name", CASES)
def test_verb_reaches_the_stated_accuracy(name: str, tmp_path: Path) -> None:
    network = CLASSIFIERS[name]
    if "litert" not in installed_engines():
        pytest.skip("needs litert")
    if not network.path.is_file():
        pytest.skip(f"no shared data in {SHARED}; KENNING_LEGO_SHARED_DATA names another place")
    data, arguments, tolerance = CASES[name]
    scenario = tmp_path / "scenario.yaml"
    scenario.write_text(
        f"workspace: {tmp_path / 'w'}\n"
        f"model: {{file: '{network.path}'}}\n"
        f"dataset: {{type: custom, path: '{data}', arguments: {arguments}}}\n"
        "measurement: {max_seconds: 0.3, max_rounds: 40}\n"
    )
    with running_server(tmp_path) as server:
        assert run(main, [str(scenario), "--target.address", server.address]) == 0
    record = open_as(RunRecord, Workspace(tmp_path / "w").latest_record())
    score = record.network.test_score
    assert score is not None
    assert 100 * score == pytest.approx(network.stated, abs=tolerance)
    assert record.target.used["engine"] == "litert"
