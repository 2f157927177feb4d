"""The network that is to be scaled: trained here, or given with its weights."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

import torch
from torch import nn

from kenning_lego.store.fingerprint import fingerprint
from kenning_lego.store.workspace import Step, Workspace
from kenning_lego.training.checkpoints import Checkpoints
from kenning_lego.training.classification import Surroundings, TrainingResult, train
from kenning_lego.training.configuration import TrainingConfig
from kenning_lego.training.fitting import EpochResult
from kenning_lego.training.interfaces import NamedGoal, Samples, Score, TrainingData
from kenning_lego.training.prediction import evaluate
from kenning_lego.training.progress import CombinedProgress, OnProgress, stopping_on_interrupt
from kenning_lego.training.weights import load_weights, module_fingerprint, save_weights

_VERSION = 2

CHECKPOINT_S = 60.0
"""How often a training leaves a checkpoint, where nothing else was said."""


@dataclass(frozen=True, slots=True)
class Scores:
    """A network's metric on the parts that it was not trained on."""

    validation: float
    test: float


@dataclass(frozen=True, slots=True)
class Trained:
    """A training that is done, and whether it had to be done now."""

    result: TrainingResult
    computed: bool


@dataclass(frozen=True, slots=True)
class TrainingPlace:
    """Where a training's result is kept, and meanwhile how far it is."""

    step: Step
    checkpoints: Checkpoints


def find_place(
    model: nn.Module,
    dataset: TrainingData,
    config: TrainingConfig,
    goal: NamedGoal,
    workspace: Workspace,
    checkpoint_s: float = CHECKPOINT_S,
) -> TrainingPlace:
    """The place of a training, found by all that the weights depend on.

    Args:
        model: with the weights that it begins with.
        dataset: its training and validation parts count.
        config: of the training.
        goal: what the best epoch is chosen by.
        workspace: of the result.
        checkpoint_s: how often a checkpoint is due.
    """
    parts = (("train", dataset.train), ("validation", dataset.validation))
    arrays: dict[str, Any] = {}
    for name, part in parts:
        arrays |= {f"{name}/images": part.images, f"{name}/labels": part.labels}
    inputs = {
        "module": module_fingerprint(model),
        "dataset": fingerprint(arrays),
        "training": config.model_dump(mode="json"),
        "goal": goal.name,
        "torch": str(torch.__version__),
    }
    step = workspace.step("training", _VERSION, inputs)
    return TrainingPlace(step, Checkpoints(workspace.root / "checkpoints" / step.key, checkpoint_s))


def train_once(
    model: nn.Module,
    dataset: TrainingData,
    config: TrainingConfig,
    goal: NamedGoal,
    place: TrainingPlace,
    around: Surroundings | None = None,
) -> Trained:
    """Train a network in place, or take the weights of an earlier run of the same training.

    A training that was stopped goes on from its checkpoint to the same weights, bit for bit.

    Args:
        model: see :func:`.train`.
        dataset: see :func:`.train`.
        config: of the training.
        goal: what the best epoch is chosen by.
        place: of this training.
        around: who is told of it; checkpoints and interruptions are seen to here.

    Raises:
        ModelError, StoreError: as :func:`.train`.
        KeyboardInterrupt: it was stopped; the checkpoint is written.
    """
    around = around or Surroundings()
    found = place.step.load()
    if found is not None and load_weights(place.step.weights, {"model": model}):
        model.eval()
        result = _read(found)
        for each in result.epochs:
            if around.on_epoch is not None:
                around.on_epoch(each)
        return Trained(result, computed=False)
    with stopping_on_interrupt() as should_stop:
        own = replace(around, checkpoints=place.checkpoints, should_stop=should_stop)
        result = train(model, dataset, config, goal, own)
    save_weights(place.step.weights, {"model": model})
    place.step.save(asdict(result))
    place.checkpoints.discard()
    return Trained(result, computed=True)


def score_network(
    model: nn.Module,
    validation: Samples,
    test: Samples,
    metric: Score,
    on_progress: OnProgress | None = None,
) -> Scores:
    """Score a network on both parts."""
    progress = CombinedProgress([len(validation.labels), len(test.labels)], on_progress)
    return Scores(
        evaluate(model, validation, metric, on_progress=progress.of(0)),
        evaluate(model, test, metric, on_progress=progress.of(1)),
    )


def _read(found: dict[str, Any]) -> TrainingResult:
    epochs = tuple(EpochResult(**each) for each in found["epochs"])
    return TrainingResult(**{**found, "epochs": epochs})
