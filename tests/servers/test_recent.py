"""Samples of a measurement that may go on for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.servers.recent import RecentSamples


@given(st.integers(1, 20), st.lists(st.integers(0, 2**62), max_size=100))
def test_last_samples_are_kept_in_order(capacity: int, values: list[int]) -> None:
    recent = RecentSamples(capacity)
    for value in values:
        recent.append(value)
    assert recent.values() == tuple(values[-capacity:])
    recent.clear()
    assert recent.values() == ()
