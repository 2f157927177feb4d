"""Which of several options to take for each layer, to meet a cost with little error: arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """A way to compute a layer.

    Args:
        cost: such as FLOPs.
        error: how far it is from the layer; not negative.
    """

    cost: float
    error: float


def allocate(layers: Sequence[Sequence[Option]], target: float) -> tuple[int, ...]:
    """An option for each layer, so that about `target` is spent and the sum of errors is small.

    The options of a layer that are best for some exchange rate of cost against error form a
    convex chain; going down all chains in the order of their slopes spends the target where it
    avoids the most error (Lagrangian relaxation). Single steps then bring the cost nearer.

    Args:
        layers: for each layer its options, by falling cost.
        target: sum of costs that is wanted; the nearest that is found is taken.

    Returns:
        For each layer the index of its option.
    """
    chosen = [0] * len(layers)
    spent = sum(options[0].cost for options in layers)
    moves = sorted(
        (slope, index, place) for index, each in enumerate(layers) for slope, place in _chain(each)
    )
    for _, index, place in moves:
        if spent <= target:
            break
        spent += layers[index][place].cost - layers[index][chosen[index]].cost
        chosen[index] = place
    while (better := _one_step(layers, chosen, spent, target)) is not None:
        index, place = better
        spent += layers[index][place].cost - layers[index][chosen[index]].cost
        chosen[index] = place
    return tuple(chosen)


def _chain(options: Sequence[Option]) -> list[tuple[float, int]]:
    """The lower convex hull of error over cost from the first option on: slopes and options."""
    steps: list[tuple[float, int]] = []
    place = 0
    while place + 1 < len(options):
        here = options[place]
        slope, place = min(
            ((each.error - here.error) / (here.cost - each.cost), -index)
            for index, each in enumerate(options)
            if index > place and each.cost < here.cost
        )
        place = -place
        steps.append((slope, place))
    return steps


def _one_step(
    layers: Sequence[Sequence[Option]], chosen: Sequence[int], spent: float, target: float
) -> tuple[int, int] | None:
    """The change to a neighbouring option that brings the cost nearest, if one does."""
    best, gap = None, abs(spent - target)
    for index, options in enumerate(layers):
        for place in (chosen[index] - 1, chosen[index] + 1):
            if 0 <= place < len(options):
                changed = spent + options[place].cost - options[chosen[index]].cost
                if abs(changed - target) < gap:
                    best, gap = (index, place), abs(changed - target)
    return best
