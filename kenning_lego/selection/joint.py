"""Several networks on one target: a point of each one's front, within what they share.

Each front is a group of a multiple-choice knapsack problem, which :mod:`.search` solves exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from kenning_lego.core.errors import UsageError
from kenning_lego.selection.checks import is_within
from kenning_lego.selection.dominance import Figures, Indices, undominated
from kenning_lego.selection.fairness import fair_levels
from kenning_lego.selection.front import Front
from kenning_lego.selection.problem import Budget
from kenning_lego.selection.search import minimise
from kenning_lego.selection.units import LIMIT

Goal = Literal["sum", "max-min"]

WEIGHT_STEPS = 1000
"""Weights count to a thousandth."""


@dataclass(frozen=True, slots=True)
class Member:
    """A network that shares the target, and its own bounds.

    Args:
        front: what it may be switched to.
        latency_ms: most that a frame may take, in ms; None is no bound.
        weight: how much its accuracy cost counts beside the others'; from 0.001, to a thousandth.
        energy_mj: most energy of a frame in mJ; None is no bound.
        memory_bytes: most that it may take for itself; None is no bound but the shared one.

    Raises:
        UsageError: the weight is out of range, or a bound is negative or not finite.
    """

    front: Front
    latency_ms: float | None = None
    weight: float = 1.0
    energy_mj: float | None = None
    memory_bytes: int | None = None

    def __post_init__(self) -> None:
        if not is_within(self.weight, 1 / WEIGHT_STEPS, WEIGHT_STEPS):
            raise UsageError(
                f"a network has the weight {self.weight!r}",
                f"give a number from {1 / WEIGHT_STEPS} to {WEIGHT_STEPS}",
            )
        _ = self.budget

    @property
    def budget(self) -> Budget:
        """The bounds of its own."""
        return Budget(self.latency_ms, self.memory_bytes, self.energy_mj)


def choose_jointly(
    members: Sequence[Member],
    *,
    memory_bytes: int | None,
    latency_ms: float | None = None,
    goal: Goal = "sum",
) -> tuple[int, ...] | None:
    """The best point of each front within what the networks share; exact.

    Args:
        members: one or more networks.
        memory_bytes: most that they may take together; None is no bound.
        latency_ms: most that a frame of each, one after the other, may take; None is no bound.
        goal: ``sum`` for the least sum of weighted accuracy costs, then of latencies, then of
            memory; ``max-min`` for the least worst weighted cost, then the next worst, and so
            on. Where networks could change places in that, one way is taken, the same each time.

    Returns:
        A point's index for each front; None if no choice keeps all bounds.

    Raises:
        UsageError: there is no member, a shared bound is negative or not finite, the weighted
            costs are too large to be counted exactly, or energy is bounded and not known.
    """
    if not members:
        raise UsageError("there is no network to choose for", "give at least one")
    shared = Budget(latency_ms, memory_bytes)
    groups = [
        _Group.of(member, factor, shared)
        for member, factor in zip(members, _factors(members), strict=True)
    ]
    if not all(len(group.points) for group in groups):
        return None
    tables = [group.table for group in groups]
    memory = None if memory_bytes is None else min(memory_bytes, LIMIT * len(members))
    caps = [shared.latency, memory]
    if goal == "max-min":
        levels = fair_levels(tables, caps)
        if levels is None:
            return None
        tables = [table[table[:, 0] <= level] for table, level in zip(tables, levels, strict=True)]
    chosen = minimise(tables, caps)
    if chosen is None:
        return None
    return tuple(int(group.points[row]) for group, row in zip(groups, chosen, strict=True))


@dataclass(frozen=True, slots=True)
class _Group:
    """What a member may choose.

    Args:
        table: weighted cost, latency and memory of points worth choosing; in ascending order.
        points: where they are in its front.
    """

    table: Figures
    points: Indices

    @classmethod
    def of(cls, member: Member, factor: int, shared: Budget) -> _Group:
        front = member.front
        latency, memory, energy = front.problem.caps(member.budget)
        within = np.ones(len(front), dtype=bool)
        for column, cap in (
            (front.latencies, latency),
            (front.memories, memory),
            (front.energies, energy),
        ):
            if cap is not None:
                within &= column <= cap
        points = np.flatnonzero(within)
        if len(points):
            # Earlier points are better; a later one is worth choosing if it takes less of
            # something that is shared.
            limited = [
                column[points]
                for column, cap in (
                    (front.latencies, shared.latency),
                    (front.memories, shared.memory_bytes),
                )
                if cap is not None
            ]
            points = points[undominated([points, *limited], points)]
        columns = front.costs[points] * factor, front.latencies[points], front.memories[points]
        return cls(np.column_stack(columns), points)


def _factors(members: Sequence[Member]) -> list[int]:
    """The weights in the smallest whole numbers."""
    steps = [round(member.weight * WEIGHT_STEPS) for member in members]
    divisor = math.gcd(*steps)
    factors = [step // divisor for step in steps]
    most = sum(
        factor * int(np.abs(member.front.costs).max())
        for factor, member in zip(factors, members, strict=True)
    )
    if most >= 1 << 62:
        raise UsageError(
            "the weighted accuracy costs are too large to be counted exactly",
            "give rounder weights, such as 1, 2 and 5",
        )
    return factors
