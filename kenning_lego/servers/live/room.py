"""What is loaded and runs while a transition is planned."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from kenning_lego.servers.live.steps import (
    Evict,
    Load,
    Replace,
    Step,
    Switch,
    TransitionError,
    TransitionPlan,
)


class Room:
    """Takes steps on paper: those so far, and what is loaded and runs after them.

    Attributes:
        steps: in their order.
        stages: sha256 of the artifacts that run.
        loaded: of all that are loaded.
        sizes: bytes of each artifact.
        total: bytes of all that are loaded.

    For the arguments see :func:`.transition.plan_transition`.
    """

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
        """Of artifacts, each counted once."""
        return sum(self.sizes[digest] for digest in set(digests))

    def holds(self, total: int) -> bool:
        """Whether the memory does."""
        return self._memory is None or total <= self._memory

    def make(self, size: int) -> bool:
        """Unload what is not used until `size` bytes more fit; whether they do."""
        for digest in [] if self.holds(self.total + size) else self._unused():
            if self.holds(self.total + size):
                break
            self._evict(digest)
        return self.holds(self.total + size)

    def forget_unused(self) -> None:
        """Unload what nothing uses and nobody wants kept."""
        for digest in self._unused():
            if digest not in self._keep:
                self._evict(digest)

    def _unused(self) -> list[str]:
        """What may go, in this order."""
        rest = self.loaded.keys() - self._wanted - set(self.stages)
        loose = [digest for digest in self.loaded if digest in rest and digest not in self._keep]
        return loose + [digest for digest in reversed(self._keep) if digest in rest]

    def load_beside(self, digests: Sequence[str]) -> None:
        """Load beside what runs; what is in no use makes room."""
        self.make(self.bytes_of(digests))
        for digest in digests:
            self._note_loaded(digest)
            self.steps.append(Load(digest))

    def switch(self, stages: Sequence[str]) -> None:
        """Run others that are loaded, if they do not run already."""
        if tuple(stages) != self.stages:
            self.stages = tuple(stages)
            self.steps.append(Switch(self.stages))

    def replace(self, stages: Sequence[str], *, may_pause: bool) -> None:
        """Load in a pause what has no room beside what runs.

        Raises:
            TransitionError: no pause is allowed.
        """
        evicted = tuple(d for d in self.stages if d in self.loaded and d not in stages)
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
        """All of it."""
        loaded, evicted = self._moved
        return TransitionPlan(tuple(wanted), tuple(self.steps), loaded, evicted, self._peak)
