from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.core.errors import UnknownNameError, UsageError
from kenning_lego.selection.adaptation.controller import Controller
from kenning_lego.selection.adaptation.pipelines import AdaptiveMember
from kenning_lego.selection.adaptation.settings import AdaptationSettings
from kenning_lego.selection.problem import Budget
from tests.selection.adaptation.pipelines import carry_out, settle, small_front

FRONT = small_front()
SETTINGS = AdaptationSettings()
LEAST = int(FRONT.latencies.argmin())
MEMORIES = FRONT.memories.tolist()
LATENCIES = (FRONT.latencies / 1e9).tolist()


def one(
    bounds: Budget, running: int | None = 0, settings: AdaptationSettings = SETTINGS
) -> Controller:
    return Controller({"net": AdaptiveMember(FRONT, bounds, running)}, settings, 0.0)


def run_frames(controller: Controller, count: int, level: float, now: float) -> float:
    """Frames at a load, every decision carried out before the next one; when they end."""
    for _ in range(count):
        point = controller.point("net")
        assert point is not None
        duration = LATENCIES[point] * level
        now += duration / 1e3
        controller.observe("net", [duration], now)
        carry_out(controller, controller.decide(now), now)
    return now


def test_starts_with_the_best_configuration_within_the_bounds() -> None:
    (decision,) = one(Budget(memory_bytes=6_000_000), running=None).decide(0.0)
    assert decision.reason == "start"
    assert decision.point == FRONT.best(Budget(memory_bytes=6_000_000))


def test_stays_while_nothing_changes() -> None:
    controller = one(Budget(latency_ms=12.0))
    run_frames(controller, 300, 1.0, 0.0)
    assert controller.point("net") == 0


def test_a_lower_bound_is_followed_at_once() -> None:
    controller = one(Budget(latency_ms=12.0))
    now = run_frames(controller, 30, 1.0, 0.0)
    controller.set_bounds("net", Budget(latency_ms=8.0), now)
    (decision,) = controller.decide(now)
    assert decision.reason == "latency"
    assert decision.kept
    assert decision.expected_ms <= 8.0


def test_a_halved_core_is_followed_within_ten_frames_and_back() -> None:
    controller = one(Budget(latency_ms=12.0))
    now = run_frames(controller, 50, 1.0, 0.0)
    now = run_frames(controller, 10, 2.0, now)
    point = controller.point("net")
    assert point is not None
    assert LATENCIES[point] * 2.0 <= 12.0
    now = run_frames(controller, 2000, 2.0, now)
    run_frames(controller, 20, 1.0, now)
    assert controller.point("net") == 0


def test_single_slow_frames_change_nothing() -> None:
    controller = one(Budget(latency_ms=12.0))
    now = 0.0
    for _ in range(20):
        now = run_frames(controller, 30, 1.0, now)
        now = run_frames(controller, 1, 5.0, now)
    assert controller.point("net") == 0


def test_what_a_switch_does_to_frames_is_no_load() -> None:
    """They wait for artifacts, run beside their loading, or find cold caches."""
    controller = one(Budget(latency_ms=12.0))
    now = run_frames(controller, 64, 1.0, 0.0)
    before = controller.load("net")
    controller.set_bounds("net", Budget(latency_ms=8.0), now)
    (decision,) = controller.decide(now)
    controller.observe("net", [30.0] * 5, now)  # beside the loading
    controller.switched("net", decision.point, now)
    controller.observe("net", [30.0] * 3, now, 0)  # run before, told of after
    controller.observe("net", [30.0, 30.0], now)  # cold
    assert controller.load("net") == before
    assert not controller.decide(now)


def test_nothing_is_decided_while_a_switch_is_pending() -> None:
    controller = one(Budget(latency_ms=8.0))
    (decision,) = controller.decide(0.0)
    assert controller.decide(1.0) == []
    controller.switched("net", decision.point, 2.0)
    assert controller.decide(2.0) == []


def test_a_pending_switch_that_breaks_new_bounds_is_superseded() -> None:
    controller = one(Budget(memory_bytes=6_000_000))
    (first,) = controller.decide(0.0)
    controller.set_bounds("net", Budget(memory_bytes=4_000_000), 0.1)
    (second,) = controller.decide(0.1)
    assert MEMORIES[second.point] <= 4_000_000 < MEMORIES[first.point]


