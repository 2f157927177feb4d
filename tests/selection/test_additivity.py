"""Errors of sums are told, what composed runs carry is fitted, and nothing more."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.core.errors import UsageError
from kenning_lego.selection.additivity import (
    ComposedRun,
    Errors,
    Figures,
    Terms,
    assess,
    corrected,
)

Segments = list[dict[str, Figures]]


def network(seed: int, blocks: int = 8, variants: int = 5) -> Segments:
    """Blocks of which each variant is faster and smaller than the one before it."""
    rng = random.Random(seed)
    segments = []
    for block in range(blocks):
        latency, size = rng.uniform(0.2, 1.0), rng.uniform(1e5, 5e6)
        segments.append(
            {
                f"block{block}@{number}": Figures(
                    latency * (1 - 0.8 * number / variants) * rng.uniform(0.95, 1.05),
                    round(size * (1 - 0.9 * number / variants)),
                )
                for number in range(variants)
            }
        )
    return segments


def everything(segments: Segments) -> dict[str, Figures]:
    return {name: each for segment in segments for name, each in segment.items()}


def composed(
    segments: Segments,
    count: int,
    measure: Callable[[Sequence[Figures]], float],
    noise: float = 0.002,
    seed: int = 1,
) -> list[ComposedRun]:
    rng = random.Random(seed)
    known = everything(segments)
    runs = []
    for _ in range(count):
        names = tuple(rng.choice(list(segment)) for segment in segments)
        runs.append(
            ComposedRun(names, measure([known[name] for name in names]) * rng.gauss(1, noise))
        )
    return runs


def test_sums_that_are_right_are_left_alone() -> None:
    segments = network(0)
    found = assess(everything(segments), composed(segments, 20, Terms().predict))
    assert not found.fitted
    assert found.before == found.after
    assert found.before.median < 0.004
    assert corrected(segments, found.terms) == {
        name: each.latency_ms for name, each in everything(segments).items()
    }


@pytest.mark.parametrize(
    "truth",
    [
        Terms(boundary_ms=0.02),
        Terms(scale=1.06),
        Terms(scale=0.9),
        Terms(ms_per_mb=0.02),
        Terms(boundary_ms=0.02, ms_per_mb=0.02),
    ],
)
@pytest.mark.parametrize("count", [6, 12, 40])
def test_bias_is_found_and_taken_out(truth: Terms, count: int) -> None:
    segments = network(1)
    found = assess(everything(segments), composed(segments, count, truth.predict))
    assert abs(found.before.bias) > 0.02
    assert found.fitted
    assert found.after.median < found.before.median / 2
    assert abs(found.after.bias) < 0.01
    # New configurations are predicted as well as it says.
    known = everything(segments)
    fresh = composed(segments, 50, truth.predict, noise=0, seed=9)
    errors = Errors.of(
        [found.terms.predict([known[name] for name in run.variants]) for run in fresh],
        [run.measured_ms for run in fresh],
    )
    assert errors.median < max(0.01, 3 * found.after.median)


def test_noise_alone_is_not_fitted() -> None:
    segments = network(2)
    fitted = 0
    for seed in range(20):
        runs = composed(segments, 6, Terms().predict, noise=0.03, seed=seed)
        found = assess(everything(segments), runs)
        fitted += found.fitted
        # What is reported is never worse than the plain sum's mean error by choosing to fit.
        assert found.after == found.before or found.fitted
    assert fitted <= 8


@pytest.mark.parametrize("count", [1, 2])
def test_few_runs_carry_no_term(count: int) -> None:
    segments = network(3)
    found = assess(everything(segments), composed(segments, count, Terms(boundary_ms=0.1).predict))
    assert found.terms == Terms()
    assert found.before.runs == count


def test_one_wild_run_does_not_lead_the_fit() -> None:
    segments = network(4)
    truth = Terms(boundary_ms=0.02)
    runs = composed(segments, 20, truth.predict)
    runs[7] = ComposedRun(runs[7].variants, runs[7].measured_ms * 3)
    found = assess(everything(segments), runs)
    known = everything(segments)
    names = runs[0].variants
    expected = truth.predict([known[name] for name in names])
    assert found.terms.predict([known[name] for name in names]) == pytest.approx(expected, rel=0.02)


@settings(max_examples=50)
@given(
    seed=st.integers(0, 1000),
    boundary=st.floats(-0.02, 0.1),
    scale=st.floats(0.7, 1.3),
    per_mb=st.floats(0, 0.05),
)
def test_corrected_latencies_sum_up_to_the_prediction(
    seed: int, boundary: float, scale: float, per_mb: float
) -> None:
    segments = network(seed)
    terms = Terms(boundary, scale, per_mb)
    latencies = corrected(segments, terms)
    known = everything(segments)
    rng = random.Random(seed)
    names = [rng.choice(list(segment)) for segment in segments]
    assert sum(latencies[name] for name in names) == pytest.approx(
        terms.predict([known[name] for name in names])
    )
    assert all(latency >= 0 for latency in latencies.values())


def test_constants_that_exceed_everything_leave_no_negative_latency() -> None:
    latencies = corrected(network(5), Terms(boundary_ms=-100.0))
    assert all(latency >= 0 for latency in latencies.values())


def test_errors_are_shares_of_what_was_measured() -> None:
    errors = Errors.of([1.1, 0.9, 1.3, 1.0], [1.0, 1.0, 1.0, 1.0])
    assert errors.runs == 4
    assert errors.median == pytest.approx(0.1)
    assert errors.p95 == pytest.approx(0.3)
    assert errors.bias == pytest.approx(0.075)


def test_runs_that_say_nothing_are_refused() -> None:
    segments = network(6)
    known = everything(segments)
    with pytest.raises(UsageError, match="there is no composed run"):
        assess(known, [])
    with pytest.raises(UsageError, match="unknown variant 'nothing'"):
        assess(known, [ComposedRun(("nothing",), 1.0)])
    with pytest.raises(UsageError, match="no latency"):
        assess(known, [ComposedRun((next(iter(known)),), 0.0)])
