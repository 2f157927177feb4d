"""Who bounds a deployment, and what holds: the tightest of what anybody says.

The host that deployed it, its schedule, the budget file and the budget socket each have a say of
their own, which they can take back. So a host cannot allow what the board's owner has forbidden,
and the owner need not know what a host wants.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from kenning_lego.core.bounds import NO_BOUNDS, Bounds

Origin = Literal["host", "schedule", "file", "socket"]

TOGETHER = ""
"""The name under which all deployments are bounded together: their memory alone."""


class Budgets:
    """All that was said, by origin and by name of the deployment."""

    def __init__(self) -> None:
        self._said: dict[Origin, dict[str, Bounds]] = {}

    def say(self, origin: Origin, name: str, bounds: Bounds) -> None:
        """One origin says what a deployment may take, in place of what it said before."""
        of_origin = self._said.setdefault(origin, {})
        if bounds == NO_BOUNDS:
            of_origin.pop(name, None)
        else:
            of_origin[name] = bounds

    def say_all(self, origin: Origin, bounds: Mapping[str, Bounds]) -> None:
        """One origin says what all deployments may take; those that it leaves out, anything."""
        self._said[origin] = dict(bounds)

    def forget(self, name: str) -> None:
        """A deployment is gone; what file and socket said holds for the next of its name."""
        for origin in ("host", "schedule"):
            self._said.get(origin, {}).pop(name, None)

    def of(self, name: str) -> Bounds:
        """What holds for a deployment; for :data:`TOGETHER`, for all of them together."""
        bounds = NO_BOUNDS
        for said in self._said.values():
            bounds = bounds.within(said.get(name, NO_BOUNDS))
        return bounds
