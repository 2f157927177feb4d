"""From a network to retrained, profiled variants; every step is found again in the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kenning_lego.blocks.accuracy import AccuracyProfile, profile_accuracy
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.compositions import Metric
from kenning_lego.blocks.configuration import ProfileConfig, RetrainConfig
from kenning_lego.blocks.retrain import retrain
from kenning_lego.blocks.variants import BlockVariant, Variants
from kenning_lego.core.records import AccuracyRecord
from kenning_lego.store.fingerprint import fingerprint
from kenning_lego.store.workspace import Workspace
from kenning_lego.training.distillation import OnProgress
from kenning_lego.training.weights import load_weights, module_fingerprint, save_weights

_RETRAIN_VERSION = 1
_PROFILE_VERSION = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """A step's result by variant name, and whether it had to be computed."""

    values: Mapping[str, float]
    computed: bool


def retrain_once(
    chain: Chain,
    variants: Variants,
    training: NDArray[np.float32],
    validation: NDArray[np.float32],
    config: RetrainConfig,
    workspace: Workspace,
    on_progress: OnProgress | None = None,
) -> Outcome:
    """Retrain all variants in place, or take the weights of an earlier run.

    Returns:
        Validation losses of the retrained variants.
    """
    students = {each.name: each.module for each in _all(variants) if each.kind != "original"}
    step = workspace.step(
        "retraining",
        _RETRAIN_VERSION,
        {
            "variants": {each.name: module_fingerprint(each.module) for each in _all(variants)},
            "images": fingerprint({"training": training, "validation": validation}),
            "retraining": config.model_dump(mode="json"),
            "torch": str(torch.__version__),
        },
    )
    found = step.load()
    if found is not None and load_weights(step.weights, students):
        return Outcome(found["losses"], computed=False)
    results = retrain(chain, variants, training, validation, config, on_progress)
    losses = {name: each.loss_after for name, each in results.items()}
    save_weights(step.weights, students)
    step.save({"losses": losses})
    return Outcome(losses, computed=True)


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
            "metric": repr(metric),
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


def _all(variants: Variants) -> list[BlockVariant]:
    return [each for several in variants.values() for each in several]
