"""Intervals by resampling rounds: against brute force and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.synthetic import SOURCES, drawn
from kenning_lego.core.errors import UsageError
from kenning_lego.stats import bootstrap
from kenning_lego.stats.bootstrap import (
    ENOUGH_ROUNDS,
    median_of_rounds,
    paired_ratio,
    standard_error,
)
from kenning_lego.stats.intervals import median_interval
from kenning_lego.stats.rounds import Floats, Rounds


def noisy(rounds: int, each: int = 1, seed: int = 0) -> Rounds:
    rng = np.random.default_rng(seed)
    return Rounds.of(rng.lognormal(0, 0.2, rounds * each), [each] * rounds)


@settings(max_examples=30)
@given(
    counts=st.lists(st.integers(1, 4), min_size=ENOUGH_ROUNDS, max_size=60),
    length=st.integers(1, 5),
    tied=st.booleans(),
    seed=st.integers(0, 100),
)
def test_medians_of_resamples_are_those_of_the_samples_written_out(
    counts: list[int], length: int, tied: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    values = rng.pareto(1.0, sum(counts)) + 1
    rounds = Rounds.of(np.round(values) if tied else values, counts)
    weights = bootstrap._drawn(len(counts), length, seed)
    found = bootstrap._medians(rounds.values, rounds.labels(), weights)
    for resample in range(0, bootstrap.RESAMPLES, 97):
        written_out = np.repeat(rounds.values, weights[rounds.labels(), resample])
        assert found[resample] == pytest.approx(np.median(written_out), rel=1e-12)


def test_resamples_that_leave_the_middle_are_found_too() -> None:
    # All of one half of the rounds is slower: medians jump from one half to the other.
    values = np.concatenate([np.linspace(1, 1.1, 200), np.linspace(9, 9.1, 200)])
    rounds = Rounds.of(values, [1] * 400)
    weights = bootstrap._drawn(400, 40, 0)
    found = bootstrap._medians(rounds.values, rounds.labels(), weights)
    assert found.min() < 1.1
    assert found.max() > 9
    written_out = [np.median(np.repeat(values, weights[:, each])) for each in range(1000)]
    np.testing.assert_allclose(found, written_out)


@pytest.mark.parametrize("length", [1, 3, 7])
def test_every_resample_draws_blocks_of_neighbours(length: int) -> None:
    weights = bootstrap._drawn(50, length, 1)
    assert (weights.sum(axis=0) == 50).all()
    # Of a whole block, each neighbour is drawn as often: sums over the circle's windows are even.
    lonely = (weights > 0) & (np.roll(weights, 1, 0) == 0) & (np.roll(weights, -1, 0) == 0)
    if length > 1:
        # Only the block that was cut off at the end may leave a round alone.
        assert lonely.sum(axis=0).max() <= 1


def test_interval_is_the_same_for_the_same_seed_and_close_for_another() -> None:
    rounds = noisy(100)
    one, again, other = (median_of_rounds(rounds, seed=seed) for seed in (3, 3, 4))
    assert one is not None
    assert other is not None
    assert one == again
    assert one != other
    assert other.relative_half_width == pytest.approx(one.relative_half_width, rel=0.3)


@settings(max_examples=30)
@given(scale=st.floats(1e-3, 1e6), seed=st.integers(0, 20))
def test_interval_scales_with_its_samples(scale: float, seed: int) -> None:
    rounds = noisy(40, seed=seed)
    one = median_of_rounds(rounds)
    scaled = median_of_rounds(Rounds.of(rounds.values * scale))
    assert one is not None
    assert scaled is not None
    assert (scaled.low, scaled.value, scaled.high) == pytest.approx(
        (one.low * scale, one.value * scale, one.high * scale)
    )


def test_order_within_a_round_does_not_matter() -> None:
    rounds = noisy(50, each=4)
    turned = rounds.values.reshape(50, 4)[:, ::-1].ravel()
    assert median_of_rounds(Rounds.of(turned, rounds.counts.tolist())) == median_of_rounds(rounds)


def test_few_rounds_have_the_interval_of_order_statistics() -> None:
    values = noisy(ENOUGH_ROUNDS - 1).values.tolist()
    assert median_of_rounds(Rounds.of(values)) == median_interval(values)
    assert median_of_rounds(Rounds.of(values[:5])) is None


def test_samples_of_one_round_are_not_taken_for_independent_ones() -> None:
    levels = np.random.default_rng(0).lognormal(0, 0.1, 60)
    once = median_of_rounds(Rounds.of(levels))
    copied = median_of_rounds(Rounds.of(np.repeat(levels, 10), [10] * 60))
    forgotten = median_of_rounds(
        Rounds.of(np.random.default_rng(1).permutation(np.repeat(levels, 10)))
    )
    assert once is not None
    assert copied is not None
    assert forgotten is not None
    assert copied.relative_half_width == pytest.approx(once.relative_half_width, rel=0.1)
    assert forgotten.relative_half_width < once.relative_half_width / 2


@pytest.mark.parametrize("correlation", [0.0, 0.6])
@pytest.mark.parametrize("source", SOURCES)
def test_interval_covers_the_median_as_often_as_it_says(source: str, correlation: float) -> None:
    trials = 400
    truth = float(SOURCES[source](np.array([0.5]))[0])
    held = 0
    for series in drawn(np.random.default_rng(5), SOURCES[source], trials, 150, correlation):
        found = median_of_rounds(Rounds.of(series))
        assert found is not None
        held += found.low <= truth <= found.high
    # 0.95 less one for the approximation and three standard errors.
    assert held / trials > 0.94 - 3 * (0.95 * 0.05 / trials) ** 0.5


def test_more_than_512_rounds_are_drawn_in_groups_and_say_about_the_same() -> None:
    rounds = noisy(2000)
    found, independent = median_of_rounds(rounds), median_interval(rounds.values.tolist())
    assert found is not None
    assert independent is not None
    assert found.relative_half_width == pytest.approx(independent.relative_half_width, rel=0.3)


def shared_drift(rounds: int, seed: int) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(seed)
    common = 1 + 0.2 * np.sin(np.linspace(0, 9, rounds)) ** 2
    return (
        1.03 * common * rng.lognormal(0, 0.01, rounds),
        common * rng.lognormal(0, 0.01, rounds),
    )


def test_drift_that_two_items_share_cancels_in_their_ratio() -> None:
    trials, held, widths = 100, 0, []
    for seed in range(trials):
        first, second = shared_drift(100, seed)
        ratio = paired_ratio(Rounds.of(first), Rounds.of(second))
        alone = median_of_rounds(Rounds.of(first))
        assert ratio is not None
        assert alone is not None
        held += ratio.low <= 1.03 <= ratio.high
        widths.append(ratio.relative_half_width / alone.relative_half_width)
    assert held / trials > 0.85
    assert float(np.median(widths)) < 0.4


def test_ratio_of_a_series_with_itself_is_one_without_any_doubt() -> None:
    rounds = noisy(50)
    found = paired_ratio(rounds, rounds)
    assert found is not None
    assert (found.low, found.value, found.high) == (1, 1, 1)


def test_ratio_wants_the_same_rounds_and_enough_of_them() -> None:
    with pytest.raises(UsageError, match="rounds differ: 30 and 31"):
        paired_ratio(noisy(30), noisy(31))
    assert paired_ratio(noisy(10), noisy(10)) is None
    with pytest.raises(UsageError, match="not positive"):
        paired_ratio(Rounds.of([0.0] * 30), noisy(30))


def test_standard_error_of_independent_rounds_is_that_of_theory() -> None:
    # 1 / (2 f(m) sqrt(n)) with the normal density at the median of the logarithm.
    found = [standard_error(noisy(200, seed=seed)) for seed in range(20)]
    errors = [each[0] for each in found if each is not None]
    expected = 0.2 * np.sqrt(np.pi / 2) / np.sqrt(200)
    assert float(np.mean(errors)) == pytest.approx(expected, rel=0.15)
    assert standard_error(noisy(ENOUGH_ROUNDS - 1)) is None


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95])
def test_confidence_that_is_no_share_is_refused(confidence: float) -> None:
    with pytest.raises(UsageError, match="confidence"):
        median_of_rounds(noisy(30), confidence)


def test_rounds_that_do_not_add_up_are_refused() -> None:
    with pytest.raises(UsageError, match="rounds of 3 samples"):
        Rounds.of([1.0, 2.0], [1, 2])
    with pytest.raises(UsageError, match="emptiest of 0"):
        Rounds.of([1.0, 2.0], [2, 0])
    with pytest.raises(UsageError, match="finite"):
        Rounds.of([1.0, float("nan")])


@given(st.lists(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=5), min_size=1, max_size=20))
def test_level_of_a_round_is_its_median(rounds: list[list[float]]) -> None:
    made = Rounds.of([each for one in rounds for each in one], [len(one) for one in rounds])
    np.testing.assert_allclose(made.levels(), [np.median(one) for one in rounds], atol=1e-6)
