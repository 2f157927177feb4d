from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.stats.quality_law import QualityLaw

powers = st.sampled_from([0.0, 0.1, 0.3, 0.5, 1.0])


@given(st.floats(1e-3, 10.0), st.floats(-0.9, 5.0), powers)
def test_cost_and_loss_are_inverse_and_nearly_equal_when_small(
    unit: float, share: float, power: float
) -> None:
    law = QualityLaw(unit, power)
    assert law.cost(law.loss(share * unit)) == pytest.approx(share * unit, rel=1e-6, abs=1e-12)
    assert law.loss(1e-6 * unit) == pytest.approx(1e-6 * unit, rel=1e-5)


@given(st.floats(0.01, 1.0), st.floats(0.0, 2.0), st.floats(0.0, 2.0))
def test_losses_multiply_the_distance_from_a_perfect_score(
    unit: float, first: float, second: float
) -> None:
    law = QualityLaw(unit)
    one, other = ((unit + law.loss(each)) / unit for each in (first, second))
    assert (unit + law.loss(first + second)) / unit == pytest.approx(one * other)


def test_without_a_unit_losses_add_up() -> None:
    assert QualityLaw().loss(0.3) == QualityLaw().cost(0.3) == 0.3


def test_a_hopeless_network_still_has_a_loss() -> None:
    assert 1e100 < QualityLaw(1e-3).loss(1e9) < math.inf


@given(st.lists(st.floats(-3.0, 3.0), min_size=2, unique=True), powers)
def test_larger_sums_never_lose_less(costs: list[float], power: float) -> None:
    law = QualityLaw(0.2, power)
    losses = [law.loss(cost) for cost in sorted(costs)]
    assert losses == sorted(losses)
    assert losses[0] >= -0.2


def test_with_the_power_one_losses_add_up() -> None:
    law = QualityLaw(0.2, 1.0)
    assert law.loss(0.3) == pytest.approx(0.3)


def test_score_beyond_the_perfect_one_has_no_cost() -> None:
    with pytest.raises(ValueError, match="perfect"):
        QualityLaw(0.2, 0.5).cost(-0.3)
