"""What the benchmark of additivity asks for."""

from __future__ import annotations

from benchmarks.additivity import CONFIGURATIONS, _errors, _overheads
from benchmarks.resnet import RATIOS
from kenning_lego.selection.additivity import Additivity, Errors, Terms


def test_enough_configurations_over_enough_ratios() -> None:
    assert CONFIGURATIONS >= 40
    assert len([ratio for ratio in RATIOS if ratio > 0]) >= 4


def test_asked_is_the_error_of_the_model_in_use_beside_the_plain_sums() -> None:
    found = Additivity(
        Terms(boundary_ms=0.01), Errors(40, 0.03, 0.06, -0.03), Errors(40, 0.005, 0.05, 0.001)
    )
    metrics = {each.name: each for each in _errors(found)}
    assert metrics["additivity_error_median"].reached
    assert not metrics["additivity_error_p95"].reached
    assert metrics["additivity_sum_error_median"].value == 3.0
    assert metrics["additivity_sum_error_median"].asked == "reported"
    assert metrics["additivity_boundary"].value == 10.0


def test_overheads_are_over_the_model_in_one_piece() -> None:
    cold = {"original": 7.4, "original@fused": 7.0, "whole": 7.0}
    metrics = {
        each.name: each for each in _overheads({"original": 1.05, "original@fused": 1.0}, cold)
    }
    assert not metrics["chain_overhead"].reached
    assert metrics["fused_overhead"].value == 1.0
    assert metrics["fused_overhead"].reached
    assert metrics["chain_overhead_cold"].value == 7.4 / 7.0
