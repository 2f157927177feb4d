"""The order of a plan's rounds, and when they have been enough."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.servers.schedule import next_check, order_round, precise_enough

quick = settings(deadline=None)
plans_items = st.lists(st.integers(0, 5), max_size=12).map(
    lambda positions: [PlanItem(str(n), ("0" * 64,), p) for n, p in enumerate(positions)]
)


@quick
@given(plans_items, st.integers())
def test_every_item_runs_in_every_round(items: list[PlanItem], seed: int) -> None:
    order = order_round(items, random.Random(seed))
    assert set(order) == set(range(len(items)))


@quick
@given(plans_items, st.integers())
def test_a_round_is_passes_through_all_positions_in_order(items: list[PlanItem], seed: int) -> None:
    order = order_round(items, random.Random(seed))
    positions = sorted({item.position for item in items})
    passes = max(Counter(item.position for item in items).values(), default=0)
    assert [items[index].position for index in order] == positions * passes


@quick
@given(plans_items, st.integers())
def test_alternatives_of_a_position_share_its_passes_fairly(
    items: list[PlanItem], seed: int
) -> None:
    runs = Counter(order_round(items, random.Random(seed)))
    for position in {item.position for item in items}:
        counts = [runs[n] for n, item in enumerate(items) if item.position == position]
        assert max(counts) - min(counts) <= 1
    if items:
        most = max(Counter(item.position for item in items).values())
        fullest = [
            n
            for n, item in enumerate(items)
            if sum(other.position == item.position for other in items) == most
        ]
        assert all(runs[n] == 1 for n in fullest)


@quick
@given(plans_items, st.integers())
def test_order_is_the_seeds(items: list[PlanItem], seed: int) -> None:
    def rounds() -> list[list[int]]:
        rng = random.Random(seed)
        return [order_round(items, rng) for _ in range(3)]

    assert rounds() == rounds()


def test_order_changes_from_round_to_round() -> None:
    items = [PlanItem(str(n), ("0" * 64,)) for n in range(6)]
    rng = random.Random(0)
    assert len({tuple(order_round(items, rng)) for _ in range(20)}) > 10


def test_nothing_to_time_is_an_empty_round() -> None:
    assert order_round([], random.Random(0)) == []


def test_too_few_samples_are_never_precise() -> None:
    assert not precise_enough([[100] * 5], 1.0)
    assert precise_enough([[100] * 6], 0.0)


def test_the_least_precise_item_decides() -> None:
    steady = [1000, 1001] * 20
    jumpy = [1000, 2000] * 20
    assert precise_enough([steady], 0.01)
    assert not precise_enough([jumpy], 0.01)
    assert not precise_enough([steady, jumpy, steady], 0.01)
    assert not precise_enough([steady, []], 0.01)


def test_interval_is_compared_with_its_share_of_the_median() -> None:
    samples = [990, 1010] * 50  # the median is 1000, its bounds 1 % away
    assert precise_enough([samples], 0.01)
    assert not precise_enough([samples], 0.009)


@quick
@given(
    minimum=st.integers(1, 1000),
    maximum=st.integers(1, 5000),
)
def test_checks_go_on_and_end_with_the_last_round(minimum: int, maximum: int) -> None:
    plan = Plan((), min_rounds=minimum, max_rounds=maximum)
    check = next_check(0, plan)
    assert check == min(minimum, maximum)
    count = 1
    while check < maximum:
        following = next_check(check, plan)
        assert check < following <= maximum
        check = following
        count += 1
    assert count <= 12 + maximum // 40  # rarely: each look sorts all samples


@pytest.mark.parametrize(
    ("done", "expected"), [(0, 30), (29, 30), (30, 40), (100, 125), (299, 300)]
)
def test_checks_come_at_growing_distances(done: int, expected: int) -> None:
    assert next_check(done, Plan((), min_rounds=30, max_rounds=300)) == expected
