"""Budgets that cannot be met: what is in the way, and the nearest that can."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from kenning_lego.core.errors import UsageError
from kenning_lego.selection.problem import Block, Budget, Option, Problem
from kenning_lego.selection.relaxation import Infeasible, can_be_met, relax
from kenning_lego.selection.select import Selected, select
from tests.selection.instances import all_choices, best_by_force, overrun, problems_with_budgets

# Fast and large, slow and small, and one between: 1 ms 100 B, 10 ms 10 B, 4 ms 40 B.
TRADE = Problem(
    (
        Block(
            "a",
            (
                Option("fast", 0.0, 1.0, 100),
                Option("small", 0.0, 10.0, 10),
                Option("between", 0.2, 4.0, 40),
            ),
        ),
    )
)


@settings(max_examples=150, deadline=None)
@given(problems_with_budgets(with_energy=False))
def test_relaxations_are_feasible_and_as_small_as_can_be(case: tuple[Problem, Budget]) -> None:
    problem, budget = case
    choices = all_choices(problem)
    if any(map(budget.allows, choices)):
        assert can_be_met(problem, budget)
        with pytest.raises(UsageError, match="can be met"):
            relax(problem, budget)
        return
    assert not can_be_met(problem, budget)
    found = relax(problem, budget)
    by_changed = {each.changed: each.budget for each in found.nearest}
    assert len(by_changed) == len(found.nearest) > 0

    within_memory = [c for c in choices if Budget(None, budget.memory_bytes).allows(c)]
    within_latency = [c for c in choices if Budget(budget.latency_ms, None).allows(c)]
    assert (("latency",) in by_changed) == bool(within_memory)
    assert (("memory",) in by_changed) == bool(within_latency)
    if within_memory:
        fastest = min(choice.latency_ms for choice in within_memory)
        assert by_changed["latency",] == Budget(fastest, budget.memory_bytes)
    if within_latency:
        smallest = min(choice.memory_bytes for choice in within_latency)
        assert by_changed["memory",] == Budget(budget.latency_ms, smallest)
    if budget.latency_ms and budget.memory_bytes:
        least = min(overrun(choice, budget) for choice in choices)
        offered = found.nearest[0].budget
        reached = [choice for choice in choices if offered.allows(choice)]
        assert min(overrun(choice, budget) for choice in reached) == least
    for each in found.nearest:
        assert any(map(each.budget.allows, choices))


@settings(max_examples=40, deadline=None)
@given(problems_with_budgets(with_energy=False))
def test_every_budget_that_is_offered_can_be_selected(case: tuple[Problem, Budget]) -> None:
    problem, budget = case
    answer = select(problem, budget)
    assert isinstance(answer, Infeasible) == (best_by_force(problem, budget) is None)
    if isinstance(answer, Infeasible):
        for each in answer.nearest:
            again = select(problem, each.budget)
            assert isinstance(again, Selected)
            assert each.budget.allows(again.choice)


def test_what_no_choice_keeps_is_in_the_way() -> None:
    assert relax(TRADE, Budget(0.5, 200)).blocking == ("latency",)
    assert relax(TRADE, Budget(20.0, 5)).blocking == ("memory",)
    assert relax(TRADE, Budget(0.5, 5)).blocking == ("latency", "memory")
    assert relax(TRADE, Budget(latency_ms=0.5)).blocking == ("latency",)


def test_two_bounds_that_only_clash_are_both_in_the_way() -> None:
    found = relax(TRADE, Budget(3.0, 32))
    assert found.blocking == ("latency", "memory")
    assert [(each.changed, each.budget) for each in found.nearest] == [
        (("latency", "memory"), Budget(4.0, 40)),
        (("memory",), Budget(3.0, 100)),
        (("latency",), Budget(10.0, 32)),
    ]
    assert str(found) == (
        "no choice keeps 3.0 ms and 32 bytes: latency and memory in the way; "
        "nearest: 4.0 ms and 40 bytes (latency and memory raised); "
        "or 3.0 ms and 100 bytes (memory raised); or 10.0 ms and 32 bytes (latency raised)"
    )


def test_a_zero_budget_is_relaxed_too() -> None:
    found = relax(TRADE, Budget(0.0, 0))
    assert [(each.changed, each.budget) for each in found.nearest] == [
        (("latency", "memory"), Budget(4.0, 40))
    ]


def test_a_feasible_budget_is_answered_as_asked() -> None:
    answer = select(TRADE, Budget(5.0, 50))
    assert isinstance(answer, Selected)
    assert answer.budget == Budget(5.0, 50)
    assert answer.choice.variants == {"a": "between"}
    assert answer.solver == "cbc"
    assert answer.seconds > 0
    assert str(answer) == (
        "within 5.0 ms and 50 bytes: 4 ms, 40 bytes, accuracy cost 0.2 (a: between)"
    )
