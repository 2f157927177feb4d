"""One point for each of several pipelines that share memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kenning_lego.selection.adaptation.menu import Box, Menu, Price
from kenning_lego.selection.joint import Goal, Member, choose_jointly
from kenning_lego.selection.units import LIMIT, from_units

_STEPS = 8
"""In which a common relaxation of the bounds on latency is found; to less than 1 %."""
_FURTHEST = 4.0
"""Times the bounds; beyond it they are given up."""


@dataclass(frozen=True, slots=True)
class Seat:
    """What a pipeline may have.

    Args:
        menu: its points.
        box: its own bounds.
        running: the point that it has; None if it does not run yet.
        must_move: it may not stay where it is.
        excluded: points that it cannot have.
        weight: of its accuracy cost against the others'.
    """

    menu: Menu
    box: Box
    running: int | None
    must_move: bool = False
    excluded: frozenset[int] = frozenset()
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """What a pipeline gets.

    Args:
        point: of its front.
        kept: whether all bounds are kept; else it is the nearest.
    """

    point: int
    kept: bool


def arrange(seats: Sequence[Seat], memory: int, price: Price, goal: Goal) -> list[Place]:
    """Least accuracy cost and cost of switching within everyone's bounds and the shared memory.

    Where each one's best fits beside the others', that is it. Else what each gets of the memory is
    chosen jointly, without the costs of switching; that is carried out if someone must move, or if
    it saves more than the switches cost.

    Args:
        seats: the pipelines.
        memory: in bytes, of all together.
        price: of a switch.
        goal: of the joint choice.
    """
    alone = [_alone(seat, _clipped(seat.box, memory), price) for seat in seats]
    if len(seats) == 1 or _memory(seats, alone) <= memory:
        return alone
    joint = _jointly(seats, memory, price, goal)
    if any(seat.must_move or seat.running is None for seat in seats):
        return joint
    staying = [Place(seat.running, kept=True) for seat in seats if seat.running is not None]
    if _memory(seats, staying) > memory:
        return joint
    beside = _one_by_one(seats, staying, memory, price)
    return min((beside, joint), key=lambda places: _price(seats, places, price))


def _alone(seat: Seat, box: Box, price: Price) -> Place:
    """The best within a box, else the nearest to the pipeline's own bounds within its memory."""
    point = seat.menu.cheapest(box, seat.running, price, seat.excluded)
    if point is not None:
        return Place(point, kept=True)
    nearest = _clipped(seat.box, box.memory)
    return Place(seat.menu.nearest(nearest, seat.excluded), kept=False)


def _clipped(box: Box, memory: int) -> Box:
    return replace(box, memory=max(0, min(box.memory, memory)))


def _jointly(seats: Sequence[Seat], memory: int, price: Price, goal: Goal) -> list[Place]:
    """Memory is dealt out by the joint choice; with it, each chooses with the cost of switching."""
    reachable = [_reachable(seat) for seat in seats]
    dealt = _deal(seats, reachable, memory, goal)
    if dealt is None:
        return [Place(_smallest(seat), kept=False) for seat in seats]
    boxes = [
        _clipped(seat.box, seat.menu.memory(point))
        for seat, point in zip(seats, dealt, strict=True)
    ]
    return [_alone(seat, box, price) for seat, box in zip(seats, boxes, strict=True)]


def _reachable(seat: Seat) -> Box:
    """The pipeline's bounds; where nothing keeps them, those that the nearest point keeps."""
    if seat.menu.within(seat.box).any():
        return seat.box
    point, front = seat.menu.nearest(seat.box), seat.menu.front
    return Box(
        max(seat.box.latency, int(front.latencies[point])),
        max(seat.box.memory, int(front.memories[point])),
        max(seat.box.energy, int(front.energies[point])),
    )


def _deal(
    seats: Sequence[Seat], boxes: Sequence[Box], memory: int, goal: Goal
) -> tuple[int, ...] | None:
    """The joint choice; where memory is too small for it, with latencies relaxed alike."""
    found = _choose(seats, boxes, memory, goal, 1.0)
    if found is not None:
        return found
    found = _choose(seats, boxes, memory, goal, None)
    low, high = 1.0, _FURTHEST
    for _ in range(_STEPS if found is not None else 0):
        middle = (low + high) / 2
        nearer = _choose(seats, boxes, memory, goal, middle)
        if nearer is None:
            low = middle
        else:
            found, high = nearer, middle
    return found


def _choose(
    seats: Sequence[Seat],
    boxes: Sequence[Box],
    memory: int,
    goal: Goal,
    relaxed: float | None,
) -> tuple[int, ...] | None:
    members = [
        Member(
            seat.menu.front,
            latency_ms=None if relaxed is None else _bound(box.latency, relaxed),
            memory_bytes=None if box.memory >= LIMIT else box.memory,
            weight=seat.weight,
            energy_mj=_bound(box.energy),
        )
        for seat, box in zip(seats, boxes, strict=True)
    ]
    return choose_jointly(members, memory_bytes=max(0, memory), goal=goal)


def _bound(units: int, relaxed: float = 1.0) -> float | None:
    return None if units >= LIMIT else from_units(units) * relaxed


def _smallest(seat: Seat) -> int:
    return seat.menu.nearest(replace(seat.box, memory=0), seat.excluded)


def _one_by_one(
    seats: Sequence[Seat], staying: Sequence[Place], memory: int, price: Price
) -> list[Place]:
    """Each in turn takes the best of what the others leave as they are."""
    places = list(staying)
    for index, seat in enumerate(seats):
        held = seat.menu.memory(places[index].point)
        free = memory - _memory(seats, places) + held
        places[index] = _alone(seat, _clipped(seat.box, free), price)
    return places


def _memory(seats: Sequence[Seat], places: Sequence[Place]) -> int:
    return sum(seat.menu.memory(place.point) for seat, place in zip(seats, places, strict=True))


def _price(seats: Sequence[Seat], places: Sequence[Place], price: Price) -> float:
    return sum(
        float(seat.menu.prices(seat.running, price)[place.point]) * seat.weight
        for seat, place in zip(seats, places, strict=True)
    )
