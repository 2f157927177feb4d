"""Who decides which configuration runs: the controller, or nobody."""

from __future__ import annotations

from benchmarks.adaptation_trace import Frame
from kenning_lego.selection.adaptation.controller import Controller
from kenning_lego.selection.adaptation.pipelines import AdaptiveMember
from kenning_lego.selection.adaptation.settings import AdaptationSettings
from kenning_lego.selection.front import Front
from kenning_lego.selection.problem import Budget

_NAME = "network"


class Policy:
    """Decides on points of a front, frame by frame; this one is content with the first.

    Args:
        point: to begin with.
    """

    def __init__(self, point: int = 0) -> None:
        self._point = point

    def start(self, frame: Frame, now: float) -> int:
        """The point to begin with."""
        del frame, now
        return self._point

    def next(self, frame: Frame, now: float) -> int | None:
        """Another point to change to before this frame is run, if any."""
        del frame, now
        return None

    def switched(self, point: int, now: float) -> None:
        """It has taken over."""

    def ran(self, duration_ms: float, point: int, now: float) -> None:
        """A frame took so long."""


class Adaptive(Policy):
    """The controller; the first budget is known to it, no other thing of the trace."""

    def __init__(self, front: Front, settings: AdaptationSettings) -> None:
        super().__init__()
        self._front = front
        self._budget = Budget()
        self._controller = Controller({}, settings, 0.0)

    def start(self, frame: Frame, now: float) -> int:
        """The best within the first budget."""
        self._budget = frame.budget
        self._controller.add(_NAME, AdaptiveMember(self._front, frame.budget))
        (decision,) = self._controller.decide(now)
        self._controller.switched(_NAME, decision.point, now)
        return decision.point

    def next(self, frame: Frame, now: float) -> int | None:
        """What the controller decides."""
        if frame.budget != self._budget:
            self._budget = frame.budget
            self._controller.set_bounds(_NAME, frame.budget, now)
        decisions = [each for each in self._controller.decide(now) if each.reason != "bounds"]
        return decisions[0].point if decisions else None

    def switched(self, point: int, now: float) -> None:
        """Tell the controller."""
        self._controller.switched(_NAME, point, now)

    def ran(self, duration_ms: float, point: int, now: float) -> None:
        """Tell the controller."""
        self._controller.observe(_NAME, [duration_ms], now, point)
