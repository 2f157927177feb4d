"""The Pareto front against brute force."""

from __future__ import annotations

import random
import time

from hypothesis import given, settings

from kenning_lego.selection.front import pareto_front
from kenning_lego.selection.problem import Block, Budget, Option, Problem, evaluate
from tests.selection.instances import (
    Figures,
    all_choices,
    best_by_force,
    figures,
    problems,
    problems_with_budgets,
)


@settings(max_examples=60, deadline=None)
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


@settings(max_examples=60, deadline=None)
@given(problems())
def test_of_equal_choices_the_first_options_are_kept(problem: Problem) -> None:
    first: dict[Figures, object] = {}
    for choice in all_choices(problem):
        first.setdefault(figures(choice), choice)
    for choice in pareto_front(problem):
        assert choice == first[figures(choice)]
        assert choice == evaluate(problem, choice.variants)


@settings(max_examples=100, deadline=None)
@given(problems_with_budgets())
def test_best_within_a_budget_is_that_of_brute_force(case: tuple[Problem, Budget]) -> None:
    problem, budget = case
    front = pareto_front(problem)
    best = front.best(budget)
    assert (None if best is None else figures(front[best])) == best_by_force(problem, budget)


def test_eight_blocks_of_five_options_take_milliseconds() -> None:
    generator = random.Random(8)
    blocks = []
    for b in range(8):
        latency, size = generator.uniform(0.3, 2), generator.randint(10**5, 10**7)
        shares = [(1 - o / 5) * generator.uniform(0.9, 1.1) for o in range(5)]
        blocks.append(
            Block(
                f"b{b}",
                tuple(
                    Option(f"v{o}", o * generator.uniform(0, 0.02), latency * s, int(size * s))
                    for o, s in enumerate(shares)
                ),
            )
        )
    problem = Problem(tuple(blocks))
    durations = []
    for _ in range(5):
        started = time.process_time()
        front = pareto_front(problem)
        durations.append(time.process_time() - started)
    assert len(front) > 100
    # 3 ms where this was written; the margin is for slow and busy machines.
    assert min(durations) < 0.1
