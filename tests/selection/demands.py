"""Random demands, and the answers by brute force."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from hypothesis import strategies as st

from kenning_lego.selection.problem import Budget, Choice, Problem
from kenning_lego.selection.programs.demands import (
    Constraint,
    Demand,
    Fairness,
    Goal,
    JointDemand,
    Network,
    Switching,
    alike,
    at_most,
)
from kenning_lego.selection.units import to_units
from tests.selection.instances import all_choices, figures, problems_with_budgets

_GOALS: dict[Goal, Callable[[Choice], int]] = {
    "accuracy": lambda choice: to_units(choice.accuracy_cost),
    "latency": lambda choice: to_units(choice.latency_ms),
    "memory": lambda choice: choice.memory_bytes,
    "energy": lambda choice: to_units(choice.energy_mj or 0.0),
}


def keeps(problem: Problem, demand: Demand, choice: Choice) -> bool:
    """Whether a choice is what is demanded, the goal aside."""
    cost = demand.max_accuracy_cost
    return (
        demand.budget.allows(choice)
        and (cost is None or choice.accuracy_cost <= cost)
        and all(choice.variants[block] == name for block, name in demand.forced.items())
        and not any(choice.variants[block] in names for block, names in demand.forbidden.items())
        and all(_holds(constraint, choice) for constraint in demand.constraints)
    )


def _holds(constraint: Constraint, choice: Choice) -> bool:
    value = sum(
        to_units(some.get(choice.variants[block], 0.0))
        for block, some in constraint.coefficients.items()
    )
    return (constraint.at_most is None or value <= to_units(constraint.at_most)) and (
        constraint.at_least is None or value >= to_units(constraint.at_least)
    )


def goal_of(problem: Problem, demand: Demand, choice: Choice) -> int:
    """What is minimised, in whole units."""
    value = _GOALS[demand.goal](choice)
    if demand.switching is not None:
        for block in problem.blocks:
            option = block.options[block.index(choice.variants[block.name])]
            if option.variant != demand.switching.running[block.name]:
                cost = demand.switching.per_mb * option.memory_bytes / 1e6
                cost += demand.switching.per_block
                value += round(cost) if demand.goal == "memory" else to_units(cost)
    return value


def best_for(problem: Problem, demand: Demand) -> tuple[object, ...] | None:
    """The goal and the figures of the best choice, by brute force."""
    return min(
        (
            (goal_of(problem, demand, choice), *figures(choice))
            for choice in all_choices(problem)
            if keeps(problem, demand, choice)
        ),
        default=None,
    )


def joint_choices(joint: JointDemand) -> Iterator[tuple[Choice, ...]]:
    """All choices that keep a joint demand."""
    own = [
        [c for c in all_choices(each.problem) if keeps(each.problem, each.demand, c)]
        for each in joint.networks
    ]
    for choices in itertools.product(*own):
        if joint.shared.allows(together(choices)):
            yield choices


def together(choices: Sequence[Choice]) -> Choice:
    """The sums of several choices' figures, exact to 1e-9."""
    energies = [c.energy_mj for c in choices if c.energy_mj is not None]
    return Choice(
        {},
        sum(to_units(c.accuracy_cost) for c in choices) / 1e9,
        sum(to_units(c.latency_ms) for c in choices) / 1e9,
        sum(c.memory_bytes for c in choices),
        sum(map(to_units, energies)) / 1e9 if len(energies) == len(choices) else None,
    )


def joint_goals(joint: JointDemand, choices: Sequence[Choice]) -> tuple[float, ...]:
    """What is minimised of several networks, one after the other; weights are whole."""
    goals = [
        each.weight * goal_of(each.problem, each.demand, choice)
        for each, choice in zip(joint.networks, choices, strict=True)
    ]
    return (sum(goals),) if joint.fairness == "sum" else tuple(sorted(goals, reverse=True))


@st.composite
def demands(draw: st.DrawFn) -> tuple[Problem, Demand]:
    """A problem and a demand of it that goes beyond bounds, now and then an impossible one."""
    problem, budget = draw(problems_with_budgets())
    names = {b.name: [option.variant for option in b.options] for b in problem.blocks}
    blocks = list(names)

    def some_variants() -> dict[str, str]:
        chosen = draw(st.lists(st.sampled_from(blocks), unique=True, max_size=2))
        return {block: draw(st.sampled_from(names[block])) for block in chosen}

    demand = Demand(budget if draw(st.booleans()) else Budget())
    goals: list[Goal] = ["accuracy", "latency", "memory"]
    if problem.energy_known:
        goals.append("energy")
    demand = replace(demand, goal=draw(st.sampled_from(goals)))
    if draw(st.booleans()):
        demand = replace(demand, max_accuracy_cost=draw(st.sampled_from([-1.0, 0.0, 0.2, 3.0])))
    if draw(st.booleans()):
        demand = replace(demand, forced=some_variants())
    if draw(st.booleans()):
        demand = replace(demand, forbidden={b: (v,) for b, v in some_variants().items()})
    constraints = []
    if draw(st.booleans()):
        later = {block: some[1:] for block, some in names.items()}
        constraints.append(at_most(draw(st.integers(0, 2)), later, "few changed"))
    if draw(st.booleans()) and len(blocks) > 1:
        labels = {block: {v: i for i, v in enumerate(names[block])} for block in blocks[:2]}
        constraints.append(alike(blocks[0], blocks[1], labels))
    if draw(st.booleans()):
        numbers = st.sampled_from([-0.3, 0.1, 0.2, 0.7])
        weights = {block: {v: draw(numbers) for v in names[block]} for block in blocks[-2:]}
        constraints.append(Constraint("weighted", weights, at_most=draw(numbers)))
    demand = replace(demand, constraints=tuple(constraints))
    if draw(st.booleans()):
        running = {block: draw(st.sampled_from(some)) for block, some in names.items()}
        demand = replace(
            demand, switching=Switching(running, draw(st.sampled_from([0, 0.1, 2])), 0.01)
        )
    return problem, demand


@st.composite
def joint_demands(draw: st.DrawFn) -> JointDemand:
    """Two or three small networks with bounds of their own and bounds in common."""
    networks = []
    for number in range(draw(st.integers(2, 3))):
        problem, budget = draw(problems_with_budgets(max_blocks=2, max_options=3))
        own = budget if draw(st.booleans()) else Budget()
        networks.append(
            Network(f"n{number}", problem, Demand(own), draw(st.sampled_from([1, 1, 2, 5])))
        )
    near = together([draw(st.sampled_from(all_choices(each.problem))) for each in networks])
    factor = st.sampled_from([None, 0.7, 1.0, 1.0, 1.3])
    latency, memory = draw(factor), draw(factor)
    shared = Budget(
        None if latency is None else near.latency_ms * latency,
        None if memory is None else int(near.memory_bytes * memory),
    )
    fairnesses: list[Fairness] = ["sum", "max-min"]
    fairness = draw(st.sampled_from(fairnesses))
    return JointDemand(tuple(networks), shared, fairness)
