"""McNemar's exact test: against sums by hand, and what must hold for any counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import UsageError
from kenning_lego.stats.mcnemar import Paired, compare_paired

counts = st.integers(min_value=0, max_value=400)


def test_counts_only_samples_on_which_the_two_differ() -> None:
    first = np.array([True, True, True, False, False])
    second = np.array([True, False, False, True, False])
    assert compare_paired(first, second) == Paired(2, 1)


def test_values_by_hand() -> None:
    # Ten differences, all one way: 2 x (1/2)^10.
    assert Paired(10, 0).p_value == 2 / 1024
    assert Paired(10, 0).loss_p_value == 1 / 1024
    assert Paired(0, 10).loss_p_value == 1.0
    # (1 + 8 + 28) / 256, twice.
    assert Paired(6, 2).p_value == 2 * 37 / 256
    assert Paired(0, 0).p_value == Paired(0, 0).loss_p_value == 1.0


@given(counts, counts)
def test_is_a_binomial_tail(first: int, second: int) -> None:
    trials = first + second
    expected = math.fsum(math.comb(trials, k) / 2**trials for k in range(second + 1))
    assert Paired(first, second).loss_p_value == pytest.approx(expected, rel=1e-9)


@given(counts, counts)
def test_does_not_depend_on_which_is_first(first: int, second: int) -> None:
    assert Paired(first, second).p_value == Paired(second, first).p_value
    assert 0 < Paired(first, second).p_value <= 1


@given(counts, counts)
def test_a_further_loss_is_less_likely_to_be_chance(first: int, second: int) -> None:
    assert Paired(first + 1, second).loss_p_value <= Paired(first, second).loss_p_value


@given(counts, counts)
def test_one_of_the_two_sides_holds_more_than_half(first: int, second: int) -> None:
    both = Paired(first, second).loss_p_value + Paired(second, first).loss_p_value
    assert both >= 1


def test_many_differences_are_still_numbers() -> None:
    assert 0 < Paired(5000, 4800).p_value < 0.05
    assert Paired(5000, 1000).p_value < 1e-300


def test_answers_of_other_samples_are_refused() -> None:
    with pytest.raises(UsageError, match="same samples"):
        compare_paired(np.ones(3, bool), np.ones(4, bool))
