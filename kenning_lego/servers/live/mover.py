"""Carries transitions out: unloads and switches at once, loads behind the frames."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from kenning_lego.core.errors import KenningLegoError, ModelError
from kenning_lego.servers.live.background import Background
from kenning_lego.servers.live.events import EventLog
from kenning_lego.servers.live.goals import Goal, OnPreloaded, SupersededError
from kenning_lego.servers.live.loaded import Loaded
from kenning_lego.servers.live.preloading import Preloading
from kenning_lego.servers.live.steps import (
    Evict,
    Load,
    Replace,
    Switch,
    TransitionPlan,
)
from kenning_lego.servers.live.transition import evictions, plan_transition
from kenning_lego.servers.live.turn import Turn

log = logging.getLogger("kenning_lego.live")


class Mover:
    """Brings a pipeline to its goal, one step at a time.

    The way is planned anew for each step, from what is loaded and runs by then: so a newer goal, a
    load that failed or another memory budget need no more than that. Not safe from several threads
    but by :attr:`lock`, which is held for all but loading.

    Args:
        loaded: the artifacts, those of `stages` among them.
        turn: runs the frames.
        stages: that it runs them with.
        memory_bytes: see :class:`.LivePipeline`.
    """

    def __init__(
        self, loaded: Loaded, turn: Turn, stages: tuple[str, ...], memory_bytes: int | None
    ) -> None:
        self.lock = threading.Lock()
        self.events = EventLog()
        self.stages = stages
        self.memory_bytes = memory_bytes
        self._loaded = loaded
        self._turn = turn
        self._settled = stages
        self._goal: Goal | None = None
        self._preloading = Preloading(loaded)
        self._replacing: Replace | None = None
        self._calls: deque[Callable[[], None]] = deque()
        self._background = Background("live-loader", self._work)

    # What it is told, with the lock held

    def plan(self, wanted: Sequence[str], *, may_pause: bool) -> TransitionPlan:
        """The way from here to a configuration, whose artifacts' sizes are known."""
        coming = self._replacing.loaded if self._replacing else ()
        return plan_transition(
            self.stages,
            wanted,
            loaded=(*self._loaded.digests, *coming),
            sizes=self._loaded.sizes,
            memory_bytes=self.memory_bytes,
            keep=self._preloading.keep,
            may_pause=may_pause,
        )

    def aim(self, goal: Goal | None, reason: str) -> None:
        """Have another goal, or none; the one before ends for that reason."""
        if self._goal is not None:
            self._end(self._goal, SupersededError(reason))
        self._goal = goal

    def keep(self, digests: Sequence[str], on_end: OnPreloaded | None) -> None:
        """Have these loaded beside what runs, while there is room."""
        self._end_preloading()
        self._preloading = Preloading(self._loaded, digests, on_end)

    def go_on(self) -> None:
        """Do what takes no time here, and wake the other thread for the rest."""
        if self._replacing is None and self._advance() is not None:
            self._background.wake()

    # Without the lock

    def tell(self) -> None:
        """Call those back whose requests have ended."""
        while self._calls:
            try:
                call = self._calls.popleft()
            except IndexError:  # another thread was quicker
                return
            call()

    def settle(self) -> None:
        """Wait until nothing is under way."""
        self._background.join()

    # The steps

    def _work(self) -> bool:
        """The background's next piece."""
        with self.lock:
            step = self._advance()
        match step:
            case Load(digest):
                self._load_beside(digest)
            case Replace():
                self._replace(step)
        self.tell()
        return step is not None

    def _advance(self) -> Load | Replace | None:
        """Unload and switch as far as that leads; the next step that takes time."""
        while (goal := self._goal) is not None:
            try:
                steps = self.plan(goal.stages, may_pause=goal.may_pause).steps
                match steps[0] if steps else None:
                    case Evict(digest):
                        self._evict(digest)
                    case Switch(stages):
                        self._take_over(stages, goal)
                    case None:
                        self._arrive(goal)
                    case other:
                        return other
            except KenningLegoError as error:
                self._give_up(goal, error)
        for step in self._unused():
            self._evict(step.digest)
        wish = self._preloading.next(self.memory_bytes)
        if wish is not None:
            return Load(wish)
        self._end_preloading()
        return None

    def _unused(self) -> tuple[Evict, ...]:
        return evictions(
            self.stages,
            loaded=self._loaded.digests,
            sizes=self._loaded.sizes,
            memory_bytes=self.memory_bytes,
            keep=self._preloading.keep,
        )

    def _load_beside(self, digest: str) -> None:
        error = self._load(digest)
        if error is None:
            return
        with self.lock:
            if self._goal is not None and digest in self._goal.stages:
                self._give_up(self._goal, error)
            else:
                self._note_failure((digest,), error)
            self._preloading.fail(digest, str(error))

    def _load(self, digest: str) -> KenningLegoError | None:
        """Load an artifact; why not, if not."""
        begin = time.perf_counter_ns()
        try:
            program = self._loaded.load(digest)
            with self.lock:
                self._loaded.add(digest, program)
        except KenningLegoError as error:
            return error
        except Exception as error:  # an engine's own, or no memory; frames go on
            log.exception("artifact %s cannot be loaded", digest[:12])
            return ModelError(f"cannot load {digest[:12]}: {type(error).__name__}: {error}")
        with self.lock:
            size = self._loaded.sizes[digest]
            if self._goal is not None:
                self._goal.loaded_bytes += size
            self.events.note("loaded", self._turn.frames, (digest,), size=size, began_ns=begin)
        return None

    def _replace(self, step: Replace) -> None:
        """Load what has no room beside what runs, while frames wait."""
        with self.lock:
            begin = time.perf_counter_ns()
            goal, before = self._goal, self.stages
            self._replacing, self.stages = step, step.stages
            self._turn.hand_over(None)
            self.events.note("paused", self._turn.frames, step.evicted)
            for digest in step.evicted:
                self._evict(digest)
        failure = self._resume_with(step.loaded, step.stages, goal)
        if failure is not None:
            self._restore(step, before, goal)
        with self.lock:
            self._replacing = None
            if goal is not None:
                goal.paused_ns += time.perf_counter_ns() - begin
            if goal is not None and goal is self._goal and failure is not None:
                self._give_up(goal, failure)

    def _restore(self, step: Replace, before: tuple[str, ...], goal: Goal | None) -> None:
        with self.lock:
            for digest in step.loaded:
                if digest in self._loaded.digests:
                    self._evict(digest)
        lost = self._resume_with(step.evicted, before, goal)
        with self.lock:
            self.stages = before
            if lost is not None:
                self._note_failure(before, lost)
                self._turn.hand_over(_broken(lost))

    def _resume_with(
        self, digests: Sequence[str], stages: tuple[str, ...], goal: Goal | None
    ) -> KenningLegoError | None:
        """Load artifacts, and run `stages` from then on; why not, if not."""
        for digest in digests:
            error = self._load(digest)
            if error is not None:
                return error
        try:
            with self.lock:
                self._take_over(stages, goal)
        except KenningLegoError as error:
            return error
        return None

    def _take_over(self, stages: tuple[str, ...], goal: Goal | None) -> None:
        frame = self._turn.hand_over(self._loaded.bind(stages), tuple(stages))
        self.stages = stages
        if goal is not None:
            goal.frame, goal.ready_ns = frame, time.perf_counter_ns()
        self.events.note("switched", frame, stages, began_ns=goal.began_ns if goal else None)

    def _evict(self, digest: str) -> None:
        size = self._loaded.sizes[digest]
        self._loaded.remove(digest)
        if self._goal is not None:
            self._goal.evicted_bytes += size
        self.events.note("evicted", self._turn.frames, (digest,), size=size)

    # How a goal ends

    def _arrive(self, goal: Goal) -> None:
        self._settled, self._goal = self.stages, None
        if not goal.ready_ns:  # it ran already
            goal.frame, goal.ready_ns = self._turn.frames, time.perf_counter_ns()
        switched = goal.switched()
        self._calls.append(lambda: goal.on_end(switched))

    def _give_up(self, goal: Goal, error: KenningLegoError) -> None:
        """Go back to where this began, which may be some blocks away, and say why."""
        self._note_failure(goal.stages, error)
        self._end(goal, error)
        self._goal = None
        if goal.way_back:
            self._settled = self.stages
        elif self.stages != self._settled:
            now = time.perf_counter_ns()
            back = Goal(self._settled, goal.may_pause, lambda _: None, now, way_back=True)
            self._goal = back

    def _end(self, goal: Goal, error: KenningLegoError) -> None:
        self._calls.append(lambda: goal.on_end(error))

    def _end_preloading(self) -> None:
        call = self._preloading.end()
        if call is not None:
            self._calls.append(call)

    def _note_failure(self, digests: tuple[str, ...], error: KenningLegoError) -> None:
        self.events.note("failed", self._turn.frames, digests, reason=str(error))


def _broken(error: KenningLegoError) -> Callable[[], object]:
    def run() -> None:
        raise ModelError(f"the pipeline has lost its artifacts: {error.problem}", error.remedy)

    return run
