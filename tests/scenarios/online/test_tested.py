"""A tested network as the online stage reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.core.errors import ConfigurationError, WorkspaceError
from kenning_lego.scenarios.online.prediction import Predictor
from kenning_lego.scenarios.online.tested import open_tested
from kenning_lego.selection.problem import evaluate
from kenning_lego.stats.quality_law import QualityLaw
from kenning_lego.store.atomic import write_json
from kenning_lego.store.workspace import Workspace
from tests.reports.records import BLOCKS, resnet_record
from tests.scenarios.online.networks import made


def test_problem_has_a_block_for_each_scalable_segment(tmp_path: Path) -> None:
    network = made(tmp_path)
    assert [block.name for block in network.problem.blocks] == list(BLOCKS)
    assert network.problem.fixed_latency_ms == pytest.approx(2.0)  # stem and head
    variant = network.problem.blocks[0].options[-1]
    assert variant.variant == "layer1.0@pruned-0.80"
    assert variant.latency_ms == pytest.approx(0.6)


def test_offer_and_problem_agree(tmp_path: Path) -> None:
    network = made(tmp_path)
    offer = network.offer(runtime="onnxruntime", threads=2)
    assert offer.problem() is None
    assert [each.name for each in offer.choosable] == [b.name for b in network.problem.blocks]
    chosen = {block.name: block.options[1].variant for block in network.problem.blocks}
    choice = evaluate(network.problem, chosen)
    assert len(network.stages(chosen)) == len(offer.segments)
    picked = [each for each in offer.variants() if each.digest in network.stages(chosen)]
    assert sum(each.latency_ms for each in picked) == pytest.approx(choice.latency_ms)
    assert sum(each.memory_bytes for each in picked) == choice.memory_bytes


def test_configurations_of_the_test_are_found_by_name(tmp_path: Path) -> None:
    network = made(tmp_path)
    assert network.configuration("balanced").feasible
    with pytest.raises(ConfigurationError, match="no configuration 'none'"):
        network.configuration("none")


def test_record_of_before_latencies_were_kept_says_what_to_do(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    run = workspace.new_run()
    write_json(run / "record.json", resnet_record().model_dump(mode="json"))
    with pytest.raises(WorkspaceError, match="which latencies") as caught:
        _ = open_tested(tmp_path, run.name).problem
    assert "kenning-lego test" in (caught.value.remedy or "")


def test_directories_and_runs_that_are_not_there_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="is not a workspace"):
        open_tested(tmp_path / "nothing")
    made(tmp_path / "w")
    with pytest.raises(WorkspaceError, match="no finished run 'x'"):
        open_tested(tmp_path / "w", "x")


def test_predicted_scores_stay_within_the_metric_and_are_inverted() -> None:
    predictor = Predictor(0.9, QualityLaw(), True, 0.0, 1.0)
    assert predictor.score(0.1) == pytest.approx(0.8)
    assert predictor.score(-0.5) == 1.0
    assert predictor.accuracy_cost(0.8) == pytest.approx(0.1)
    lower = Predictor(2.0, QualityLaw(), False)
    assert lower.score(0.5) == pytest.approx(2.5)
    assert lower.accuracy_cost(2.5) == pytest.approx(0.5)
    assert Predictor(None, QualityLaw()).score(0.1) is None
