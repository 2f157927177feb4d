"""Points of a front within bounds: the best one, counting what a switch costs, or the nearest."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenning_lego.selection.front import Front
from kenning_lego.selection.units import LIMIT, UNITS_PER_ONE

_BYTES_PER_MB = 1e6


@dataclass(frozen=True, slots=True)
class Box:
    """Upper bounds in whole units and bytes, on what a front predicts.

    Args:
        latency: on the latency of an idle target, in units.
        memory: in bytes.
        energy: in units.
    """

    latency: int = LIMIT
    memory: int = LIMIT
    energy: int = LIMIT


@dataclass(frozen=True, slots=True)
class Price:
    """What switching costs, in units of accuracy cost.

    Args:
        switch: of any switch.
        per_byte: of each byte that is loaded.
    """

    switch: float
    per_byte: float

    @classmethod
    def of(cls, least_gain: float, gain_per_mb: float) -> Price:
        """From accuracy costs, for a switch and for 10^6 bytes."""
        per_byte = gain_per_mb * UNITS_PER_ONE / _BYTES_PER_MB
        return cls(least_gain * UNITS_PER_ONE, per_byte)


class Menu:
    """A front, with what switching between its points loads.

    Args:
        front: what there is to choose from.
    """

    def __init__(self, front: Front) -> None:
        self.front = front
        tables = [
            [option.memory_bytes for option in block.options] for block in front.problem.blocks
        ]
        self._sizes: NDArray[np.int64] = np.stack(
            [
                np.asarray(sizes, np.int64)[front.options[:, block]]
                for block, sizes in enumerate(tables)
            ],
            axis=1,
        )

    def latency(self, point: int) -> int:
        """Of a point, in units."""
        return int(self.front.latencies[point])

    def memory(self, point: int) -> int:
        """Of a point, in bytes."""
        return int(self.front.memories[point])

    def cost(self, point: int) -> int:
        """Accuracy cost of a point, in units."""
        return int(self.front.costs[point])

    def within(self, box: Box) -> NDArray[np.bool_]:
        """Which points keep the bounds."""
        front = self.front
        return np.asarray(
            (front.latencies <= box.latency)
            & (front.memories <= box.memory)
            & (front.energies <= box.energy)
        )

    def moved_bytes(self, running: int | None) -> NDArray[np.int64]:
        """Bytes of the variants that each point has and the running one has not."""
        if running is None:
            return np.asarray(self._sizes.sum(axis=1))
        options = self.front.options
        return np.asarray(np.where(options != options[running], self._sizes, 0).sum(axis=1))

    def prices(self, running: int | None, price: Price) -> NDArray[np.float64]:
        """Accuracy cost in units and, but for the running point, the cost of switching there."""
        costs = self.front.costs.astype(np.float64)
        if running is None:
            return costs
        moved = self.moved_bytes(running)
        priced: NDArray[np.float64] = costs + moved * price.per_byte + (moved > 0) * price.switch
        return priced

    def cheapest(
        self, box: Box, running: int | None, price: Price, excluded: Collection[int] = ()
    ) -> int | None:
        """The point within the bounds of least accuracy cost and cost of switching, if any.

        Of equal ones the most accurate. Without a running point switching costs nothing.
        """
        fits = self.within(box)
        fits[list(excluded)] = False
        if not fits.any():
            return None
        return int(np.argmin(np.where(fits, self.prices(running, price), np.inf)))

    def nearest(self, box: Box, excluded: Collection[int] = ()) -> int:
        """The point that exceeds the bounds least.

        Memory is exceeded only if no point keeps it, and then as little as can be: processes end
        for want of memory. Of the others the worst of the shares by which a point exceeds its
        bounds counts, of equal ones the accuracy cost.
        """
        front = self.front
        memories = front.memories.copy()
        if len(excluded) < len(front):
            memories[list(excluded)] = np.iinfo(np.int64).max
        memory = max(box.memory, int(memories.min()))
        overrun = np.maximum(
            front.latencies / max(box.latency, 1), front.energies / max(box.energy, 1)
        )
        return int(np.argmin(np.where(memories <= memory, np.maximum(overrun, 1.0), np.inf)))
