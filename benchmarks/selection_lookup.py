"""How long a look-up takes for a new budget; beside it, the integer program for such budgets."""

from __future__ import annotations

import random
from itertools import islice

from benchmarks.bench_record import Metric
from benchmarks.samples import interleave, median, percentile
from benchmarks.selection_instances import monotone_problem, random_budget
from benchmarks.selection_plain import IntegerProgram
from kenning_lego.selection.front import Front, pareto_front

_BUDGETS, _PEER_BUDGETS, _QUICK = 5000, 60, 200
_NS_PER_US = 1e3


def measure(*, quick: bool) -> list[Metric]:
    """Look-ups in a front of 8x6 and in one of 20x10 (16x6 if quick), a new budget each time."""
    problem = monotone_problem(0, 8, 6)
    front = pareto_front(problem)
    program = IntegerProgram(problem)
    generator = random.Random(0)
    budgets = iter(lambda: random_budget(problem, generator), None)
    asked = iter(list(islice(budgets, _BUDGETS + 100)))
    peers = iter(list(islice(budgets, _PEER_BUDGETS)))
    per_peer = 1 if quick else _BUDGETS // _PEER_BUDGETS
    ours: list[int] = []
    theirs: list[int] = []
    front.best(next(asked))
    for _ in range(5 if quick else _PEER_BUDGETS - 2):
        calls = {"program": lambda: program.solve(next(peers))}
        theirs += interleave(calls, 1, warm_up=0)["program"]
        ours += interleave({"front": lambda: front.best(next(asked))}, per_peer, warm_up=0)["front"]
    large = pareto_front(monotone_problem(0, *((16, 6) if quick else (20, 10))))
    larger = _lookups(large, _QUICK if quick else _BUDGETS)
    return [
        Metric(
            "lookup_us",
            median(ours) / _NS_PER_US,
            "us",
            at_most=20,
            peer=median(theirs) / _NS_PER_US,
        ),
        Metric("lookup_us_p99", percentile(ours, 0.99) / _NS_PER_US, "us"),
        Metric("lookup_speedup", median(theirs) / median(ours), "x", at_least=500),
        Metric("lookup_points_large", len(large), "points"),
        Metric("lookup_us_large", median(larger) / _NS_PER_US, "us"),
        Metric("lookup_us_large_p99", percentile(larger, 0.99) / _NS_PER_US, "us"),
    ]


def _lookups(front: Front, count: int) -> list[int]:
    generator = random.Random(1)
    budgets = iter([random_budget(front.problem, generator) for _ in range(count + 1)])
    calls = {"front": lambda: front.best(next(budgets))}
    return interleave(calls, count, warm_up=1)["front"]
