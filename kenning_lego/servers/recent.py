"""The most recent samples of a measurement that may go on for ever."""

from __future__ import annotations

import array


class RecentSamples:
    """Keeps the last samples in memory that is taken once.

    Args:
        capacity: how many are kept.
    """

    def __init__(self, capacity: int) -> None:
        self._values = array.array("q", bytes(8 * capacity))
        self._count = 0

    def append(self, value: int) -> None:
        """Add a sample, in place of the oldest if there is no room."""
        self._values[self._count % len(self._values)] = value
        self._count += 1

    def clear(self) -> None:
        """Forget all samples."""
        self._count = 0

    def values(self) -> tuple[int, ...]:
        """The samples that are kept, the oldest first."""
        capacity = len(self._values)
        if self._count <= capacity:
            return tuple(self._values[: self._count])
        begin = self._count % capacity
        return tuple(self._values[begin:] + self._values[:begin])
