"""Who bounds a deployment, and what holds: the tightest of what anybody says.

The host that deployed it, its schedule, the budget file and the budget socket each have a say of
their own, which they can take back. So a host cannot allow what the board's owner has forbidden,
and the owner need not know what a host wants.
"""

from __future__ import annotations

from collections.abc import Mapping

from kenning_lego.core.bounds import NO_BOUNDS, Bounds
from kenning_lego.core.deployment_records import Origin

TOGETHER = ""
"""The name under which all deployments are bounded together: their memory alone."""


class Budgets:
    """All that was said, by origin and by name of the deployment."""

    def __init__(self) -> None:
        self._said: dict[Origin, dict[str, Bounds]] = {}

    def say(self, origin: Origin, name: str, bounds: Bounds) -> bool:
        """One origin says what a deployment may take; whether it had said anything else."""
        of_origin = self._said.setdefault(origin, {})
        before = of_origin.get(name, NO_BOUNDS)
        if bounds == NO_BOUNDS:
            of_origin.pop(name, None)
        else:
            of_origin[name] = bounds
        return bounds != before

    def said(self, origin: Origin, name: str) -> Bounds:
        """What one origin says."""
        return self._said.get(origin, {}).get(name, NO_BOUNDS)

    def say_all(self, origin: Origin, bounds: Mapping[str, Bounds]) -> None:
        """One origin says what all deployments may take; those that it leaves out, anything."""
        self._said[origin] = dict(bounds)

    def forget(self, name: str) -> None:
        """A deployment is gone; what file and socket said holds for the next of its name."""
        self.say("host", name, NO_BOUNDS)
        self.say("schedule", name, NO_BOUNDS)

    def of(self, name: str, instead: Mapping[Origin, Bounds] | None = None) -> Bounds:
        """What holds for a deployment; for :data:`TOGETHER`, for all of them together.

        Args:
            name: of the deployment.
            instead: of what these origins have said.
        """
        said = {origin: all_said.get(name, NO_BOUNDS) for origin, all_said in self._said.items()}
        said.update(instead or {})
        bounds = NO_BOUNDS
        for each in said.values():
            bounds = bounds.within(each)
        return bounds