def test_what_failed_is_left_alone_for_a_while() -> None:
    controller = one(Budget(memory_bytes=6_000_000))
    (first,) = controller.decide(0.0)
    controller.failed("net", first.point, "out of memory", 1.0)
    (second,) = controller.decide(1.0)
    assert second.point != first.point
    assert MEMORIES[second.point] <= 6_000_000
    controller.switched("net", second.point, 2.0)
    assert controller.decide(2.0) == []
    later = controller.decide(1.0 + SETTINGS.retry_s)
    assert [each.point for each in later] in ([], [first.point])


def test_bounds_that_nothing_keeps_give_the_nearest_and_say_so_once() -> None:
    controller = one(Budget(latency_ms=1.0))
    (decision,) = controller.decide(0.0)
    assert (decision.point, decision.kept) == (LEAST, False)
    assert "nearest" in str(decision)
    controller.switched("net", LEAST, 0.0)
    run_frames(controller, 50, 1.0, 0.0)
    assert controller.point("net") == LEAST


def test_bounds_that_what_runs_breaks_least_are_said_to_be_broken() -> None:
    controller = one(Budget(latency_ms=100.0), LEAST, AdaptationSettings(least_gain=1.0))
    controller.set_bounds("net", Budget(latency_ms=1.0), 0.0)
    (decision,) = controller.decide(0.0)
    assert (decision.reason, decision.point, decision.kept) == ("bounds", LEAST, False)
    assert controller.decide(0.1) == []


def test_memory_is_kept_sooner_than_latency() -> None:
    controller = one(Budget(latency_ms=1.0, memory_bytes=5_000_000))
    (decision,) = controller.decide(0.0)
    assert MEMORIES[decision.point] <= 5_000_000


def test_a_gain_must_be_worth_what_it_loads() -> None:
    settings = AdaptationSettings(gain_per_mb=0.05)
    controller = one(Budget(memory_bytes=5_000_000), None, settings)
    settle(controller, 0.0)
    controller.set_bounds("net", Budget(memory_bytes=6_000_000), 1.0)
    assert controller.decide(1.0) == []


def test_a_hot_target_computes_less_and_recovers() -> None:
    settings = AdaptationSettings(hot_c=80.0, cool_c=70.0, heat_step_s=5.0)
    controller = one(Budget(), 0, settings)
    latencies = []
    for second in range(0, 100, 5):
        controller.sense({"temperature_c": 85.0 if second < 50 else 60.0}, float(second))
        settle(controller, float(second))
        point = controller.point("net")
        assert point is not None
        latencies.append(LATENCIES[point])
    assert latencies[9] < latencies[4] < latencies[0] <= LATENCIES[0]
    controller.sense({"temperature_c": 75.0}, 200.0)
    assert controller.decide(200.0) == []


def test_a_reserve_of_free_memory_is_kept() -> None:
    settings = AdaptationSettings(memory_reserve_bytes=2_000_000)
    controller = one(Budget(), 0, settings)
    controller.sense({"free_memory_bytes": 1_000_000}, 0.0)
    (decision,) = controller.decide(0.0)
    assert decision.reason == "memory"
    assert MEMORIES[decision.point] <= MEMORIES[0] - 1_000_000
    controller.switched("net", decision.point, 0.0)
    controller.sense({"free_memory_bytes": 9_000_000}, 1.0)
    assert controller.decide(1.0) == []
    controller.sense({"free_memory_bytes": 9_000_000}, SETTINGS.dwell_s)
    (back,) = controller.decide(SETTINGS.dwell_s)
    assert back.point == 0


def test_says_what_it_does_not_know() -> None:
    with pytest.raises(UnknownNameError, match="net"):
        one(Budget()).load("other")
    with pytest.raises(UsageError, match="point 999999"):
        one(Budget(), 999_999)
    with pytest.raises(UsageError, match="energy"):
        one(Budget(energy_mj=1.0))


latency_bounds = st.floats(LATENCIES[LEAST], 13.0)
memory_bounds = st.integers(min(MEMORIES), max(MEMORIES))
budgets = st.builds(Budget, latency_bounds, memory_bounds)


