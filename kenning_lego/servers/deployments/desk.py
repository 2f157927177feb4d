"""All deployments of a target: what hosts ask of them, and what keeps them going without a host."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kenning_lego.core.bounds import NO_BOUNDS, Bounds
from kenning_lego.core.deployment_records import DeploymentStatus, Frame, Origin
from kenning_lego.core.deployments import Deployment
from kenning_lego.core.engines import digests_of
from kenning_lego.core.errors import KenningLegoError, ProtocolError
from kenning_lego.protocols.codec import Frame as PayloadFrame
from kenning_lego.protocols.deployment_messages import AskRecord, ForceConfiguration
from kenning_lego.protocols.deployment_results import pack_record
from kenning_lego.protocols.messages import Error, Ok
from kenning_lego.selection.adaptation.settings import AdaptationSettings
from kenning_lego.servers.deployments.adapting import Adapting
from kenning_lego.servers.deployments.budget_inputs import BudgetInputs
from kenning_lego.servers.deployments.budgets import TOGETHER, Budgets
from kenning_lego.servers.deployments.deployed import Deployed, Tools
from kenning_lego.servers.deployments.inventory import Answer, Inventory
from kenning_lego.servers.deployments.kept import keep, read_kept
from kenning_lego.servers.deployments.refusals import (
    check_choice,
    check_energy,
    check_held,
    refusal,
    unknown,
)
from kenning_lego.store.artifacts import ArtifactStore

MAX_DEPLOYMENTS = 16
KEEP_INTERVAL_S = 5.0
"""Bounds that hosts set are written to the disk at most so often."""
TICK_S = 0.1
_IDLE_S = 3600.0

OnRunning = Callable[[tuple[str, ...]], None]

log = logging.getLogger("kenning_lego.deployments")


@dataclass(frozen=True, slots=True)
class DeskOptions:
    """How deployments are run.

    Args:
        tools: that each is run with.
        adaptation: when to switch.
        budget_file: to watch; None for none.
        budget_socket: to listen at; None for none.
    """

    tools: Tools
    adaptation: AdaptationSettings
    budget_file: Path | None
    budget_socket: Path | None


class DeploymentDesk:
    """Owns the deployments of one target, within the server's loop.

    Args:
        store: of the artifacts; those of deployments are kept from eviction.
        options: how they are run.
        on_running: told the names of those that run, whenever that changes.

    Raises:
        AddressError: the budget socket cannot be made.
    """

    def __init__(self, store: ArtifactStore, options: DeskOptions, on_running: OnRunning) -> None:
        self._store = store
        self._tools = options.tools
        self._on_running = on_running
        self._there = Inventory()
        self._budgets = Budgets()
        self._inputs = BudgetInputs(
            self._budgets,
            self._heard,
            options.budget_file,
            options.budget_socket,
            options.tools.readiness,
        )
        self._adapting = Adapting(
            options.adaptation,
            self._there.deployed,
            self._budgets,
            options.tools.clock,
            options.tools.readiness,
        )
        self._complained = ""
        self._keep_at: float | None = None
        self._told: tuple[str, ...] = ()

    # What hosts ask

    def deploy(self, deployment: Deployment, answer: Answer) -> None:
        """Load a deployment, then run it in place of the one of its name; else that one runs on."""
        self._inputs.tick(self._tools.clock())  # nobody looked while nothing ran
        try:
            candidate = self._prepare(deployment)
        except KenningLegoError as error:
            answer(refusal(error), ())
            return
        earlier = self._there.coming.pop(deployment.name, None)
        if earlier:
            earlier[0].stop()
            earlier[1](Error("superseded", "another deployment of this name came"), ())
        self._there.coming[deployment.name] = (candidate, answer)
        self._changed()
        candidate.load(lambda result: self._loaded(candidate, result))

    def unload(self, name: str) -> None:
        """Stop a deployment and forget it.

        Raises:
            ProtocolError: there is none of that name.
        """
        aside = self._there.aside.pop(name, None)
        coming = self._there.coming.pop(name, None)
        if coming:
            coming[0].stop()
            coming[1](Error("stopped", f"{name} was stopped before it ran"), ())
        deployed = self._there.deployed.pop(name, None)
        if deployed:
            self._retire(deployed)
            self._budgets.forget(name)
            self._inputs.follow(name, None, 0.0)
        elif not coming and not aside:
            raise unknown(name, self._there.deployed)
        self._keep()
        self._changed()
        self._adapting.decide()

    def set_bounds(self, name: str, bounds: Bounds) -> None:
        """What hosts say that a deployment may take, or, without a name, all of them together.

        Raises:
            KenningLegoError: there is none of that name, or the bounds cannot be kept by any.
        """
        if name != TOGETHER:
            check_energy(self._find(name).deployment, bounds)
        self._budgets.say("host", name, bounds)
        self._heard("host")
        if name != TOGETHER and self._keep_at is None:
            self._keep_at = self._tools.clock() + KEEP_INTERVAL_S

    def record(self, ask: AskRecord) -> tuple[Mapping[str, object], tuple[PayloadFrame, ...]]:
        """A part of a deployment's record, as the OK of RECORD has it.

        Raises:
            ProtocolError: there is none of that name.
        """
        deployed = self._find(ask.name)
        return pack_record(*deployed.record.part(ask, deployed.status()))

    def force(self, force: ForceConfiguration, answer: Answer) -> None:
        """Go over to a configuration of the host's choice; `answer` is told what came of it.

        Raises:
            KenningLegoError: there is no such deployment or configuration, or it runs no more.
        """
        deployed = self._find(force.name)
        check_held(self._store, digests_of(force.stages))
        check_choice(deployed, force.stages, force.fused_from)
        if force.fused_from:
            deployed.note("forced", "host", "the fused form of the configuration that runs")
        else:
            deployed.note("forced", "host", "the host chooses from here on")
            deployed.adaptive = False
            self._adapting.remove(force.name)
        deployed.steer(
            force.stages,
            lambda result: answer(result, ()),
            variants=deployed.variants if force.fused_from else None,
            memory_bytes=deployed.bounds.memory_bytes,
            may_pause=force.may_pause,
        )
        self._pin()

    # What there is to tell

    def statuses(self) -> tuple[DeploymentStatus, ...]:
        """How all are just now; those that are loaded for the first time as well."""
        return self._there.statuses()

    # What the server's loop does

    def restore(self, *, start: bool) -> None:
        """Take up the deployments that were kept on disk.

        Args:
            start: them; else they stay on disk, until others of their names come.
        """
        self._inputs.tick(self._tools.clock())
        for deployment in read_kept(self._store.root):
            try:
                if not start:
                    self._there.aside[deployment.name] = deployment
                    continue
                deployed = self._new(deployment)
            except KenningLegoError as error:
                self._there.aside[deployment.name] = deployment
                log.warning("the deployment %s is not started: %s", deployment.name, error)
                continue
            self._install(deployed)
            deployed.load()
        self._changed()

    def tick(self, now: float) -> float:
        """Do what is due; after how many seconds something will be again."""
        if not self._there.all():
            return _IDLE_S
        for deployed in self._there.all():
            deployed.tick(now)
        self._inputs.tick(now)
        self._adapting.tick(now)
        if self._keep_at is not None and now >= self._keep_at:
            self._keep()
        return TICK_S

    def close(self) -> None:
        """End all workers; the deployments stay on disk."""
        if self._keep_at is not None:
            self._keep()
        self._there.stop()
        self._inputs.close()
        self._adapting.close()

    # What deployments tell

    def ran(self, deployed: Deployed, frames: Sequence[Frame]) -> None:
        """Frames were run."""
        if self._there.is_current(deployed):
            self._adapting.ran(deployed, frames)

    def state_changed(self, deployed: Deployed) -> None:
        """A deployment runs, or does no more."""
        if not self._there.is_current(deployed):
            return
        self._adapting.state_changed(deployed)
        self._changed()
        if deployed.state == "finished":
            self._keep()

    # How it is done

    def _prepare(self, deployment: Deployment) -> Deployed:
        """What is to be loaded for a host.

        Raises:
            KenningLegoError: an artifact is not held, or there are too many deployments.
        """
        if self._there.others(deployment.name) >= MAX_DEPLOYMENTS:
            raise ProtocolError(
                f"{MAX_DEPLOYMENTS} deployments run already", "stop one with UNLOAD", "too_many"
            )
        check_held(self._store, sorted(deployment.artifacts()))
        return self._new(deployment)

    def _new(self, deployment: Deployment) -> Deployed:
        instead: dict[Origin, Bounds] = {
            "host": deployment.bounds,
            "schedule": _scheduled(deployment),
        }
        bounds = self._adapting.bounds_of(deployment, instead)
        stages = self._adapting.first_stages(deployment, bounds)
        return Deployed(deployment, stages, bounds, self._tools, self)

    def _loaded(self, candidate: Deployed, result: Ok | Error) -> None:
        entry = self._there.coming.get(candidate.name)
        if entry is None or entry[0] is not candidate:
            return
        answer = self._there.coming.pop(candidate.name)[1]
        if isinstance(result, Error):
            candidate.stop()
            self._changed()
            answer(result, ())
            return
        before = self._there.deployed.get(candidate.name)
        if before:
            candidate.take_over(before.record)
            self._retire(before)
            candidate.note("replaced", "host", "by another deployment of the same name")
        self._install(candidate)
        self._there.aside.pop(candidate.name, None)
        candidate.begin()
        self._keep()
        self._changed()
        answer(Ok({}), ())

    def _install(self, deployed: Deployed) -> None:
        """It is the one of its name from now on."""
        deployment, now = deployed.deployment, self._tools.clock()
        self._there.deployed[deployed.name] = deployed
        self._budgets.say("host", deployed.name, deployment.bounds)
        self._budgets.say("schedule", deployed.name, _scheduled(deployment))
        self._inputs.follow(deployed.name, deployment.schedule, now)
        deployed.bounds = self._adapting.bounds_of(deployment)

    def _retire(self, deployed: Deployed) -> None:
        self._adapting.remove(deployed.name)
        deployed.stop()

    def _heard(self, origin: Origin) -> None:
        """Somebody said what deployments may take."""
        if origin == "file" and self._inputs.complaint != self._complained:
            self._complained = self._inputs.complaint
            if self._complained:
                for deployed in self._there.deployed.values():
                    deployed.note("failed", "file", self._complained)
        self._adapting.bounds_changed(origin)

    def _changed(self) -> None:
        self._pin()
        names = self._there.running()
        if names != self._told:
            self._told = names
            self._on_running(names)

    def _pin(self) -> None:
        self._store.pinned = self._there.artifacts()

    def _keep(self) -> None:
        self._keep_at = None
        deployments = dict(self._there.aside)
        for deployed in self._there.deployed.values():
            if deployed.state == "finished":
                continue  # it would begin anew
            bounds = self._budgets.said("host", deployed.name)
            deployments[deployed.name] = replace(deployed.deployment, bounds=bounds)
        keep(self._store.root, deployments.values())

    def _find(self, name: str) -> Deployed:
        deployed = self._there.deployed.get(name)
        if deployed is None:
            raise unknown(name, self._there.deployed)
        return deployed


def _scheduled(deployment: Deployment) -> Bounds:
    """What its schedule says at its beginning."""
    return deployment.schedule.at(0.0) if deployment.schedule else NO_BOUNDS
