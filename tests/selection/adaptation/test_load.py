from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.selection.adaptation.load import Load, LoadEstimator

OUTLIERS = 0.02


def fed(*ratios: float, predicted: float = 10.0) -> LoadEstimator:
    estimator = LoadEstimator(OUTLIERS)
    for ratio in ratios:
        estimator.observe(ratio * predicted, predicted)
    return estimator


def test_says_nothing_of_the_load_before_the_first_frame() -> None:
    assert LoadEstimator(OUTLIERS).load == Load()


def test_follows_a_halved_core_within_three_frames() -> None:
    estimator = fed(*[1.0] * 100, *[2.0] * 3)
    assert estimator.changes == 1
    assert estimator.load.level == pytest.approx(2.0)
    assert estimator.load.frames == 3


@pytest.mark.parametrize("outlier", [0.3, 3.0, 50.0])
def test_a_single_outlier_changes_next_to_nothing(outlier: float) -> None:
    estimator = fed(*[1.0] * 40, outlier, *[1.0] * 5)
    assert estimator.changes == 0
    assert estimator.load.level == pytest.approx(1.0)
    assert estimator.load.slack_ms < 1.0


def test_frames_of_different_configurations_tell_of_one_load() -> None:
    estimator = LoadEstimator(OUTLIERS)
    for predicted in [4.0, 9.0, 6.0] * 20:
        estimator.observe(1.5 * predicted, predicted)
    assert estimator.changes == 0
    assert estimator.load.level == pytest.approx(1.5)


def test_the_slack_covers_all_but_the_outliers() -> None:
    rng = np.random.default_rng(0)
    estimator, later = fed(*rng.uniform(1.0, 1.4, 256)), rng.uniform(1.0, 1.4, 1000) * 10.0
    share = (later <= estimator.load.expected_ms(10.0)).mean()
    assert 0.96 <= share <= 1.0


def test_the_error_of_the_level_shrinks_with_the_frames() -> None:
    rng = np.random.default_rng(0)
    ratios = rng.normal(1.0, 0.1, 64)
    assert fed(*ratios).load.error < fed(*ratios[:16]).load.error / 1.5


def test_noise_raises_no_alarm() -> None:
    rng = np.random.default_rng(0)
    assert fed(*rng.lognormal(0.0, 0.1, 5000)).changes == 0


@given(
    st.floats(0.1, 10.0),
    st.lists(st.floats(0.5, 2.0), min_size=1, max_size=80),
)
def test_a_bound_is_kept_by_what_it_affords(predicted: float, ratios: list[float]) -> None:
    load = fed(*ratios, predicted=predicted).load
    bound = load.expected_ms(predicted)
    assert load.affordable_ms(bound) == pytest.approx(predicted)
    assert load.affordable_ms(bound, 2.0) <= load.affordable_ms(bound) * (1 + 1e-12)
    assert load.affordable_ms(0.0) == 0.0


def test_frames_that_nothing_could_keep_do_not_count_against_slower_configurations() -> None:
    estimator = LoadEstimator(0.03)
    for number in range(200):
        estimator.observe(10.0 + (4.0 if number % 12 == 5 else 0.02 * (number % 5)), 10.0)
    # With a bound of 13 ms a configuration of 8.5 ms could keep the slow ones, and so it should.
    assert estimator.attainable(13.0, 8.5) == estimator.load
    assert estimator.load.slack_ms > 3.5
    # With 12 ms none can: then they are no reason to be faster than for the others.
    within = estimator.attainable(12.0, 8.5)
    assert within.slack_ms < 0.5
    assert within.affordable_ms(12.0) > 11.0
    # Where even the usual frames are too slow for the fastest one, all of it counts.
    assert estimator.attainable(2.0, 8.5) == estimator.load
