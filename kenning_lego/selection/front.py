"""The exact Pareto front: every choice that no other choice beats.

Labels are extended block by block; a label that another one weakly dominates is dropped, for
whatever completes it would complete the other at least as well (multi-objective label setting,
as in Nemhauser and Ullmann, "Discrete dynamic programming and capital allocation", 1969).
All arithmetic is in whole units, so that ties are ties.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from kenning_lego.selection.problem import Budget, Choice, Problem
from kenning_lego.selection.units import from_units

_Label = tuple[int, int, int, int]
"""Accuracy cost, latency, memory, and the options so far as digits of one number.

The digits' base is the most options of any block, the first block's digit the highest: labels
compare by the figures, then by the options in the order of the blocks.
"""


def pareto_front(problem: Problem) -> tuple[Choice, ...]:
    """All choices that are not weakly dominated in (accuracy cost, latency, memory).

    They come in ascending order of accuracy cost, then latency, then memory. Of choices with the
    same three figures only one is kept: the one whose options come first in the blocks' order.
    The front grows with the number of blocks: hundreds of choices for 8 blocks of 5 options, tens
    of thousands for 20 of 10, where :func:`kenning_lego.selection.ilp.solve` is the better way.
    """
    base = max(len(block.options) for block in problem.blocks)
    labels: list[_Label] = [(*problem.fixed[:3], 0)]
    for options in problem.table:
        labels = _undominated(
            sorted(
                (
                    cost + option.cost,
                    latency + option.latency,
                    memory + option.memory,
                    path * base + index,
                )
                for cost, latency, memory, path in labels
                for index, option in enumerate(options)
            )
        )
    return tuple(_choice(problem, label, base) for label in labels)


def best_within(front: Sequence[Choice], budget: Budget) -> Choice | None:
    """The choice of lowest accuracy cost within a budget; None if none is.

    Ties go to the lower latency, then to the lower memory.

    Args:
        front: choices in the order of :func:`pareto_front`.
        budget: the bounds.
    """
    return next((choice for choice in front if budget.allows(choice)), None)


def _undominated(labels: Iterable[_Label]) -> list[_Label]:
    """Labels that none before them weakly dominates; they come in ascending order.

    What comes later never costs less, so it is dominated if something before it takes at most
    its latency and its memory. A staircase of what came before answers that: ascending in
    latency, descending in memory.
    """
    kept = []
    latencies: list[int] = []
    memories: list[int] = []
    for label in labels:
        _, latency, memory, _ = label
        before = bisect_right(latencies, latency)
        if before and memories[before - 1] <= memory:
            continue
        kept.append(label)
        # The steps that this one makes superfluous are neighbours.
        start = bisect_left(latencies, latency, hi=before)
        stop = before
        while stop < len(memories) and memories[stop] >= memory:
            stop += 1
        latencies[start:stop] = [latency]
        memories[start:stop] = [memory]
    return kept


def _choice(problem: Problem, label: _Label, base: int) -> Choice:
    cost, latency, memory, path = label
    indices = []
    for _ in problem.blocks:
        path, index = divmod(path, base)
        indices.append(index)
    return Choice(
        variants={
            block.name: block.options[index].variant
            for block, index in zip(problem.blocks, reversed(indices), strict=True)
        },
        accuracy_cost=from_units(cost),
        latency_ms=from_units(latency),
        memory_bytes=memory,
    )
