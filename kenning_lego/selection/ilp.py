"""The choice within a budget as an integer program, solved by PuLP's CBC or by HiGHS.

One binary variable an option, one option a block, the sums of latency and memory bounded, the sum
of accuracy costs minimised. Ties are broken by solving again: for the lowest latency at this
accuracy cost, then for the lowest memory at both, then for the lowest energy. A small secondary
term in one objective would be cheaper, but it would have to weigh less than the smallest
difference in cost, which is below what solvers tell apart.

Solvers work in floats and to tolerances, and the CBC that PuLP brings (2.10.3) is wrong now and
then: with its preprocessing it calls feasible models infeasible or misses the optimum, without it
it may crash on infeasible ones (coin-or/Cbc issues 449, 466, 752). So nothing is taken on trust:

* The figures are whole numbers of units. Each row is shifted by every block's least figure (only
  differences matter), divided by its greatest common divisor, and scaled to moderate size.
* A bound is first set a millionth of the row's scale too wide, for optima that use a budget to the
  last unit are what solvers lose. Each answer is added up again in whole units; one that breaks a
  bound is forbidden and the model solved again. An answer of the wider model that keeps the exact
  bounds is the optimum. Where too many answers lie in between, the bounds are tightened.
* That there is no choice is believed only if exact arithmetic says so too; otherwise CBC is asked
  again in its other mode, and after that it is an error.

What remains: costs closer than about 1e-9 of their range may be taken for a tie by the solver.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any, Literal, get_args

from kenning_lego.core.errors import (
    KenningLegoError,
    MissingDependencyError,
    UnknownNameError,
    UsageError,
)
from kenning_lego.selection.problem import Amounts, Budget, Choice, Problem, make_choice
from kenning_lego.selection.relaxation import can_be_met

Solver = Literal["cbc", "highs"]
Status = Literal["optimal", "infeasible"]

_LARGEST_COEFFICIENT = 1e5
_SLACK = 0.1
"""How much too wide a bound is at first: a millionth of the largest coefficient."""
_ATTEMPTS = 12
"""Answers that break a bound before we give up; none has been seen to take more than one."""


class SolverError(KenningLegoError):
    """The solver failed, or contradicts exact arithmetic."""


@dataclass(frozen=True, slots=True)
class Solution:
    """What a solver found.

    Args:
        choice: the best one; None if no choice keeps the budget.
        status: whether there is one.
        solver: which solver it was.
        seconds: wall time that it took.
    """

    choice: Choice | None
    status: Status
    solver: Solver
    seconds: float


@dataclass(frozen=True, slots=True)
class _Row:
    """One figure of every option, shifted and scaled for the solver.

    Args:
        coefficients: by block and option.
        least: what the blocks take at least, in units.
        divisor: units in one step.
        scale: what one step is in the coefficients.
    """

    coefficients: tuple[tuple[float, ...], ...]
    least: int
    divisor: int
    scale: float

    def bound(self, most: int, slack: float) -> float:
        """The right-hand side that allows `most` units, and at least half a step more."""
        steps = (most - self.least) // self.divisor
        return steps * self.scale + max(0.5 * self.scale, slack)


def solve(problem: Problem, budget: Budget, solver: Solver = "cbc") -> Solution:
    """Find the choice of lowest accuracy cost within a budget.

    Ties go to the lower latency, then to the lower memory; between choices that are equal in all
    three the solver decides, in the same way each time.

    Args:
        problem: what to choose from.
        budget: the bounds.
        solver: ``cbc``, which PuLP brings, or ``highs``, if highspy is installed.

    Raises:
        MissingDependencyError: PuLP is not installed.
        UsageError: the solver is unknown or not installed, or energy is bounded and not known.
        SolverError: the solver failed, or finds no choice though there is one.
    """
    pulp = _import_pulp()
    started = time.perf_counter()
    with TemporaryDirectory(prefix="kenning-lego-") as folder:
        chosen = _lowest(pulp, _engines(pulp, solver, folder), problem, budget)
    choice = None if chosen is None else make_choice(problem, chosen)
    status: Status = "infeasible" if choice is None else "optimal"
    return Solution(choice, status, solver, time.perf_counter() - started)


def _lowest(
    pulp: Any, engines: Sequence[Any], problem: Problem, budget: Budget
) -> tuple[int, ...] | None:
    """The options of lowest cost, then latency, then memory; None if none keep the budget."""
    rows = [_row([[o[which] for o in block] for block in problem.table]) for which in range(4)]
    bounds = [None, *problem.caps(budget)]
    caps = [
        None if most is None else most - fixed
        for most, fixed in zip(bounds, problem.fixed, strict=True)
    ]
    if any(cap is not None and cap < row.least for row, cap in zip(rows, caps, strict=True)):
        return None
    chosen: tuple[int, ...] | None = None
    for which, row in enumerate(rows):
        if chosen is None or _total(problem, chosen)[which] > row.least:
            try:
                chosen = _minimise(pulp, engines, problem, rows, which, caps)
            except SolverError:
                if chosen is None and not can_be_met(problem, budget):
                    return None
                raise
        caps[which] = _total(problem, chosen)[which]
    return chosen


def _minimise(
    pulp: Any,
    engines: Sequence[Any],
    problem: Problem,
    rows: Sequence[_Row],
    objective: int,
    caps: Sequence[int | None],
) -> tuple[int, ...]:
    """The options that minimise one row within the caps of all."""
    model = pulp.LpProblem("selection", pulp.LpMinimize)
    variables = [
        [model.add_variable(f"x_{b}_{o}", cat=pulp.LpBinary) for o in range(len(block.options))]
        for b, block in enumerate(problem.blocks)
    ]
    model += _product(pulp, rows[objective], variables)
    for block in variables:
        model += pulp.lpSum(block) == 1
    bounded = [
        (row, cap, pulp.LpConstraint(_product(pulp, row, variables), pulp.LpConstraintLE, rhs=0))
        for which, (row, cap) in enumerate(zip(rows, caps, strict=True))
        # What is minimised needs no bound: an earlier answer keeps it.
        if cap is not None and which != objective and any(map(any, row.coefficients))
    ]
    for _, _, constraint in bounded:
        model += constraint
    for attempt in range(_ATTEMPTS):
        for row, cap, constraint in bounded:
            constraint.changeRHS(row.bound(cap, _SLACK if attempt < _ATTEMPTS // 2 else 0.0))
        chosen = _ask(pulp, engines, model, variables)
        totals = _total(problem, chosen)
        if all(cap is None or own <= cap for own, cap in zip(totals, caps, strict=True)):
            return chosen
        picked = [block[option] for block, option in zip(variables, chosen, strict=True)]
        model += pulp.lpSum(picked) <= len(picked) - 1
    raise SolverError(
        f"the solver broke the budget {_ATTEMPTS} times over",
        "try another solver, or read the choice off the Pareto front",
    )


def _ask(
    pulp: Any, engines: Sequence[Any], model: Any, variables: list[list[Any]]
) -> tuple[int, ...]:
    """The first answer that an engine has."""
    failure = "no engine"
    for engine in engines:
        try:
            status = model.solve(engine)
        except (pulp.PulpSolverError, OSError) as error:
            failure = str(error)
            continue
        failure = str(pulp.LpStatus[status])
        values = [[variable.value() for variable in block] for block in variables]
        if status == pulp.LpStatusOptimal and all(None not in block for block in values):
            return tuple(max(range(len(block)), key=block.__getitem__) for block in values)
    raise SolverError(
        f"the solver finds no choice, though there is one: {failure}",
        "try another solver, or read the choice off the Pareto front",
    )


def _row(figures: list[list[int]]) -> _Row:
    least = [min(block) for block in figures]
    rest = [[figure - low for figure in block] for block, low in zip(figures, least, strict=True)]
    divisor = math.gcd(*(figure for block in rest for figure in block)) or 1
    largest = max(figure for block in rest for figure in block) // divisor
    scale = min(1.0, _LARGEST_COEFFICIENT / max(largest, 1))
    return _Row(
        coefficients=tuple(tuple(figure // divisor * scale for figure in row) for row in rest),
        least=sum(least),
        divisor=divisor,
        scale=scale,
    )


def _product(pulp: Any, row: _Row, variables: list[list[Any]]) -> Any:
    return pulp.lpSum(
        coefficient * variable
        for coefficients, block in zip(row.coefficients, variables, strict=True)
        for coefficient, variable in zip(coefficients, block, strict=True)
        if coefficient
    )


def _total(problem: Problem, chosen: Sequence[int]) -> Amounts:
    picked = [block[option] for block, option in zip(problem.table, chosen, strict=True)]
    return Amounts(*map(sum, zip(*picked, strict=True)))


def _import_pulp() -> Any:
    try:
        import pulp
    except ImportError as error:
        raise MissingDependencyError("pulp", "host", "choosing by an integer program") from error
    return pulp


def _engines(pulp: Any, solver: Solver, folder: str) -> list[Any]:
    """Silent solvers that look for the exact optimum, in the order in which to ask them."""
    if solver == "cbc":
        engines = [
            pulp.COIN_CMD(
                path=pulp.PULP_CBC_CMD.pulp_cbc_path,
                msg=False,
                gapAbs=0,
                gapRel=0,
                options=["increment 1e-9", *mode],
            )
            for mode in (["preprocess off"], [])
        ]
        for engine in engines:
            # What CBC reads and writes goes away with the folder, also when it fails.
            engine.tmpDir = folder
        remedy = "pip install --force-reinstall pulp"
    elif solver == "highs":
        engines = [pulp.HiGHS(msg=False, gapAbs=0, gapRel=0, mip_feasibility_tolerance=1e-9)]
        remedy = "pip install highspy"
    else:
        raise UnknownNameError("solver", solver, get_args(Solver))
    if not engines[0].available():
        raise UsageError(f"the solver {solver!r} is not installed", remedy)
    return engines
