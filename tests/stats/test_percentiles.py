"""Percentiles are claimed with bounds that hold, or not at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.measurement_claims import tail_claims
from benchmarks.synthetic import SOURCES, drawn
from kenning_lego.core.errors import UsageError
from kenning_lego.stats.intervals import quantile_interval, samples_needed
from kenning_lego.stats.percentiles import CLAIMED, percentiles
from kenning_lego.stats.rounds import Rounds


def alternating(count: int) -> list[float]:
    """Distinct samples whose neighbours lie on different sides: no dependence is found."""
    low, high = range(count // 2), range(count // 2, count)
    turns = [each for pair in zip(low, reversed(high), strict=False) for each in pair]
    return [float(each) for each in (turns + list(range(count)))[:count]]


@pytest.mark.parametrize("quantile", CLAIMED)
def test_bounds_of_samples_without_dependence_are_order_statistics(quantile: float) -> None:
    values = np.random.default_rng(7).permutation(1000).astype(float)
    found = percentiles(Rounds.of(values), [quantile])[0]
    exact = quantile_interval(values, quantile)
    assert found.estimate is not None
    assert exact is not None
    assert found.estimate.value == exact.value
    # A little wider, by what dependence is found by chance.
    assert exact.low - 15 <= found.estimate.low <= exact.low
    assert exact.high <= found.estimate.high <= exact.high + 15


@pytest.mark.parametrize("quantile", CLAIMED)
def test_nothing_is_claimed_until_as_many_samples_as_missing_have_come(quantile: float) -> None:
    needed = samples_needed(quantile)
    few = percentiles(Rounds.of(alternating(needed - 1)), [quantile])[0]
    assert few.estimate is None
    assert few.missing >= 1
    assert str(few) == f"p{quantile * 100:g} needs {few.missing} more"
    enough = alternating(2 * (needed + few.missing))
    assert percentiles(Rounds.of(enough), [quantile])[0].missing == 0


def test_missing_samples_are_counted_with_their_dependence() -> None:
    rng = np.random.default_rng(0)
    levels = rng.standard_normal(30)
    fresh = percentiles(Rounds.of(levels), [0.99])[0]
    copied = percentiles(Rounds.of(np.repeat(levels, 5), [5] * 30), [0.99])[0]
    assert copied.effective < 45
    assert copied.missing > 2 * fresh.missing


@pytest.mark.parametrize("values", [[], [1.0], [5.0] * 400])
def test_degenerate_series_are_no_trouble(values: list[float]) -> None:
    found = percentiles(Rounds.of(values))
    for each in found:
        if len(values) < 400:
            assert each.estimate is None
            assert each.missing >= samples_needed(each.quantile) - len(values)
        else:
            assert each.estimate is not None
            assert each.estimate.low == each.estimate.high == 5


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=500), st.floats(0.5, 1e3))
def test_percentiles_scale_and_lie_within_their_bounds(values: list[float], scale: float) -> None:
    # A power of two, so that no sample is rounded onto another.
    scale = 2.0 ** round(np.log2(scale))
    one = percentiles(Rounds.of(values))
    scaled = percentiles(Rounds.of([each * scale for each in values]))
    for each, times in zip(one, scaled, strict=True):
        assert each.missing == times.missing
        if each.estimate is not None and times.estimate is not None:
            assert each.estimate.low <= each.estimate.value <= each.estimate.high
            assert times.estimate.high == each.estimate.high * scale


def test_claimed_bounds_cover_as_often_as_they_say() -> None:
    for metric in tail_claims(300, count=400, seed=11):
        assert metric.reached, metric


@pytest.mark.parametrize("source", SOURCES)
def test_claimed_bounds_cover_for_dependent_samples(source: str) -> None:
    trials, held, claimed = 300, 0, 0
    truth = float(SOURCES[source](np.array([0.9]))[0])
    for series in drawn(np.random.default_rng(3), SOURCES[source], trials, 400, 0.6):
        found = percentiles(Rounds.of(series), [0.9])[0]
        if found.estimate is not None:
            claimed += 1
            held += found.estimate.low <= truth <= found.estimate.high
    assert claimed > trials / 2
    assert held / claimed > 0.95 - 3 * (0.95 * 0.05 / claimed) ** 0.5


def test_quantile_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="quantile"):
        percentiles(Rounds.of([1.0, 2.0]), [1.5])
