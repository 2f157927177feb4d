"""Run pipelines on a target, look on, and keep what was seen."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kenning_lego.core.deployment_records import DeploymentEvent
from kenning_lego.core.engines import Engine
from kenning_lego.core.errors import StoreError, TargetError
from kenning_lego.core.output import current
from kenning_lego.core.pipeline_records import PipelinesRecord
from kenning_lego.core.plans import TargetDescription
from kenning_lego.core.run_headers import EnvironmentRecord, TargetRecord
from kenning_lego.metrics.base import ShareMetric
from kenning_lego.metrics.lookup import make_metric
from kenning_lego.protocols.client import TargetClient
from kenning_lego.reports.write import write_report
from kenning_lego.scenarios.figures import pipeline_figures
from kenning_lego.scenarios.online.configuration import AdaptConfig, RunConfig
from kenning_lego.scenarios.online.deploying import Pipeline, deploy
from kenning_lego.scenarios.online.following import Followed, first_moment, used_by
from kenning_lego.scenarios.online.fusing import Fuser
from kenning_lego.scenarios.online.recording import record_events, record_pipeline
from kenning_lego.scenarios.origin import origin
from kenning_lego.scenarios.progress import Steps, Track
from kenning_lego.scenarios.targets import check_engines, open_server
from kenning_lego.store.keeping import keep_record
from kenning_lego.store.workspace import new_run_name

if TYPE_CHECKING:
    from rich.console import Console

LOOK_INTERVAL_S = 0.25
STEPS = frozenset({"loaded", "evicted", "paused", "switched", "preloaded"})
"""Kinds of events that only carry out what was decided: they are in the record alone."""


class Watch:
    """Pipelines on a target, as a host sees them.

    Args:
        config: where and for how long.
        pipelines: what runs.
        console: where to tell about it.
        command: recorded as the way to repeat it.
    """

    def __init__(
        self,
        config: RunConfig | AdaptConfig,
        pipelines: Sequence[Pipeline],
        console: Console,
        command: Sequence[str],
    ) -> None:
        self._config = config
        self._pipelines = {each.deployment.name: each for each in pipelines}
        self._console = console
        self._command = tuple(command)
        self._followed = {name: Followed(name) for name in self._pipelines}
        self._fused: dict[str, dict[str, Mapping[str, str]]] = {n: {} for n in self._pipelines}

    def run(self, shared_memory_bytes: int | None = None) -> PipelinesRecord:
        """Deploy the pipelines, look on, stop them, and write the record and its page.

        Args:
            shared_memory_bytes: that all pipelines together may load.

        Raises:
            KenningLegoError: see the exception tree. Pipelines that were begun are stopped, unless
                they were to stay.
        """
        where = self._config.target
        with open_server(where) as target:
            before = target.describe()
            check_engines(where, self._engines(), before, target.address)
            with self._deployed(target, shared_memory_bytes):
                try:
                    self._look_on(target)
                except (KeyboardInterrupt, TargetError):
                    # What was seen until then is worth keeping, also of a target that is gone.
                    self._keep(target.address, before, before)
                    raise
            after = target.describe()
        return self._keep(target.address, before, after)

    def _engines(self) -> list[Engine]:
        """Further ones that the pipelines' variants run on."""
        offers = [each.deployment.offer for each in self._pipelines.values()]
        return [engine for offer in offers for engine in offer.engines]

    @contextlib.contextmanager
    def _deployed(self, target: TargetClient, shared_memory_bytes: int | None) -> Iterator[None]:
        begun: list[str] = []
        try:
            if shared_memory_bytes is not None:
                target.deployments.set_shared_memory(shared_memory_bytes)
            # A connection of its own, whose lease ends here: others may measure meanwhile.
            with open_server(self._config.target) as leased:
                for name, pipeline in self._pipelines.items():
                    deploy(leased, pipeline)
                    begun.append(name)
                    said = f"{pipeline.network.record.network.name}, {pipeline.supply.said}"
                    self._console.print(f"pipeline {name}: {said}", soft_wrap=True)
            yield
        finally:
            if not self._config.detach:
                for name in begun:
                    with contextlib.suppress(TargetError):  # the server may be what failed
                        target.deployments.unload(name)
        if self._config.detach:
            names = ", ".join(begun)
            self._console.print(f"left running on the target: {names}", soft_wrap=True)

    def _look_on(self, target: TargetClient) -> None:
        """Gather parts of the records until the time is over or no pipeline runs any more."""
        fuser = Fuser(self._config.fuse_after, self._config.target)
        with Steps(self._console)("look on") as track:
            self._look_until_over(target, fuser, track)

    def _look_until_over(self, target: TargetClient, fuser: Fuser, track: Track) -> None:
        begin, seconds = time.monotonic(), self._config.seconds
        while True:
            left = begin + seconds - time.monotonic()
            frames = sum(len(each.frames) for each in self._followed.values())
            track.update(round(1e3 * (seconds - left)), round(1e3 * seconds), f"{frames:,} frames")
            for name, followed in self._followed.items():
                pipeline = self._pipelines[name]
                self._ask(target, followed, pipeline)
                fuser.look(followed, pipeline, self._fused[name])
            if left <= 0 or all(each.ended for each in self._followed.values()):
                return
            time.sleep(min(LOOK_INTERVAL_S, left))

    def _ask(self, target: TargetClient, followed: Followed, pipeline: Pipeline) -> None:
        outputs = pipeline.supply.labels is not None
        while True:
            part = target.deployments.record(
                followed.name,
                since_frame=followed.next_frame,
                since_event=followed.next_event,
                outputs=outputs,
            )
            followed.take(part)
            self._tell(followed.name, part.events)
            if not part.frames:
                return

    def _tell(self, name: str, events: Sequence[DeploymentEvent]) -> None:
        begin_ns = first_moment(self._followed.values())
        for event in events:
            if event.kind not in STEPS:
                at = (event.at_ns - begin_ns) / 1e9
                said = f"  {at:7.2f} s  {name}  {event.kind}: {event.text}"
                self._console.print(said, soft_wrap=True)

    def _record(
        self, run_id: str, address: str, before: TargetDescription, after: TargetDescription
    ) -> PipelinesRecord:
        followed = list(self._followed.values())
        begin_ns = first_moment(followed)
        last = [each.frames[-1] for each in followed if each.frames]
        end_ns = max((frame.begin_ns + frame.duration_ns for frame in last), default=begin_ns)
        return PipelinesRecord(
            **origin(run_id, self._command, self._config),
            target=TargetRecord(
                address=address,
                in_process=False,
                environment=EnvironmentRecord.between(before, after),
                used=used_by(followed),
            ),
            duration_s=round((end_ns - begin_ns) / 1e9, 6),
            pipelines=tuple(
                record_pipeline(
                    each,
                    self._pipelines[each.name].network,
                    self._pipelines[each.name].supply.said,
                    begin_ns,
                    self._answers(each),
                    self._fused[each.name],
                )
                for each in followed
            ),
            events=record_events(followed, begin_ns),
        )

    def _answers(self, followed: Followed) -> Mapping[int, int]:
        pipeline = self._pipelines[followed.name]
        labels = pipeline.supply.labels
        metric = make_metric(pipeline.network.record.network.metric) if labels is not None else None
        if labels is None or not isinstance(metric, ShareMetric):
            return {}
        return followed.answers(labels, metric)

    def _new_run(self) -> Path | None:
        """None where the workspace cannot be written, and another place can."""
        try:
            return next(iter(self._pipelines.values())).network.workspace.new_run()
        except StoreError as error:
            if self._config.output is None:
                raise
            current().tell(f"not kept in the workspace: {error}")
            return None

    def _keep(
        self, address: str, before: TargetDescription, after: TargetDescription
    ) -> PipelinesRecord:
        """Write record and page as a run of the first workspace, and where they are wanted."""
        run = self._new_run()
        record = self._record(run.name if run else new_run_name(), address, before, after)
        current().figures(**pipeline_figures(record))
        for directory in filter(None, (run, self._config.output)):
            current().wrote("record", keep_record(record, directory))
            current().wrote("report", write_report(record, directory))
        return record
