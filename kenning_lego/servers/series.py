"""Readings over time in bounded memory: when it is full, every two samples become one."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Mapping

from kenning_lego.core.telemetry import MAX_COLUMNS, quantity_of

_BY_MAXIMUM = frozenset({"throttled", "throttled_before", "throttle_count", "worker_peak_bytes"})
_BY_LATEST = frozenset({"energy_uj"})
"""Of two samples that become one, with the time of the second, the larger counts, or the second:
a counter of energy is then still what was read at that time. For all others it is their mean."""


class Series:
    """Columns over time.

    Args:
        capacity: samples that are kept at most; even.
    """

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._times = array("d")
        self._columns: dict[str, array[float]] = {}
        self.halvings = 0
        """How often the resolution was halved."""

    def __len__(self) -> int:
        return len(self._times)

    def append(self, time_s: float, readings: Mapping[str, float]) -> None:
        """Add a sample; a column that was not there before is absent in earlier samples."""
        for key in readings:
            if key not in self._columns and len(self._columns) < MAX_COLUMNS:
                self._columns[key] = array("d", [math.nan]) * len(self._times)
        self._times.append(time_s)
        for key, column in self._columns.items():
            column.append(readings.get(key, math.nan))
        if len(self._times) >= self._capacity:
            self._halve()

    def _halve(self) -> None:
        self._times = self._times[1::2]
        for key, column in self._columns.items():
            merge = _merge_of(quantity_of(key))
            pairs = zip(column[::2], column[1::2], strict=True)
            self._columns[key] = array("d", (_merged(merge, *pair) for pair in pairs))
        self.halvings += 1

    def times(self) -> tuple[float, ...]:
        """When each sample was taken, in s."""
        return tuple(self._times)

    def columns(self) -> dict[str, tuple[float | None, ...]]:
        """The columns by key; None where absent."""
        return {
            key: tuple(None if math.isnan(value) else value for value in column)
            for key, column in self._columns.items()
        }


def _merge_of(quantity: str) -> Callable[[float, float], float]:
    if quantity in _BY_MAXIMUM:
        return max
    return _latest if quantity in _BY_LATEST else _mean


def _merged(merge: Callable[[float, float], float], first: float, second: float) -> float:
    """Two values as one; what is absent (NaN) gives way to what is there."""
    if math.isnan(first):
        return second
    return first if math.isnan(second) else merge(first, second)


def _latest(_first: float, second: float) -> float:
    return second


def _mean(first: float, second: float) -> float:
    return first + (second - first) / 2
