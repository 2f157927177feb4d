"""Summaries: the usual figures, and honesty about what is missing."""

from __future__ import annotations

import statistics

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import UsageError
from kenning_lego.stats.intervals import quantile_interval
from kenning_lego.stats.summary import summarize


@given(st.lists(st.integers(1, 10**9), min_size=2, max_size=50))
def test_figures_agree_with_the_standard_library(samples: list[int]) -> None:
    summary = summarize(samples)
    assert summary.count == len(samples)
    assert summary.median == statistics.median(samples)
    assert summary.mean == pytest.approx(statistics.fmean(samples))
    assert summary.std == pytest.approx(statistics.stdev(samples), rel=1e-9, abs=1e-6)
    assert (summary.minimum, summary.maximum) == (min(samples), max(samples))
    assert summary == summarize(reversed(samples))


def test_percentiles_come_with_their_samples() -> None:
    samples = np.random.default_rng(1).lognormal(0, 0.1, 400)
    full = summarize(samples)
    assert full.p90 == quantile_interval(samples, 0.9)
    assert full.p95 == quantile_interval(samples, 0.95)
    assert full.p99 == quantile_interval(samples, 0.99)
    part = summarize(samples[:50])
    assert part.p90 is not None
    assert part.p95 is None
    assert part.p99 is None


def test_text_says_how_many_samples_are_missing() -> None:
    text = str(summarize(range(1, 41)))
    assert text == (
        "median 20.5 [14, 27], mean 20.5 (sd 12); range 1 to 40; p90 36.5 [32, 40]; "
        "p95 needs 32 more samples; p99 needs 328 more samples; 40 samples, 0.95 confidence"
    )


def test_a_single_sample_has_no_spread_and_no_interval() -> None:
    summary = summarize([6.5])
    assert summary.median == summary.mean == 6.5
    assert summary.std is None
    assert summary.median_low is None
    assert summary.median_high is None
    assert summary.relative_half_width is None
    assert str(summary).startswith("median 6.5 (no interval: needs 5 more samples), mean 6.5; ")


def test_relative_half_width_is_that_of_the_median() -> None:
    assert summarize([10, 10, 10, 10, 10, 12]).relative_half_width == pytest.approx(0.2)


def test_no_samples_are_refused() -> None:
    with pytest.raises(UsageError, match="no samples"):
        summarize([])
