"""The search within a budget against brute force, the front and the integer program."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from kenning_lego.core.errors import UsageError
from kenning_lego.selection.front import pareto_front
from kenning_lego.selection.ilp import solve
from kenning_lego.selection.problem import Block, Budget, Option, Problem, evaluate
from kenning_lego.selection.search import best_choice, can_be_kept, minimise
from tests.selection.instances import (
    all_choices,
    best_by_force,
    figures,
    problems_with_budgets,
    random_budget,
    random_problem,
)


@settings(max_examples=150)
@given(problems_with_budgets())
def test_choice_is_that_of_brute_force(case: tuple[Problem, Budget]) -> None:
    problem, budget = case
    choice = best_choice(problem, budget)
    assert (choice and figures(choice)) == best_by_force(problem, budget)
    if choice is not None:
        assert choice == evaluate(problem, choice.variants)


@pytest.mark.parametrize("energy_known", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_choice_is_that_of_the_front(seed: int, energy_known: bool) -> None:
    problem = random_problem(seed, 9, 5, energy_known=energy_known)
    front = pareto_front(problem)
    for number in range(12):
        budget = random_budget(number, problem)
        choice, best = best_choice(problem, budget), front.best(budget)
        expected = None if best is None else figures(front[best])
        assert (choice and figures(choice)) == expected


@pytest.mark.parametrize("seed", range(3))
def test_objective_is_that_of_the_integer_program(seed: int) -> None:
    problem = random_problem(seed, 30, 8)
    budget = random_budget(seed, problem)
    choice, solution = best_choice(problem, budget), solve(problem, budget)
    expected = solution.choice and solution.choice.accuracy_cost
    assert (choice and choice.accuracy_cost) == expected


def test_without_bounds_ties_go_to_the_faster_then_to_the_smaller() -> None:
    options = (
        Option("slow", 0.0, 2.0, 1),
        Option("large", 0.0, 1.0, 9),
        Option("small", 0.0, 1.0, 3),
    )
    choice = best_choice(Problem((Block("a", options),)), Budget())
    assert choice is not None
    assert choice.variants == {"a": "small"}


def test_bounds_that_only_clash_cannot_be_kept() -> None:
    options = (Option("fast", 0.0, 1.0, 100), Option("small", 0.0, 10.0, 10))
    problem = Problem(tuple(Block(f"b{n}", options) for n in range(12)))
    assert best_choice(problem, Budget(12 * 5.0, 12 * 40)) is None
    assert best_choice(problem, Budget(12 * 5.5, 12 * 55)) is not None
    with pytest.raises(UsageError, match="energy, which is not known"):
        best_choice(problem, Budget(energy_mj=1.0))


@settings(max_examples=80)
@given(problems_with_budgets())
def test_whether_caps_can_be_kept_is_that_of_brute_force(case: tuple[Problem, Budget]) -> None:
    problem, budget = case
    groups = [np.array(options, dtype=np.int64)[:, 1:] for options in problem.table]
    fixed = problem.fixed[1:]
    caps = [
        None if cap is None else cap - own
        for cap, own in zip(problem.caps(budget), fixed, strict=True)
    ]
    expected = any(map(budget.allows, all_choices(problem)))
    assert can_be_kept(groups, caps) == expected


def test_the_next_figures_break_ties_within_caps() -> None:
    group = np.array([[0, 5, 1], [0, 3, 2], [0, 3, 1], [1, 0, 0]])
    assert minimise([group, group], [None, None]) == (2, 2)
    assert minimise([group, group], [None, 1]) in ((2, 3), (3, 2))
    assert minimise([group, group], [None, 0]) == (3, 3)
    assert minimise([group], [-1, None]) is None


def test_a_huge_bound_bounds_nothing() -> None:
    problem = random_problem(0, 6, 4)
    budget = Budget(1e300, 10**40)
    assert best_choice(problem, budget) == best_choice(problem, Budget())
    assert pareto_front(problem).best(budget) == 0
