"""The order of a plan's rounds, and when they have been enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.servers.schedule import RoundOrder, cohorts, next_check

plans_items = st.lists(st.integers(0, 5), max_size=12).map(
    lambda positions: [PlanItem(str(n), ("0" * 64,), p) for n, p in enumerate(positions)]
)


def drawn(items: Sequence[PlanItem], seed: int, rounds: int = 1) -> list[tuple[int, bool]]:
    order = RoundOrder(items, range(len(items)), seed)
    return [turn for _ in range(rounds) for each in order.draw() for turn in each]


@given(plans_items, st.integers())
def test_every_item_is_sampled_as_often_as_is_told(items: list[PlanItem], seed: int) -> None:
    order = RoundOrder(items, range(len(items)), seed)
    for _ in range(3):
        sampled = Counter(index for each in order.draw() for index, counts in each if counts)
        assert sampled == order.per_round


@given(plans_items, st.integers())
def test_a_round_is_passes_through_all_positions_in_order(items: list[PlanItem], seed: int) -> None:
    positions = sorted({item.position for item in items})
    passes = max(Counter(item.position for item in items).values(), default=0)
    assert [items[index].position for index, _ in drawn(items, seed)] == positions * passes


@given(plans_items, st.integers())
def test_alternatives_of_a_position_share_its_passes_fairly(
    items: list[PlanItem], seed: int
) -> None:
    runs = Counter(index for index, _ in drawn(items, seed))
    for position in {item.position for item in items}:
        counts = [runs[n] for n, item in enumerate(items) if item.position == position]
        assert max(counts) - min(counts) <= 1


@given(plans_items, st.integers())
def test_order_is_the_seeds(items: list[PlanItem], seed: int) -> None:
    assert drawn(items, seed, 3) == drawn(items, seed, 3)


def test_order_changes_from_round_to_round() -> None:
    items = [PlanItem(str(n), ("0" * 64,)) for n in range(6)]
    order = RoundOrder(items, range(6), 0)
    assert len({tuple(each[0][0] for each in order.draw()) for _ in range(20)}) > 10


def test_nothing_to_time_is_an_empty_round() -> None:
    assert drawn([], 0) == []


sized = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 20)), min_size=1, max_size=14)


@given(sized, st.integers(0, 100))
def test_cohorts_record_every_item_once_and_stay_within_the_limit(
    drawn_items: list[tuple[int, int]], limit: int
) -> None:
    items = [PlanItem(str(n), ("0" * 64,), p) for n, (p, _) in enumerate(drawn_items)]
    sizes = [size for _, size in drawn_items]
    found = cohorts(items, sizes, limit)
    recorded = sorted(index for cohort in found for index in cohort.recorded)
    assert recorded == list(range(len(items)))
    for cohort in found:
        assert cohort.recorded <= set(cohort.items)
        assert len(set(cohort.items)) == len(cohort.items)
        within = sum(sizes[index] for index in cohort.items) <= limit
        assert within or len(cohort.items) == 1


def test_without_a_limit_everything_is_loaded_together() -> None:
    items = [PlanItem(str(n), ("0" * 64,)) for n in range(3)]
    assert [cohort.items for cohort in cohorts(items, [9, 9, 9], None)] == [(0, 1, 2)]


def test_cohorts_run_the_whole_network_where_that_fits() -> None:
    items = [PlanItem(f"{p} {n}", ("0" * 64,), p) for p in range(3) for n in range(4)]
    found = cohorts(items, [1] * 12, 6)
    assert len(found) == 2
    assert all({items[i].position for i in cohort.items} == {0, 1, 2} for cohort in found)


def test_fixed_segments_stand_in_where_they_are_not_recorded() -> None:
    items = [PlanItem("fixed", ("0" * 64,), 0)]
    items += [PlanItem(f"variant {n}", ("0" * 64,), 1) for n in range(3)]
    found = cohorts(items, [1] * 4, 2)
    assert [cohort.items for cohort in found] == [(0, 1), (0, 2), (0, 3)]
    assert [set(cohort.recorded) for cohort in found] == [{0, 1}, {2}, {3}]


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
