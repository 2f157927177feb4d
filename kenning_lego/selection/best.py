"""The best choice for a demand, found by whatever is fastest for it and exact.

Plain budgets need no integer program, and so no PuLP: a target can do without.
"""

from __future__ import annotations

import time

from kenning_lego.selection.front import pareto_front
from kenning_lego.selection.ilp import (
    JointSolution,
    Solution,
    Solver,
    Status,
    solve,
    solve_jointly,
)
from kenning_lego.selection.joint import WEIGHT_STEPS, Member, choose_jointly
from kenning_lego.selection.problem import Problem
from kenning_lego.selection.programs.demands import Demand, JointDemand
from kenning_lego.selection.search import best_choice

_MOST_POINTS = 100_000
"""Of a network's front; beyond, an integer program is the better way."""


def find_best(
    problem: Problem, demand: Demand, solver: Solver = "cbc", *, gap: float = 0.0
) -> Solution:
    """The best choice for one network; see :func:`kenning_lego.selection.ilp.solve`."""
    if not demand.plain:
        return solve(problem, demand, solver, gap=gap)
    started = time.perf_counter()
    choice = best_choice(problem, demand.budget)
    status: Status = "infeasible" if choice is None else "optimal"
    return Solution(choice, status, "search", time.perf_counter() - started)


def find_best_jointly(
    joint: JointDemand, solver: Solver = "cbc", *, gap: float = 0.0
) -> JointSolution:
    """The same for several networks; see :func:`kenning_lego.selection.ilp.solve_jointly`."""
    started = time.perf_counter()
    members = _members(joint)
    if members is None:
        return solve_jointly(joint, solver, gap=gap)
    shared = joint.shared
    points = choose_jointly(
        members,
        memory_bytes=shared.memory_bytes,
        latency_ms=shared.latency_ms,
        goal=joint.fairness,
    )
    if points is None:
        return JointSolution(None, "infeasible", "fronts", time.perf_counter() - started)
    chosen = tuple(member.front[point] for member, point in zip(members, points, strict=True))
    return JointSolution(chosen, "optimal", "fronts", time.perf_counter() - started)


def _members(joint: JointDemand) -> list[Member] | None:
    """The networks with their fronts, if these say all that is needed of them."""
    if joint.shared.energy_mj is not None or any(
        not each.demand.plain or not _counts(each.weight) for each in joint.networks
    ):
        return None
    members = []
    for each in joint.networks:
        front = pareto_front(each.problem, max_points=_MOST_POINTS)
        if front.gap:
            return None
        own = each.demand.budget
        members.append(Member(front, own.latency_ms, each.weight, own.energy_mj, own.memory_bytes))
    return members


def _counts(weight: float) -> bool:
    steps = weight * WEIGHT_STEPS
    return 1 <= steps <= WEIGHT_STEPS**2 and abs(steps - round(steps)) < 1e-9 * steps
