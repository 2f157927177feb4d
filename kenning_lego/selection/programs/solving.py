"""Programs solved to the end: one objective after the other, and infeasibility made sure of."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from tempfile import TemporaryDirectory
from typing import Any

from kenning_lego.selection.programs.contenders import contenders
from kenning_lego.selection.programs.engines import Solver, import_pulp, make_engines
from kenning_lego.selection.programs.model import Limit, Model, NoAnswerError
from kenning_lego.selection.programs.program import Picked, Quantity, Row
from kenning_lego.selection.programs.scaling import scale
from kenning_lego.selection.programs.sums import can_be_kept

_MOST_EQUALS = 4
"""Answers of one objective that are asked for one by one."""


def minimise(
    sizes: Sequence[int],
    rows: Sequence[Row],
    objectives: Sequence[Quantity],
    solver: Solver,
    gap: int = 0,
) -> Picked | None:
    """What is picked at the least of the first objective, then of the second, and so on.

    That nothing can be picked is believed only if exact arithmetic says so too, or, where there is
    too much for it to look through, if one mode of the solver says so and none finds anything.

    Args:
        sizes: options of each group.
        rows: bounds.
        objectives: at least one.
        solver: to ask.
        gap: how far above the least of the first objective the solver may stop; then the others
            count no more.

    Raises:
        MissingDependencyError: PuLP is not installed.
        UsageError: the solver is unknown or not installed.
        SolverError: the solver failed, or finds nothing though there is something.
    """
    pulp = import_pulp()
    if any(row.least > row.most for row in rows):
        make_engines(pulp, solver, "")  # an unknown solver is refused in any case
        return None
    with TemporaryDirectory(prefix="kenning-lego-") as folder:
        engines = make_engines(pulp, solver, folder, _scaled_gap(objectives[0], gap))
        picked = _first(pulp, engines, sizes, rows, objectives[0])
        if picked is None or gap or len(objectives) == 1:
            return picked
        first = objectives[0]
        if len(first.tables) == 1:
            near = contenders(first.tables[0], rows, picked)
            if near is None:
                near = _equals(pulp, engines, sizes, rows, first, picked)
            if near is not None:
                return _best(near, objectives)
        limits: list[Limit] = []
        for before, quantity in pairwise(objectives):
            limits.append(Limit(before, before.value(picked)))
            if quantity.value(picked) > quantity.least:
                picked = Model(pulp, sizes, rows, limits).minimise(engines, quantity)
    return picked


def can_be_met(sizes: Sequence[int], rows: Sequence[Row], solver: Solver) -> bool:
    """Whether anything can be picked within all rows.

    Raises:
        KenningLegoError: see :func:`minimise`.
    """
    possible = can_be_kept(sizes, rows)
    if possible is not None:
        return possible
    nothing = Quantity.of(tuple((0,) * size for size in sizes))
    return minimise(sizes, rows, [nothing], solver) is not None


def _first(
    pulp: Any, engines: Sequence[Any], sizes: Sequence[int], rows: Sequence[Row], first: Quantity
) -> Picked | None:
    try:
        return Model(pulp, sizes, rows, []).minimise(engines, first)
    except NoAnswerError as error:
        possible = can_be_kept(sizes, rows)
        if possible or (possible is None and not error.denied):
            raise
        return None


def _equals(
    pulp: Any,
    engines: Sequence[Any],
    sizes: Sequence[int],
    rows: Sequence[Row],
    first: Quantity,
    picked: Picked,
) -> list[Picked] | None:
    """What is no worse than an answer, asked for one by one; None if there is much of it."""
    found = [picked]
    while len(found) < _MOST_EQUALS:
        model = Model(pulp, sizes, rows, [])
        for each in found:
            model.forbid(each)
        try:
            other = model.minimise(engines, first)
        except NoAnswerError:
            return found
        if first.value(other) > min(map(first.value, found)):
            return found
        found.append(other)
    return None


def _best(picks: Sequence[Picked], objectives: Sequence[Quantity]) -> Picked:
    """The pick of the lowest objectives, one after the other; of equal ones, the first."""
    for quantity in objectives:
        values = [quantity.value(pick) for pick in picks]
        least = min(values)
        picks = [pick for pick, value in zip(picks, values, strict=True) if value == least]
    return min(picks)


def _scaled_gap(quantity: Quantity, gap: int) -> float:
    return scale(quantity.tables).steps(gap) if gap else 0.0
