"""One deployment on this target: its record, and its worker, started again when it dies."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kenning_lego.core.bounds import Bounds
from kenning_lego.core.deployment_records import (
    DeploymentStatus,
    Frame,
    Origin,
    State,
)
from kenning_lego.core.deployments import Deployment
from kenning_lego.core.engines import digests_of
from kenning_lego.protocols.codec import Frame as PayloadFrame
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.messages import Error, Load, Ok
from kenning_lego.protocols.worker_messages import Begin, Report, RunPipeline, Steer
from kenning_lego.servers.deployments.intake import take_in
from kenning_lego.servers.deployments.process import PipelineProcess, ProcessOptions
from kenning_lego.servers.deployments.record import Record
from kenning_lego.servers.deployments.restarts import Restarts
from kenning_lego.servers.deployments.wording import figures_of, variants_in_words
from kenning_lego.servers.readiness import Readiness

OnEnd = Callable[[Ok | Error], None]
Clock = Callable[[], float]

SUPERSEDED = Error(
    "superseded", "another configuration was asked for before this one ran", "ask again"
)


@dataclass(frozen=True, slots=True)
class Tools:
    """What every deployment is run with.

    Args:
        process: how workers are started.
        readiness: of the server's loop.
        clock: in seconds, monotonic.
    """

    process: ProcessOptions
    readiness: Readiness
    clock: Clock = time.monotonic


class Owner(Protocol):
    """Who is told what a deployment does."""

    def ran(self, deployed: Deployed, frames: Sequence[Frame]) -> None:
        """Frames were run, which are in its record now."""
        ...

    def state_changed(self, deployed: Deployed) -> None:
        """It runs, or does no more."""
        ...


@dataclass(frozen=True, slots=True)
class _Switch:
    """A configuration on its way."""

    stages: tuple[str, ...]
    variants: Mapping[str, str]
    on_end: OnEnd
    may_pause: bool


class Deployed:
    """A deployment from when it is loaded until it is stopped.

    Args:
        deployment: what runs.
        stages: of the configuration to begin with, in order.
        bounds: to begin with.
        tools: that it is run with.
        owner: told of it.
    """

    def __init__(
        self,
        deployment: Deployment,
        stages: tuple[str, ...],
        bounds: Bounds,
        tools: Tools,
        owner: Owner,
    ) -> None:
        self.deployment = deployment
        self.bounds = bounds
        self.record = Record(deployment.keep_frames, deployment.keep_outputs_bytes)
        self.state: State = "loading"
        self.adaptive = deployment.adaptive
        self.stages = stages
        self.variants: Mapping[str, str] = deployment.offer.choice(stages) or {}
        self._tools = tools
        self._owner = owner
        self._restarts = Restarts()
        self._restart_at: float | None = None
        self._process: PipelineProcess | None = None
        self._switch: _Switch | None = None
        self._on_loaded: OnEnd | None = None
        self._first_frame = 0
        self._asked = 0
        self._loading = (stages, bounds)
        self.held_bytes = 0
        """Of the artifacts that its worker has loaded, as far as was reported."""
        self._missed = self._missed_before = 0
        self._reason = ""
        self._memory_bytes = self._allowed_bytes()

    # Its life

    def load(self, on_loaded: OnEnd | None = None) -> None:
        """Start a worker and load the configuration.

        Args:
            on_loaded: told what came of it, and calls :meth:`begin`; without it the deployment
                begins by itself, and is started again should that fail.
        """
        self._on_loaded = on_loaded
        self._start()

    def take_over(self, record: Record) -> None:
        """Continue the record of the deployment that this one replaces."""
        record.keep(self.deployment.keep_frames, self.deployment.keep_outputs_bytes)
        record.spec, record.used = self.record.spec, self.record.used
        self.record = record

    def begin(self) -> None:
        """Run frames, once it is loaded."""
        self._first_frame = self.record.next_frame
        self.note_bounds("server")
        self._begin("began")

    def stop(self) -> None:
        """End the worker; nothing runs any more."""
        self._end_worker()
        self._settle(Error("stopped", f"the deployment {self.name} was stopped"))

    def tick(self, now: float) -> None:
        """Look after the worker, and start the next one when it is time to."""
        if self._process:
            self._process.watch(now)
        if self._restart_at is not None and now >= self._restart_at:
            self._restart_at = None
            self._start()

    # What it is told

    def steer(
        self,
        stages: tuple[str, ...],
        on_end: OnEnd = lambda _: None,
        *,
        variants: Mapping[str, str] | None = None,
        memory_bytes: int | None = None,
        may_pause: bool = True,
    ) -> None:
        """Go over to a configuration.

        Args:
            stages: its artifacts in order.
            on_end: told what came of it, perhaps at once.
            variants: of the configuration, where the artifacts do not tell.
            memory_bytes: that the artifacts may take together from now on.
            may_pause: frames may wait if the memory allows no other way.
        """
        self._memory_bytes = memory_bytes
        if variants is None:
            variants = self.deployment.offer.choice(stages) or self.variants
        previous, self._switch = self._switch, _Switch(stages, variants, on_end, may_pause)
        if previous:
            previous.on_end(SUPERSEDED)
        self._ask_for(self._switch)

    def tell_bounds(self) -> None:
        """Tell the worker the present bounds, with the configuration that it has or goes to."""
        self._memory_bytes = self._allowed_bytes()
        if self._switch:
            self._ask_for(self._switch)
        elif self.state == "running":
            self.steer(self.stages, memory_bytes=self._memory_bytes)

    # What there is to tell

    @property
    def name(self) -> str:
        """Of the deployment."""
        return self.deployment.name

    @property
    def switching(self) -> bool:
        """Whether another configuration is on its way."""
        return self._switch is not None

    def artifacts(self) -> frozenset[str]:
        """All that the store has to hold for it."""
        coming = self._switch.stages if self._switch else ()
        return self.deployment.artifacts().union(digests_of((*self.stages, *coming)))

    def status(self) -> DeploymentStatus:
        """How it is now."""
        return DeploymentStatus(
            name=self.name,
            state=self.state,
            variants=self.variants,
            stages=self.stages,
            frames=self.record.next_frame,
            missed=self._missed_before + self._missed,
            adaptive=self.adaptive,
            bounds=self.bounds,
            restarts=self._restarts.count,
            reason=self._reason,
        )

    # What its worker tells

    def reported(self, report: Report, payload: tuple[PayloadFrame, ...]) -> None:
        """Take what the worker ran.

        Raises:
            ProtocolError: it does not fit what came before.
        """
        frames = take_in(self.record, report, payload, self.deployment.offer)
        self._missed, self.held_bytes = report.missed, report.held_bytes
        if frames:
            self._owner.ran(self, frames)
        if report.finished:
            self._end_worker()
            self.note("finished", "worker", "the source has no more frames")
            self._enter("finished")

    def died(self, reason: str) -> None:
        """The worker is gone."""
        self._process = None
        self._missed_before, self._missed = self._missed_before + self._missed, 0
        error = Error("worker_died", f"the worker of {self.name} died: {reason}")
        if self.state == "loading" and self._on_loaded:
            self._loaded(error)
        else:
            self.note("died", "worker", reason)
            self._try_again(reason)
        self._settle(error)

    def note(
        self, kind: str, origin: Origin, text: str, figures: Mapping[str, float] | None = None
    ) -> None:
        """Put an event into the record."""
        self.record.note(kind, origin, text, at_ns=time.monotonic_ns(), figures=figures)

    def note_bounds(self, origin: Origin) -> None:
        """Put the present bounds into the record, with who brought them about."""
        self.note("bounds", origin, f"{origin}: {self.bounds}", figures_of(self.bounds))

    # How it is done

    def _allowed_bytes(self) -> int | None:
        """What its artifacts may take by its own bounds.

        Where no configuration keeps them, the nearest one is to run all the same.
        """
        most = self.bounds.memory_bytes
        if most is None or not self.adaptive:
            return most
        to_run = self._switch.variants if self._switch else self.variants
        return max(most, self.deployment.offer.memory_of(to_run))

    def _start(self) -> None:
        deployment, offer = self.deployment, self.deployment.offer
        run = RunPipeline(
            self.stages,
            Load.of(offer),
            offer.outputs,
            deployment.source,
            deployment.rate_fps,
            self._memory_bytes,
            self.bounds.latency_ms,
            deployment.keep_outputs_bytes,
            tuple(sorted(offer.all_stages())) if deployment.preload else (),
            self.record.next_frame - self._first_frame,
        )
        self._loading = (self.stages, self.bounds)
        try:
            self._process = PipelineProcess(
                self._tools.process, self._tools.readiness, self, self._tools.clock()
            )
        except OSError as error:
            self.died(f"it cannot be started: {error.strerror}")
            return
        self._process.ask(run, self._loaded)

    def _loaded(self, answer: Ok | Error) -> None:
        if isinstance(answer, Ok):
            fields = Fields(dict(answer.result), "RUN")
            self.record.spec = fields.io_spec("spec")
            self.record.used = fields.facts("used")
            self.held_bytes = fields.integer("held_bytes", 0, 2**62)
        then, self._on_loaded = self._on_loaded, None
        if then:
            then(answer)
        elif isinstance(answer, Error):
            self._end_worker()
            self.note("died", "worker", f"cannot be loaded: {answer.problem}")
            self._try_again(answer.problem)
        elif self._restarts.count:
            self._begin("restarted")
        else:
            self.begin()

    def _begin(self, kind: str) -> None:
        if self._process is None:
            return
        begin = Begin(self.record.next_frame, self.record.next_configuration)
        self._process.ask(begin, lambda _: None)
        self._restarts.began(self._tools.clock())
        text = variants_in_words(self.deployment.offer, self.stages)
        self.note(kind, "server", text, {"held_bytes": float(self.held_bytes)})
        self._enter("running")
        if self._loading != (self.stages, self.bounds):  # something else was asked for meanwhile
            self.tell_bounds()

    def _try_again(self, reason: str) -> None:
        now = self._tools.clock()
        pause = self._restarts.pause_s(now)
        if pause is None:
            self.note("gave_up", "server", "too many restarts in a row")
            self._enter("failed", reason)
        else:
            self._restart_at = now + pause
            self._enter("restarting", reason)

    def _ask_for(self, switch: _Switch) -> None:
        if self._process is None or self.state != "running":
            self._settle(Ok({}))  # the next worker goes over to it
            return
        steer = Steer(switch.stages, self._memory_bytes, self.bounds.latency_ms, switch.may_pause)
        self._asked += 1
        asked = self._asked
        self._process.ask(steer, lambda answer: self._steered(asked, answer))

    def _steered(self, asked: int, answer: Ok | Error) -> None:
        if asked == self._asked:  # else it was asked for again since, or for another
            self._settle(answer)

    def _settle(self, answer: Ok | Error) -> None:
        switch, self._switch = self._switch, None
        if switch is None:
            return
        if isinstance(answer, Ok):
            self.stages, self.variants = switch.stages, switch.variants
        switch.on_end(answer)

    def _end_worker(self) -> None:
        self._restart_at = None
        process, self._process = self._process, None
        if process:
            process.stop()

    def _enter(self, state: State, reason: str = "") -> None:
        self.state, self._reason = state, reason
        self._owner.state_changed(self)
