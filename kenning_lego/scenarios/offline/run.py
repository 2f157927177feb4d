"""The steps that need no target, in order; every one is found again in the workspace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

import torch
from torch import nn

from kenning_lego.blocks.accuracy.profile import AccuracyProfile
from kenning_lego.blocks.chain import Chain
from kenning_lego.blocks.cutting.extract import extract
from kenning_lego.blocks.storage.manifest import Manifest, StoredScores
from kenning_lego.blocks.storage.networks import Findings, save_network
from kenning_lego.blocks.variants.makers.base import VariantMaker
from kenning_lego.blocks.variants.makers.lookup import find_makers
from kenning_lego.blocks.variants.variants import Variants, make_variants
from kenning_lego.blocks.workshop import profile_once, retrain_once
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.base import Dataset
from kenning_lego.metrics.base import Metric
from kenning_lego.metrics.lookup import make_metric
from kenning_lego.models.lookup import load_model
from kenning_lego.scenarios.offline.configuration import ModelConfig, OfflineConfig
from kenning_lego.scenarios.offline.fitting import check_fits
from kenning_lego.scenarios.progress import Track
from kenning_lego.store.workspace import Workspace
from kenning_lego.training.classification import Surroundings
from kenning_lego.training.executors import make_executor
from kenning_lego.training.teacher import Scores, find_place, score_network, train_once

Step = Callable[[str], AbstractContextManager[Track]]
"""Shows a step of that title while it runs."""

FOUND = "found in the workspace"

_CALIBRATION_IMAGES = 64
"""That makers of variants may look at."""


@dataclass(frozen=True, slots=True)
class Given:
    """What a scenario names."""

    model: nn.Module
    dataset: Dataset
    metric: Metric
    makers: Sequence[VariantMaker]


@dataclass(frozen=True, slots=True)
class Made:
    """What comes of it: the chain, its variants, and what is known of them without a target."""

    chain: Chain
    variants: Variants
    scores: Scores
    losses: dict[str, float]
    profile: AccuracyProfile
    manifest: Manifest


def make_model(config: ModelConfig) -> nn.Module:
    """The torch network that is named.

    Raises:
        UsageError: it is not there, or a file was named instead.
    """
    if config.file is not None:
        raise ConfigurationError(
            f"{config.file} is a file, and this takes torch networks",
            "test it as it is with `kenning-lego test`, or name the network it was made from",
        )
    return load_model(config.name, config.checkpoint, **config.arguments)


def load(config: OfflineConfig) -> Given:
    """Load the network, the data and the metric, and find the makers and the executor.

    Raises:
        UsageError: one of them is not there, or not what the configuration says.
    """
    makers = find_makers(config.blocks)
    make_executor(config.retraining.executor, config.retraining.processes)  # known before all else
    torch.manual_seed(config.training.seed)
    model = make_model(config.model)
    dataset, metric = config.dataset.load(), make_metric(config.metric)
    check_fits(model, dataset, config.model.name)
    return Given(model, dataset, metric, makers)


def make(config: OfflineConfig, given: Given, workspace: Workspace, step: Step) -> Made:
    """Train the network if need be, cut it, make variants, retrain and profile them.

    Raises:
        KenningLegoError: see the exception tree; what was finished stays in the workspace.
    """
    scores = train_network(config, given, workspace, step)
    chain, variants = cut_network(config, given, step)
    losses = retrain_variants(config, given, chain, variants, workspace, step)
    profile = _profile(config, given, chain, variants, workspace, step)
    findings = Findings(
        losses,
        profile,
        StoredScores(
            dataset=given.dataset.name,
            metric=given.metric.name,
            validation=scores.validation,
            test=scores.test,
        ),
    )
    with step("keep the blocks"):
        name = config.model.name
        manifest = save_network(workspace.network(name), name, chain, variants, findings)
    return Made(chain, variants, scores, losses, profile, manifest)


def train_network(config: OfflineConfig, given: Given, workspace: Workspace, step: Step) -> Scores:
    """Train the network in place unless it came with weights, and score it."""
    model, dataset = given.model, given.dataset
    if config.model.checkpoint is None:
        with step("train the network") as track:
            around = Surroundings(on_progress=track.update)
            how, metric = config.training, given.metric
            place = find_place(
                model, dataset, how, metric, workspace, config.retraining.checkpoint_s
            )
            trained = train_once(model, dataset, how, metric, place, around)
            track.note = "" if trained.computed else FOUND
    with step("score the network") as track:
        scores = score_network(model, dataset.validation, dataset.test, given.metric, track.update)
        track.note = f"test {given.metric.name} {scores.test:.4f}"
    return scores


def cut_network(config: OfflineConfig, given: Given, step: Step) -> tuple[Chain, Variants]:
    """Cut the network into blocks, and make their variants, untrained."""
    example = torch.tensor(given.dataset.test.take([0]).images)
    with step("cut into blocks") as track:
        blocks = config.blocks
        chain = extract(
            given.model,
            example,
            count=blocks.count,
            share=blocks.share,
            max_ratio=blocks.max_ratio,
        )
        track.note = f"{len(chain.blocks)} blocks in {len(chain)} segments"
    with step("make variants") as track:
        train = given.dataset.train
        calibration = torch.tensor(train.take(range(min(_CALIBRATION_IMAGES, len(train)))).images)
        variants = make_variants(chain, config.blocks.ratios, given.makers, calibration)
        track.note = f"{sum(map(len, variants.values()))} variants"
    return chain, variants


def retrain_variants(
    config: OfflineConfig,
    given: Given,
    chain: Chain,
    variants: Variants,
    workspace: Workspace,
    step: Step,
) -> dict[str, float]:
    """Retrain the variants in place; their reconstruction losses by name."""
    with step("retrain variants") as track:
        losses = retrain_once(
            chain,
            variants,
            given.dataset.train.images,
            given.dataset.validation.images,
            config.retraining,
            workspace,
            track.update,
        )
        track.note = "" if losses.computed else FOUND
    return dict(losses.values)


def _profile(
    config: OfflineConfig,
    given: Given,
    chain: Chain,
    variants: Variants,
    workspace: Workspace,
    step: Step,
) -> AccuracyProfile:
    validation = given.dataset.validation
    with step("profile accuracy") as track:
        found = profile_once(
            chain,
            variants,
            validation.images,
            validation.labels,
            given.metric,
            config.profile,
            workspace,
            track.update,
        )
        track.note = "" if found.computed else FOUND
    return found.profile
