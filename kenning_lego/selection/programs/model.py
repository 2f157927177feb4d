"""One objective within bounds, given to a solver whose answers are checked in whole numbers.

Solvers work in floats and to tolerances, and the CBC that PuLP brings (2.10.3) is wrong now and
then: with its preprocessing it calls feasible models infeasible or misses the optimum, without it
it may crash on infeasible ones (coin-or/Cbc issues 449, 466, 752). So nothing is taken on trust:

* Each table is shifted by every group's least figure (only differences matter), divided by the
  greatest common divisor, and scaled to moderate size.
* A bound is first set a millionth of the row's scale too wide, for optima that use a bound to the
  last unit are what solvers lose. Each answer is added up again in whole numbers; one that breaks
  a bound is forbidden and the model solved again. An answer of the wider model that keeps the
  exact bounds is the optimum. Where too many answers lie in between, the bounds are tightened.
* An engine that finds nothing is followed by the next, such as CBC in its other mode.

What remains: objectives closer than about 1e-9 of their range may be taken for a tie by the solver.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from kenning_lego.selection.programs.engines import SolverError
from kenning_lego.selection.programs.program import Picked, Quantity, Row
from kenning_lego.selection.programs.scaling import SLACK, Coefficients, Scaled, scale

_ATTEMPTS = 12
"""Answers that break a bound before we give up; none has been seen to take more than one."""


class NoAnswerError(SolverError):
    """No engine finds an answer: there is none, or they are wrong.

    Args:
        failure: what the last of them said.
        denied: whether one of them said that there is none; others may have crashed.
    """

    def __init__(self, failure: str, *, denied: bool) -> None:
        super().__init__(
            f"the solver finds no choice, though there is one: {failure}",
            "try another solver, or read the choice off the Pareto front",
        )
        self.denied = denied


@dataclass(frozen=True, slots=True)
class Limit:
    """A quantity that must not exceed what an earlier answer reached."""

    quantity: Quantity
    most: int


@dataclass(frozen=True, slots=True)
class _Bound:
    """A constraint in the model, with its exact meaning."""

    constraint: Any
    right_hand_side: Callable[[float], float]
    keeps: Callable[[Picked], bool]


class Model:
    """The variables, one for each option, and the bounds around them.

    Args:
        pulp: the module.
        sizes: options of each group.
        rows: bounds on totals.
        limits: bounds on quantities.
    """

    def __init__(
        self, pulp: Any, sizes: Sequence[int], rows: Sequence[Row], limits: Sequence[Limit]
    ) -> None:
        self._pulp = pulp
        self._model = pulp.LpProblem("selection", pulp.LpMinimize)
        self._groups = [
            [self._model.add_variable(f"x_{g}_{o}", cat=pulp.LpBinary) for o in range(size)]
            for g, size in enumerate(sizes)
        ]
        self._ranked = 0
        for group in self._groups:
            self._model += pulp.lpSum(group) == 1
        self._bounds = [bound for row in rows for bound in self._row(row)]
        for limit in limits:
            self._bounds += self._limit(limit)

    def minimise(self, engines: Sequence[Any], quantity: Quantity) -> Picked:
        """What is picked at the least of a quantity.

        Raises:
            NoAnswerError: no engine finds anything.
            SolverError: the solver breaks the bounds again and again.
        """
        self._model += self._largest(quantity)[0]
        for attempt in range(_ATTEMPTS):
            for bound in self._bounds:
                slack = SLACK if attempt < _ATTEMPTS // 2 else 0.0
                bound.constraint.changeRHS(bound.right_hand_side(slack))
            picked = self._ask(engines)
            if all(bound.keeps(picked) for bound in self._bounds):
                return picked
            self.forbid(picked)
        raise SolverError(
            f"the solver broke the bounds {_ATTEMPTS} times over",
            "try another solver, or read the choice off the Pareto front",
        )

    def forbid(self, picked: Picked) -> None:
        """Let no answer be this one."""
        chosen = [group[option] for group, option in zip(self._groups, picked, strict=True)]
        self._model += self._pulp.lpSum(chosen) <= len(chosen) - 1

    def _ask(self, engines: Sequence[Any]) -> Picked:
        """The first answer that an engine has."""
        failure, denied = "no engine", False
        for engine in engines:
            try:
                status = self._model.solve(engine)
            except (self._pulp.PulpSolverError, OSError) as error:
                failure = str(error)
                continue
            denied |= status == self._pulp.LpStatusInfeasible
            failure = str(self._pulp.LpStatus[status])
            values = [[variable.value() for variable in group] for group in self._groups]
            if status == self._pulp.LpStatusOptimal and all(None not in group for group in values):
                return tuple(max(range(len(group)), key=group.__getitem__) for group in values)
        raise NoAnswerError(failure, denied=denied)

    def _row(self, row: Row) -> list[_Bound]:
        scaled = scale([row.table])
        if not any(map(any, scaled.coefficients[0])):
            return []  # the same whatever is picked
        room = row.most - scaled.least[0]
        return [
            self._bound(
                self._product(scaled.coefficients[0]),
                lambda slack: scaled.bound(room, slack),
                row.keeps,
            )
        ]

    def _limit(self, limit: Limit) -> list[_Bound]:
        quantity = limit.quantity
        if quantity.largest == 1:
            return [
                bound
                for table, offset in zip(quantity.tables, quantity.offsets, strict=True)
                for bound in self._row(Row(table, limit.most - offset))
            ]
        expression, base, scaled = self._largest(quantity)
        room = scaled.steps(limit.most - base)
        return [
            self._bound(
                expression,
                lambda slack: room + slack,
                lambda picked: quantity.value(picked) <= limit.most,
            )
        ]

    def _bound(
        self,
        expression: Any,
        right_hand_side: Callable[[float], float],
        keeps: Callable[[Picked], bool],
    ) -> _Bound:
        constraint = self._pulp.LpConstraint(expression, self._pulp.LpConstraintLE, rhs=0)
        self._model += constraint
        return _Bound(constraint, right_hand_side, keeps)

    def _largest(self, quantity: Quantity) -> tuple[Any, int, Scaled]:
        """An expression for a quantity, what it leaves out, and how it is scaled.

        Of one total it is the total. Of several, the sum of the k largest y is the least of
        k t + the sum of max(0, y - t) over t, with variables for t and the differences.
        """
        scaled = scale(quantity.tables)
        products = [self._product(each) for each in scaled.coefficients]
        starts = [
            offset + least for offset, least in zip(quantity.offsets, scaled.least, strict=True)
        ]
        if len(products) == 1:
            return products[0], starts[0], scaled
        pulp, count = self._pulp, quantity.largest
        # Totals are counted from the lowest start, so that what the solver sees stays small.
        low, self._ranked = min(starts), self._ranked + 1
        threshold = self._model.add_variable(f"t_{self._ranked}", lowBound=0)
        terms = [count * threshold]
        for place, (product, start) in enumerate(zip(products, starts, strict=True)):
            above = threshold
            if count > 1:
                excess = self._model.add_variable(f"d_{self._ranked}_{place}", lowBound=0)
                terms.append(excess)
                above = threshold + excess
            self._model += product + scaled.steps(start - low) <= above
        return pulp.lpSum(terms), count * low, scaled

    def _product(self, coefficients: Coefficients) -> Any:
        return self._pulp.lpSum(
            coefficient * variable
            for some, group in zip(coefficients, self._groups, strict=True)
            for coefficient, variable in zip(some, group, strict=True)
            if coefficient
        )
