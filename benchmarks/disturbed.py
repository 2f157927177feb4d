"""Whether verdicts see what an engine that slows down does to real timings.

The engine keeps the processor busy for a time that is stretched as a drift, a burst or a lower
clock would stretch it. Its rounds are run by the worker's own loop, on the real clock.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from benchmarks.bench_record import Metric
from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.servers.rounds import Bench, run_rounds
from kenning_lego.servers.schedule import RoundOrder
from kenning_lego.stats.rounds import Rounds
from kenning_lego.stats.verdict import judge_plan

ITEMS = 4
ROUNDS = 200
WORK_NS = 150_000
_ASKED = 0.01

Slowdown = Callable[[float], float]
"""From the share of the run that is over to a factor on its duration."""


def _drift(rng: random.Random) -> Slowdown:
    rise = rng.uniform(0.03, 0.1)
    return lambda share: 1 + rise * share


def _frequency(rng: random.Random) -> Slowdown:
    begin, factor = rng.uniform(0.2, 0.8), 1 + rng.uniform(0.05, 0.3)
    return lambda share: factor if share >= begin else 1.0


def _bursts(rng: random.Random) -> Slowdown:
    factor = 1 + rng.uniform(0.2, 0.8)
    bursts = [(begin := rng.uniform(0.05, 0.85), begin + rng.uniform(0.05, 0.1)) for _ in range(2)]
    return lambda share: factor if any(a <= share < b for a, b in bursts) else 1.0


def _quiet(_rng: random.Random) -> Slowdown:
    return lambda _: 1.0


def measure(*, runs: int) -> list[Metric]:
    """Shares of flagged runs, one disturbance and quiet runs in turn.

    Args:
        runs: of each kind.
    """
    kinds = {"drift": _drift, "frequency": _frequency, "bursts": _bursts, "quiet": _quiet}
    flagged = dict.fromkeys(kinds, 0)
    rng = random.Random(0)
    for number in range(runs):
        for kind, make in kinds.items():
            flagged[kind] += _flagged(make(rng), number)
    disturbed = [flagged[kind] / runs for kind in kinds if kind != "quiet"]
    return [
        Metric("verdict_recall", sum(disturbed) / len(disturbed), "share", at_least=0.95),
        *(
            Metric(f"verdict_recall_{kind}", flagged[kind] / runs, "share")
            for kind in kinds
            if kind != "quiet"
        ),
        Metric("verdict_false_alarms", flagged["quiet"] / runs, "share", at_most=0.05),
    ]


def _flagged(slowdown: Slowdown, seed: int) -> bool:
    """Whether a plan on an engine that slows down so is called anything but stable."""
    items = tuple(PlanItem(str(n), ("0" * 64,), n) for n in range(ITEMS))
    plan = Plan(
        items,
        warmup_rounds=0,
        min_rounds=ROUNDS,
        max_rounds=ROUNDS,
        relative_half_width=_ASKED,
        seed=seed,
    )
    calls = 0
    total = (ITEMS + 1) * ROUNDS

    def work() -> None:
        nonlocal calls
        until = time.perf_counter_ns() + int(WORK_NS * slowdown(calls / total))
        calls += 1
        while time.perf_counter_ns() < until:
            pass

    indices = range(ITEMS)
    timed = run_rounds(
        plan,
        RoundOrder(items, indices, seed),
        Bench(dict.fromkeys(indices, work), frozenset(indices), dict.fromkeys(indices, 1), work),
        max_seconds=60.0,
        on_progress=lambda _: None,
        cancelled=lambda: False,
    )
    verdict = judge_plan(
        {str(index): Rounds.of(values) for index, values in timed.samples.items()},
        asked=_ASKED,
        reference=Rounds.of(timed.reference),
    )
    return verdict.plan.name != "stable"
