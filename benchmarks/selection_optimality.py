"""Whether choices are the best ones: fronts and the search against brute force and PuLP.

The integer program is the plain one. CBC is wrong now and then (see
:mod:`kenning_lego.selection.ilp`); where it disagrees, the program of which every answer is checked
in whole units decides, and it is counted that CBC was wrong.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from benchmarks.bench_record import Metric
from benchmarks.selection_instances import monotone_problem, random_budget
from benchmarks.selection_plain import IntegerProgram
from kenning_lego.selection.front import pareto_front
from kenning_lego.selection.ilp import solve
from kenning_lego.selection.problem import Budget, Choice, Problem, make_choice
from kenning_lego.selection.search import best_choice
from kenning_lego.selection.units import to_units

_BRUTE, _FRONTS, _SEARCHES = 400, 300, 300
_QUICK = 6

Answer = int | None
"""Accuracy cost in whole units; None if there is no choice."""


@dataclass(frozen=True, slots=True)
class _Instance:
    problem: Problem
    budget: Budget


def measure(*, quick: bool) -> list[Metric]:
    """Shares of 1,000 random instances with equal objectives; a third of them has many ties.

    Args:
        quick: few instances.
    """
    counts = (_QUICK, _QUICK, _QUICK) if quick else (_BRUTE, _FRONTS, _SEARCHES)
    brute, fronts, searches = (
        _instances(count, *sizes)
        for count, sizes in zip(
            counts, (((2, 8), (2, 5)), ((9, 16), (2, 6)), ((17, 50), (2, 10))), strict=True
        )
    )
    of_force = _equal(brute, _by_front, _by_force)
    wrong = _Wrong()
    of_front = _equal(fronts, _by_front, wrong.checked)
    of_search = _equal(searches, _by_search, wrong.checked)
    return [
        Metric("optimality_front_brute_force", of_force, "%", at_least=100),
        Metric("optimality_front_pulp", of_front, "%", at_least=100),
        Metric("optimality_search_pulp", of_search, "%", at_least=100),
        Metric("optimality_instances", sum(counts), "instances"),
        Metric("optimality_cbc_wrong", wrong.count, "instances"),
    ]


def _instances(count: int, blocks: tuple[int, int], options: tuple[int, int]) -> list[_Instance]:
    found = []
    for seed in range(count):
        generator = random.Random(seed)
        steps = 10 if seed % 3 == 0 else None
        size = generator.randint(*blocks), generator.randint(*options)
        problem = monotone_problem(seed, *size, steps=steps)
        found.append(_Instance(problem, random_budget(problem, generator)))
    return found


def _equal(
    instances: list[_Instance],
    ours: Callable[[_Instance], Answer],
    theirs: Callable[[_Instance, Answer], Answer],
) -> float:
    equal = 0
    for instance in instances:
        answer = ours(instance)
        equal += theirs(instance, answer) == answer
    return 100 * equal / len(instances)


def _by_front(instance: _Instance) -> Answer:
    front = pareto_front(instance.problem)
    best = front.best(instance.budget)
    return None if best is None else int(front.costs[best])


def _by_search(instance: _Instance) -> Answer:
    return _cost(best_choice(instance.problem, instance.budget))


def _by_force(instance: _Instance, _: Answer) -> Answer:
    """The least of all choices, added up at once."""
    problem, budget = instance.problem, instance.budget
    sums = [np.array([fixed], dtype=np.int64) for fixed in problem.fixed[:3]]
    for options in problem.table:
        columns = np.array(options, dtype=np.int64).T[:3]
        sums = [np.add.outer(s, c).ravel() for s, c in zip(sums, columns, strict=True)]
    latency, memory = budget.latency, budget.memory_bytes
    kept = np.ones(len(sums[0]), dtype=bool)
    if latency is not None:
        kept &= sums[1] <= latency
    if memory is not None:
        kept &= sums[2] <= memory
    return int(sums[0][kept].min()) if kept.any() else None


class _Wrong:
    """The integer program's answers, and how often CBC's had to be set right."""

    def __init__(self) -> None:
        self.count = 0

    def checked(self, instance: _Instance, ours: Answer) -> Answer:
        problem, budget = instance.problem, instance.budget
        picked = IntegerProgram(problem).solve(budget)
        plain = None if picked is None else _cost(make_choice(problem, picked))
        if plain == ours:
            return plain
        decided = _cost(solve(problem, budget).choice)
        self.count += decided != plain
        return decided


def _cost(choice: Choice | None) -> Answer:
    return None if choice is None else to_units(choice.accuracy_cost)
