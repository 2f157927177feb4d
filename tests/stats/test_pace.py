"""What items do together is the machine's; what is left keeps the items' ratios."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.stats.pace import at_pace, medians_at_pace, pace, relative_levels
from kenning_lego.stats.rounds import Floats, Rounds
from kenning_lego.stats.verdict import judge_plan

ROUNDS = 300


def items(machine: Floats, noise: float = 0.01, count: int = 12) -> dict[str, Rounds]:
    rng = np.random.default_rng(1)
    return {
        str(n): Rounds.of((n + 1) * machine * rng.lognormal(0, noise, len(machine)))
        for n in range(count)
    }


def test_ratios_survive_a_machine_that_wanders() -> None:
    steps = np.random.default_rng(0).normal(0, 0.02, ROUNDS)
    found = medians_at_pace(items(np.exp(np.cumsum(steps))))
    ratios = [value / found["0"] for value in found.values()]
    assert ratios == pytest.approx(range(1, 13), rel=0.005)


@given(st.lists(st.floats(0.5, 2.0), min_size=30, max_size=30))
def test_pace_is_what_all_did_together(slowness: list[float]) -> None:
    machine = np.array(slowness)
    found = pace(relative_levels(list(items(machine, noise=0.0).values())))
    assert found is not None
    assert found == pytest.approx(machine / np.median(machine))


def test_pace_of_even_rounds_changes_nothing() -> None:
    even = items(np.ones(ROUNDS), noise=0.0)
    assert medians_at_pace(even) == {str(n): n + 1 for n in range(12)}


def test_one_item_that_slows_down_does_not_move_the_pace() -> None:
    some = items(np.ones(ROUNDS))
    before = pace(relative_levels(list(some.values())))
    some["3"] = Rounds.of(some["3"].values * np.linspace(1, 3, ROUNDS))
    after = pace(relative_levels(list(some.values())))
    assert before is not None
    assert after == pytest.approx(before, abs=0.01)


@pytest.mark.parametrize("count", [1, 3])
def test_few_items_have_no_pace_of_their_own(count: int) -> None:
    few = items(np.linspace(1, 2, ROUNDS), noise=0.0, count=count)
    assert pace(relative_levels(list(few.values()))) is None
    assert at_pace(few["0"], None) is few["0"]


def test_samples_of_a_round_share_its_pace() -> None:
    rounds = Rounds.of([2.0, 4.0, 3.0], [2, 1])
    assert at_pace(rounds, np.array([2.0, 3.0])).values.tolist() == [1.0, 2.0, 1.0]


def test_drifting_machine_is_told_while_its_ratios_stay_trusted() -> None:
    found = judge_plan(items(np.linspace(1, 1.08, ROUNDS)), asked=0.01)
    assert found.plan.name == "drifting"
    assert {each.name for each in found.items.values()} == {"drifting"}
    assert {each.ratios for each in found.items.values()} == {"stable"}
    assert max(each.relative_half_width for each in found.at_pace.values()) < 0.01
    assert found.pace is not None
    assert found.pace.relative_half_width > 0.01


def test_item_that_drifts_alone_loses_the_trust_in_its_ratios_alone() -> None:
    some = items(np.ones(ROUNDS))
    some["3"] = Rounds.of(some["3"].values * np.linspace(1, 1.08, ROUNDS))
    found = judge_plan(some, asked=0.01).items
    assert {name for name, each in found.items() if each.ratios != "stable"} == {"3"}
    assert found["3"].ratios == "drifting"
