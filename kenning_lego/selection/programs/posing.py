"""From what is demanded of networks to an integer program.

The groups are the blocks of all networks, in order. Weights are taken as the decimals that they
are written as, so that weighted sums are whole numbers as well.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from kenning_lego.selection.problem import Amounts, Budget
from kenning_lego.selection.programs.demands import (
    Constraint,
    Demand,
    JointDemand,
    Network,
    Switching,
)
from kenning_lego.selection.programs.program import (
    Program,
    Quantity,
    Restriction,
    Row,
    Table,
    times,
)
from kenning_lego.selection.units import budget_units, from_units, to_units

_GOALS: Mapping[str, int] = {"accuracy": 0, "latency": 1, "memory": 2, "energy": 3}
"""Where a goal's figure is among the amounts."""

_BOUNDS = ("latency", "memory", "energy")
_FIELDS = ("latency_ms", "memory_bytes", "energy_mj")
_ACCURACY = "accuracy cost"

_Edit = Callable[[Demand, tuple[int, ...]], Demand]
_Restrictions = Iterator[Restriction[JointDemand]]


def pose(joint: JointDemand) -> Program[JointDemand]:
    """The program of a demand.

    A restriction is named after what it bounds, with the network's name in front, unless that is
    empty; what networks share is called ``total``.
    """
    restrictions = [each for place in range(len(joint.networks)) for each in _own(joint, place)]
    sizes = [len(block.options) for each in joint.networks for block in each.problem.blocks]
    return Program(
        tuple(sizes), (*restrictions, *_shared(joint)), (*_goals(joint), *_preferences(joint))
    )


def common_weight(joint: JointDemand) -> int:
    """What all weights, and so the objective, are multiplied by to be whole numbers."""
    return math.lcm(*(_exact(each.weight).denominator for each in joint.networks))


def _exact(weight: float) -> Fraction:
    return Fraction(repr(float(weight)))


def _goals(joint: JointDemand) -> Iterator[Quantity]:
    common = common_weight(joint)
    goal = _GOALS[joint.networks[0].demand.goal]
    tables, offsets = [], []
    for place, network in enumerate(joint.networks):
        factor = int(_exact(network.weight) * common)
        tables.append(_alone(joint, place, times(_goal_table(network, goal), factor)))
        offsets.append(network.problem.fixed[goal] * factor)
    if joint.fairness == "sum":
        yield Quantity.of(_added(tables))
    else:
        for largest in range(1, len(tables) + 1):
            yield Quantity(tuple(tables), tuple(offsets), largest)


def _goal_table(network: Network, goal: int) -> Table:
    figures = _figures(network, goal)
    switching = network.demand.switching
    return _added([figures, _switching(network, switching, goal)]) if switching else figures


def _switching(network: Network, switching: Switching, goal: int) -> Table:
    def cost(memory: int) -> int:
        value = switching.per_mb * memory / 1e6 + switching.per_block
        return round(value) if goal == _GOALS["memory"] else to_units(value)

    return tuple(
        tuple(
            0 if option.variant == switching.running[block.name] else cost(option.memory_bytes)
            for option in block.options
        )
        for block in network.problem.blocks
    )


def _preferences(joint: JointDemand) -> Iterator[Quantity]:
    """How ties are broken, by the totals of all networks.

    What several networks lose is only counted with their weights.
    """
    weighted = len(joint.networks) > 1 and joint.networks[0].demand.goal == "accuracy"
    for figure in range(1 if weighted else 0, len(Amounts._fields)):
        yield Quantity.of(_everyones(joint, figure))


def _shared(joint: JointDemand) -> _Restrictions:
    fixed = Amounts(*map(sum, zip(*(each.problem.fixed for each in joint.networks), strict=True)))
    for figure, (name, field) in enumerate(zip(_BOUNDS, _FIELDS, strict=True), 1):
        cap = _caps(joint.shared)[figure - 1]
        if cap is None:
            continue

        def loosen(
            demand: JointDemand,
            most: tuple[int, ...],
            field: str = field,
            fixed: int = fixed[figure],
        ) -> JointDemand:
            return replace(demand, shared=_with(demand.shared, field, most[0] + fixed))

        row = _bounded(_everyones(joint, figure), cap, fixed[figure])
        yield Restriction(f"total {name}", (row,), loosen)


