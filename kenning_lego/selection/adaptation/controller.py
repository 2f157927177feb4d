"""Which configurations the pipelines of a target are to run, as bounds and load change.

Pure: times are given, and the same calls give the same decisions. A pipeline is in one of these
states::

              decide(): must move, or a gain          switched()
    steady ───────────────────────────────▶ pending ─────────────▶ steady
       ▲                                       │
       └────── failed(): left alone a while ───┘

    must move, at once:  bounds changed and are expected to break; memory or energy does not fit;
                         missed_frames of the last recent_frames took too long; hot
    gain, in its time:   accuracy saved > least_gain + gain_per_mb x MB to load, the margin is kept
                         at two standard errors of the load, and no miss was too recent (hold)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kenning_lego.core.errors import UnknownNameError
from kenning_lego.selection.adaptation.arrange import Place, Seat, arrange
from kenning_lego.selection.adaptation.decisions import Decision
from kenning_lego.selection.adaptation.load import Load
from kenning_lego.selection.adaptation.menu import Price
from kenning_lego.selection.adaptation.pipelines import AdaptiveMember, Pipeline
from kenning_lego.selection.adaptation.sensors import (
    FREE_MEMORY,
    TEMPERATURE,
    FreeMemory,
    Heat,
)
from kenning_lego.selection.adaptation.settings import AdaptationSettings
from kenning_lego.selection.problem import Budget
from kenning_lego.selection.units import LIMIT


class Controller:
    """Decides for all pipelines of a target.

    Whoever carries decisions out says how it went: :meth:`switched` or :meth:`failed`. Until then
    a pipeline gets no other decision, unless what is pending may not be any more.

    Args:
        members: the pipelines by name.
        settings: when to switch.
        now: in seconds, on any clock that does not go back.

    Raises:
        UsageError: a member runs what its front does not have, or bounds an unknown energy.
    """

    def __init__(
        self, members: Mapping[str, AdaptiveMember], settings: AdaptationSettings, now: float
    ) -> None:
        self._settings = settings
        self._price = Price.of(settings.least_gain, settings.gain_per_mb)
        self._pipelines: dict[str, Pipeline] = {}
        self._shared: int | None = None
        self._free = FreeMemory(settings)
        self._heat = Heat(settings, now)
        for name, member in members.items():
            self.add(name, member)

    def add(self, name: str, member: AdaptiveMember) -> None:
        """Adapt another pipeline too; it replaces one of the same name.

        Raises:
            UsageError: it runs what its front does not have, or bounds an unknown energy.
        """
        self._pipelines[name] = Pipeline(name, member, self._settings)

    def remove(self, name: str) -> None:
        """Leave a pipeline alone from now on: what it holds is free for the others."""
        self._find(name)
        del self._pipelines[name]

    def observe(
        self, name: str, durations_ms: Sequence[float], now: float, point: int | None = None
    ) -> None:
        """Take in how long frames of a pipeline took.

        Args:
            name: of the pipeline.
            durations_ms: one a frame, in order.
            now: when it is told.
            point: that ran them; None for the one that runs.
        """
        del now
        self._find(name).observe(durations_ms, point)

    def set_bounds(self, name: str, bounds: Budget, now: float) -> None:
        """Change a pipeline's own bounds.

        Raises:
            UsageError: energy is bounded and not known.
        """
        del now
        self._find(name).set_bounds(bounds)

    def set_shared_memory(self, memory_bytes: int | None, now: float) -> None:
        """Change what all pipelines may have together; None is no bound."""
        del now
        self._shared = memory_bytes
        self._ease()

    def sense(self, readings: Mapping[str, float], now: float) -> None:
        """Take in readings of sensors by name; see :mod:`.sensors`."""
        if FREE_MEMORY in readings:
            self._free.read(readings[FREE_MEMORY], self._held_bytes(), now)
        share = self._heat.share
        if TEMPERATURE in readings:
            self._heat.read(readings[TEMPERATURE], now)
        if self._heat.share != share:
            self._ease()

    def switched(self, name: str, point: int, now: float) -> None:
        """A pipeline runs another point from now on."""
        del now
        self._find(name).switched(point)

    def failed(self, name: str, point: int, reason: str, now: float) -> None:
        """A pipeline could not switch, and runs what it ran."""
        del reason
        self._find(name).failed(point, now)

    def load(self, name: str) -> Load:
        """The present estimate of a pipeline's load."""
        return self._find(name).estimator.load

    def point(self, name: str) -> int | None:
        """The point that a pipeline runs."""
        return self._find(name).running

    def decide(self, now: float) -> list[Decision]:
        """What is to be switched now; empty if all may stay.

        What takes no more memory comes first. What takes more waits until there is room for it
        beside what the others hold, their pending switches included.
        """
        pipelines = list(self._pipelines.values())
        memory = self._memory()
        reasons = {each.name: each.breaks(self._heat.share, memory) for each in pipelines}
        short = self._held_after(pipelines) > memory
        seats = [self._seat(each, reasons[each.name], now) for each in pipelines]
        places = arrange(seats, memory, self._price, self._settings.goal)
        decisions = []
        order = sorted(
            zip(pipelines, places, strict=True),
            key=lambda pair: pair[0].menu.memory(pair[1].point) - pair[0].held_bytes,
        )
        for pipeline, place in order:
            reason = reasons[pipeline.name] or ("memory" if short else "gain")
            decision = self._decision(pipeline, place, reason, memory, now)
            if decision is not None:
                decisions.append(decision)
        for pipeline in pipelines:
            pipeline.settle()
        return decisions

    def _seat(self, pipeline: Pipeline, reason: str, now: float) -> Seat:
        return Seat(
            pipeline.menu,
            pipeline.box(reason, self._heat.share, now),
            pipeline.current,
            bool(reason),
            pipeline.excluded(now),
            pipeline.weight,
        )

    def _decision(
        self, pipeline: Pipeline, place: Place, reason: str, memory: int, now: float
    ) -> Decision | None:
        """The place as a decision, if it is one and can be carried out now."""
        point = place.point
        if point == pipeline.current:
            if place.kept or pipeline.warned:
                return None
            pipeline.warned = True
            return self._describe(pipeline, place, "bounds", memory)
        if pipeline.pending is not None and reason == "gain":
            return None
        growth = pipeline.menu.memory(point) - pipeline.held_bytes
        if growth > 0 and growth > memory - self._held_bytes():
            return None
        decision = self._describe(pipeline, place, reason, memory)
        pipeline.request(point, reason, now)
        pipeline.warned = not place.kept
        return decision

    def _describe(self, pipeline: Pipeline, place: Place, reason: str, memory: int) -> Decision:
        load = pipeline.load
        choice = pipeline.menu.front[place.point]
        allowed = min(
            LIMIT if pipeline.bounds.memory_bytes is None else pipeline.bounds.memory_bytes,
            memory - self._held_bytes() + pipeline.held_bytes,
        )
        return Decision(
            pipeline.name,
            place.point,
            reason,
            place.kept,
            choice.accuracy_cost,
            choice.latency_ms,
            load.expected_ms(choice.latency_ms),
            int(pipeline.menu.moved_bytes(pipeline.running)[place.point]),
            None if allowed >= LIMIT // 2 else allowed,
            load,
        )

    def _ease(self) -> None:
        """What all pipelines may have together is another."""
        for pipeline in self._pipelines.values():
            pipeline.hold.ease()

    def _memory(self) -> int:
        limits = [each for each in (self._shared, self._free.limit) if each is not None]
        return min(limits, default=LIMIT)

    def _held_bytes(self) -> int:
        return sum(each.held_bytes for each in self._pipelines.values())

    @staticmethod
    def _held_after(pipelines: Sequence[Pipeline]) -> int:
        """Memory once all that is pending is done."""
        points = [(each, each.current) for each in pipelines]
        return sum(each.menu.memory(point) for each, point in points if point is not None)

    def _find(self, name: str) -> Pipeline:
        try:
            return self._pipelines[name]
        except KeyError:
            raise UnknownNameError("pipeline", name, list(self._pipelines)) from None
