"""When a plan stops, and what it says about it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kenning_lego.stats.rounds import Rounds
from kenning_lego.stats.stopping import StopRule, judge_stop

RULE = StopRule(relative_half_width=0.01, min_rounds=30, max_rounds=100, max_seconds=10)


def items(rounds: int, *sizes: float) -> list[Rounds]:
    return [
        Rounds.of(np.random.default_rng(seed).lognormal(0, size, rounds))
        for seed, size in enumerate(sizes)
    ]


def test_plan_stops_when_every_item_is_precise() -> None:
    stop = judge_stop(items(50, 0.01, 0.02), RULE, elapsed_s=1)
    assert stop
    assert (stop.reason, stop.widest) == ("precise", 1)
    assert stop.half_width <= 0.01
    assert all(each is not None for each in stop.estimates)


def test_one_wide_item_keeps_it_going_and_is_named() -> None:
    stop = judge_stop(items(50, 0.01, 0.2, 0.01), RULE, elapsed_s=1)
    assert not stop
    assert (stop.reason, stop.widest) == ("", 1)
    assert stop.half_width > 0.01


@pytest.mark.parametrize(
    ("rounds", "elapsed_s", "reason"),
    [(100, 1, "max_rounds"), (50, 10, "max_seconds"), (100, 10, "max_seconds"), (50, 9.9, "")],
)
def test_spent_budget_is_named(rounds: int, elapsed_s: float, reason: str) -> None:
    stop = judge_stop(items(rounds, 0.3), RULE, elapsed_s=elapsed_s)
    assert stop.reason == reason
    assert stop.half_width > 0.01


def test_precise_is_said_even_when_the_budget_is_spent() -> None:
    assert judge_stop(items(100, 0.005), RULE, elapsed_s=99).reason == "precise"


def test_intervals_are_not_looked_at_before_min_rounds() -> None:
    stop = judge_stop(items(29, 0.001), RULE, elapsed_s=1)
    assert (stop.reason, stop.estimates, stop.widest) == ("", (), None)


def test_budget_spent_before_min_rounds_is_not_called_precise() -> None:
    stop = judge_stop(items(4, 0.001), RULE, elapsed_s=11)
    assert (stop.reason, stop.estimates, stop.half_width) == ("max_seconds", (None,), math.inf)
