"""Keeping deployments within what they may take: bounds to workers, choices to those that adapt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from kenning_lego.core.bounds import Bounds
from kenning_lego.core.deployment_records import Frame, Origin
from kenning_lego.core.deployments import Deployment
from kenning_lego.core.errors import KenningLegoError
from kenning_lego.protocols.messages import Error, Ok
from kenning_lego.selection.adaptation.settings import AdaptationSettings
from kenning_lego.servers.deployments.budgets import TOGETHER, Budgets
from kenning_lego.servers.deployments.deployed import SUPERSEDED, Clock, Deployed
from kenning_lego.servers.deployments.sensing import INTERVAL_S, find_sensors, readings
from kenning_lego.servers.deployments.wording import variants_in_words
from kenning_lego.servers.readiness import Readiness
from kenning_lego.servers.sensors.base import Sensor

if TYPE_CHECKING:  # they need numpy, which the server does without until something adapts
    from kenning_lego.selection.front import Front
    from kenning_lego.servers.deployments.coordinator import Chosen, Coordinator
    from kenning_lego.servers.deployments.fronts import Fronts


class Adapting:
    """Tells deployments their bounds, and has a coordinator choose for those that adapt.

    Args:
        settings: of the coordinator.
        deployed: all that there are, by name; kept up to date by the owner.
        budgets: what they may take.
        clock: in seconds, monotonic.
        readiness: of the server's loop.
        find: looks for the sensors of memory and temperature.
    """

    def __init__(
        self,
        settings: AdaptationSettings,
        deployed: Mapping[str, Deployed],
        budgets: Budgets,
        clock: Clock,
        readiness: Readiness,
        find: Callable[[], Sequence[Sensor]] = find_sensors,
    ) -> None:
        self._settings = settings
        self._deployed = deployed
        self._budgets = budgets
        self._clock = clock
        self._readiness = readiness
        self._find = find
        self._coordinator: Coordinator | None = None
        self._fronts: Fronts | None = None
        self._shared: int | None = None
        self._sensors: Sequence[Sensor] | None = None
        self._look_at = 0.0

    def bounds_of(
        self, deployment: Deployment, instead: Mapping[Origin, Bounds] | None = None
    ) -> Bounds:
        """What a deployment may take: an energy that is not known cannot be bounded."""
        bounds = self._budgets.of(deployment.name, instead)
        return bounds if deployment.offer.knows_energy else replace(bounds, energy_mj=None)

    def first_stages(self, deployment: Deployment, bounds: Bounds) -> tuple[str, ...]:
        """The artifacts that a deployment begins with.

        Raises:
            UsageError: the offer's figures are too large to choose by.
        """
        offer = deployment.offer
        if deployment.variants or not offer.choosable:
            return offer.stages(deployment.variants)
        from kenning_lego.servers.deployments.choosing import first_choice

        return offer.stages(first_choice(offer, bounds))

    def state_changed(self, deployed: Deployed) -> None:
        """A deployment runs, or does no more."""
        if deployed.state in ("finished", "failed"):
            self.remove(deployed.name)
            self.decide()
        elif deployed.state == "running" and deployed.adaptive:
            self._prepare(deployed)

    def remove(self, name: str) -> None:
        """A deployment is adapted no more, if it was."""
        if self._coordinator:
            self._coordinator.remove(name)

    def ran(self, deployed: Deployed, frames: Sequence[Frame]) -> None:
        """Take in the times of a deployment's frames."""
        if self._coordinator and deployed.name in self._coordinator:
            self._coordinator.observe(
                deployed.name, frames, deployed.record, deployed.stages, self._clock()
            )
            self.decide()

    def bounds_changed(self, origin: Origin) -> None:
        """Somebody has said what deployments may take."""
        self._note_shared(origin)
        changed = []
        for deployed in self._deployed.values():
            bounds = self.bounds_of(deployed.deployment)
            if bounds == deployed.bounds:
                continue
            deployed.bounds = bounds
            deployed.note_bounds(origin)
            changed.append(deployed)
            if self._coordinator and deployed.name in self._coordinator:
                self._coordinator.set_bounds(deployed.name, bounds, self._clock())
        chosen = self.decide()
        for deployed in changed:
            if deployed.name not in chosen:
                deployed.tell_bounds()

    def tick(self, now: float) -> None:
        """Look at the sensors if it is time to, and at what may be chosen now."""
        if self._coordinator is None or now < self._look_at:
            return
        self._look_at = now + INTERVAL_S
        settings = self._settings
        if settings.memory_reserve_bytes is not None or settings.hot_c is not None:
            if self._sensors is None:
                self._sensors = self._find()
            self._coordinator.sense(readings(self._sensors), now)
        self.decide()

    def decide(self) -> frozenset[str]:
        """Have the coordinator choose; the names of the deployments that go over to something."""
        coordinator = self._coordinator
        if coordinator is None:
            return frozenset()
        coordinator.set_shared_memory(self._memory_of_adaptive(coordinator), self._clock())
        steered = []
        for chosen in list(coordinator.decide(self._clock())):
            deployed = self._deployed[chosen.name]
            stages = chosen.stages or deployed.stages
            text = f"{chosen.reason}: {variants_in_words(deployed.deployment.offer, stages)}"
            deployed.note("decided", "adaptation", text, chosen.figures)
            if chosen.stages is not None:
                steered.append(chosen.name)
                self._steer(deployed, chosen, chosen.stages)
        return frozenset(steered)

    def close(self) -> None:
        """Let the sensors go, and compute nothing any more."""
        if self._fronts:
            self._fronts.close()
        for sensor in self._sensors or ():
            sensor.close()

    def _steer(self, deployed: Deployed, chosen: Chosen, stages: tuple[str, ...]) -> None:
        def ended(answer: Ok | Error) -> None:
            if self._coordinator is None or answer == SUPERSEDED:
                return
            now = self._clock()
            if isinstance(answer, Ok):
                self._coordinator.switched(chosen.name, chosen.point, now)
            else:
                self._coordinator.failed(chosen.name, chosen.point, answer.problem, now)
            self.decide()

        deployed.steer(stages, ended, memory_bytes=chosen.memory_bytes)

    def _prepare(self, deployed: Deployed) -> None:
        """Have the front computed that a deployment is adapted by."""
        name, offer = deployed.name, deployed.deployment.offer
        if not offer.choosable or (self._coordinator and name in self._coordinator):
            return  # nothing to choose, or its worker was started again
        if self._fronts is None:
            from kenning_lego.servers.deployments.fronts import Fronts

            self._fronts = Fronts(self._readiness)
        self._fronts.want(offer, lambda found: self._add(deployed, found))

    def _add(self, deployed: Deployed, found: Front | KenningLegoError) -> None:
        """Adapt a deployment from now on, if it is there still."""
        if self._deployed.get(deployed.name) is not deployed or not deployed.adaptive:
            return
        if isinstance(found, KenningLegoError):
            deployed.note("failed", "adaptation", found.problem)
            return
        if self._coordinator is None:
            from kenning_lego.servers.deployments.coordinator import Coordinator

            self._coordinator = Coordinator(self._settings, self._clock())
        if deployed.state in ("running", "restarting") and deployed.name not in self._coordinator:
            self._coordinator.add(
                deployed.name,
                deployed.deployment.offer,
                found,
                deployed.stages,
                deployed.bounds,
                deployed.deployment.weight,
            )
            self.decide()

    def _memory_of_adaptive(self, coordinator: Coordinator) -> int | None:
        """What is left of the shared memory for those that adapt."""
        if self._shared is None:
            return None
        others = [each for each in self._deployed.values() if each.name not in coordinator]
        return max(0, self._shared - sum(each.held_bytes for each in others))

    def _note_shared(self, origin: Origin) -> None:
        shared = self._budgets.of(TOGETHER).memory_bytes
        if shared == self._shared:
            return
        self._shared = shared
        figures = {} if shared is None else {"memory_bytes": float(shared)}
        for deployed in self._deployed.values():
            text = f"{origin}: all deployments together: {Bounds(memory_bytes=shared)}"
            deployed.note("shared", origin, text, figures)
