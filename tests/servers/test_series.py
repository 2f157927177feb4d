"""Columns over time stay small, and lose resolution rather than what matters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.telemetry import MAX_COLUMNS
from kenning_lego.servers.series import Series


def test_samples_are_kept_as_they_are_while_there_is_room() -> None:
    series = Series(8)
    for time in range(7):
        series.append(float(time), {"a": time * 1.5})
    assert series.times() == (0, 1, 2, 3, 4, 5, 6)
    assert series.columns() == {"a": (0, 1.5, 3, 4.5, 6, 7.5, 9)}
    assert series.halvings == 0


def test_what_was_not_told_is_absent_before_between_and_after() -> None:
    series = Series(8)
    for readings in ({"a": 1.0}, {"b": 2.0}, {}, {"a": 0.0, "b": 3.0}):
        series.append(0.0, readings)
    assert series.columns() == {"a": (1, None, None, 0), "b": (None, 2, None, 3)}


def test_two_samples_become_one() -> None:
    series = Series(4)
    told = {
        "temperature_c.cpu": (40.0, 42.0, 50.0, 60.0),
        "throttled.hot": (0.0, 1.0, 0.0, 0.0),
        "throttle_count.core": (3.0, 5.0, 5.0, 6.0),
        "worker_peak_bytes": (10.0, 20.0, 20.0, 30.0),
        "energy_uj.package-0": (0.0, 7.0, 9.0, 100.0),
    }
    for time in range(4):
        series.append(float(time), {key: values[time] for key, values in told.items()})
    assert series.times() == (1, 3)
    assert series.columns() == {
        "temperature_c.cpu": (41, 55),
        "throttled.hot": (1, 0),
        "throttle_count.core": (5, 6),
        "worker_peak_bytes": (20, 30),
        "energy_uj.package-0": (7, 100),
    }
    assert series.halvings == 1


@pytest.mark.parametrize("key", ["power_mw.x", "energy_uj.x", "throttled.x"])
def test_what_is_absent_gives_way_to_what_is_there(key: str) -> None:
    series = Series(4)
    for readings in ({key: 5.0}, {}, {}, {key: 7.0}):
        series.append(0.0, readings)
    assert series.columns() == {key: (5, 7)}


@given(count=st.integers(0, 500), capacity=st.integers(1, 20).map(lambda half: 2 * half))
def test_memory_is_bounded_and_the_mean_survives(count: int, capacity: int) -> None:
    series = Series(capacity)
    for time in range(count):
        series.append(float(time), {"power_mw.x": 100.0, "energy_uj.x": 100.0 * time})
        assert len(series) < capacity or capacity == 2
    times = series.times()
    assert list(times) == sorted(set(times))
    columns = series.columns()
    if count:
        assert set(columns["power_mw.x"]) == {100.0}
        # Whatever was merged, a counter still fits its times.
        assert columns["energy_uj.x"] == tuple(100.0 * time for time in times)
        assert times[-1] >= count - 2**series.halvings


def test_columns_beyond_the_limit_are_left_out() -> None:
    series = Series(4)
    series.append(0.0, {f"a.{index}": 1.0 for index in range(MAX_COLUMNS + 5)})
    assert len(series.columns()) == MAX_COLUMNS
