"""Whole networks on a target: over images, and timed in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kenning_lego.blocks.configuration import MeasurementConfig
from kenning_lego.blocks.latency import configurations_plan
from kenning_lego.core.engines import Engine, stage_of
from kenning_lego.core.target import Target
from kenning_lego.datasets.samples import Samples
from kenning_lego.runtimes.quantisation import real_dtype, to_array, to_bytes
from kenning_lego.scenarios.targets import check_engine
from kenning_lego.scenarios.tester.configuration import TargetConfig
from kenning_lego.scenarios.tester.measuring import medians_ms, translated
from kenning_lego.training.progress import OnProgress

_DECODED_AT_ONCE = 64
"""Images in memory while a network runs over them."""


@dataclass(frozen=True, slots=True)
class Runnable:
    """An artifact that the target holds, and what is to run it.

    Args:
        name: unique among those that are measured together.
        digest: sha256 of the artifact.
        engine: runs it.
    """

    name: str
    digest: str
    engine: Engine


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """What a network gave for some images.

    Args:
        outputs: samples first.
        durations_ns: of each call, on the target's clock.
    """

    outputs: NDArray[Any]
    durations_ns: tuple[int, ...]


def check_runnable(target: Target, what: Runnable, where: TargetConfig) -> None:
    """Make sure that the target has an artifact's engine.

    Raises:
        ConfigurationError: it has not.
    """
    engine = what.engine
    named = where.model_copy(update={"runtime": engine.runtime, "options": engine.options})
    check_engine(named, target.describe(), target.address)


def answer(
    target: Target, what: Runnable, where: TargetConfig, samples: Samples, tell: OnProgress
) -> Answers:
    """Run a network over images on the target, one by one.

    Raises:
        TargetError: the target cannot load or run it, or is gone.
    """
    engine = what.engine
    composed = target.compose(
        (what.digest,), runtime=engine.runtime, threads=where.threads, options=engine.options
    )
    (taken, *_), (given, *_) = composed.spec.inputs, composed.spec.outputs
    outputs = np.empty((len(samples), *given.sizes[1:]), real_dtype(given))
    durations: list[int] = []
    for images, _ in samples.batches(_DECODED_AT_ONCE):
        for image in images:
            tensors, duration = target.infer([to_bytes(image, taken)])
            outputs[len(durations)] = to_array(tensors[0], given)[0]
            durations.append(duration)
            tell(len(durations), len(samples), what.name)
    return Answers(outputs, tuple(durations))


def time_in_turn(
    target: Target,
    several: Sequence[Runnable],
    where: TargetConfig,
    config: MeasurementConfig,
    tell: OnProgress,
) -> Mapping[str, float]:
    """Time networks in one plan, whatever their engines: each round runs every one of them.

    Returns:
        Median latencies in ms, by name.
    """
    engines = _engines(several)
    items = {each.name: stage_of(each.digest, engines.index(each.engine)) for each in several}
    first, *further = engines
    plan = replace(
        configurations_plan(
            (), {}, config, runtime=first.runtime, threads=where.threads, whole=items
        ),
        options=first.options,
        engines=tuple(further),
        beside_deployments=where.beside_deployments,
    )
    target.measure(plan, translated(tell, plan.max_seconds))
    return medians_ms(target, list(items))


def _engines(several: Sequence[Runnable]) -> list[Engine]:
    """Each once; options cannot be hashed."""
    found: list[Engine] = []
    for each in several:
        if each.engine not in found:
            found.append(each.engine)
    return found
