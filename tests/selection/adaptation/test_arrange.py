from __future__ import annotations

import itertools
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kenning_lego.selection.adaptation.arrange import Seat, arrange
from kenning_lego.selection.adaptation.menu import Box, Menu, Price
from tests.selection.adaptation.pipelines import small_front

MENUS = Menu(small_front(3)), Menu(small_front(2, 2))
FREE = Price(0.0, 0.0)
LEAST = sum(int(menu.front.memories.min()) for menu in MENUS)
MOST = sum(int(menu.front.memories.max()) for menu in MENUS)


def seats(*latencies_ms: float) -> list[Seat]:
    return [
        Seat(menu, Box(latency=int(latency * 1e9)), None, must_move=True)
        for menu, latency in zip(MENUS, latencies_ms, strict=True)
    ]


@settings(max_examples=30)
@given(st.integers(LEAST, MOST), st.floats(2.0, 10.0), st.floats(2.0, 10.0))
def test_shared_memory_is_dealt_out_as_well_as_can_be(
    memory: int, first: float, second: float
) -> None:
    wanted = seats(first, second)
    places = arrange(wanted, memory, FREE, "sum")
    fits = [menu.within(seat.box).nonzero()[0] for menu, seat in zip(MENUS, wanted, strict=True)]
    costs = [
        sum(menu.cost(int(point)) for menu, point in zip(MENUS, points, strict=True))
        for points in itertools.product(*fits)
        if sum(menu.memory(int(p)) for menu, p in zip(MENUS, points, strict=True)) <= memory
    ]
    total = sum(menu.memory(place.point) for menu, place in zip(MENUS, places, strict=True))
    assert total <= memory
    if costs:
        assert all(place.kept for place in places)
        found = sum(menu.cost(place.point) for menu, place in zip(MENUS, places, strict=True))
        assert found == min(costs)
    else:
        assert not all(place.kept for place in places)


def test_too_little_memory_for_all_gives_each_its_smallest() -> None:
    places = arrange(seats(10.0, 10.0), LEAST - 1, FREE, "sum")
    assert [place.kept for place in places] == [False, False]
    total = sum(menu.memory(place.point) for menu, place in zip(MENUS, places, strict=True))
    assert total == LEAST


@pytest.mark.parametrize("worth", [0.0, 10.0])
def test_what_runs_stays_unless_the_gain_is_worth_its_bytes(worth: float) -> None:
    menu = MENUS[0]
    running = len(menu.front) - 1
    seat = Seat(menu, Box(), running)
    (place,) = arrange([seat], MOST, Price.of(0.0, worth), "sum")
    assert place.point == (running if worth else 0)


def test_points_that_are_excluded_are_not_taken() -> None:
    seat = replace(seats(10.0, 10.0)[0], excluded=frozenset({0, 1}))
    (place,) = arrange([seat], MOST, FREE, "sum")
    assert place.point == 2
