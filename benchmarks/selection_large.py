"""Where whole fronts are too large: the search within one budget, and fronts with a gap."""

from __future__ import annotations

import random
import time

from benchmarks.bench_record import Metric
from benchmarks.samples import interleave, median
from benchmarks.selection_instances import monotone_problem, random_budget
from benchmarks.selection_plain import IntegerProgram
from kenning_lego.selection.front import pareto_front
from kenning_lego.selection.search import best_choice

_SIZES = ((16, 6), (30, 10), (50, 10))
_BUDGETS, _PEER_BUDGETS = 100, 10
_MOST = 10_000
_NS_PER_MS = 1e6


def measure(*, quick: bool) -> list[Metric]:
    """Times of the search beside the integer program, and what gap a bounded front has.

    Args:
        quick: few budgets, and not the largest sizes.
    """
    metrics: list[Metric] = []
    for blocks, options in _SIZES[: 1 if quick else None]:
        metrics += _search(blocks, options, 5 if quick else _BUDGETS)
    return metrics + _bounded(16 if quick else 30, 6 if quick else 10, 5 if quick else _BUDGETS)


def _search(blocks: int, options: int, count: int) -> list[Metric]:
    ours: list[int] = []
    theirs: list[int] = []
    for seed in range(count):
        problem = monotone_problem(seed, blocks, options)
        budget = random_budget(problem, random.Random(seed))
        program = IntegerProgram(problem)
        calls = {"search": lambda p=problem, b=budget: best_choice(p, b)}
        if seed < _PEER_BUDGETS:
            calls["program"] = lambda p=program, b=budget: p.solve(b)
        taken = interleave(calls, 1, warm_up=0)
        ours += taken["search"]
        theirs += taken.get("program", [])
    return [
        Metric(
            f"search_ms_{blocks}x{options}",
            median(ours) / _NS_PER_MS,
            "ms",
            peer=median(theirs) / _NS_PER_MS,
        ),
        Metric(f"search_ms_max_{blocks}x{options}", max(ours) / _NS_PER_MS, "ms"),
    ]


def _bounded(blocks: int, options: int, count: int) -> list[Metric]:
    """The gap that is stated, and what is lost to the search, as shares of the costs' range."""
    problem = monotone_problem(0, blocks, options)
    begin = time.perf_counter_ns()
    front = pareto_front(problem, max_points=_MOST)
    taken = time.perf_counter_ns() - begin
    spread = front[-1].accuracy_cost - front[0].accuracy_cost
    generator = random.Random(0)
    losses = []
    for _ in range(count):
        budget = random_budget(problem, generator)
        exact, found = best_choice(problem, budget), front.best(budget)
        if exact is not None and found is not None:
            losses.append(front[found].accuracy_cost - exact.accuracy_cost)
    name = f"{blocks}x{options}"
    return [
        Metric(f"bounded_front_ms_{name}", taken / _NS_PER_MS, "ms"),
        Metric(f"bounded_front_points_{name}", len(front), "points"),
        Metric(f"bounded_front_gap_{name}", 100 * front.gap / spread, "%"),
        Metric(
            f"bounded_front_loss_{name}",
            100 * max(losses) / spread,
            "%",
            at_most=100 * front.gap / spread,
            at_least=0,
        ),
    ]
