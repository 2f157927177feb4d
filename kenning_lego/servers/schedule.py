"""In which order a plan's items run, and when they have run often enough."""

from __future__ import annotations

import random
from collections.abc import Sequence

from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.stats.intervals import median_interval


def order_round(items: Sequence[PlanItem], rng: random.Random) -> list[int]:
    """Indices of the items in the order of one round, in which each runs at least once.

    A round is a number of passes. A pass runs one alternative of every position, positions in
    order, as the composed network would; which alternative comes in which pass is random. So
    caches are as warm as in the real chain, and drift hits all alternatives alike. (Timing each
    block in a loop of its own instead made the sum of blocks 20 % too low in our measurements.)
    Positions with fewer alternatives, such as fixed segments, repeat them in later passes.
    """
    positions: dict[int, list[int]] = {}
    for index, item in enumerate(items):
        positions.setdefault(item.position, []).append(index)
    columns = [positions[position] for position in sorted(positions)]
    for column in columns:
        rng.shuffle(column)
    passes = max(map(len, columns), default=0)
    return [column[turn % len(column)] for turn in range(passes) for column in columns]


def precise_enough(samples: Sequence[Sequence[int]], relative_half_width: float) -> bool:
    """Whether the 95 % interval of every item's median is within that share of the median."""
    for values in samples:
        median = median_interval(values)
        if median is None or median.relative_half_width > relative_half_width:
            return False
    return True


def next_check(done: int, plan: Plan) -> int:
    """The round after which the stop rule is looked at next; rarely, since that takes time."""
    if done < plan.min_rounds:
        return min(plan.min_rounds, plan.max_rounds)
    return min(plan.max_rounds, done + max(10, done // 4))
