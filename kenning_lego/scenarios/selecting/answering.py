"""From demands to answers as the record keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kenning_lego.core.selection_records import AnswerRecord, ChosenRecord, NearRecord
from kenning_lego.scenarios.selecting.asking import Asked, budgets_of, with_budget
from kenning_lego.scenarios.selecting.configuration import SelectConfig
from kenning_lego.scenarios.tester.choice import budget_record
from kenning_lego.selection.problem import Budget, Choice
from kenning_lego.selection.programs.demands import Demand, JointDemand
from kenning_lego.selection.relaxation import Infeasible
from kenning_lego.selection.select import (
    JointlySelected,
    Selected,
    select,
    select_jointly,
)


def answers(config: SelectConfig, asked: Sequence[Asked]) -> Iterator[AnswerRecord]:
    """The best configurations for each budget, or why there are none.

    Raises:
        UsageError: the demands do not fit the networks, or a solver is not installed.
        SolverError: the solver failed.
    """
    for name, budget in budgets_of(config, asked):
        only = asked[0]
        if len(asked) == 1 and only.demand.budget == Budget():
            yield _for_one(name, budget, only, config)
        else:
            yield _for_several(name, budget, asked, config)


def _for_one(name: str, budget: Budget, asked: Asked, config: SelectConfig) -> AnswerRecord:
    demand = replace(asked.demand, budget=budget)
    answer = select(asked.tested.problem, demand, config.solver, gap=config.gap)
    if isinstance(answer, Infeasible):
        nearest = tuple(
            NearRecord(
                changed=each.changed,
                demand=str(each.demand),
                budget=budget_record(each.demand.budget),
                chosen=_all_chosen([asked], [each.answer]),
            )
            for each in answer.nearest
        )
        return _refused(name, budget, answer.demand, answer.conflicts, nearest)
    return _met(name, budget, answer, _all_chosen([asked], [answer.choice]))


def _for_several(
    name: str, budget: Budget, asked: Sequence[Asked], config: SelectConfig
) -> AnswerRecord:
    answer = select_jointly(with_budget(asked, budget, config), config.solver, gap=config.gap)
    if isinstance(answer, Infeasible):
        nearest = tuple(
            NearRecord(
                changed=each.changed,
                demand=str(each.demand),
                budget=budget_record(each.demand.shared),
                chosen=_all_chosen(asked, each.answer),
            )
            for each in answer.nearest
        )
        return _refused(name, budget, answer.demand, answer.conflicts, nearest)
    return _met(name, budget, answer, _all_chosen(asked, answer.choices))


def _refused(
    name: str,
    budget: Budget,
    demand: Demand | JointDemand,
    conflicts: tuple[tuple[str, ...], ...],
    nearest: tuple[NearRecord, ...],
) -> AnswerRecord:
    return AnswerRecord(
        name=name,
        demand=str(demand),
        budget=budget_record(budget),
        feasible=False,
        conflicts=conflicts,
        nearest=nearest,
    )


def _met(
    name: str,
    budget: Budget,
    answer: Selected | JointlySelected,
    chosen: tuple[ChosenRecord, ...],
) -> AnswerRecord:
    return AnswerRecord(
        name=name,
        demand=str(answer.demand),
        budget=budget_record(budget),
        feasible=True,
        chosen=chosen,
        solver=answer.solver,
        solve_ms=round(answer.seconds * 1e3, 3),
        gap=answer.gap,
    )


def _all_chosen(asked: Sequence[Asked], choices: Sequence[Choice]) -> tuple[ChosenRecord, ...]:
    return tuple(describe_choice(*pair) for pair in zip(asked, choices, strict=True))


def describe_choice(asked: Asked, choice: Choice) -> ChosenRecord:
    """A choice for a network, with what is predicted of it."""
    running = asked.demand.switching and asked.demand.switching.running
    changed = running and sum(running[block] != name for block, name in choice.variants.items())
    return ChosenRecord(
        network=asked.name,
        variants=dict(choice.variants),
        predicted=asked.tested.predictor(choice),
        accuracy_cost=choice.accuracy_cost,
        changed=changed,
    )