@given(st.lists(budgets, min_size=1, max_size=8))
def test_no_decision_exceeds_the_memory_and_each_one_settles(trace: list[Budget]) -> None:
    controller = one(Budget())
    for now, bounds in enumerate(trace):
        controller.set_bounds("net", bounds, float(now))
        for decision in settle(controller, float(now)):
            if decision.reason != "bounds":
                assert FRONT.memories[decision.point] <= (bounds.memory_bytes or 0)
        assert controller.decide(now + 0.5) == []


@given(budgets, st.floats(1.0, 3.0), st.floats(1.0, 3.0))
def test_a_larger_budget_never_gives_worse_accuracy(
    bounds: Budget, slower: float, larger: float
) -> None:
    controller = one(bounds, None)
    settle(controller, 0.0)
    before = controller.point("net")
    assert bounds.latency_ms is not None
    assert bounds.memory_bytes is not None
    wider = Budget(bounds.latency_ms * slower, int(bounds.memory_bytes * larger))
    controller.set_bounds("net", wider, 1.0)
    settle(controller, 1.0)
    after = controller.point("net")
    assert before is not None
    assert after is not None
    assert FRONT.costs[after] <= FRONT.costs[before]
    best = FRONT.best(Budget(bounds.latency_ms * slower * 0.98, wider.memory_bytes))
    if best is not None:
        price = SETTINGS.least_gain + SETTINGS.gain_per_mb * 10
        assert FRONT.costs[after] <= FRONT.costs[best] + price * 1e9


@settings(max_examples=10)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.02, 0.1, 0.2]), st.floats(4.0, 9.0))
def test_noise_alone_causes_few_switches(seed: int, noise: float, bound: float) -> None:
    rng = np.random.default_rng(seed)
    controller = one(Budget(latency_ms=bound), None)
    settle(controller, 0.0)
    now, switches = 0.0, 0
    for _ in range(1500):
        point = controller.point("net")
        assert point is not None
        duration = LATENCIES[point] * rng.lognormal(0.0, noise)
        now += 0.1
        controller.observe("net", [duration], now)
        decisions = controller.decide(now)
        switches += sum(each.reason != "bounds" for each in decisions)
        carry_out(controller, decisions, now)
    minutes = now / 60
    assert switches <= 6 + 4 * minutes


OTHER = small_front(3, 2)
FRONTS = {"net": FRONT, "other": OTHER}
SMALLEST = sum(int(front.memories.min()) for front in FRONTS.values())
LARGEST = sum(int(front.memories.max()) for front in FRONTS.values())


@given(st.lists(st.integers(SMALLEST, LARGEST), min_size=1, max_size=4), st.booleans())
def test_two_pipelines_never_hold_more_than_they_share(trace: list[int], fair: bool) -> None:
    controller = Controller(
        {"net": AdaptiveMember(FRONT), "other": AdaptiveMember(OTHER, weight=2.0)},
        AdaptationSettings(goal="max-min" if fair else "sum"),
        0.0,
    )
    held = dict.fromkeys(FRONTS, 0)
    for now, shared in enumerate(trace):
        controller.set_shared_memory(shared, float(now))
        before = sum(held.values())
        for _ in range(10):
            decisions = controller.decide(float(now))
            for decision in decisions:
                memory = int(FRONTS[decision.name].memories[decision.point])
                beside = sum(held.values()) - held[decision.name]
                assert memory <= held[decision.name] or beside + memory <= shared
                held[decision.name] = max(held[decision.name], memory)
            assert sum(held.values()) <= max(shared, before)
            for decision in decisions:
                held[decision.name] = int(FRONTS[decision.name].memories[decision.point])
            carry_out(controller, decisions, float(now))
        assert decisions == []
        assert sum(held.values()) <= shared


def test_memory_that_one_gives_up_is_waited_for() -> None:
    controller = Controller(
        {"net": AdaptiveMember(FRONT, running=0), "other": AdaptiveMember(OTHER, running=0)},
        SETTINGS,
        0.0,
    )
    half = (MEMORIES[0] + int(OTHER.memories[0])) // 2
    controller.set_shared_memory(half, 0.0)
    settle(controller, 0.0)
    controller.set_bounds("other", Budget(memory_bytes=int(OTHER.memories.min())), 1.0)
    (smaller,) = controller.decide(1.0)
    assert smaller.name == "other"
    assert controller.decide(1.1) == []
    controller.switched("other", smaller.point, 2.0)
    (larger,) = controller.decide(2.0)
    assert larger.name == "net"
    assert larger.memory_bytes == half - int(OTHER.memories[smaller.point])
