"""Where warm-up ends."""

from __future__ import annotations

import numpy as np
import pytest

from kenning_lego.stats.warmup import WarmUp, warm_up


def noise(count: int, size: float = 0.01) -> list[float]:
    values: list[float] = np.random.default_rng(0).lognormal(0, size, count).tolist()
    return values


def test_nothing_is_dropped_of_a_level_series() -> None:
    assert warm_up(noise(60)) == WarmUp(0, True)
    assert warm_up([5] * 20) == WarmUp(0, True)


@pytest.mark.parametrize("slow", [5, 12, 25])
def test_slow_beginning_is_dropped(slow: int) -> None:
    values = noise(100)
    found = warm_up([3 * each for each in values[:slow]] + values[slow:])
    assert found.settled
    # Up to two of ten do not move the quartiles.
    assert slow - 3 <= found.drop <= slow


def test_decay_is_dropped_until_halves_agree() -> None:
    values = [each * (1 + 2 * 0.9**index) for index, each in enumerate(noise(100))]
    found = warm_up(values)
    assert found.settled
    assert 10 <= found.drop <= 40


def test_single_outlier_is_no_warm_up() -> None:
    values = noise(60)
    values[3] = values[13] = 50
    assert warm_up(values).drop == 0


def test_noise_that_is_wide_all_along_is_no_warm_up() -> None:
    assert warm_up(noise(200, size=0.3)).drop <= 20


def test_cap_bounds_what_is_dropped() -> None:
    falling = [1000.0 - 9 * index for index in range(100)]
    assert warm_up(falling, cap=7) == WarmUp(7, False)
    assert warm_up(falling) == WarmUp(50, False)


@pytest.mark.parametrize("count", [0, 1, 19])
def test_series_shorter_than_the_window_says_nothing(count: int) -> None:
    assert warm_up(noise(count)) == WarmUp(count // 2, False)


def test_unit_does_not_matter() -> None:
    values = [3 * each for each in noise(10)] + noise(60)
    assert warm_up(values) == warm_up([each * 1e6 for each in values])
