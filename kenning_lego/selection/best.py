"""The best choice for a demand, found by whatever is fastest for it and exact.

Plain budgets need no integer program, and so no PuLP: a target can do without.
"""

from __future__ import annotations

import time

from kenning_lego.selection.ilp import (
    JointSolution,
    Solution,
    Solver,
    Status,
    solve,
    solve_jointly,
)
from kenning_lego.selection.problem import Problem
from kenning_lego.selection.programs.demands import Demand, JointDemand
from kenning_lego.selection.search import best_choice


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
    return solve_jointly(joint, solver, gap=gap)
