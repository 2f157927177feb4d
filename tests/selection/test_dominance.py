"""Rows that no other row dominates, against all pairs."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kenning_lego.selection.dominance import ranks, undominated


def _by_pairs(columns: NDArray[np.int64], tie: NDArray[np.int64]) -> list[int]:
    no_larger = np.all(columns[:, :, None] <= columns[:, None, :], axis=0)
    equal = no_larger & no_larger.T
    beats = (no_larger & ~equal) | (equal & (tie[:, None] < tie[None, :]))
    left = np.flatnonzero(~beats.any(axis=0))
    found: list[int] = left[np.lexsort(columns[::-1, left])].tolist()
    return found


@settings(max_examples=60)
@given(
    st.integers(1, 5),
    st.sampled_from([1, 2, 31, 32, 33, 100, 599, 600, 900]),
    st.sampled_from([1, 3, 40, 10**6, 2**52]),
    st.integers(0, 2**32),
)
def test_they_are_those_of_all_pairs(figures: int, rows: int, largest: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    columns = generator.integers(-largest, largest, (figures, rows), endpoint=True)
    tie = generator.permutation(rows)
    assert undominated(list(columns), tie).tolist() == _by_pairs(columns, tie)


@pytest.mark.parametrize("figures", [2, 3, 4])
def test_rows_of_which_most_stay_are_all_compared(figures: int) -> None:
    generator = np.random.default_rng(figures)
    columns = generator.integers(0, 10**9, (figures, 2500))
    columns[0] = 10**10 - columns[1:].sum(axis=0)
    columns[0, ::5] += 10**8
    tie = np.arange(2500)
    expected = _by_pairs(columns, tie)
    assert len(expected) >= 2000
    assert undominated(list(columns), tie).tolist() == expected


def test_ranks_count_distinct_values() -> None:
    values: NDArray[Any] = np.array([7, -3, 7, 2**52, -3])
    assert ranks(values).tolist() == [1, 0, 1, 2, 0]
