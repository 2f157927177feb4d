"""The network that is to be scaled: trained here, or given with its weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from kenning_lego.store.workspace import Workspace
from kenning_lego.training.classification import EpochResult, evaluate, train
from kenning_lego.training.configuration import TrainingConfig
from kenning_lego.training.interfaces import Samples, Score, TrainingData
from kenning_lego.training.weights import load_weights, module_fingerprint, save_weights

_VERSION = 1


@dataclass(frozen=True, slots=True)
class Scores:
    """A network's metric on the parts that it was not trained on."""

    validation: float
    test: float


def train_once(
    model: nn.Module,
    dataset: TrainingData,
    config: TrainingConfig,
    workspace: Workspace,
    dataset_fingerprint: str,
    on_epoch: Callable[[EpochResult], None] | None = None,
) -> bool:
    """Train a network in place, or take the weights of an earlier run of the same training.

    Returns:
        Whether it had to be trained.
    """
    step = workspace.step(
        "training",
        _VERSION,
        {
            "module": module_fingerprint(model),
            "dataset": dataset_fingerprint,
            "training": config.model_dump(mode="json"),
            "torch": str(torch.__version__),
        },
    )
    if step.load() is not None and load_weights(step.weights, {"model": model}):
        model.eval()
        return False
    result = train(model, dataset, config, on_epoch)
    save_weights(step.weights, {"model": model})
    step.save(
        {
            "best_epoch": result.best_epoch,
            "validation_score": result.validation_score,
            "seconds": result.seconds,
        }
    )
    return True


def score_network(model: nn.Module, validation: Samples, test: Samples, metric: Score) -> Scores:
    """Score a network on both parts."""
    return Scores(evaluate(model, validation, metric), evaluate(model, test, metric))
