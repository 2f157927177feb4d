"""The one way to ask for the best choice within a budget."""

from __future__ import annotations

from dataclasses import dataclass

from kenning_lego.selection.ilp import Solver, solve
from kenning_lego.selection.problem import Budget, Choice, Problem
from kenning_lego.selection.relaxation import Infeasible, relax


@dataclass(frozen=True, slots=True)
class Selected:
    """The best choice within a budget.

    Args:
        budget: what was asked for.
        choice: lowest accuracy cost, then latency, then memory.
        solver: what found it.
        seconds: wall time that it took.
    """

    budget: Budget
    choice: Choice
    solver: Solver
    seconds: float

    def __str__(self) -> str:
        return f"within {self.budget}: {self.choice}"


def select(problem: Problem, budget: Budget, solver: Solver = "cbc") -> Selected | Infeasible:
    """Choose one variant for each block: the lowest accuracy cost that the budget allows.

    A budget that cannot be met is never relaxed here; the answer says which ones could be.

    Raises:
        MissingDependencyError: PuLP is not installed.
        UsageError: the solver is not installed.
        SolverError: the solver failed, or finds no choice though there is one.
    """
    solution = solve(problem, budget, solver)
    if solution.choice is not None:
        return Selected(budget, solution.choice, solution.solver, solution.seconds)
    return relax(problem, budget)
