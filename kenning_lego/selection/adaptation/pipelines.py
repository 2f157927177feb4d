"""What the controller knows of one pipeline."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from kenning_lego.core.errors import UsageError
from kenning_lego.selection.adaptation.hold import Hold
from kenning_lego.selection.adaptation.load import Load, LoadEstimator
from kenning_lego.selection.adaptation.menu import Box, Menu
from kenning_lego.selection.adaptation.settings import AdaptationSettings
from kenning_lego.selection.front import Front
from kenning_lego.selection.problem import Budget
from kenning_lego.selection.units import LIMIT, budget_units, from_units

_KNOWN = 8
"""Frames since the load last changed from which on a slower configuration is considered."""
_SIGMAS = 1.0
"""Standard errors of the load that a slower configuration must stand."""
_LIGHTER = 0.85
"""Of the load before: this is a lighter load, and no noise."""
_COLD = 2
"""Frames after a switch that say nothing of the load: caches are cold, memory is touched first."""
_FASTER = 0.99
"""After a miss the next configuration takes at most this share of the predicted latency."""


@dataclass(frozen=True, slots=True)
class AdaptiveMember:
    """A pipeline to be adapted.

    Args:
        front: of its configurations.
        bounds: its own; None in them is no bound.
        running: the point that it runs; None if it has yet to be chosen.
        weight: of its accuracy cost against that of others that share memory with it.
    """

    front: Front
    bounds: Budget = Budget()  # noqa: RUF009 - frozen
    running: int | None = None
    weight: float = 1.0


class Pipeline:
    """One pipeline's point, load and misses; :meth:`box` is what it may have next.

    Raises:
        UsageError: it runs what its front does not have, or energy is bounded and not known.
    """

    def __init__(self, name: str, member: AdaptiveMember, settings: AdaptationSettings) -> None:
        if member.running is not None and not 0 <= member.running < len(member.front):
            raise UsageError(
                f"pipeline {name!r} runs the point {member.running}, "
                f"and its front has {len(member.front)}",
                "give the index of a point, or None",
            )
        self.name = name
        self.weight = member.weight
        self.menu = Menu(member.front)
        self.running = member.running
        self.pending: int | None = None
        self.warned = False
        """Whether it was said that nothing keeps the bounds."""
        self.hold = Hold(settings)
        self._settings = settings
        self._predictions = [from_units(each) for each in member.front.latencies.tolist()]
        self._fastest_ms = min(self._predictions)
        self._estimator = LoadEstimator(settings.outliers)
        self._over: deque[bool] = deque(maxlen=settings.recent_frames)
        self._cold = 0
        self._failed: dict[int, float] = {}
        self._judged = False
        self.set_bounds(member.bounds)

    @property
    def estimator(self) -> LoadEstimator:
        """Of its load."""
        return self._estimator

    @property
    def load(self) -> Load:
        """What its choice goes by: the load, less what no configuration could keep."""
        bound = self.bounds.latency_ms
        if bound is None:
            return self._estimator.load
        return self._estimator.attainable(bound, self._fastest_ms)

    @property
    def current(self) -> int | None:
        """The point that it is to run: the pending one, if any."""
        return self.running if self.pending is None else self.pending

    @property
    def held_bytes(self) -> int:
        """Memory of the larger of the running and the pending point."""
        points = [each for each in (self.running, self.pending) if each is not None]
        return max(map(self.menu.memory, points), default=0)

    @property
    def missed(self) -> bool:
        """Whether too many of the last frames took longer than the bound."""
        return sum(self._over) >= self._settings.missed_frames

    def set_bounds(self, bounds: Budget) -> None:
        """Take other bounds: the past says nothing of whether they can be kept."""
        latency, memory, energy = self.menu.front.problem.caps(bounds)
        self.bounds = bounds
        self.warned = False
        self._limits = Box(
            LIMIT if latency is None else latency,
            LIMIT if memory is None else memory,
            LIMIT if energy is None else energy,
        )
        self.hold.lift()
        self._over.clear()
        self._judged = False

    def observe(self, durations_ms: Sequence[float], point: int | None) -> None:
        """Take in frames of a configuration.

        What a switch does to them is no load: those that wait for artifacts or run beside their
        loading, and the first ones of a configuration, are left out.
        """
        point = self.running if point is None else point
        if point is None or point != self.running or self.pending is not None:
            return
        cold = min(self._cold, len(durations_ms))
        self._cold -= cold
        predicted, bound = self._predictions[point], self.bounds.latency_ms
        changes, level = self._estimator.changes, self._estimator.load.level
        for duration in durations_ms[cold:]:
            if predicted > 0:
                self._estimator.observe(duration, predicted)
            if bound is not None:
                self._over.append(duration > bound)
        if self._estimator.changes > changes and self._estimator.load.level < level * _LIGHTER:
            self.hold.ease()

    def request(self, point: int, reason: str, now: float) -> None:
        """A switch is decided on."""
        if reason == "missed":
            self.hold.missed(now)
        elif reason == "gain" and self._judged:
            self.hold.gained(now)
        self.pending = point
        self._over.clear()
        self._judged = True

    def switched(self, point: int) -> None:
        """It runs another point."""
        self.running, self._cold = point, _COLD
        if self.pending == point:
            self.pending = None
        self._over.clear()

    def failed(self, point: int, now: float) -> None:
        """A switch came to nothing: the point is left alone for a while."""
        self._failed[point] = now + self._settings.retry_s
        if self.pending == point:
            self.pending = None
        self._judged = False

    def excluded(self, now: float) -> frozenset[int]:
        """Points that failed of late; never what runs."""
        self._failed = {point: until for point, until in self._failed.items() if until > now}
        return frozenset(self._failed) - {self.running}

    def breaks(self, heat: float, memory: int) -> str:
        """Why it may not stay where it is to be; empty if it may.

        Args:
            heat: share of the work above the least that is allowed.
            memory: in bytes, that it may have at most.
        """
        point = self.current
        if point is None:
            return "start"
        if self.menu.memory(point) > min(memory, self._limits.memory):
            return "memory"
        if self.menu.front.energies[point] > self._limits.energy:
            return "energy"
        if self.missed:
            return "missed"
        bound = self.bounds.latency_ms
        if not self._judged and bound is not None and self._expected_ms(point) > bound:
            return "latency"
        return "heat" if self.menu.latency(point) > self._hot(heat) else ""

    def settle(self) -> None:
        """The bounds were looked at with what is known of the load; from here on, misses count."""
        self._judged = True

    def box(self, reason: str, heat: float, now: float) -> Box:
        """What it may have.

        Where it must move (`reason`), what the load leaves of the bounds, one standard error
        off, and after a miss less than now. Else also what takes longer than now, if the load is
        known well enough and the margin is kept; whatever takes no longer is allowed.
        """
        load, point = self.load, self.current
        if reason or point is None:
            latency = self._affordable(load, 1.0, 0.0)
            if reason == "missed" and point is not None:
                latency = min(latency, int(self.menu.latency(point) * _FASTER))
        else:
            latency = self.menu.latency(point)
            known = load.frames >= _KNOWN or not load.frames
            if known and not self.hold.active(now):
                margin = self._settings.margin if self._judged else 0.0
                latency = max(latency, self._affordable(load, _SIGMAS, margin))
        return Box(min(latency, self._hot(heat)), self._limits.memory, self._limits.energy)

    def _affordable(self, load: Load, sigmas: float, margin: float) -> int:
        """The largest predicted latency whose frames stay within the bound less a margin."""
        bound = self.bounds.latency_ms
        if bound is None:
            return LIMIT
        return budget_units(load.affordable_ms(bound * (1.0 - margin), sigmas))

    def _expected_ms(self, point: int) -> float:
        return self.load.expected_ms(self._predictions[point])

    def _hot(self, share: float) -> int:
        """The most latency that the heat allows, in units."""
        if share >= 1.0:
            return LIMIT
        latencies = self.menu.front.latencies
        least, most = int(latencies.min()), int(latencies.max())
        return least + int((most - least) * share)
