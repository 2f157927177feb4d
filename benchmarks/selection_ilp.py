"""Integer programs: several networks on one target, and demands that a front cannot express.

Four random networks of eight blocks with five variants each (see :mod:`.selection_instances`) have
a bound on latency each and weights of 0.5, 1 or 2; all share bounds on total latency and memory in
the middle of what is feasible. The one network has a bound on latency, at most four blocks that
are not the original, and a price for leaving the original.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from benchmarks.bench_record import Metric
from benchmarks.samples import median
from benchmarks.selection_instances import monotone_problem
from kenning_lego.selection.best import find_best_jointly
from kenning_lego.selection.ilp import solve, solve_jointly
from kenning_lego.selection.problem import Budget, Choice, Problem, make_choice
from kenning_lego.selection.programs.demands import (
    Demand,
    Fairness,
    JointDemand,
    Network,
    Switching,
    at_most,
)
from kenning_lego.selection.select import select_jointly

T = TypeVar("T")

NETWORKS = 4
BLOCKS = 8
OPTIONS = 5
_SUMS: Fairness = "sum"
_FAIR: Fairness = "max-min"


def measure(*, quick: bool) -> list[Metric]:
    """Medians over random instances; choosing by fronts runs on the same ones, in turn.

    Args:
        quick: few seeds.
    """
    seeds = range(3 if quick else 20)
    times: dict[str, list[float]] = {}
    agree = 0
    for seed in seeds:
        for fairness in (_SUMS, _FAIR):
            joint = several(seed, fairness)
            by_program = _timed(times, f"ilp_{fairness}", partial(solve_jointly, joint))
            by_fronts = _timed(times, f"fronts_{fairness}", partial(find_best_jointly, joint))
            agree += _goals(joint, by_program.choices) == _goals(joint, by_fronts.choices)
        too_little = several(seed, _SUMS, share=-0.1)
        _timed(times, "infeasible", partial(select_jointly, too_little))
        problem, demand = demanding(seed)
        _timed(times, "one", partial(solve, problem, demand))
    reached = {name: median(found) for name, found in times.items()}
    return [
        Metric("ilp_multi_ms", reached["ilp_sum"], "ms", at_most=150.0, peer=reached["fronts_sum"]),
        Metric("ilp_multi_worst_ms", max(times["ilp_sum"]), "ms"),
        Metric(
            "ilp_multi_max_min_ms", reached["ilp_max-min"], "ms", peer=reached["fronts_max-min"]
        ),
        Metric("ilp_agreement", agree / (2 * len(seeds)) * 100, "%", at_least=100.0),
        Metric("ilp_multi_infeasible_ms", reached["infeasible"], "ms"),
        Metric("ilp_demand_ms", reached["one"], "ms"),
    ]


def several(seed: int, fairness: Fairness, share: float = 0.5) -> JointDemand:
    """Networks that share what lies at this share of the way from the smallest to the originals."""
    rng = random.Random(seed)
    networks, latency, memory = [], 0.0, 0.0
    for number in range(NETWORKS):
        problem = monotone_problem(NETWORKS * seed + number, BLOCKS, OPTIONS)
        original, smallest = ends(problem)
        between = original.latency_ms - smallest.latency_ms
        own = 1.2 * (smallest.latency_ms + rng.uniform(0.3, 0.7) * between)
        latency += smallest.latency_ms + share * between
        memory += smallest.memory_bytes + share * (original.memory_bytes - smallest.memory_bytes)
        demand = Demand(Budget(latency_ms=own))
        networks.append(Network(f"net{number}", problem, demand, rng.choice([0.5, 1, 1, 2])))
    return JointDemand(tuple(networks), Budget(latency, int(memory)), fairness)


def demanding(seed: int) -> tuple[Problem, Demand]:
    """A network with bounds, at most four pruned blocks, and a price for leaving what runs."""
    problem = monotone_problem(seed, BLOCKS, OPTIONS)
    original, smallest = ends(problem)
    pruned = {
        block.name: [option.variant for option in block.options[1:]] for block in problem.blocks
    }
    latency = (2 * original.latency_ms + smallest.latency_ms) / 3
    switching = Switching(original.variants, per_mb=0.001, per_block=0.0005)
    constraint = at_most(4, pruned, "at most four pruned")
    budget = Budget(latency_ms=latency)
    return problem, Demand(budget, constraints=(constraint,), switching=switching)


def ends(problem: Problem) -> tuple[Choice, Choice]:
    """All original, and all of the smallest variant."""
    last = [len(block.options) - 1 for block in problem.blocks]
    return make_choice(problem, [0] * len(last)), make_choice(problem, last)


def _goals(joint: JointDemand, choices: tuple[Choice, ...] | None) -> list[float] | None:
    """The weighted costs that are compared, to a billionth."""
    if choices is None:
        return None
    costs = [
        each.weight * choice.accuracy_cost
        for each, choice in zip(joint.networks, choices, strict=True)
    ]
    wanted = [sum(costs)] if joint.fairness == "sum" else sorted(costs)
    return [round(cost, 9) for cost in wanted]


def _timed(times: dict[str, list[float]], name: str, call: Callable[[], T]) -> T:
    begin = time.perf_counter()
    answer = call()
    times.setdefault(name, []).append((time.perf_counter() - begin) * 1e3)
    return answer
