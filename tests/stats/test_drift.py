"""Trends, steps and bursts: against scipy, exact enumeration, and false alarms."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.synthetic import SOURCES, drawn
from kenning_lego.stats.drift import (
    Bursts,
    Step,
    Trend,
    few_clusters,
    find_bursts,
    find_step,
    find_trend,
    together,
)
from kenning_lego.stats.rounds import Floats


def test_trend_agrees_with_scipy() -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        levels = np.exp(0.05 * rng.standard_normal(50) + 0.001 * np.arange(50))
        found = find_trend(levels)
        slope = scipy.stats.theilslopes(np.log(levels)).slope
        assert found.change == pytest.approx(math.expm1(slope * 49), rel=1e-9)
        # Kendall's tau against time is Mann and Kendall's test; dependence only makes it larger.
        plain = scipy.stats.kendalltau(np.arange(50), levels, method="asymptotic").pvalue
        assert found.p_value >= plain - 1e-6


@pytest.mark.parametrize("change", [0.02, -0.05, 0.3])
def test_trend_and_step_are_measured(change: float) -> None:
    noise = np.random.default_rng(0).lognormal(0, 0.002, 120)
    trend = find_trend(noise * np.exp(np.linspace(0, math.log1p(change), 120)))
    assert trend.change == pytest.approx(change, rel=0.1)
    assert trend.p_value < 1e-6
    step = find_step(noise * np.where(np.arange(120) < 80, 1, 1 + change))
    assert step.change == pytest.approx(change, rel=0.1)
    assert step.at == pytest.approx(2 / 3, abs=0.02)
    assert step.p_value < 1e-6


def test_each_explains_its_own_kind_better() -> None:
    noise = np.random.default_rng(0).lognormal(0, 0.005, 100)
    rising, jumping = noise * np.linspace(1, 1.1, 100), noise * np.repeat([1, 1.1], 50)
    assert find_trend(rising).rest < find_step(rising).rest
    assert find_step(jumping).rest < find_trend(jumping).rest
    np.testing.assert_allclose(jumping / find_step(jumping).fit, np.median(jumping), rtol=0.05)


@given(st.integers(2, 9), st.data())
def test_probability_of_few_clusters_is_that_of_all_orders_counted(
    count: int, data: st.DataObject
) -> None:
    marked = data.draw(st.integers(1, count - 1))
    clusters = data.draw(st.integers(1, marked))
    few = 0
    for places in itertools.combinations(range(count), marked):
        found = sum(place - 1 not in places for place in places)
        few += found <= clusters
    assert few_clusters(marked, count, clusters) == pytest.approx(few / math.comb(count, marked))


def test_bursts_are_measured_on_either_side() -> None:
    levels = np.random.default_rng(1).lognormal(0, 0.005, 200)
    for change in (0.3, -0.2):
        disturbed = levels.copy()
        disturbed[40:52] *= 1 + change
        disturbed[150:158] *= 1 + change
        found = find_bursts(disturbed, 0.01)
        assert found.share == pytest.approx(0.1, abs=0.015)
        assert found.change == pytest.approx(change, abs=0.02)
        assert found.p_value < 1e-6


def test_scattered_outliers_are_no_bursts() -> None:
    rng = np.random.default_rng(4)
    levels = rng.lognormal(0, 0.005, 300) * (1 + (rng.random(300) < 0.1))
    found = find_bursts(levels, 0.01)
    assert found.share > 0.05
    assert found.p_value > 0.01


def test_rounds_in_which_everything_is_slower_are_told_without_clusters() -> None:
    rng = np.random.default_rng(4)
    items = rng.lognormal(0, 0.02, (20, 60))
    off = np.zeros(60, dtype=bool)
    off[[7, 31]] = True
    assert together(items, off) > 0.01
    items[:, off] *= 1.3
    assert together(items, off) < 1e-3
    assert together(items, np.zeros(60, dtype=bool)) == 1


@pytest.mark.parametrize("correlation", [0.0, 0.5])
@pytest.mark.parametrize("source", SOURCES)
def test_quiet_series_have_small_p_values_as_rarely_as_they_should(
    source: str, correlation: float
) -> None:
    trials = 300
    series = drawn(np.random.default_rng(6), SOURCES[source], trials, 100, correlation)
    finders: list[Callable[[Floats], Trend | Step | Bursts]] = [find_trend, find_step]
    if not correlation:
        # Only independent rounds may come in any order.
        finders.append(lambda levels: find_bursts(levels, 0.01))
    for find in finders:
        alarms = sum(find(each).p_value < 0.05 for each in series)
        assert alarms / trials < 0.05 + 3 * (0.05 * 0.95 / trials) ** 0.5 + 0.01


@pytest.mark.parametrize("find", [find_trend, find_step, lambda each: find_bursts(each, 0.01)])
def test_constant_series_shows_nothing(find: Callable[[Floats], Trend | Step | Bursts]) -> None:
    found = find(np.full(50, 3.0))
    assert found.change == 0
    assert found.p_value == 1


def test_long_series_are_thinned_and_say_the_same() -> None:
    noise = np.random.default_rng(0).lognormal(0, 0.01, 5000)
    assert find_trend(noise * np.linspace(1, 1.05, 5000)).change == pytest.approx(0.05, rel=0.1)
    step = find_step(noise * np.where(np.arange(5000) < 1000, 1, 1.05))
    assert (step.at, step.change) == pytest.approx((0.2, 0.05), rel=0.1)
    assert len(step.fit) == 5000
