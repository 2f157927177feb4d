"""Verdicts on what a target measured."""

from __future__ import annotations

import random
from dataclasses import replace

from kenning_lego.core.plans import Measurement, PlanLog, Statistics, TargetDescription
from kenning_lego.core.telemetry import Telemetry
from kenning_lego.scenarios.tester.judging import describe_verdict, judge_statistics
from kenning_lego.stats.board import board_during

ROUNDS = 100
SECOND_NS = 1_000_000_000
NAMES = ("variants", "configurations")


def samples(seed: int, count: int = ROUNDS, slower: float = 0.0) -> tuple[int, ...]:
    rng = random.Random(seed)
    return tuple(
        int(1e6 * rng.lognormvariate(0, 0.004) * (1 + slower * n / count)) for n in range(count)
    )


def statistics(slower: float = 0.0) -> Statistics:
    log = PlanLog(
        plan=0,
        cohort=0,
        stopped="precise",
        warmup_rounds=3,
        warm=True,
        cooled_s=0.0,
        reference_ns=samples(9, 2 * ROUNDS, slower),
        per_round=2,
        round_ends_ns=tuple(SECOND_NS * (10 + n) for n in range(ROUNDS)),
    )
    fixed = Measurement("stem", samples(1, 2 * ROUNDS, slower), "precise", per_round=2)
    block = Measurement("block", samples(2, slower=slower), "precise", loops=4)
    requests = Measurement("process", (5, 6, 7), "requests", per_round=0)
    nothing = TargetDescription()
    return Statistics((fixed, block, requests), {}, nothing, nothing, (log,))


def test_quiet_measurement_is_stable_and_keeps_its_rounds() -> None:
    plans, records = judge_statistics(statistics(), Telemetry(), NAMES, 0.01, "target")
    (plan,) = plans
    assert plan.verdict
    assert (plan.name, plan.verdict.name, plan.rounds) == ("variants", "stable", ROUNDS)
    by_name = {each.name: each for each in records}
    assert set(by_name) == {"stem", "block", "reference of variants", "process"}
    assert by_name["stem"].per_round == (2,) * ROUNDS
    assert (by_name["stem"].warmup, by_name["block"].warmup) == (6, 3)
    assert by_name["block"].loops == 4
    assert by_name["block"].verdict
    assert by_name["process"].verdict is None
    assert describe_verdict(plan) == "variants: stable (precise after 100 rounds)"


def test_drift_of_the_machine_is_told_with_the_remedy() -> None:
    (plan,), _ = judge_statistics(statistics(slower=0.1), Telemetry(), NAMES, 0.01, "target")
    assert plan.verdict
    assert plan.verdict.name == "drifting"
    assert "remedy: " in describe_verdict(plan)


def test_cohorts_are_judged_as_parts() -> None:
    first = statistics()
    other = replace(first.plans[0], cohort=1)
    late = Measurement("late", samples(3), "precise", cohort=1)
    both = replace(first, measurements=(*first.measurements, late), plans=(*first.plans, other))
    plans, records = judge_statistics(both, Telemetry(), NAMES, 0.01, "target")
    assert [plan.name for plan in plans] == ["variants", "variants, part 2"]
    assert "late" in plans[1].measurements
    assert len({record.name for record in records}) == len(records)


def test_plan_of_which_no_round_was_finished_is_kept_without_a_verdict() -> None:
    empty = replace(statistics().plans[0], reference_ns=(), round_ends_ns=(), stopped="cancelled")
    nothing = TargetDescription()
    cancelled = Statistics((Measurement("block", (), "cancelled"),), {}, nothing, nothing, (empty,))
    plans, records = judge_statistics(cancelled, Telemetry(), NAMES, 0.01, "target")
    assert plans == ()
    assert [record.stopped for record in records] == ["cancelled"]


def test_throttling_and_clocks_are_those_of_the_plans_own_time() -> None:
    telemetry = Telemetry(
        1.0,
        (1.0, 2.0, 3.0, 4.0, 5.0),
        {
            "throttle_count.core": (5.0, 5.0, 7.0, 8.0, 20.0),
            "throttled.under-voltage": (1.0, 0.0, 1.0, 0.0, 0.0),
            "frequency_khz.cpu0": (9.0, 8.0, None, 6.0, 1.0),
            "frequency_khz.cpu1": (1.0, 1.0, 7.0, 1.0, 1.0),
            "frequency_khz.gpu": (99.0, 99.0, 99.0, 99.0, 99.0),
        },
    )
    board = board_during(telemetry, 2.0, 4.0)
    # Counts rose by 3 since the reading before; of the flags inside, one was set.
    assert board.throttled == 3 + 1
    assert (board.frequency_before, board.frequency_after) == (8.0, 6.0)


def test_board_without_sensors_tells_nothing() -> None:
    board = board_during(Telemetry(1.0, (1.0, 2.0), {"load_1min": (0.1, 0.1)}), 0.0, 9.0)
    assert (board.throttled, board.frequency_before, board.frequency_after) == (None, None, None)
