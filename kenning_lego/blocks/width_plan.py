"""How many channels to take from each group so that a share of the FLOPs goes: pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Width:
    """Channels that can only be removed together with those of the layers tied to them.

    Args:
        size: how many there are.
        step: removals are multiples of it; it divides `size`.
    """

    size: int
    step: int = 1


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer whose FLOPs are proportional to each of its sides.

    Args:
        flops: as it is.
        sides: for each side that can shrink, by index of a width, the share of the side that
            one removed channel of that width takes away.
    """

    flops: int
    sides: tuple[Mapping[int, float], ...]


def remaining_flops(layers: Sequence[Layer], removed: Sequence[int]) -> float:
    """FLOPs of the layers after removing so many channels of each width."""
    return sum(
        layer.flops
        * math.prod(
            1 - sum(share * removed[each] for each, share in side.items()) for side in layer.sides
        )
        for layer in layers
    )


def plan_widths(widths: Sequence[Width], layers: Sequence[Layer], target: float) -> tuple[int, ...]:
    """Channels to remove of each width so that about `target` FLOPs of the layers are left.

    All widths lose the same share, then single steps bring the result nearer. At least one step
    of each width stays.

    Args:
        widths: what can be removed.
        layers: what that saves.
        target: FLOPs that shall be left; the nearest that is reachable is taken.
    """
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if remaining_flops(layers, _uniform(widths, middle)) > target:
            low = middle
        else:
            high = middle
    removed = min(
        (_uniform(widths, low), _uniform(widths, high)),
        key=lambda each: abs(remaining_flops(layers, each) - target),
    )
    while (better := _one_step(widths, layers, target, removed)) != removed:
        removed = better
    return removed


def _uniform(widths: Sequence[Width], share: float) -> tuple[int, ...]:
    return tuple(
        min(each.size - each.step, each.step * round(share * each.size / each.step))
        for each in widths
    )


def _one_step(
    widths: Sequence[Width], layers: Sequence[Layer], target: float, removed: tuple[int, ...]
) -> tuple[int, ...]:
    """The nearest plan that differs in one step of one width, or `removed` if none is nearer."""
    best, gap = removed, abs(remaining_flops(layers, removed) - target)
    for index, width in enumerate(widths):
        for change in (width.step, -width.step):
            count = removed[index] + change
            if not 0 <= count <= width.size - width.step:
                continue
            plan = (*removed[:index], count, *removed[index + 1 :])
            distance = abs(remaining_flops(layers, plan) - target)
            if distance < gap:
                best, gap = plan, distance
    return best
