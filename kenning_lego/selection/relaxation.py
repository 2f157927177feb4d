"""Why a budget cannot be met, and which budgets near it can.

Only latency and memory matter here, so everything is read off the exact front over these two.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import UsageError
from kenning_lego.selection.front import pareto_front
from kenning_lego.selection.problem import Block, Budget, Problem
from kenning_lego.selection.units import from_units

Bound = Literal["latency", "memory"]


@dataclass(frozen=True, slots=True)
class Relaxation:
    """A budget that can be met, near one that cannot.

    Args:
        changed: the bounds that differ from the budget that was asked for.
        budget: the budget to ask for instead; as tight as it can be met.
    """

    changed: tuple[Bound, ...]
    budget: Budget

    def __str__(self) -> str:
        return f"{self.budget} ({' and '.join(self.changed)} raised)"


@dataclass(frozen=True, slots=True)
class Infeasible:
    """No choice keeps the budget.

    Args:
        budget: what was asked for.
        blocking: the bounds in the way: those that no choice keeps, or both if either can be
            kept and not both at once.
        nearest: budgets that can be met, the smallest overrun first. Latency raised alone and
            memory raised alone are there if that is enough; both raised if that takes a smaller
            overrun, or if nothing less is enough. Never empty.
    """

    budget: Budget
    blocking: tuple[Bound, ...]
    nearest: tuple[Relaxation, ...]

    def __str__(self) -> str:
        blocking = " and ".join(self.blocking)
        nearest = "; or ".join(map(str, self.nearest))
        return f"no choice keeps {self.budget}: {blocking} in the way; nearest: {nearest}"


class _Point(NamedTuple):
    latency: int
    memory: int


def can_be_met(problem: Problem, budget: Budget) -> bool:
    """Whether any choice keeps a budget; exact."""
    latency, memory, energy = problem.caps(budget)
    if energy is not None:
        return pareto_front(_at_no_cost(problem)).best(budget) is not None
    return any(
        (latency is None or point.latency <= latency) and (memory is None or point.memory <= memory)
        for point in _front(problem)
    )


def relax(problem: Problem, budget: Budget) -> Infeasible:
    """Find out why a budget cannot be met, and the nearest ones that can.

    Latency and memory are raised one at a time, each as little as possible with the other bound
    kept, and together so that the larger relative overrun is as small as possible (then the sum
    of both). An overrun is relative to the bound; for a bound of zero, to the least that any
    choice takes.

    Raises:
        UsageError: the budget can be met.
    """
    points = _front(problem)
    # Along the front latency rises and memory falls.
    fastest, smallest = points[0], points[-1]
    latency = smallest.latency if budget.latency is None else budget.latency
    memory = fastest.memory if budget.memory_bytes is None else budget.memory_bytes
    within_memory = [point for point in points if point.memory <= memory]
    within_latency = [point for point in points if point.latency <= latency]
    if within_memory and within_memory[0].latency <= latency:
        raise UsageError(f"{budget} can be met", "there is nothing to relax")
    # The units of the overruns: exact, as both are multiplied by the other's.
    latency_unit = latency or fastest.latency or 1
    memory_unit = memory or smallest.memory or 1

    def overrun(point: _Point) -> tuple[int, int]:
        over_latency = max(0, point.latency - latency) * memory_unit
        over_memory = max(0, point.memory - memory) * latency_unit
        return max(over_latency, over_memory), over_latency + over_memory

    nearest = [min(points, key=overrun), *within_memory[:1], *within_latency[-1:]]
    raised = {_Point(max(latency, p.latency), max(memory, p.memory)) for p in nearest}
    return Infeasible(
        budget=budget,
        blocking=_blocking(bool(within_latency), bool(within_memory)),
        nearest=tuple(
            _relaxation(budget, latency, memory, point)
            for point in sorted(raised, key=lambda point: (overrun(point), point))
        ),
    )


def _at_no_cost(problem: Problem) -> Problem:
    blocks = (
        Block(block.name, tuple(replace(option, accuracy_cost=0.0) for option in block.options))
        for block in problem.blocks
    )
    return replace(problem, blocks=tuple(blocks))


def _front(problem: Problem) -> list[_Point]:
    """The undominated pairs of latency and memory, ascending in latency."""
    latency = np.array([problem.fixed.latency], dtype=np.int64)
    memory = np.array([problem.fixed.memory], dtype=np.int64)
    for options in problem.table:
        latency = _sums(latency, [option.latency for option in options])
        memory = _sums(memory, [option.memory for option in options])
        order = np.lexsort((memory, latency))
        latency, memory = latency[order], memory[order]
        least = np.minimum.accumulate(memory)
        better = np.concatenate(([True], memory[1:] < least[:-1]))
        latency, memory = latency[better], memory[better]
    return [_Point(*pair) for pair in zip(latency.tolist(), memory.tolist(), strict=True)]


def _sums(labels: NDArray[np.int64], options: list[int]) -> NDArray[np.int64]:
    sums: NDArray[np.int64] = np.add.outer(labels, np.array(options, dtype=np.int64)).ravel()
    return sums


def _blocking(latency_can_be_kept: bool, memory_can_be_kept: bool) -> tuple[Bound, ...]:
    if latency_can_be_kept == memory_can_be_kept:
        return ("latency", "memory")
    return ("memory",) if latency_can_be_kept else ("latency",)


def _relaxation(budget: Budget, latency: int, memory: int, point: _Point) -> Relaxation:
    changed: list[Bound] = []
    latency_ms, memory_bytes = budget.latency_ms, budget.memory_bytes
    if point.latency > latency:
        changed.append("latency")
        latency_ms = from_units(point.latency)
    if point.memory > memory:
        changed.append("memory")
        memory_bytes = point.memory
    return Relaxation(tuple(changed), Budget(latency_ms, memory_bytes))
