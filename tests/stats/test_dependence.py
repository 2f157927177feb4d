"""What neighbours that repeat each other cost, against what is known of autoregressive series."""

from __future__ import annotations

import numpy as np
import pytest

from kenning_lego.stats.dependence import (
    autocorrelation,
    block_length,
    effective_count,
    inflation,
    lost_by_blocks,
)
from kenning_lego.stats.rounds import Floats, Rounds


def autoregressive(count: int, strength: float, seed: int = 0) -> Floats:
    rng = np.random.default_rng(seed)
    series = rng.standard_normal(count)
    for index in range(1, count):
        series[index] = strength * series[index - 1] + np.sqrt(1 - strength**2) * series[index]
    return series


@pytest.mark.parametrize("strength", [0.3, 0.6, 0.9])
def test_strength_and_inflation_of_an_autoregressive_series_are_found(strength: float) -> None:
    series = [autoregressive(1000, strength, seed) for seed in range(20)]
    assert np.mean([autocorrelation(each) for each in series]) == pytest.approx(strength, abs=0.03)
    expected = (1 + strength) / (1 - strength)
    assert np.median([inflation(each) for each in series]) == pytest.approx(expected, rel=0.2)


def test_independent_and_alternating_series_inflate_next_to_nothing() -> None:
    assert inflation(autoregressive(1000, 0.0)) < 1.1
    assert inflation(np.resize([1.0, 2.0], 100)) == 1
    assert inflation(np.ones(100)) == 1
    assert inflation(np.array([1.0, 2.0])) == 1


def test_blocks_grow_with_dependence_and_with_the_series() -> None:
    assert block_length(1.0, 1000) == 1
    lengths = [block_length(inflated, 1000) for inflated in (1.5, 3, 10, 100)]
    assert lengths == sorted(lengths)
    assert lengths[0] > 1
    assert block_length(3, 10_000) > block_length(3, 100)
    assert block_length(1e6, 100) == 10


def test_blocks_lose_less_the_longer_they_are() -> None:
    lost = [lost_by_blocks(3.0, length) for length in (1, 2, 5, 20, 1000)]
    assert lost[0] == 3
    assert lost == sorted(lost, reverse=True)
    assert lost[-1] == pytest.approx(1, abs=0.01)


def test_effective_samples_are_all_of_independent_ones_and_few_of_repeated_ones() -> None:
    independent = Rounds.of(autoregressive(2000, 0.0))
    assert effective_count(independent, 0.5) > 1800
    levels = autoregressive(300, 0.0)
    copied = Rounds.of(np.repeat(levels, 10), [10] * 300)
    assert effective_count(copied, 0.5) == pytest.approx(300, rel=0.25)
    memory = Rounds.of(autoregressive(3000, 0.9))
    # The signs of this series inflate 12.5 times: 1 + 2 sum of 2 / pi asin(0.9 ** k).
    assert effective_count(memory, 0.5) == pytest.approx(3000 / 12.5, rel=0.4)


@pytest.mark.parametrize("values", [[1.0], [1.0] * 50, [1.0, 2.0]])
def test_series_that_says_nothing_counts_in_full(values: list[float]) -> None:
    assert effective_count(Rounds.of(values), 0.5) == len(values)
