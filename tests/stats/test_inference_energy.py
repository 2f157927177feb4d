"""Energy of an inference from telemetry of a board whose power is known."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from kenning_lego.core.errors import UsageError
from kenning_lego.core.telemetry import Telemetry
from kenning_lego.stats.energy import InferenceEnergy, energy_per_inference

RAIL, PACKAGE = "power_mw.VDD_IN", "energy_uj.package-0"
IDLE, BUSY = (3.0, 8.0), (10.3, 30.3)
IDLE_W, BUSY_W = 2.0, 5.0
EACH_J = (BUSY_W - IDLE_W) * (BUSY[1] - BUSY[0]) / 4000


def watts_at(time: float) -> float:
    """The truth: much is used before, between and after, which must not count."""
    if IDLE[0] <= time <= IDLE[1]:
        return IDLE_W
    return BUSY_W if BUSY[0] <= time <= BUSY[1] else 9.0


def counted(seconds: float, watts: Callable[[float], float] = watts_at) -> float:
    """Energy in uJ from 0 to then, by fine steps."""
    return sum(watts((n + 0.5) / 100) for n in range(round(seconds * 100))) * 1e4


TIMES = tuple(float(t) for t in range(34))
POWERS = tuple(1e3 * watts_at(t) for t in TIMES)
COUNTS = tuple(counted(t) for t in TIMES)


def energy(
    columns: dict[str, tuple[float | None, ...]], times: tuple[float, ...] = TIMES
) -> InferenceEnergy | None:
    return energy_per_inference(Telemetry(0.0, times, columns), IDLE, BUSY, 4000)


@pytest.mark.parametrize(("key", "column"), [(RAIL, POWERS), (PACKAGE, COUNTS)])
def test_even_load_gives_what_it_used_beyond_idle(key: str, column: tuple[float, ...]) -> None:
    found = energy({key: column})
    assert found is not None
    assert found.joules == pytest.approx(EACH_J)
    assert (found.low, found.high) == pytest.approx((EACH_J, EACH_J))
    assert (found.idle_watts, found.busy_watts) == pytest.approx((IDLE_W, BUSY_W))
    assert (found.readings, found.domains) == (20, (key,))


def test_part_of_a_package_is_not_added_to_it() -> None:
    cores = tuple(0.6 * each for each in COUNTS)
    found = energy({f"{PACKAGE}-core": cores, PACKAGE: COUNTS})
    assert found is not None
    assert found.joules == pytest.approx(EACH_J)


def test_packages_are_added_up() -> None:
    found = energy({PACKAGE: COUNTS, "energy_uj.package-1": COUNTS, "load_1min": POWERS})
    assert found is not None
    assert found.joules == pytest.approx(2 * EACH_J)
    assert found.domains == (PACKAGE, "energy_uj.package-1")


@pytest.mark.parametrize("key", [RAIL, PACKAGE])
def test_bounds_hold_nearly_always_and_more_readings_narrow_them(key: str) -> None:
    rng = random.Random(5)
    misses, widths = 0, {1: 0.0, 4: 0.0}
    for scale in widths:
        for _ in range(200):
            idle, busy = (0.0, 4.0 * scale), (4.0 * scale, 14.0 * scale)
            times = tuple(float(t) for t in range(14 * scale + 1))
            powers = [rng.gauss(2000 if t <= idle[1] else 5000, 400) for t in times]
            column = [powers[0]]
            for power in powers[1:]:
                column.append(column[-1] + 1e3 * power)
            told = tuple(powers if key == RAIL else column)
            telemetry = Telemetry(0.0, times, {key: told})
            if key == RAIL:  # at the border it is the one or the other
                idle, busy = (0.0, idle[1]), (busy[0] + 0.5, busy[1])
            found = energy_per_inference(telemetry, idle, busy, 1)
            assert found is not None
            truth = 3.0 * (busy[1] - busy[0])
            misses += not found.low <= truth <= found.high
            widths[scale] += (found.high - found.low) / truth
    assert misses <= 40  # 5 % of 400 are 20
    assert widths[4] < widths[1] / 2


def test_load_that_is_lost_in_the_noise_has_a_bound_below_zero() -> None:
    rng = random.Random(2)
    found = energy({RAIL: tuple(rng.gauss(3000, 500) for _ in TIMES)})
    assert found is not None
    assert found.low < 0 < found.high


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"temperature_c.cpu": POWERS},
        {RAIL: (None,) * len(TIMES)},
        {"power_mw.A": POWERS, "power_mw.B": POWERS},
    ],
)
def test_without_a_sensor_there_is_no_figure(columns: dict[str, tuple[float | None, ...]]) -> None:
    assert energy(columns) is None


@pytest.mark.parametrize("missing", [5, 20, 31])
@pytest.mark.parametrize(("key", "column"), [(RAIL, POWERS), (PACKAGE, COUNTS)])
def test_gap_gives_no_figure(key: str, column: tuple[float, ...], missing: int) -> None:
    gappy = tuple(None if n == missing else each for n, each in enumerate(column))
    assert energy({key: gappy}) is None


def test_domain_that_told_nothing_of_the_time_leaves_no_sum_of_the_others() -> None:
    late = (*(None,) * 20, *COUNTS[20:])
    assert energy({PACKAGE: COUNTS, "energy_uj.package-1": late}) is None


@pytest.mark.parametrize("kept", [slice(4, None), slice(0, 31)])
def test_telemetry_that_begins_late_or_ends_early_gives_no_figure(kept: slice) -> None:
    assert energy({RAIL: POWERS[kept]}, TIMES[kept]) is None


@pytest.mark.parametrize(
    ("key", "inside", "told"),
    [(RAIL, 1, False), (RAIL, 2, True), (PACKAGE, 2, False), (PACKAGE, 3, True)],
)
def test_too_few_readings_give_no_figure(key: str, inside: int, told: bool) -> None:
    times = (2.0, *(4.0 + n for n in range(inside)), 9.0, *(11.0 + n for n in range(19)), 31.0)
    column = POWERS if key == RAIL else COUNTS
    found = energy({key: tuple(column[round(t)] for t in times)}, times)
    assert (found is not None) == told


def test_what_makes_no_sense_is_refused() -> None:
    telemetry = Telemetry(0.0, TIMES, {RAIL: POWERS, PACKAGE: COUNTS})
    for idle, busy, inferences in (((8.0, 3.0), BUSY, 1), (IDLE, (9.0, 9.0), 1), (IDLE, BUSY, 0)):
        with pytest.raises(UsageError):
            energy_per_inference(telemetry, idle, busy, inferences)
    with pytest.raises(UsageError, match="goes back"):
        energy({PACKAGE: COUNTS[::-1]})
