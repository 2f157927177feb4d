"""How many channels to take from each group so that a share of a cost goes: pure arithmetic."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

_BIG = 4
"""A width is kept to multiples of m where it is at least so many times m."""


@dataclass(frozen=True)
class Width:
    """Channels that can only be removed together with those of the layers tied to them.

    Args:
        size: how many there are.
        step: removals are multiples of it; it divides `size`.
        multiple: what is left shall be a multiple of it, too; nothing removed is always allowed.
    """

    size: int
    step: int = 1
    multiple: int = 1

    @cached_property
    def removals(self) -> tuple[int, ...]:
        """How many may be removed, ascending, starting with none; one step stays at least."""
        apart = math.lcm(self.step, self.multiple)
        least = apart if apart < self.size else self.step
        kept = range(least, self.size, least)
        return (0, *(self.size - each for each in reversed(kept)))


@dataclass(frozen=True, slots=True)
class Layer:
    """Something whose cost is proportional to each of its sides, such as FLOPs or weights.

    Args:
        amount: its cost as it is.
        sides: for each side that can shrink, by index of a width, the share of the side that
            one removed channel of that width takes away.
    """

    amount: int
    sides: tuple[Mapping[int, float], ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """Channels to remove of each width, and what of the cost is left then."""

    removed: tuple[int, ...]
    left: float


def remaining(layers: Sequence[Layer], removed: Sequence[int]) -> float:
    """Cost of the layers after removing so many channels of each width."""
    return sum(
        layer.amount
        * math.prod(
            1 - sum(share * removed[each] for each, share in side.items()) for side in layer.sides
        )
        for layer in layers
    )


def plan_widths(widths: Sequence[Width], layers: Sequence[Layer], target: float) -> Plan:
    """Channels to remove of each width so that about `target` of the layers' cost is left.

    All widths lose the same share, then single steps bring the result nearer.

    Args:
        widths: what can be removed.
        layers: what that saves.
        target: cost that shall be left; the nearest that is reachable is taken.
    """
    low, high = 0.0, 1.0
    for _ in range(24):  # 2^24 is far more than there are channels
        middle = (low + high) / 2
        if remaining(layers, _uniform(widths, middle)) > target:
            low = middle
        else:
            high = middle
    best = min(
        (_plan(layers, _uniform(widths, share)) for share in (low, high)),
        key=lambda plan: abs(plan.left - target),
    )
    while (better := _one_step(widths, layers, target, best)) != best:
        best = better
    return best


def plan_multiples(
    widths: Sequence[Width],
    layers: Sequence[Layer],
    target: float,
    *,
    multiple: int,
    tolerance: float,
) -> Plan:
    """The same with wide widths kept to multiples where that misses the target by little.

    Engines compute odd numbers of channels slowly. Multiples are halved until the target is met.

    Args:
        widths: what can be removed, without multiples.
        layers: what that saves.
        target: cost that shall be left.
        multiple: that is wanted at best, a power of two.
        tolerance: by how much the target may be missed for it.
    """
    plans = []
    while multiple:
        aligned = [
            Width(each.size, each.step, multiple_for(each.size, multiple)) for each in widths
        ]
        plan = plan_widths(aligned, layers, target)
        if abs(plan.left - target) <= tolerance:
            return plan
        plans.append(plan)
        multiple //= 2
    return min(reversed(plans), key=lambda plan: abs(plan.left - target))


def multiple_for(size: int, multiple: int) -> int:
    """The largest power of two, up to `multiple`, that a width has many multiples of."""
    while size < _BIG * multiple:
        multiple //= 2
    return max(1, multiple)


def _plan(layers: Sequence[Layer], removed: tuple[int, ...]) -> Plan:
    return Plan(removed, remaining(layers, removed))


def _uniform(widths: Sequence[Width], share: float) -> tuple[int, ...]:
    return tuple(_nearest(each.removals, share * each.size) for each in widths)


def _nearest(choices: Sequence[int], wanted: float) -> int:
    place = bisect_left(choices, wanted)
    around = choices[max(0, place - 1) : place + 1]
    return min(around, key=lambda each: abs(each - wanted))


def _one_step(widths: Sequence[Width], layers: Sequence[Layer], target: float, plan: Plan) -> Plan:
    """The nearest plan that differs in one step of one width, or `plan` if none is nearer."""
    best = plan
    for index, width in enumerate(widths):
        place = bisect_left(width.removals, plan.removed[index])
        for other in (place + 1, place - 1):
            if not 0 <= other < len(width.removals):
                continue
            removed = list(plan.removed)
            removed[index] = width.removals[other]
            changed = _plan(layers, tuple(removed))
            if abs(changed.left - target) < abs(best.left - target):
                best = changed
    return best
