"""Choices found as integer programs, solved by PuLP's CBC or by HiGHS.

One binary variable an option, one option a block, sums of figures bounded, the goal minimised. Ties
are broken by solving again, with what was reached before as a bound. A small secondary term in one
objective would be cheaper, but it would have to weigh less than the smallest difference in the
first, which is below what solvers tell apart. How their answers are checked is in
:mod:`kenning_lego.selection.programs.model`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal

from kenning_lego.selection.problem import Budget, Choice, Problem, make_choice
from kenning_lego.selection.programs.demands import Demand, JointDemand, Network
from kenning_lego.selection.programs.engines import Solver, SolverError
from kenning_lego.selection.programs.posing import common_weight, pose
from kenning_lego.selection.programs.solving import minimise
from kenning_lego.selection.units import to_units

__all__ = [
    "Finder",
    "JointSolution",
    "Solution",
    "Solver",
    "SolverError",
    "Status",
    "solve",
    "solve_jointly",
]

Status = Literal["optimal", "infeasible"]
Finder = Literal["cbc", "highs", "search", "fronts"]
"""What finds choices: a solver of integer programs, or code of ours for plain budgets."""


@dataclass(frozen=True, slots=True)
class Solution:
    """What a solver found.

    Args:
        choice: the best one; None if no choice keeps what is demanded.
        status: whether there is one.
        solver: what found it.
        seconds: wall time that it took.
        gap: how far above the optimum the goal may be, in its own unit; 0 is exact.
    """

    choice: Choice | None
    status: Status
    solver: Finder
    seconds: float
    gap: float = 0.0


@dataclass(frozen=True, slots=True)
class JointSolution:
    """What a solver found for several networks.

    Args:
        choices: one for each, in order; None if no choices keep what is demanded.
        status: whether there are any.
        solver: what found it.
        seconds: wall time that it took.
        gap: how far above the optimum the (weighted) goal may be, in its own unit; 0 is exact.
    """

    choices: tuple[Choice, ...] | None
    status: Status
    solver: Finder
    seconds: float
    gap: float = 0.0


def solve(
    problem: Problem, demand: Budget | Demand, solver: Solver = "cbc", *, gap: float = 0.0
) -> Solution:
    """Find the best choice within a budget, or for a demand beyond that.

    Ties in the goal go to the lower accuracy cost, then latency, memory, and energy; between
    choices that are equal in all of them the solver decides, in the same way each time.

    Args:
        problem: what to choose from.
        demand: upper bounds, or a whole demand.
        solver: ``cbc``, which PuLP brings, or ``highs``, if highspy is installed.
        gap: how far above the optimum the solver may stop, in the goal's unit; with a gap, ties
            are not broken.

    Raises:
        MissingDependencyError: PuLP is not installed.
        UsageError: the solver is unknown or not installed, the demand names what the problem does
            not have, or energy matters and is not known.
        SolverError: the solver failed, or finds no choice though there is one.
    """
    if isinstance(demand, Budget):
        demand = Demand(demand)
    found = solve_jointly(JointDemand((Network("", problem, demand),)), solver, gap=gap)
    choice = None if found.choices is None else found.choices[0]
    return Solution(choice, found.status, found.solver, found.seconds, found.gap)


def solve_jointly(joint: JointDemand, solver: Solver = "cbc", *, gap: float = 0.0) -> JointSolution:
    """Find the best choices for several networks on one target.

    With `fairness` ``sum``, the weighted sum of the goals is minimised; with ``max-min``, the
    largest weighted goal, then the next largest, and so on. Ties go to the lower total latency,
    then memory, then energy; if the goal is none of accuracy, to the lower accuracy cost first.

    Raises:
        KenningLegoError: see :func:`solve`.
    """
    started = time.perf_counter()
    joint.check()
    program = pose(joint)
    units = round(gap) if joint.networks[0].demand.goal == "memory" else to_units(gap)
    units *= common_weight(joint)
    picked = minimise(program.sizes, program.rows, program.objectives, solver, units)
    choices = None if picked is None else unpack(joint, picked)
    status: Status = "infeasible" if choices is None else "optimal"
    return JointSolution(choices, status, solver, time.perf_counter() - started, gap)


def unpack(joint: JointDemand, picked: tuple[int, ...]) -> tuple[Choice, ...]:
    """The networks' choices from the options that were picked in all blocks."""
    choices, rest = [], picked
    for each in joint.networks:
        count = len(each.problem.blocks)
        choices.append(make_choice(each.problem, rest[:count]))
        rest = rest[count:]
    return tuple(choices)
