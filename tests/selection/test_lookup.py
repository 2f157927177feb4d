"""The first point within bounds, against looking at all."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.selection.lookup import BoundsIndex


@settings(max_examples=40)
@given(
    st.integers(1, 3),
    st.sampled_from([1, 2, 600, 5000, 9000]),
    st.sampled_from([0, 5, 10**12]),
    st.integers(0, 2**32),
)
def test_it_is_that_of_looking_at_all(figures: int, points: int, largest: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    columns = list(generator.integers(0, largest, (figures, points), endpoint=True))
    index = BoundsIndex(columns)
    for _ in range(40):
        bounds = []
        for column in columns:
            value = int(column[generator.integers(points)])
            near = [None, -1, value - 1, value, value // 2, 2 * largest]
            bounds.append(near[generator.integers(len(near))])
        kept = np.ones(points, dtype=bool)
        for column, bound in zip(columns, bounds, strict=True):
            if bound is not None:
                kept &= column <= bound
        assert index.first(bounds) == (int(kept.argmax()) if kept.any() else None)
