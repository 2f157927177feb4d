"""Intervals of shares: against published values, and covering what they say they cover."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import UsageError
from kenning_lego.stats.mcnemar import Paired
from kenning_lego.stats.proportions import difference_interval, paired_interval, share_interval

counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(
    ("right", "samples", "low", "high"),
    # Newcombe, "Two-sided confidence intervals for the single proportion", 1998, table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_interval_of_a_share_as_published(
    right: int, samples: int, low: float, high: float
) -> None:
    found = share_interval(right / samples, samples)
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


@pytest.mark.parametrize(
    ("first", "second", "low", "high"),
    # Newcombe, "Interval estimation for the difference between independent proportions", 1998,
    # table II, method 10; the first minus the second there.
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((10, 10), (0, 20), 0.6791, 1.0),
    ],
)
def test_interval_of_a_difference_as_published(
    first: tuple[int, int], second: tuple[int, int], low: float, high: float
) -> None:
    (one, samples), (other, others) = first, second
    found = difference_interval(other / others, others, one / samples, samples)
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


@given(counts, counts)
def test_swapping_flips_the_sign(one: tuple[int, int], other: tuple[int, int]) -> None:
    first, second = one[0] / one[1], other[0] / other[1]
    there = difference_interval(first, one[1], second, other[1])
    back = difference_interval(second, other[1], first, one[1])
    assert there.low == pytest.approx(-back.high, abs=1e-12)
    assert there.low <= second - first <= there.high
    assert there.low >= -1 - 1e-12
    assert there.high <= 1 + 1e-12


@given(st.integers(0, 60), st.integers(0, 60), st.integers(1, 500))
def test_paired_interval_holds_the_difference_and_flips(lost: int, won: int, same: int) -> None:
    samples = lost + won + same
    found = paired_interval(Paired(lost, won), samples)
    back = paired_interval(Paired(won, lost), samples)
    assert found.low == pytest.approx(-back.high)
    assert found.low < found.high
    if lost == won:
        assert found.low < 0 < found.high


def test_paired_interval_covers_as_often_as_it_says() -> None:
    rng = np.random.default_rng(1)
    samples, lost, won = 200, 0.04, 0.09
    drawn = rng.multinomial(samples, [lost, won, 1 - lost - won], size=2000)
    found = [paired_interval(Paired(int(a), int(b)), samples) for a, b, _ in drawn]
    covered = np.mean([each.low <= won - lost <= each.high for each in found])
    assert 0.93 < covered < 0.985


@pytest.mark.parametrize(("share", "samples"), [(1.1, 5), (-0.1, 5), (0.5, 0)])
def test_what_is_no_share_is_refused(share: float, samples: int) -> None:
    with pytest.raises(UsageError, match="is no share"):
        share_interval(share, samples)


def test_more_differences_than_samples_are_refused() -> None:
    with pytest.raises(UsageError, match="both answered"):
        paired_interval(Paired(3, 3), 5)
    with pytest.raises(UsageError, match="confidence"):
        share_interval(0.5, 5, confidence=1.0)
