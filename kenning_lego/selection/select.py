"""The one way to ask for the best choice within a budget, or for whatever else is demanded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from kenning_lego.selection.best import find_best, find_best_jointly
from kenning_lego.selection.ilp import Finder, Solver, SolverError
from kenning_lego.selection.problem import Budget, Choice, Problem
from kenning_lego.selection.programs.demands import Demand, JointDemand, Network
from kenning_lego.selection.programs.posing import pose
from kenning_lego.selection.relaxation import Infeasible, Relaxation, relax

Choices = tuple[Choice, ...]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Selected:
    """The best choice for a demand.

    Args:
        demand: what was asked for.
        choice: the best in the goal, then of the lowest accuracy cost, latency, memory and energy.
        solver: what found it.
        seconds: wall time that it took.
        gap: how far above the optimum the goal may be, in its own unit; 0 is exact.
    """

    demand: Demand
    choice: Choice
    solver: Finder
    seconds: float
    gap: float = 0.0

    def __str__(self) -> str:
        return f"within {self.demand}: {self.choice}"


@dataclass(frozen=True, slots=True)
class JointlySelected:
    """The best choices for several networks.

    Args:
        demand: what was asked for.
        choices: one for each network, in order.
        solver: what found them.
        seconds: wall time that it took.
        gap: how far above the optimum the weighted goal may be, in its own unit; 0 is exact.
    """

    demand: JointDemand
    choices: Choices
    solver: Finder
    seconds: float
    gap: float = 0.0

    def __str__(self) -> str:
        pairs = zip(self.demand.networks, self.choices, strict=True)
        return "; ".join(f"{network.name}: {choice}" for network, choice in pairs)


def select(
    problem: Problem, demand: Budget | Demand, solver: Solver = "cbc", *, gap: float = 0.0
) -> Selected | Infeasible[Demand, Choice]:
    """Choose one variant for each block: the lowest accuracy cost that the budget allows.

    A demand that cannot be met is never relaxed here; the answer says what is in the way and which
    demands near it can be met.

    Args:
        problem: what to choose from.
        demand: upper bounds, or a whole demand. For upper bounds alone no solver is needed.
        solver: of integer programs.
        gap: how far above the optimum the solver may stop, in the goal's unit.

    Raises:
        MissingDependencyError: PuLP is needed and not installed.
        UsageError: the solver is not installed, or the demand does not fit the problem.
        SolverError: the solver failed, or finds no choice though there is one.
    """
    if isinstance(demand, Budget):
        demand = Demand(demand)
    demand.check(problem)
    found = find_best(problem, demand, solver, gap=gap)
    if found.choice is not None:
        return Selected(demand, found.choice, found.solver, found.seconds, gap=found.gap)

    def alone(each: Demand) -> JointDemand:
        return JointDemand((Network("", problem, each),))

    def best(each: JointDemand) -> Choices:
        return (_certain(find_best(problem, each.networks[0].demand, solver).choice),)

    why = relax(alone(demand), pose(alone(demand)), best, solver)
    nearest = tuple(
        Relaxation(each.changed, each.demand.networks[0].demand, each.answer[0])
        for each in why.nearest
    )
    return Infeasible(demand, why.conflicts, nearest)


def select_jointly(
    joint: JointDemand, solver: Solver = "cbc", *, gap: float = 0.0
) -> JointlySelected | Infeasible[JointDemand, Choices]:
    """Choose for several networks on one target; see :func:`select`.

    Raises:
        KenningLegoError: see :func:`select`.
    """
    joint.check()
    found = find_best_jointly(joint, solver, gap=gap)
    if found.choices is not None:
        return JointlySelected(joint, found.choices, found.solver, found.seconds, found.gap)

    def best(each: JointDemand) -> Choices:
        return _certain(find_best_jointly(each, solver).choices)

    return relax(joint, pose(joint), best, solver)


def _certain(answer: T | None) -> T:
    if answer is None:
        raise SolverError(
            "what was relaxed so that it can be met still finds no choice",
            "try another solver, and report this",
        )
    return answer
