"""Differences are claimed as rarely by chance as they say, and found where they are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import UsageError
from kenning_lego.stats.comparison import (
    Difference,
    compare_groups,
    compare_medians,
    compare_overall,
    holm,
)
from kenning_lego.stats.rounds import Rounds


def noise(seed: int, factor: float = 1.0, rounds: int = 100, size: float = 0.02) -> Rounds:
    return Rounds.of(factor * np.random.default_rng(seed).lognormal(0, size, rounds))


def alone(first: Rounds, second: Rounds, **more: float) -> Difference:
    return compare_medians({"it": (first, second)}, **more)["it"]


def brute_force_holm(p_values: list[float], alpha: float) -> list[bool]:
    """The definition: reject while the smallest that is left is within alpha over how many."""
    left, rejected = list(range(len(p_values))), [False] * len(p_values)
    while left:
        smallest = min(left, key=p_values.__getitem__)
        if p_values[smallest] > alpha / len(left):
            break
        rejected[smallest] = True
        left.remove(smallest)
    return rejected


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12), st.floats(0.001, 0.3))
def test_holm_rejects_what_its_definition_rejects(values: list[float], alpha: float) -> None:
    found = holm({str(index): value for index, value in enumerate(values)}, alpha)
    expected = brute_force_holm(values, alpha)
    for index, (value, rejected) in enumerate(zip(values, expected, strict=True)):
        corrected = found[str(index)]
        assert (value <= corrected.level) == rejected
        assert corrected.p_value >= value


def test_adjusted_p_values_are_those_of_the_textbook() -> None:
    found = holm({"a": 0.01, "b": 0.04, "c": 0.03, "d": 0.005}, 0.05)
    assert {name: each.p_value for name, each in found.items()} == pytest.approx(
        {"d": 0.02, "a": 0.03, "c": 0.06, "b": 0.06}
    )


@pytest.mark.parametrize(("factor", "outcome"), [(1.05, "slower"), (0.95, "faster"), (1.0, "same")])
def test_difference_is_found_with_its_size(factor: float, outcome: str) -> None:
    found = alone(noise(1), noise(2, factor))
    assert found.outcome == outcome
    assert found.low is not None
    assert found.high is not None
    assert found.low <= factor - 1 <= found.high
    assert found.high - found.low < 0.03


def test_turning_the_runs_round_turns_the_answer_round() -> None:
    there, back = alone(noise(1), noise(2, 1.05)), alone(noise(2, 1.05), noise(1))
    assert (there.outcome, back.outcome) == ("slower", "faster")
    assert (1 + there.change) * (1 + back.change) == pytest.approx(1)


def test_unit_does_not_matter() -> None:
    one = alone(noise(1), noise(2, 1.01))
    other = alone(noise(1, 1e6), noise(2, 1.01e6))
    assert one.change == pytest.approx(other.change)
    assert one.p_value == pytest.approx(other.p_value)


def test_too_few_rounds_say_how_many_are_missing() -> None:
    assert alone(noise(1, rounds=12), noise(2, 1.5)).missing == 8
    wide = alone(noise(1, size=0.3, rounds=40), noise(2, size=0.3, rounds=40))
    assert wide.outcome == "too_few_samples"
    # With so many more the half-width is about that of the threshold.
    more = 40 + wide.missing
    found = alone(noise(1, size=0.3, rounds=more), noise(2, size=0.3, rounds=more))
    assert found.low is not None
    assert found.high is not None
    assert (found.high - found.low) / 2 == pytest.approx(0.02, rel=0.5)


def test_regression_is_beyond_the_threshold_with_confidence() -> None:
    found = alone(noise(1), noise(2, 1.03))
    assert found.beyond(0.01)
    assert not found.beyond(0.03)
    assert not alone(noise(1), noise(2, 0.9)).beyond(0.0)
    assert not alone(noise(1, rounds=5), noise(2, 2.0)).beyond(0.0)


def test_equal_runs_are_called_different_as_rarely_as_asked_for_all_together() -> None:
    families, items, alarms = 150, 10, 0
    for family in range(families):
        pairs = {
            str(item): (
                noise(1000 * family + item, rounds=60, size=0.05),
                noise(1000 * family + 500 + item, rounds=60, size=0.05),
            )
            for item in range(items)
        }
        found = compare_medians(pairs, threshold=0.02)
        alarms += any(each.outcome in ("faster", "slower") for each in found.values())
    assert alarms / families < 0.05 + 3 * (0.05 * 0.95 / families) ** 0.5


def test_more_comparisons_ask_for_more() -> None:
    pair = noise(1), noise(2, 1.009)
    family = {str(seed): (noise(seed), noise(seed + 50)) for seed in range(3, 40)}
    found = compare_medians({"it": pair, **family})["it"]
    single = alone(*pair)
    assert single.p_value is not None
    assert found.p_value is not None
    assert found.p_value > 10 * single.p_value
    assert single.low is not None
    assert found.low is not None
    assert found.low < single.low


def test_overall_is_the_geometric_mean() -> None:
    pairs = {str(seed): (noise(seed), noise(seed + 100, 1.04)) for seed in range(8)}
    found = compare_overall(pairs)
    assert found is not None
    assert found.outcome == "slower"
    assert found.change == pytest.approx(0.04, abs=0.01)
    assert compare_overall({"few": (noise(1, rounds=5), noise(2))}) is None


def test_samples_without_any_noise_are_compared_exactly() -> None:
    one, other = Rounds.of([100.0] * 30), Rounds.of([101.0] * 30)
    assert alone(one, one).outcome == "same"
    found = alone(one, other)
    assert (found.outcome, found.p_value) == ("slower", 0)
    assert found.low == pytest.approx(0.01)


def test_samples_that_say_nothing_give_bounds_that_are_numbers() -> None:
    values = [10.0 ** (index % 2 * 200) for index in range(40)]
    found = alone(Rounds.of(values), Rounds.of(values[::-1]))
    assert found.outcome == "too_few_samples"
    assert found.high is not None
    assert np.isfinite(found.high)


def test_medians_that_are_not_positive_are_refused() -> None:
    with pytest.raises(UsageError, match="not positive"):
        alone(Rounds.of([0.0] * 30), noise(1))


def test_the_other_order_has_the_same_p_value_and_flipped_bounds() -> None:
    one, other = noise(5), noise(6, 1.013)
    there, back = alone(one, other), alone(other, one)
    assert there.p_value == back.p_value
    assert there.low is not None
    assert back.high is not None
    assert (1 + there.low) * (1 + back.high) == pytest.approx(1)


def test_groups_share_one_confidence_and_have_means_of_their_own() -> None:
    first = noise(1)
    groups = {
        "b": {"x": (first, noise(2, 1.1)), "y": (first, noise(3, 1.1))},
        "c": {"x": (first, noise(4))},
        "d": {"x": (first, noise(7, rounds=5))},
    }
    found = compare_groups(groups)
    flat = {(group, name): pair for group, pairs in groups.items() for name, pair in pairs.items()}
    together = compare_medians(flat)
    assert found["b"].differences["x"] == together["b", "x"]
    assert found["c"].differences["x"] == together["c", "x"]
    assert found["d"].overall is None
    overall = found["b"].overall
    assert overall is not None
    assert overall.outcome == "slower"
    # Of two means, the level of the smaller p-value is halved, and so its interval wider.
    lone = compare_overall(groups["b"])
    assert lone is not None
    assert lone.low is not None
    assert overall.low is not None
    assert overall.low < lone.low
