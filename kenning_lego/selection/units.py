"""Latencies and accuracy costs as whole numbers, so that sums, ties and budgets are exact.

Sums of floats depend on their order, and 0.1 + 0.2 exceeds a budget of 0.3. So this room counts
in billionths: picoseconds for ms, and 1e-9 of the metric. Both are far below what can be measured.
"""

from __future__ import annotations

UNITS_PER_ONE = 10**9
"""Units in one ms, and in 1.0 of the metric."""

LIMIT = 2**53
"""Totals stay below this many units or bytes: up to here a float holds every whole number."""

LARGEST = LIMIT // UNITS_PER_ONE
"""The largest total in ms or of the metric: 9,007,199."""


def to_units(value: float) -> int:
    """The nearest whole number of units; for magnitudes up to :data:`LARGEST`."""
    return round(value * UNITS_PER_ONE)


def from_units(units: int) -> float:
    """The float nearest to so many units."""
    return units / UNITS_PER_ONE


def budget_units(value: float) -> int:
    """The most units that, given back as a float, do not exceed a budget.

    So what fits in units also fits when the floats are compared, without a tolerance.
    """
    value = min(value, float(LARGEST))
    # The product may have been rounded to a unit below.
    units = to_units(value) + 2
    while from_units(units) > value:
        units -= 1
    return units
