"""Intervals by order statistics: coverage, exactness, and what too few samples do not say."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import UsageError
from kenning_lego.stats.intervals import (
    binomial_cdf,
    interval_ranks,
    median_interval,
    quantile_interval,
    samples_needed,
)

QUANTILES = (0.05, 0.25, 0.5, 0.9, 0.95, 0.99)
COUNTS = (1, 5, 6, 7, 30, 100, 299, 300, 2500)

finite = st.floats(-1e6, 1e6)
samples_of_some_size = st.lists(finite, min_size=6, max_size=60)


@pytest.mark.parametrize("count", COUNTS)
@pytest.mark.parametrize("quantile", QUANTILES)
def test_binomial_cdf_agrees_with_scipy(count: int, quantile: float) -> None:
    successes = np.unique(np.linspace(-1, count + 1, 40).astype(int))
    ours = [binomial_cdf(int(k), count, quantile) for k in successes]
    np.testing.assert_allclose(ours, scipy.stats.binom.cdf(successes, count, quantile), atol=1e-11)


@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.99])
@pytest.mark.parametrize("quantile", QUANTILES)
def test_each_tail_is_within_its_share_and_one_rank_closer_is_not(
    quantile: float, confidence: float
) -> None:
    tail = (1 - confidence) / 2 + 1e-12
    for count in COUNTS:
        ranks = interval_ranks(count, quantile, confidence)
        if ranks is None:
            continue
        low, high = ranks
        binomial = scipy.stats.binom(count, quantile)
        assert binomial.cdf(low - 1) <= tail < binomial.cdf(low) + 2e-12
        assert binomial.sf(high - 1) <= tail < binomial.sf(high - 2) + 2e-12
        assert 1 <= low <= math.ceil(count * quantile) <= high <= count


@pytest.mark.parametrize(("quantile", "needed"), [(0.5, 6), (0.9, 36), (0.95, 72), (0.99, 368)])
def test_samples_needed_is_where_intervals_begin(quantile: float, needed: int) -> None:
    assert samples_needed(quantile) == needed
    assert samples_needed(1 - quantile) == needed
    assert interval_ranks(needed, quantile) is not None
    assert all(interval_ranks(count, quantile) is None for count in range(needed))


@pytest.mark.parametrize(("quantile", "needed"), [(0.5, 11), (0.9, 64), (0.95, 130), (0.99, 662)])
def test_loadgen_minimum_follows_from_the_same_binomial(quantile: float, needed: int) -> None:
    # LoadGen: the second largest sample bounds the percentile from above at 99 %.
    def second_largest_fails(count: int) -> float:
        return 1 - binomial_cdf(count - 2, count, quantile)

    assert second_largest_fails(needed) <= 0.01 < second_largest_fails(needed - 1)


@pytest.mark.parametrize("count", [6, 30, 101])
@pytest.mark.parametrize(
    ("draw", "true_median"),
    [
        (lambda rng, shape: rng.lognormal(0, 1, shape), 1.0),
        (lambda rng, shape: rng.normal(5, 2, shape), 5.0),
        (lambda rng, shape: rng.integers(0, 5, shape), 2),
    ],
    ids=["lognormal", "normal", "ties"],
)
def test_median_is_covered_as_often_as_promised(
    count: int, draw: Callable[[np.random.Generator, tuple[int, int]], Any], true_median: float
) -> None:
    runs = 4000
    drawn = np.sort(draw(np.random.default_rng(7), (runs, count)), axis=1)
    ranks = interval_ranks(count, 0.5)
    assert ranks is not None
    covered = (drawn[:, ranks[0] - 1] <= true_median) & (true_median <= drawn[:, ranks[1] - 1])
    assert covered.mean() >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)


def test_p99_is_covered_as_often_as_promised() -> None:
    runs, count = 3000, 400
    drawn = np.sort(np.random.default_rng(3).exponential(1.0, (runs, count)), axis=1)
    ranks = interval_ranks(count, 0.99)
    assert ranks is not None
    truth = -math.log(0.01)
    covered = (drawn[:, ranks[0] - 1] <= truth) & (truth <= drawn[:, ranks[1] - 1])
    assert covered.mean() >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)


@given(samples_of_some_size, st.randoms(use_true_random=False))
def test_order_does_not_matter(samples: list[float], generator: random.Random) -> None:
    shuffled = samples.copy()
    generator.shuffle(shuffled)
    assert median_interval(shuffled) == median_interval(samples)


@given(samples_of_some_size, st.sampled_from([2.0**-20, 0.5, 4.0, 1024.0]))
def test_scaling_the_samples_scales_the_interval(samples: list[float], factor: float) -> None:
    plain = median_interval(samples)
    scaled = median_interval(sample * factor for sample in samples)
    assert plain is not None
    assert scaled is not None
    assert scaled.value == pytest.approx(plain.value * factor, abs=1e-300)
    assert (scaled.low, scaled.high) == (plain.low * factor, plain.high * factor)


@given(st.lists(finite, min_size=1, max_size=120), st.sampled_from(QUANTILES))
def test_the_value_is_numpys_and_lies_in_its_interval(
    samples: list[float], quantile: float
) -> None:
    estimate = quantile_interval(samples, quantile, confidence=0.5)
    if estimate is None:
        assert len(samples) < samples_needed(quantile, 0.5)
        return
    expected = np.quantile(samples, quantile, method="averaged_inverted_cdf")
    assert estimate.value == pytest.approx(float(expected), rel=1e-12, abs=1e-300)
    assert estimate.low <= estimate.value <= estimate.high
    assert {estimate.low, estimate.high} <= set(samples)


def test_too_few_samples_give_no_interval() -> None:
    assert median_interval([]) is None
    assert median_interval([1.0] * 5) is None
    assert quantile_interval(range(367), 0.99) is None
    assert quantile_interval(range(368), 0.99) is not None


def test_relative_half_width_takes_the_farther_bound() -> None:
    estimate = median_interval([10, 10, 10, 10, 10, 12])
    assert estimate is not None
    assert estimate.relative_half_width == pytest.approx(0.2)
    assert str(estimate) == "10 [10, 12]"
    constant = median_interval([0.0] * 6)
    around_zero = median_interval([-1, -1, 0, 0, 1, 1])
    assert constant is not None
    assert around_zero is not None
    assert constant.relative_half_width == 0.0
    assert around_zero.relative_half_width == math.inf


@pytest.mark.parametrize("sample", [math.nan, math.inf])
def test_samples_that_are_no_numbers_are_refused(sample: float) -> None:
    with pytest.raises(UsageError, match="not a finite number"):
        median_interval([1.0, sample, 2.0])


@pytest.mark.parametrize("value", [0.0, 1.0, -0.1, 95, math.nan])
def test_quantile_and_confidence_must_be_shares(value: float) -> None:
    with pytest.raises(UsageError, match="quantile is"):
        samples_needed(value)
    with pytest.raises(UsageError, match="confidence is"):
        median_interval([1.0, 2.0], confidence=value)


def test_large_counts_are_exact_too() -> None:
    ranks = interval_ranks(200_000, 0.5)
    binomial = scipy.stats.binom(200_000, 0.5)
    assert ranks is not None
    assert binomial.cdf(ranks[0] - 1) <= 0.025 < binomial.cdf(ranks[0])
