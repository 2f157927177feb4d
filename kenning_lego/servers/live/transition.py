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

from kenning_lego.core.errors import KenningLegoError


class TransitionError(KenningLegoError):
    """No way leads from one configuration to the other within the memory."""


@dataclass(frozen=True, slots=True)
class Load:
    """Load an artifact beside what runs."""

    digest: str


@dataclass(frozen=True, slots=True)
class Evict:
    """Unload an artifact that nothing uses."""

    digest: str


@dataclass(frozen=True, slots=True)
class Switch:
    """Run these loaded artifacts from the next frame on."""

    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replace:
    """Let frames wait, unload artifacts in use, load others, and run `stages` from then on."""

    evicted: tuple[str, ...]
    loaded: tuple[str, ...]
    stages: tuple[str, ...]


Step = Load | Evict | Switch | Replace


@dataclass(frozen=True, slots=True)
class TransitionPlan:
    """The steps to a configuration.

    Args:
        stages: sha256 of its artifacts in order.
        steps: in their order.
        loaded_bytes: of all artifacts that are loaded.
        evicted_bytes: of all that are unloaded.
        peak_bytes: of all that are loaded at a time, at most.
    """

    stages: tuple[str, ...]
    steps: tuple[Step, ...]
    loaded_bytes: int
    evicted_bytes: int
    peak_bytes: int

    @property
    def prepared(self) -> bool:
        """Whether all of it is loaded already."""
        return not any(isinstance(step, Load | Replace) for step in self.steps)

    @property
    def pauses(self) -> bool:
        """Whether frames have to wait for artifacts."""
        return any(isinstance(step, Replace) for step in self.steps)


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
        TransitionError: `wanted` does not fit, or only with a pause, which is not allowed.
    """
    room = _Room(running, wanted, loaded, sizes, memory_bytes, keep)
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
    room = _Room(running, running, loaded, sizes, memory_bytes, keep)
    room.make(0)
    room.forget_unused()
    return tuple(step for step in room.steps if isinstance(step, Evict))


class _Room:
    """The steps so far, and what is loaded and runs after them."""

    def __init__(
        self,
        running: Sequence[str],
        wanted: Sequence[str],
        loaded: Collection[str],
        sizes: Mapping[str, int],
        memory_bytes: int | None,
        keep: Sequence[str],
    ) -> None:
        self.steps: list[Step] = []
        self.stages = tuple(running)
        self.loaded = dict.fromkeys(loaded)
        self.sizes = sizes
        self._wanted = frozenset(wanted)
        self._memory = memory_bytes
        self._keep = dict.fromkeys(keep)
        self.total = self._peak = self.bytes_of(loaded)
        self._moved = [0, 0]

    def bytes_of(self, digests: Collection[str]) -> int:
        return sum(self.sizes[digest] for digest in set(digests))

    def holds(self, total: int) -> bool:
        return self._memory is None or total <= self._memory

    def make(self, size: int) -> bool:
        """Unload what is not used until `size` bytes more fit; whether they do."""
        for digest in [] if self.holds(self.total + size) else self._unused():
            if self.holds(self.total + size):
                break
            self._evict(digest)
        return self.holds(self.total + size)

    def forget_unused(self) -> None:
        for digest in self._unused():
            if digest not in self._keep:
                self._evict(digest)

    def _unused(self) -> list[str]:
        """What may go, in this order."""
        rest = self.loaded.keys() - self._wanted - set(self.stages)
        loose = [digest for digest in self.loaded if digest in rest and digest not in self._keep]
        return loose + [digest for digest in reversed(self._keep) if digest in rest]

    def load_beside(self, digests: Sequence[str]) -> None:
        self.make(self.bytes_of(digests))
        for digest in digests:
            self._note_loaded(digest)
            self.steps.append(Load(digest))

    def switch(self, stages: Sequence[str]) -> None:
        if tuple(stages) != self.stages:
            self.stages = tuple(stages)
            self.steps.append(Switch(self.stages))

    def replace(self, stages: Sequence[str], *, may_pause: bool) -> None:
        evicted = tuple(d for d in self.stages if d not in stages)
        loaded = tuple(d for d in stages if d not in self.loaded)
        if not may_pause:
            raise TransitionError(
                f"switching needs {self.bytes_of([*self.stages, *stages])} bytes of artifacts "
                f"loaded at once, the memory budget is {self._memory} bytes",
                "allow a pause (may_pause), in which the old is unloaded before the new is loaded",
            )
        for digest in evicted:
            self._note_evicted(digest)
        self.stages = tuple(stages)
        self.make(self.bytes_of(loaded))
        for digest in loaded:
            self._note_loaded(digest)
        self.steps.append(Replace(evicted, loaded, self.stages))

    def _evict(self, digest: str) -> None:
        self._note_evicted(digest)
        self.steps.append(Evict(digest))

    def _note_loaded(self, digest: str) -> None:
        self.loaded[digest] = None
        self.total += self.sizes[digest]
        self._moved[0] += self.sizes[digest]
        self._peak = max(self._peak, self.total)

    def _note_evicted(self, digest: str) -> None:
        del self.loaded[digest]
        self.total -= self.sizes[digest]
        self._moved[1] += self.sizes[digest]

    def plan(self, wanted: Sequence[str]) -> TransitionPlan:
        loaded, evicted = self._moved
        return TransitionPlan(tuple(wanted), tuple(self.steps), loaded, evicted, self._peak)


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


def _cross_some_blocks(room: _Room, wanted: Sequence[str], *, may_pause: bool) -> None:
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


def _enough(room: _Room, left: list[_Change]) -> list[_Change]:
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
