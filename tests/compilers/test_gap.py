"""The gap is what numpy says it is, and limits hold for everything, also for no number."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from kenning_lego.compilers.artifact import Gap
from kenning_lego.compilers.comparison import GapMeter
from kenning_lego.compilers.limits import GapConfig
from kenning_lego.core.errors import CompilationError

ROWS = arrays.arrays(
    np.float32,
    st.tuples(st.integers(1, 5), st.just(2), st.integers(1, 4)),
    elements=st.floats(-100, 100, width=32),
)


def measured(ours: NDArray[np.float32], theirs: NDArray[np.float32]) -> Gap:
    meter = GapMeter(classifier=True)
    for left, right in zip(ours, theirs, strict=True):
        meter.add([left], [right])
    return meter.total()


@given(ROWS, st.integers(0, 2**32 - 1))
def test_gap_over_samples_is_the_gap_of_all_at_once(ours: NDArray[np.float32], seed: int) -> None:
    noise = np.random.default_rng(seed).standard_normal(ours.shape)
    theirs = (ours + noise).astype(np.float32)
    gap = measured(ours, theirs)
    left, right = (each.astype(np.float64).ravel() for each in (ours, theirs))
    assert gap.samples == len(ours)
    assert gap.max_abs == np.abs(left - right).max()
    assert gap.scale == np.abs(right).max()
    assert gap.rmse == pytest.approx(math.sqrt(np.mean((left - right) ** 2)))
    assert gap.agreement == np.mean(ours.argmax(-1) == theirs.argmax(-1))
    if np.linalg.norm(left):
        expected = left @ right / np.linalg.norm(left) / np.linalg.norm(right)
        assert gap.cosine == pytest.approx(expected, abs=1e-9)


def test_zeros_agree_with_zeros_only() -> None:
    zeros = np.zeros((1, 2, 3), np.float32)
    assert measured(zeros, zeros).cosine == 1.0
    assert measured(zeros, zeros + 1).cosine == 0.0
    assert GapMeter().total() == Gap(0, 0.0, 0.0, 1.0, 0.0)


def gap(*, max_abs: float = 0.0, cosine: float = 1.0, agreement: float | None = None) -> Gap:
    return Gap(1, max_abs, 0.0, cosine, 10.0, agreement)


@pytest.mark.parametrize("value", [2e-3, math.nan, math.inf])
def test_float_beyond_its_tolerance_is_an_error(value: float) -> None:
    with pytest.raises(CompilationError, match="it differs from the original"):
        GapConfig().judge(gap(max_abs=value), "fp32", "it")
    assert GapConfig().judge(gap(max_abs=9e-4), "fp32", "it") == ""


def test_limits_are_the_precisions_unless_they_are_given() -> None:
    assert GapConfig().judge(gap(max_abs=0.1), "fp16", "it") == ""
    assert "cosine" in GapConfig().judge(gap(cosine=0.9), "int8", "it")
    assert "cosine" in GapConfig().judge(gap(cosine=math.nan), "int8", "it")
    assert GapConfig(min_cosine=0.8).judge(gap(cosine=0.9), "int8", "it") == ""
    assert "agree" in GapConfig(min_agreement=0.9).judge(gap(agreement=0.8), "int8", "it")
    assert GapConfig(min_agreement=0.9).judge(gap(), "int8", "it") == ""
    assert "by 5" in GapConfig(beyond="warning").judge(gap(max_abs=5.0), "fp32", "it")
    with pytest.raises(CompilationError, match="by 5 on up to 10"):
        GapConfig(tolerance=0.1, beyond="error").judge(gap(max_abs=5.0), "int8", "it")
