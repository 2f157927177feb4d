"""Several networks at once, against every combination of their points."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.core.errors import UsageError
from kenning_lego.selection.front import pareto_front
from kenning_lego.selection.joint import WEIGHT_STEPS, Goal, Member, choose_jointly
from kenning_lego.selection.problem import Block, Option, Problem
from kenning_lego.selection.units import budget_units
from tests.selection.instances import problems, random_problem

Value = tuple[list[int], int, int]


def _value(members: Sequence[Member], points: Sequence[int], goal: Goal) -> Value:
    pairs = list(zip(members, points, strict=True))
    costs = [int(m.front.costs[p]) * round(m.weight * WEIGHT_STEPS) for m, p in pairs]
    return (
        [sum(costs)] if goal == "sum" else sorted(costs, reverse=True),
        sum(int(m.front.latencies[p]) for m, p in pairs),
        sum(int(m.front.memories[p]) for m, p in pairs),
    )


def _by_force(
    members: Sequence[Member], memory: int | None, latency: int | None, goal: Goal
) -> Value | None:
    own = [
        [p for p, choice in enumerate(member.front) if member.budget.allows(choice)]
        for member in members
    ]
    values = (_value(members, points, goal) for points in itertools.product(*own))
    return min(
        (
            value
            for value in values
            if (latency is None or value[1] <= latency) and (memory is None or value[2] <= memory)
        ),
        default=None,
    )


@st.composite
def members(draw: st.DrawFn) -> list[Member]:
    found = []
    for _ in range(draw(st.integers(1, 3))):
        front = pareto_front(draw(problems(max_blocks=2, max_options=4)))
        near = draw(st.sampled_from(list(front)))
        found.append(
            Member(
                front,
                latency_ms=draw(st.sampled_from([None, near.latency_ms])),
                memory_bytes=draw(st.sampled_from([None, near.memory_bytes])),
                energy_mj=draw(st.sampled_from([None, near.energy_mj])),
                weight=draw(st.sampled_from([1.0, 1.0, 0.5, 2.0, 0.333])),
            )
        )
    return found


@settings(max_examples=120)
@given(
    members(),
    st.none() | st.floats(0, 1),
    st.none() | st.floats(0, 1),
    st.sampled_from(["sum", "max-min"]),
)
def test_points_are_those_of_brute_force(
    members: list[Member], memory: float | None, latency: float | None, goal: Goal
) -> None:
    if memory is not None:
        memory = int(memory * sum(int(member.front.memories.max()) for member in members))
    if latency is not None:
        latency *= sum(int(member.front.latencies.max()) for member in members) / 1e9
    points = choose_jointly(members, memory_bytes=memory, latency_ms=latency, goal=goal)
    bound = None if latency is None else budget_units(latency)
    expected = _by_force(members, memory, bound, goal)
    if points is None or expected is None:
        assert points is None
        assert expected is None
        return
    value = _value(members, points, goal)
    assert value[0] == expected[0]
    assert value == expected or goal == "max-min"
    assert bound is None or value[1] <= bound
    assert memory is None or value[2] <= memory
    for member, point in zip(members, points, strict=True):
        assert member.budget.allows(member.front[point])


def _steps(*costs: float) -> Problem:
    """One block whose options take less memory the more they cost."""
    options = (
        Option(f"v{number}", cost, 1.0, 100 - 10 * number) for number, cost in enumerate(costs)
    )
    return Problem((Block("a", tuple(options)),))


def test_fairness_lowers_the_worst_first_and_then_the_others() -> None:
    fronts = [
        pareto_front(_steps(0.0, 0.3, 0.5)),
        pareto_front(_steps(0.0, 0.1, 0.2)),
        pareto_front(_steps(0.0, 0.1, 0.2)),
    ]
    networks = [Member(front) for front in fronts]
    # Three steps of 10 bytes have to be given up.
    assert choose_jointly(networks, memory_bytes=270, goal="max-min") in ((0, 1, 2), (0, 2, 1))
    assert choose_jointly(networks, memory_bytes=260, goal="max-min") == (0, 2, 2)
    assert choose_jointly(networks, memory_bytes=250, goal="max-min") == (1, 2, 2)


def test_a_weight_makes_a_network_give_up_less() -> None:
    fronts = [pareto_front(_steps(0.0, 0.1, 0.2)), pareto_front(_steps(0.0, 0.1, 0.2))]
    heavy = [Member(fronts[0], weight=5.0), Member(fronts[1])]
    assert choose_jointly(heavy, memory_bytes=180) == (0, 2)
    assert choose_jointly(heavy, memory_bytes=10**40, latency_ms=1e300) == (0, 0)
    assert choose_jointly(heavy[::-1], memory_bytes=180) == (2, 0)


@pytest.mark.parametrize("goal", ["sum", "max-min"])
def test_four_networks_share_memory_and_time(goal: Goal) -> None:
    networks = [Member(pareto_front(random_problem(seed, 7, 4))) for seed in range(4)]
    memory = int(0.6 * sum(int(member.front.memories.max()) for member in networks))
    latency = 0.6e-9 * sum(int(member.front.latencies.max()) for member in networks)
    points = choose_jointly(networks, memory_bytes=memory, latency_ms=latency, goal=goal)
    assert points is not None
    value = _value(networks, points, goal)
    assert value[1] <= budget_units(latency)
    assert value[2] <= memory


def test_what_nothing_keeps_has_no_answer() -> None:
    front = pareto_front(_steps(0.0, 0.1))
    assert choose_jointly([Member(front, latency_ms=0.5)], memory_bytes=None) is None
    for goal in ("sum", "max-min"):
        assert choose_jointly([Member(front), Member(front)], memory_bytes=9, goal=goal) is None


def test_members_out_of_range_are_refused() -> None:
    front = pareto_front(_steps(0.0, 0.1))
    with pytest.raises(UsageError, match="no network"):
        choose_jointly([], memory_bytes=1)
    for weight in (0.0, -1.0, math.nan, 1e9):
        with pytest.raises(UsageError, match="the weight"):
            Member(front, weight=weight)
    with pytest.raises(UsageError, match="budget has the latency"):
        Member(front, latency_ms=-1.0)
    dear = pareto_front(Problem((Block("a", (Option("x", 8e6, 1.0, 1),)),)))
    with pytest.raises(UsageError, match="too large to be counted"):
        choose_jointly([Member(dear, weight=999.999), Member(dear)], memory_bytes=None)
