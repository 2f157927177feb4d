"""Max-min fairness: the worst cost as low as possible, then the next worst, and so on.

As in Bertsekas and Gallager, "Data Networks" (1992), for groups of discrete options. The lowest
level that all groups can keep is found by bisection over the costs that occur. In every best
choice some group is at this level; it is one of those whose being held there lets the level of the
others go lowest. Where several do, all are tried.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence

import numpy as np

from kenning_lego.selection.dominance import Figures
from kenning_lego.selection.search import can_be_kept


def fair_levels(tables: Sequence[Figures], caps: Sequence[int | None]) -> list[int] | None:
    """The highest cost that each group may have; None if no choice keeps the caps.

    Args:
        tables: figures of the options by group, (options, figures); the first is the cost, and
            the rows ascend in it.
        caps: most that the sums of the figures after the cost may be; None is no bound.
    """
    levels = _Levels(tables, caps)
    if not levels.can_be_kept({}):
        return None
    settled = levels.settle({})
    return [settled[number] for number in range(len(tables))]


class _Levels:
    def __init__(self, tables: Sequence[Figures], caps: Sequence[int | None]) -> None:
        bounded = [figure for figure, cap in enumerate(caps, 1) if cap is not None]
        self._costs = [table[:, 0] for table in tables]
        self._taken = [table[:, bounded] for table in tables]
        self._least = [np.minimum.accumulate(taken) for taken in self._taken]
        self._caps = [cap for cap in caps if cap is not None]
        self._levels: list[int] = [int(cost) for cost in np.unique(np.concatenate(self._costs))]
        self._known: dict[frozenset[tuple[int, int]], dict[int, int]] = {}

    def settle(self, held: Mapping[int, int]) -> dict[int, int]:
        """The best levels of all groups, where some are held at levels that can be kept."""
        key = frozenset(held.items())
        if key not in self._known:
            self._known[key] = self._settle(held)
        return self._known[key]

    def can_be_kept(self, levels: Mapping[int, int]) -> bool:
        """Whether the caps can be kept with these levels; a group without one may take anything."""
        rows = [
            int(np.searchsorted(costs, levels.get(number, costs[-1]), side="right"))
            for number, costs in enumerate(self._costs)
        ]
        if not all(rows):
            return False
        least = np.sum([low[row - 1] for low, row in zip(self._least, rows, strict=True)], axis=0)
        if not all(low <= cap for low, cap in zip(least, self._caps, strict=True)):
            return False
        groups = [taken[:row] for taken, row in zip(self._taken, rows, strict=True)]
        return len(self._caps) < 2 or can_be_kept(groups, self._caps)

    def _settle(self, held: Mapping[int, int]) -> dict[int, int]:
        free = [number for number in range(len(self._costs)) if number not in held]
        level = self._lowest(held, free)
        if len(free) == 1:
            return {**held, free[0]: level}
        others = {
            number: self._lowest({**held, number: level}, [each for each in free if each != number])
            for number in free
        }
        least = min(others.values())
        return min(
            (self.settle({**held, number: level}) for number in free if others[number] == least),
            key=lambda levels: sorted(levels.values(), reverse=True),
        )

    def _lowest(self, held: Mapping[int, int], free: Sequence[int]) -> int:
        """The lowest level that the free groups can keep, beside those held."""

        def allows(level: int) -> bool:
            return self.can_be_kept({**held, **dict.fromkeys(free, level)})

        return self._levels[bisect_left(self._levels, True, key=allows)]
