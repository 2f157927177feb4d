"""How a pipeline gets from one configuration to another: what is loaded, switched and evicted.

Every mix of variants of a network's blocks is a configuration, so where both configurations do not
fit into the memory together, it is crossed block by block, each mix complete. What takes least room
goes first while blocks shrink, and what frees most while they grow: no order has a lower peak
(Abdel-Wahab and Kameda, "Scheduling to minimize maximum cumulative cost subject to series-parallel
precedence constraints", 1978).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from kenning_lego.servers.live.room import Room
from kenning_lego.servers.live.steps import Evict, TransitionError, TransitionPlan


def plan_transition(
    running: Sequence[str],
    wanted: Sequence[str],
    *,
    loaded: Collection[str],
    sizes: Mapping[str, int],
    memory_bytes: int | None,
    keep: Sequence[str] = (),
    may_pause: bool = False,
) -> TransitionPlan:
    """Plan the way to a configuration; loads nothing twice and nothing that it does not need.

    At no time is more loaded than the memory holds. If what runs exceeds it already, blocks are
    replaced by smaller ones until it does not, with a pause where that is allowed.

    Args:
        running: sha256 of the artifacts that run, in order.
        wanted: of those that are to run.
        loaded: of all that are loaded.
        sizes: bytes of each artifact named here.
        memory_bytes: that all loaded artifacts may have together; None for any amount.
        keep: artifacts that stay loaded though nothing uses them, while there is room; what is
            named last goes first.
        may_pause: whether frames may wait where the memory cannot be held otherwise.

    Raises:
        TransitionError: `wanted` names an artifact twice, or does not fit, or only with a pause
            that is not allowed.
    """
    if len(set(wanted)) != len(wanted):
        raise TransitionError("the configuration names an artifact twice", "name each once")
    room = Room(running, wanted, loaded, sizes, memory_bytes, keep)
    total = room.bytes_of(wanted)
    if not room.holds(total):
        raise TransitionError(
            f"the configuration has {total} bytes of artifacts, the memory budget is "
            f"{memory_bytes} bytes",
            "choose smaller variants, or raise the budget",
        )
    room.make(0)
    while room.stages != tuple(wanted):
        if room.holds(room.bytes_of([*room.stages, *wanted])):
            room.load_beside([digest for digest in wanted if digest not in room.loaded])
            room.switch(wanted)
        elif _same_blocks(room.stages, wanted):
            _cross_some_blocks(room, wanted, may_pause=may_pause)
        else:
            room.replace(wanted, may_pause=may_pause)
        room.make(0)
    room.forget_unused()
    return room.plan(wanted)


def evictions(
    running: Sequence[str],
    *,
    loaded: Collection[str],
    sizes: Mapping[str, int],
    memory_bytes: int | None,
    keep: Sequence[str] = (),
) -> tuple[Evict, ...]:
    """What to unload of what `running` does not use: all but `keep`, and of that what is too much.

    For the arguments see :func:`plan_transition`.
    """
    room = Room(running, running, loaded, sizes, memory_bytes, keep)
    room.make(0)
    room.forget_unused()
    return tuple(step for step in room.steps if isinstance(step, Evict))


@dataclass(frozen=True, slots=True)
class _Change:
    """One block's variant for another: bytes of the old and of the new."""

    place: int
    old: int
    new: int

    @property
    def saved(self) -> int:
        return self.old - self.new


def _same_blocks(running: Sequence[str], wanted: Sequence[str]) -> bool:
    """Whether the two differ in the variants of places alone, so that mixes are chains too."""
    old, new = set(running), set(wanted)
    return len(running) == len(wanted) and all(
        before == after or (before not in new and after not in old)
        for before, after in zip(running, wanted, strict=True)
    )


def _cross_some_blocks(room: Room, wanted: Sequence[str], *, may_pause: bool) -> None:
    """Switch those blocks whose variants are loaded, or else the next one."""
    ready = [b if b in room.loaded else a for a, b in zip(room.stages, wanted, strict=True)]
    if tuple(ready) != room.stages:
        room.switch(ready)
        return
    left = [
        _Change(place, room.sizes[old], room.sizes[new])
        for place, (old, new) in enumerate(zip(room.stages, wanted, strict=True))
        if old != new
    ]
    over = not room.holds(room.total)
    if over and may_pause:
        room.replace(_mixed(room.stages, wanted, _enough(room, left)), may_pause=True)
        return
    change = _next_change(left, over=over)
    if room.make(change.new) or over:
        room.load_beside([wanted[change.place]])
        room.switch(_mixed(room.stages, wanted, [change]))
    else:
        room.replace(_mixed(room.stages, wanted, [_most_saving(left)]), may_pause=may_pause)


def _enough(room: Room, left: list[_Change]) -> list[_Change]:
    """As few blocks as bring what runs within the memory."""
    group: list[_Change] = []
    total = room.total
    while not room.holds(total):
        change = _most_saving([each for each in left if each not in group])
        group.append(change)
        total -= change.saved
    return group


def _most_saving(changes: Sequence[_Change]) -> _Change:
    return max(changes, key=lambda each: (each.saved, -each.place))


def _next_change(left: Sequence[_Change], *, over: bool) -> _Change:
    shrinking = [change for change in left if change.saved >= 0]
    if not shrinking:
        return max(left, key=lambda each: (each.old, -each.place))
    if over:  # most bytes saved for each that is loaded
        return max(shrinking, key=lambda each: (each.saved / max(1, each.new), -each.place))
    return min(shrinking, key=lambda each: (each.new, each.place))


def _mixed(
    stages: Sequence[str], wanted: Sequence[str], changes: Sequence[_Change]
) -> tuple[str, ...]:
    places = {change.place for change in changes}
    return tuple(
        new if place in places else old
        for place, (old, new) in enumerate(zip(stages, wanted, strict=True))
    )
