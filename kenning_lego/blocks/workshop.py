"""From a network to retrained, profiled variants; every step is found again in the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kenning_lego.blocks.accuracy.compositions import Metric
from kenning_lego.blocks.accuracy.profile import AccuracyProfile, profile_accuracy
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.configuration import ProfileConfig, RetrainConfig
from kenning_lego.blocks.retraining.bench import RetrainBench
from kenning_lego.blocks.retraining.retrain import Images, as_arrays, students_of
from kenning_lego.blocks.variants.variants import BlockVariant, Variants
from kenning_lego.core.records import AccuracyRecord
from kenning_lego.store.fingerprint import fingerprint
from kenning_lego.store.workspace import Workspace
from kenning_lego.training.distillation import check_samples
from kenning_lego.training.executors import make_executor
from kenning_lego.training.progress import OnProgress
from kenning_lego.training.weights import module_fingerprint

_PROFILE_VERSION = 3


@dataclass(frozen=True, slots=True)
class Outcome:
    """A step's result by variant name, and whether it had to be computed."""

    values: Mapping[str, float]
    computed: bool


def retrain_once(
    chain: Chain,
    variants: Variants,
    training: Images,
    validation: Images,
    config: RetrainConfig,
    workspace: Workspace,
    on_progress: OnProgress | None = None,
) -> Outcome:
    """Retrain all variants in place, save those whose weights an earlier run has left.

    An earlier run that was stopped, however, goes on from its checkpoint.

    Returns:
        Validation losses of the retrained variants.

    Raises:
        ModelError: as :func:`.retrain`.
        ConfigurationError: a single variant takes more than ``max_memory_mb``.
        UnknownNameError: there is no such executor.
        KeyboardInterrupt: it was stopped; the checkpoint is written.
    """
    arrays, held_out = as_arrays(chain, training), as_arrays(chain, validation)
    check_samples(arrays, held_out)
    executor = make_executor(config.executor, config.processes)
    bench = RetrainBench(chain, students_of(variants), arrays, held_out, config, workspace)
    tasks = bench.tasks(executor.processes)
    executor.run(tasks, on_progress)
    losses = bench.collect()
    return Outcome(losses, computed=bool(tasks))


@dataclass(frozen=True, slots=True)
class Profiled:
    """Accuracy costs, and whether they had to be estimated."""

    profile: AccuracyProfile
    computed: bool


def profile_once(
    chain: Chain,
    variants: Variants,
    images: NDArray[np.float32],
    labels: NDArray[Any],
    metric: Metric,
    config: ProfileConfig,
    workspace: Workspace,
    on_progress: OnProgress | None = None,
) -> Profiled:
    """Estimate every variant's accuracy cost, or take an earlier run's estimates."""
    step = workspace.step(
        "accuracy",
        _PROFILE_VERSION,
        {
            "variants": {each.name: module_fingerprint(each.module) for each in _all(variants)},
            "samples": fingerprint({"images": images, "labels": labels}),
            "metric": metric_identity(metric),
            "profile": config.model_dump(mode="json"),
            "torch": str(torch.__version__),
        },
    )
    found = step.load()
    if found is not None:
        record = AccuracyRecord.model_validate(found["record"])
        return Profiled(AccuracyProfile(found["costs"], record), computed=False)
    profile = profile_accuracy(chain, variants, images, labels, metric, config, on_progress)
    step.save({"costs": dict(profile.costs), "record": profile.record.model_dump(mode="json")})
    return Profiled(profile, computed=True)


def metric_identity(metric: Metric) -> str:
    """The metric with its parameters, if it is a dataclass, which tells them."""
    kind = f"{type(metric).__module__}.{type(metric).__qualname__} {metric.name}"
    return f"{kind} {metric!r}" if is_dataclass(metric) else kind


def _all(variants: Variants) -> list[BlockVariant]:
    return [each for several in variants.values() for each in several]