def _own(joint: JointDemand, place: int) -> _Restrictions:
    """What is demanded of one network by itself."""
    network = joint.networks[place]

    def restriction(name: str, edit: _Edit, *rows: Row) -> Restriction[JointDemand]:
        def loosen(demand: JointDemand, most: tuple[int, ...]) -> JointDemand:
            networks = list(demand.networks)
            own = networks[place]
            networks[place] = replace(own, demand=edit(own.demand, most))
            return replace(demand, networks=tuple(networks))

        placed = tuple(replace(row, table=_alone(joint, place, row.table)) for row in rows)
        return Restriction(f"{network.name}: {name}" if network.name else name, placed, loosen)

    yield from _budget(network, restriction)
    demand = network.demand
    if demand.max_accuracy_cost is not None:
        row = _bounded(_figures(network, 0), budget_units(demand.max_accuracy_cost), 0)
        yield restriction(
            _ACCURACY,
            lambda old, most: replace(old, max_accuracy_cost=from_units(most[0])),
            row,
        )
    for block, variant in demand.forced.items():
        row = Row(_marked(network, {block: {variant: -1}}), -1)
        yield restriction(f"{block} as {variant}", _unforce(block), row)
    for block, variants in demand.forbidden.items():
        for variant in sorted(variants):
            row = Row(_marked(network, {block: {variant: 1}}), 0)
            yield restriction(f"{block} not as {variant}", _allow(block, variant), row)
    for index, constraint in enumerate(demand.constraints):
        rows, edit = _constraint(network, constraint, index)
        yield restriction(constraint.name, edit, *rows)


def _budget(
    network: Network, restriction: Callable[..., Restriction[JointDemand]]
) -> _Restrictions:
    caps = _caps(network.demand.budget)
    for figure, (name, field) in enumerate(zip(_BOUNDS, _FIELDS, strict=True), 1):
        cap = caps[figure - 1]
        if cap is None:
            continue
        fixed = network.problem.fixed[figure]

        def edit(
            old: Demand, most: tuple[int, ...], field: str = field, fixed: int = fixed
        ) -> Demand:
            return replace(old, budget=_with(old.budget, field, most[0] + fixed))

        yield restriction(name, edit, _bounded(_figures(network, figure), cap, fixed))


def _caps(budget: Budget) -> tuple[int | None, int | None, int | None]:
    return budget.latency, budget.memory_bytes, budget.energy


def _with(budget: Budget, field: str, units: int) -> Budget:
    value = units if field == "memory_bytes" else from_units(units)
    return Budget(**{each: getattr(budget, each) for each in _FIELDS} | {field: value})


def _unforce(block: str) -> _Edit:
    def edit(old: Demand, most: tuple[int, ...]) -> Demand:
        if most[0] < 0:
            return old
        return replace(old, forced={b: v for b, v in old.forced.items() if b != block})

    return edit


def _allow(block: str, variant: str) -> _Edit:
    def edit(old: Demand, most: tuple[int, ...]) -> Demand:
        if most[0] < 1:
            return old
        left = {b: [v for v in vs if (b, v) != (block, variant)] for b, vs in old.forbidden.items()}
        return replace(old, forbidden=left)

    return edit


def _constraint(
    network: Network, constraint: Constraint, index: int
) -> tuple[tuple[Row, ...], _Edit]:
    units = {
        block: {variant: to_units(value) for variant, value in some.items()}
        for block, some in constraint.coefficients.items()
    }
    table = _marked(network, units)
    signs = [
        (sign, sign * to_units(bound))
        for sign, bound in ((1, constraint.at_most), (-1, constraint.at_least))
        if bound is not None
    ]

    def edit(old: Demand, most: tuple[int, ...]) -> Demand:
        bounds = {
            sign: sign * from_units(bound) for (sign, _), bound in zip(signs, most, strict=True)
        }
        edited = [*old.constraints]
        edited[index] = replace(edited[index], at_most=bounds.get(1), at_least=bounds.get(-1))
        return replace(old, constraints=tuple(edited))

    return tuple(_bounded(times(table, sign), bound, 0) for sign, bound in signs), edit


def _bounded(table: Table, cap: int, fixed: int) -> Row:
    """A row whose overruns are shares of the bound, or, if that is 0, of the least or the range."""
    least = fixed + sum(map(min, table))
    spread = sum(max(group) - min(group) for group in table)
    return Row(table, cap - fixed, abs(cap) or max(least, 0) or spread or 1)


def _everyones(joint: JointDemand, figure: int) -> Table:
    return tuple(group for each in joint.networks for group in _figures(each, figure))


def _figures(network: Network, figure: int) -> Table:
    return tuple(tuple(option[figure] for option in block) for block in network.problem.table)


def _marked(network: Network, figures: Mapping[str, Mapping[str, int]]) -> Table:
    """A table of what is given by block and variant, 0 elsewhere."""
    return tuple(
        tuple(figures.get(block.name, {}).get(option.variant, 0) for option in block.options)
        for block in network.problem.blocks
    )


def _alone(joint: JointDemand, place: int, table: Table) -> Table:
    """A network's table among zeros for all others."""
    groups: list[tuple[int, ...]] = []
    for each, network in enumerate(joint.networks):
        if each == place:
            groups += table
        else:
            groups += [(0,) * len(block.options) for block in network.problem.blocks]
    return tuple(groups)


def _added(tables: Sequence[Table]) -> Table:
    return tuple(tuple(map(sum, zip(*groups, strict=True))) for groups in zip(*tables, strict=True))
