"""Energy from counters and from power, with bounds that hold."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import UsageError
from kenning_lego.core.telemetry import Telemetry
from kenning_lego.stats.energy import energy_between

POWER, COUNTER = "power_mw.VDD_IN", "energy_uj.package-0"


def told(times: list[float], values: list[float | None], key: str = POWER) -> Telemetry:
    return Telemetry(0.0, tuple(times), {key: tuple(values)})


def test_even_power_gives_power_times_time_and_no_doubt() -> None:
    telemetry = told([float(t) for t in range(11)], [5000.0] * 11)
    energy = energy_between(telemetry, POWER, 2.5, 7.0)
    assert energy is not None
    assert energy.joules == pytest.approx(22.5)
    assert (energy.low, energy.high) == pytest.approx((22.5, 22.5))
    assert energy.watts == pytest.approx(5.0)
    assert (energy.readings, energy.source) == (5, "power")


def test_trapezoids_are_exact_for_power_that_grows_evenly() -> None:
    # p(t) = 2 t W, so that from 1 s to 4 s it is 16 - 1 J.
    times = [0.0, 0.7, 2.0, 2.2, 3.9, 5.0]
    energy = energy_between(told(times, [2000 * t for t in times]), POWER, 1.0, 4.0)
    assert energy is not None
    assert energy.joules == pytest.approx(15.0)


def test_interval_between_two_readings_is_interpolated() -> None:
    energy = energy_between(told([0.0, 10.0], [1000.0, 2000.0]), POWER, 4.0, 6.0)
    assert energy is not None
    assert energy.joules == pytest.approx(3.0)
    assert energy.readings == 0
    assert energy.low < energy.joules < energy.high


def test_bounds_of_noisy_power_hold_nearly_always_and_shrink_with_readings() -> None:
    rng = random.Random(3)
    misses, widths = 0, {}
    for count in (20, 200):
        for _ in range(200):
            times = [float(t) for t in range(count + 1)]
            values: list[float | None] = [5000 + rng.gauss(0, 500) for _ in times]
            energy = energy_between(told(times, values), POWER, 0.0, float(count))
            assert energy is not None
            misses += not energy.low <= 5.0 * count <= energy.high
            widths[count] = (energy.high - energy.low) / energy.joules
    assert misses <= 40  # 5 % of 400 are 20
    assert widths[200] < widths[20] / 2


def test_slow_drift_is_no_doubt() -> None:
    times = [float(t) for t in range(101)]
    drifting = energy_between(told(times, [1000 + 10 * t for t in times]), POWER, 0.0, 100.0)
    assert drifting is not None
    assert (drifting.high - drifting.low) / drifting.joules < 0.02


@given(
    steps=st.lists(st.tuples(st.floats(0.01, 10), st.floats(0, 1e9)), min_size=2, max_size=20),
    ends=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_counter_bounds_hold_whatever_the_power_was(
    steps: list[tuple[float, float]], ends: tuple[float, float]
) -> None:
    times, values = [0.0], [0.0]
    for seconds, used in steps:
        times.append(times[-1] + seconds)
        values.append(values[-1] + used)
    begin, end = sorted(share * times[-1] for share in ends)
    if not begin < end:
        return
    energy = energy_between(told(times, list(values), COUNTER), COUNTER, begin, end)
    assert energy is not None
    # The most and the least that any course of the counter between its readings allows.
    most = min(v for t, v in zip(times, values, strict=True) if t >= end) - max(
        v for t, v in zip(times, values, strict=True) if t <= begin
    )
    inside = [v for t, v in zip(times, values, strict=True) if begin <= t <= end]
    least = max(inside) - min(inside) if inside else 0.0
    assert energy.low == pytest.approx(least / 1e6)
    assert energy.high == pytest.approx(most / 1e6)
    assert energy.low - 1e-9 <= energy.joules <= energy.high + 1e-9 + 1e-9 * energy.high


def test_counter_between_two_of_its_readings_is_exact() -> None:
    telemetry = told([0.0, 1.0, 2.0, 3.0], [0.0, 1e6, 3e6, 7e6], COUNTER)
    energy = energy_between(telemetry, COUNTER, 1.0, 3.0)
    assert energy is not None
    assert (energy.joules, energy.low, energy.high) == (6.0, 6.0, 6.0)
    assert energy.source == "counter"


@pytest.mark.parametrize(("begin", "end"), [(-0.5, 1.0), (1.0, 3.5), (4.0, 5.0), (-2.0, -1.0)])
def test_nothing_is_claimed_beyond_the_readings(begin: float, end: float) -> None:
    telemetry = told([0.0, 1.0, 2.0, 3.0], [1.0] * 4)
    assert energy_between(telemetry, POWER, begin, end) is None


def test_nothing_is_claimed_over_a_gap() -> None:
    telemetry = told([0.0, 1.0, 2.0, 3.0, 4.0], [1.0, None, 1.0, 1.0, 1.0])
    assert energy_between(telemetry, POWER, 0.5, 2.5) is None
    assert energy_between(telemetry, POWER, 2.0, 3.5) is not None


def test_what_is_no_energy_is_refused() -> None:
    telemetry = told([0.0, 1.0], [1.0, 2.0], "temperature_c.cpu")
    with pytest.raises(UsageError, match="temperature_c is neither energy nor power"):
        energy_between(telemetry, "temperature_c.cpu", 0.0, 1.0)
    with pytest.raises(UsageError, match=r"no column 'power_mw\.gone'"):
        energy_between(telemetry, "power_mw.gone", 0.0, 1.0)
    for end in (0.5, 0.2, math.nan):
        with pytest.raises(UsageError, match="an interval from"):
            energy_between(telemetry, "temperature_c.cpu", 0.5, end)


def test_counter_that_goes_back_is_refused() -> None:
    with pytest.raises(UsageError, match="goes back"):
        energy_between(told([0.0, 1.0, 2.0], [5.0, 4.0, 6.0], COUNTER), COUNTER, 0.0, 2.0)
