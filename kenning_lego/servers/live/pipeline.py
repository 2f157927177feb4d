"""A pipeline that changes its configuration while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from kenning_lego.core.specs import IOSpec
from kenning_lego.core.switching import Preloaded, Switched
from kenning_lego.runtimes.base import Arrays, Program, allocate
from kenning_lego.servers.live.events import PipelineEvent
from kenning_lego.servers.live.goals import (
    Goal,
    OnPreloaded,
    OnSwitched,
    await_preloaded,
    await_switched,
)
from kenning_lego.servers.live.loaded import Loaded
from kenning_lego.servers.live.mover import Mover
from kenning_lego.servers.live.steps import TransitionPlan
from kenning_lego.servers.live.transition import plan_transition
from kenning_lego.servers.live.turn import Turn


class LivePipeline:
    """Runs a configuration frame by frame; another one takes over between two frames.

    Frames run on the caller's thread. Artifacts are loaded on a thread of low priority meanwhile,
    and bound there, so that to take over is to assign a pointer. What a new configuration does not
    use is unloaded, unless :meth:`preload` named it. Calls are safe from any thread; callbacks come
    from the thread that did the last step.

    Args:
        load: loads an artifact by its sha256.
        size: its bytes.
        stages: sha256 of the first configuration's artifacts, loaded before this returns.
        outputs: names of the tensors to return; none for the last stage's.
        memory_bytes: that the loaded artifacts may have together; None for any amount.
        place: gives the arrays of the pipeline's inputs and outputs, which stay where they are.

    Raises:
        KenningLegoError: an artifact is missing or cannot be loaded, they do not fit together, or
            they exceed the memory.
    """

    def __init__(
        self,
        load: Callable[[str], Program],
        size: Callable[[str], int],
        stages: Sequence[str],
        *,
        outputs: Sequence[str] = (),
        memory_bytes: int | None = None,
        place: Callable[[IOSpec], Arrays] = allocate,
    ) -> None:
        sizes = {digest: size(digest) for digest in stages}
        plan_transition((), stages, loaded=(), sizes=sizes, memory_bytes=memory_bytes)
        self._loaded = Loaded(load, size, stages, outputs, place)
        self._turn = Turn(self._loaded.bind(stages), tuple(stages))
        self._mover = Mover(self._loaded, self._turn, tuple(stages), memory_bytes)

    @property
    def spec(self) -> IOSpec:
        """The inputs and outputs, the same for all of its configurations."""
        return self._loaded.spec

    @property
    def arrays(self) -> Arrays:
        """Of the inputs and outputs, by name."""
        return self._loaded.arrays

    @property
    def stages(self) -> tuple[str, ...]:
        """sha256 of the artifacts that run, in order."""
        return self._mover.stages

    @property
    def ran(self) -> tuple[str, ...]:
        """sha256 of the artifacts that ran the last frame, for the thread that runs the frames."""
        return self._turn.ran

    @property
    def frames(self) -> int:
        """How many have been run."""
        return self._turn.frames

    @property
    def loaded(self) -> tuple[str, ...]:
        """sha256 of all that is loaded."""
        with self._mover.lock:
            return self._loaded.digests

    @property
    def loaded_bytes(self) -> int:
        """Of all that is loaded."""
        with self._mover.lock:
            return self._loaded.bytes

    def frame(self) -> int:
        """Run one frame on :attr:`arrays`; the engine's time in ns."""
        return self._turn.frame()

    def events(self) -> list[PipelineEvent]:
        """What happened since this was asked last."""
        with self._mover.lock:
            return self._mover.events.take()

    def request(
        self,
        stages: Sequence[str],
        *,
        may_pause: bool = False,
        on_end: OnSwitched = lambda _: None,
    ) -> TransitionPlan:
        """Change to another configuration: at once if its artifacts are loaded, else once they are.

        A request under way ends with :class:`.SupersededError`, and what was loaded for it goes.
        If an artifact cannot be loaded, the configuration before goes on, or is gone back to.

        Args:
            stages: sha256 of its artifacts in order.
            may_pause: whether frames may wait where the memory cannot hold what is needed at once.
            on_end: called once it has taken over, or with the reason why it has not.

        Returns:
            What is going to be done.

        Raises:
            KenningLegoError: an artifact is not held, they do not fit, or the memory cannot hold
                them; a request under way goes on.
        """
        began = time.perf_counter_ns()
        wanted = tuple(stages)
        with self._mover.lock:
            self._loaded.know(wanted)
            self._loaded.check(wanted)
            plan = self._mover.plan(wanted, may_pause=may_pause)
            goal = Goal(wanted, may_pause, on_end, began, plan.prepared)
            self._mover.aim(goal, "a newer request came before this one was carried out")
            self._mover.go_on()
        self._mover.tell()
        return plan

    def switch(self, stages: Sequence[str], *, may_pause: bool = False) -> Switched:
        """:meth:`request`, and wait until it is done.

        Raises:
            KenningLegoError: it could not be done; the configuration before goes on.
        """
        return await_switched(lambda then: self.request(stages, may_pause=may_pause, on_end=then))

    def preload(self, digests: Sequence[str], on_end: OnPreloaded | None = None) -> None:
        """Keep artifacts loaded beside what runs while there is room, the first ones longest.

        They replace those of an earlier call. What had to make room is not loaded again by itself.

        Args:
            digests: their sha256.
            on_end: called once all are loaded for which there is room.

        Raises:
            StoreError: one is not held.
        """
        with self._mover.lock:
            self._loaded.know(digests)
            self._mover.keep(digests, on_end)
            self._mover.go_on()
        self._mover.tell()

    def preloaded(self, digests: Sequence[str]) -> Preloaded:
        """:meth:`preload`, and wait until it is done."""
        return await_preloaded(lambda then: self.preload(digests, then))

    def set_memory(self, memory_bytes: int | None) -> None:
        """Bound the loaded artifacts from now on; what is not in use makes room at once."""
        with self._mover.lock:
            self._mover.memory_bytes = memory_bytes
            self._mover.go_on()
        self._mover.tell()

    def settle(self) -> None:
        """Wait until nothing is under way."""
        self._mover.settle()

    def close(self) -> None:
        """End what is under way; an artifact may be loaded to its end first."""
        with self._mover.lock:
            self._mover.aim(None, "the pipeline was closed")
            self._mover.keep((), None)
        self._mover.tell()
        self.settle()
