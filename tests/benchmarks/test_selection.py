"""What the benchmarks of selection compare with, and what they choose from."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from benchmarks import selection_joint, selection_optimality
from benchmarks.selection_instances import monotone_problem, profiles, random_budget
from benchmarks.selection_plain import IntegerProgram, label_setting
from kenning_lego.selection.front import pareto_front
from kenning_lego.selection.problem import Problem, make_choice
from kenning_lego.selection.search import best_choice


def _is_monotone(problem: Problem) -> bool:
    return all(
        earlier.cost <= later.cost
        and earlier.latency >= later.latency
        and earlier.memory >= later.memory
        for options in problem.table
        for earlier, later in pairwise(options)
    )


@pytest.mark.parametrize("steps", [None, 10])
def test_random_problems_are_monotone_and_the_same_again(steps: int | None) -> None:
    problem = monotone_problem(3, 6, 5, steps=steps)
    assert _is_monotone(problem)
    assert problem == monotone_problem(3, 6, 5, steps=steps)
    assert problem != monotone_problem(4, 6, 5, steps=steps)
    assert all(block.options[0].accuracy_cost == 0 for block in problem.blocks)


def test_random_budgets_can_be_met_or_not_far_from_it() -> None:
    problem = monotone_problem(0, 8, 5)
    generator = random.Random(0)
    found = [best_choice(problem, random_budget(problem, generator)) for _ in range(50)]
    assert sum(choice is not None for choice in found) > 25


def test_profiles_are_problems_with_fronts() -> None:
    found = dict(profiles())
    assert set(found) == {"resnet18-digits", "resnet56-cifar10"}
    for problem in found.values():
        assert len(pareto_front(problem)) > 100


def test_plain_ways_agree_with_the_front() -> None:
    problem = monotone_problem(1, 6, 4)
    front = pareto_front(problem)
    columns = zip(front.costs, front.latencies, front.memories, strict=True)
    assert [tuple(map(int, point)) for point in columns] == label_setting(problem)
    budget = random_budget(problem, random.Random(4))
    best, picked = front.best(budget), IntegerProgram(problem).solve(budget)
    assert best is not None
    assert picked is not None
    assert make_choice(problem, picked).accuracy_cost == front[best].accuracy_cost


def test_few_instances_are_optimal() -> None:
    metrics = {metric.name: metric for metric in selection_optimality.measure(quick=True)}
    assert all(metric.reached for metric in metrics.values())
    assert metrics["optimality_instances"].value == 18


def test_joint_choices_are_timed_for_every_goal() -> None:
    assert {metric.name for metric in selection_joint.measure(quick=True)} == {
        "joint_ms_sum_memory",
        "joint_ms_sum_memory_and_time",
        "joint_ms_max_min_memory",
        "joint_ms_max_min_memory_and_time",
    }
