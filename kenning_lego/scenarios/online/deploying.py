"""From a tested network and what is asked of it to a deployment."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from kenning_lego.core.bounds import Bounds, Schedule
from kenning_lego.core.configuration import explain
from kenning_lego.core.deployments import Deployment
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.protocols.client import TargetClient
from kenning_lego.scenarios.online.budget_trace import TraceStep, schedule_for
from kenning_lego.scenarios.online.configuration import PipelineConfig
from kenning_lego.scenarios.online.frames import Supply
from kenning_lego.scenarios.online.tested import TestedNetwork, open_tested
from kenning_lego.scenarios.tester.configuration import TargetConfig
from kenning_lego.selection.problem import Choice, evaluate

KEPT_FRAMES = 200_000
KEPT_OUTPUTS_BYTES = 16 << 20
"""More than a host needs that asks several times a second."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What is to run.

    Args:
        network: the tested network.
        supply: its frames.
        deployment: what the target is told.
    """

    network: TestedNetwork
    supply: Supply
    deployment: Deployment


def pipeline(
    network: TestedNetwork | Path | str,
    *,
    adaptive: bool = False,
    runtime: str = "onnxruntime",
    threads: int = 1,
    **settings: Any,
) -> Pipeline:
    """A pipeline of one tested network, for :func:`deploy`.

    Args:
        network: or the workspace in which it was tested.
        adaptive: whether the target chooses anew when its bounds or its load change.
        runtime: the target's engine.
        threads: that it may use.
        settings: of :class:`.configuration.PipelineConfig`, such as ``latency_ms`` or ``rate``.

    Raises:
        KenningLegoError: see :func:`prepare`; a setting is unknown or wrong.
    """
    workspace = network.workspace.root if isinstance(network, TestedNetwork) else Path(network)
    run = network.path.parent.name if isinstance(network, TestedNetwork) else None
    try:
        config = PipelineConfig(workspace=workspace, **{"run": run, **settings})
    except ValidationError as error:
        raise explain(error, "pipeline") from error
    where = TargetConfig(runtime=runtime, threads=threads)
    return prepare([config], where, adaptive=adaptive)[0]


def prepare(
    configs: Sequence[PipelineConfig],
    where: TargetConfig,
    *,
    adaptive: bool,
    steps: Sequence[TraceStep] = (),
    repeat_s: float | None = None,
) -> tuple[Pipeline, ...]:
    """Read what the pipelines need; nothing of it runs yet.

    Args:
        configs: of the pipelines.
        where: the target.
        adaptive: whether the target chooses anew when something changes.
        steps: of bounds over time.
        repeat_s: after how many seconds these begin again.

    Raises:
        KenningLegoError: a network was not tested, a configuration is not there, frames cannot be
            read, two pipelines have one name, or the trace is about one that is not there.
    """
    pipelines = []
    for config in configs:
        network = open_tested(config.workspace, config.run)
        name = config.name or _name_of(network)
        original = _original(network)
        pipelines.append(
            _pipeline(
                config,
                network,
                name,
                where,
                schedule_for(steps, name, original, repeat_s),
                adaptive=adaptive,
            )
        )
    names = [each.deployment.name for each in pipelines]
    for name in names:
        if names.count(name) > 1:
            raise ConfigurationError(
                f"two pipelines have the name {name!r}", "give each its own with `name`"
            )
    for step in steps:
        if step.pipeline is not None and step.pipeline not in names:
            raise ConfigurationError(
                f"the trace is about a pipeline {step.pipeline!r}",
                f"the pipelines are: {', '.join(names)}",
            )
    return tuple(pipelines)


def deploy(target: TargetClient, pipeline: Pipeline) -> None:
    """Ship what the pipeline needs and let the target run it.

    Raises:
        KenningLegoError: see the exception tree.
    """
    artifacts = pipeline.network.workspace.artifacts
    for digest in sorted(pipeline.deployment.offer.digests()):
        target.upload(artifacts.path(digest), digest)
    if pipeline.supply.content is not None:
        digest = artifacts.add(pipeline.supply.content)
        target.upload(artifacts.path(digest), digest)
    target.deployments.deploy(pipeline.deployment)


def _pipeline(
    config: PipelineConfig,
    network: TestedNetwork,
    name: str,
    where: TargetConfig,
    schedule: Schedule | None,
    *,
    adaptive: bool,
) -> Pipeline:
    supply = config.frames.supply(network)
    variants = network.configuration(config.configuration).variants if config.configuration else {}
    deployment = Deployment(
        name,
        network.offer(runtime=where.runtime, threads=where.threads, options=where.options),
        source=supply.source,
        rate_fps=config.rate,
        variants=dict(variants),
        adaptive=adaptive,
        bounds=_bounds(config, _original(network)),
        schedule=schedule,
        weight=config.weight,
        keep_frames=KEPT_FRAMES,
        keep_outputs_bytes=0 if supply.labels is None else KEPT_OUTPUTS_BYTES,
    )
    problem = deployment.problem()
    if problem:
        raise ConfigurationError(f"pipeline {name!r}: {problem}", "correct it")
    return Pipeline(network, supply, deployment)


def _original(network: TestedNetwork) -> Choice:
    problem = network.problem
    return evaluate(problem, {each.name: each.options[0].variant for each in problem.blocks})


def _bounds(config: PipelineConfig, original: Choice) -> Bounds:
    step = TraceStep(
        at_s=0.0,
        latency_ms=config.latency_ms,
        latency_share=config.latency_share,
        memory_mb=config.memory_mb,
        memory_share=config.memory_share,
    )
    return step.bounds(original)


def _name_of(network: TestedNetwork) -> str:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", network.record.network.name).strip("-._")
    return name[:64] or "pipeline"
