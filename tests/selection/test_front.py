"""The Pareto front against brute force."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.core.errors import UnknownNameError, UsageError
from kenning_lego.selection.front import pareto_front
from kenning_lego.selection.problem import Block, Budget, Option, Problem, evaluate
from kenning_lego.selection.units import to_units
from tests.selection.instances import (
    Figures,
    all_choices,
    best_by_force,
    figures,
    problems,
    problems_with_budgets,
    random_problem,
)


@settings(max_examples=60)
@given(problems())
def test_front_is_what_nothing_dominates(problem: Problem) -> None:
    points = sorted({figures(choice) for choice in all_choices(problem)})
    undominated = [
        point
        for point in points
        if not any(
            other != point and all(a <= b for a, b in zip(other, point, strict=True))
            for other in points
        )
    ]
    assert [figures(choice) for choice in pareto_front(problem)] == undominated


@settings(max_examples=60)
@given(problems())
def test_of_equal_choices_the_first_options_are_kept(problem: Problem) -> None:
    first: dict[Figures, object] = {}
    for choice in all_choices(problem):
        first.setdefault(figures(choice), choice)
    for choice in pareto_front(problem):
        assert choice == first[figures(choice)]
        assert choice == evaluate(problem, choice.variants)


@settings(max_examples=100)
@given(problems_with_budgets())
def test_best_within_a_budget_is_that_of_brute_force(case: tuple[Problem, Budget]) -> None:
    problem, budget = case
    front = pareto_front(problem)
    best = front.best(budget)
    assert (None if best is None else figures(front[best])) == best_by_force(problem, budget)


def _plain_labels(problem: Problem) -> list[tuple[int, ...]]:
    """The front's figures by a label setting without any array or order."""
    labels: list[tuple[int, ...]] = [problem.fixed[:3]]
    for options in problem.table:
        sums = {
            tuple(map(sum, zip(label, option[:3], strict=True)))
            for label in labels
            for option in options
        }
        labels = []
        for label in sorted(sums):
            if not any(other[1] <= label[1] and other[2] <= label[2] for other in labels):
                labels.append(label)
    return labels


@pytest.mark.parametrize("seed", range(3))
def test_large_fronts_are_those_of_plain_label_setting(seed: int) -> None:
    problem = random_problem(seed, 9, 5)
    front = pareto_front(problem)
    columns = zip(front.costs, front.latencies, front.memories, strict=True)
    assert [tuple(map(int, point)) for point in columns] == _plain_labels(problem)
    assert len(front) > 600


def test_the_order_of_blocks_and_options_does_not_matter() -> None:
    problem = random_problem(5, 10, 4, energy_known=True)
    turned = tuple(Block(b.name, b.options[::-1]) for b in reversed(problem.blocks))
    front, again = pareto_front(problem), pareto_front(Problem(turned))
    assert len(front) > 1000
    for column in ("costs", "latencies", "memories", "energies"):
        assert np.array_equal(getattr(front, column), getattr(again, column))


@settings(max_examples=60)
@given(problems(), st.floats(0, 3), st.none() | st.integers(1, 20))
def test_every_choice_is_covered_within_the_gap(
    problem: Problem, epsilon: float, most: int | None
) -> None:
    front = pareto_front(problem, epsilon=epsilon, max_points=most)
    if most is None:
        assert front.gap <= epsilon
    gap = Fraction(front.gap) + Fraction(1, 10**10)
    points = [figures(choice) for choice in front]
    for choice in map(figures, all_choices(problem)):
        assert any(
            Fraction(point[0]) <= Fraction(choice[0]) + gap
            and all(a <= b for a, b in zip(point[1:], choice[1:], strict=True))
            for point in points
        )


@settings(max_examples=30)
@given(problems())
def test_no_gap_leaves_the_front_exact(problem: Problem) -> None:
    exact = pareto_front(problem)
    same = pareto_front(problem, epsilon=0.0, max_points=10_000)
    assert same.gap == exact.gap == 0
    assert list(same) == list(exact)
    assert str(exact).endswith("(exact)")


@pytest.mark.parametrize("most", [50, 400])
def test_a_bounded_front_covers_the_exact_one(most: int) -> None:
    problem = random_problem(1, 10, 5)
    exact, front = pareto_front(problem), pareto_front(problem, max_points=most)
    assert len(exact) > 2 * most
    assert len(front) <= most or front.gap > 0
    assert front.gap > 0
    for point in range(0, len(exact), 7):
        cheapest = front.best(Budget(exact[point].latency_ms, exact[point].memory_bytes))
        assert cheapest is not None
        loss = int(front.costs[cheapest]) - int(exact.costs[point])
        assert 0 <= loss <= to_units(front.gap)


@settings(max_examples=60)
@given(problems_with_budgets())
def test_a_front_within_a_budget_is_a_part_of_the_whole(case: tuple[Problem, Budget]) -> None:
    problem, budget = case
    expected = [choice for choice in pareto_front(problem) if budget.allows(choice)]
    if expected:
        assert list(pareto_front(problem, within=budget)) == expected
    else:
        with pytest.raises(UsageError, match="no choice keeps"):
            pareto_front(problem, within=budget)


def test_a_front_is_a_sequence_of_choices_that_cannot_be_changed() -> None:
    problem = random_problem(2, 3, 4)
    front = pareto_front(problem)
    assert front[0] == next(iter(front))
    assert front[-1] == list(front)[-1]
    assert front[1:3] == tuple(front)[1:3]
    assert front[0] in front
    with pytest.raises(IndexError):
        front[len(front)]
    with pytest.raises(ValueError, match="read-only"):
        front.costs[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        front.options[0, 0] = 0


def test_a_choice_is_found_by_its_variants() -> None:
    problem = random_problem(3, 4, 4)
    front = pareto_front(problem)
    for index, choice in enumerate(front):
        assert front.find(choice.variants) == index
    everything = {tuple(choice.variants.values()) for choice in front}
    absent = next(
        choice
        for choice in all_choices(problem)
        if tuple(choice.variants.values()) not in everything
    )
    assert front.find(absent.variants) is None
    with pytest.raises(UnknownNameError):
        front.find({**absent.variants, "b0": "unknown"})


def test_options_that_another_replaces_are_left_out() -> None:
    options = (Option("a", 0.1, 1.0, 5), Option("worse", 0.1, 1.0, 6), Option("same", 0.1, 1.0, 5))
    front = pareto_front(Problem((Block("only", options),)))
    assert [choice.variants["only"] for choice in front] == ["a"]


def test_settings_out_of_range_are_refused() -> None:
    problem = random_problem(0, 2, 2)
    with pytest.raises(UsageError, match="the gap nan"):
        pareto_front(problem, epsilon=math.nan)
    with pytest.raises(UsageError, match="0 points at most"):
        pareto_front(problem, max_points=0)
    with pytest.raises(UsageError, match="energy, which is not known"):
        pareto_front(problem).best(Budget(energy_mj=1.0))
