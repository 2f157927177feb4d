"""Train image classifiers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from kenning_lego.core.errors import ModelError
from kenning_lego.training.checkpoints import Checkpoints
from kenning_lego.training.configuration import TrainingConfig
from kenning_lego.training.fitting import EpochResult, Fitting
from kenning_lego.training.interfaces import Goal, TrainingData
from kenning_lego.training.prediction import device_of
from kenning_lego.training.progress import OnProgress, ShouldStop, never


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A training's outcome.

    Args:
        best_epoch: whose weights the network has, from 1.
        validation_score: of these weights on the validation part.
        epochs: all epochs' results.
        seconds: wall time of the epochs.
    """

    best_epoch: int
    validation_score: float
    epochs: tuple[EpochResult, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What goes on around a training; nothing of it changes the weights.

    Args:
        checkpoints: to go on from, and to leave some in; None for none.
        should_stop: asked after each step.
        on_progress: told of each step: samples seen, of how many, and a line for people.
        on_epoch: told of each epoch, those before the checkpoint too.
        on_best: told of an epoch that is the best so far, while the network has its weights.
    """

    checkpoints: Checkpoints | None = None
    should_stop: ShouldStop = never
    on_progress: OnProgress | None = None
    on_epoch: Callable[[EpochResult], None] | None = None
    on_best: Callable[[EpochResult], None] | None = None


def train(
    model: nn.Module,
    dataset: TrainingData,
    config: TrainingConfig | None = None,
    goal: Goal | None = None,
    around: Surroundings | None = None,
) -> TrainingResult:
    """Train a classifier in place and keep the weights that did best on the validation part.

    SGD with Nesterov momentum under a one-cycle learning rate. On one machine with the same
    number of threads, equal weights and configurations train to equal weights, also if the
    training was stopped and went on from its checkpoint. torch's global random state is left as
    it was.

    Args:
        model: takes (samples, channels, height, width), gives logits (samples, classes); trained
            on the device that it is on, and left in evaluation mode.
        dataset: the training and validation parts are used.
        config: defaults if None.
        goal: what the best epoch is chosen by, on the validation part; top-1 accuracy if None.
        around: progress, checkpoints and interruptions.

    Raises:
        ModelError: the training part has fewer than 2 samples or the validation part none, the
            network has no parameters, its outputs do not fit, or the loss is no longer finite.
        StoreError: a checkpoint cannot be written.
        KeyboardInterrupt: it was stopped; the checkpoint is written.
    """
    config, around = config or TrainingConfig(), around or Surroundings()
    _check(model, dataset)
    fitting = Fitting(model, dataset, config, goal)
    with _seeded(model, config.seed):
        if around.checkpoints is not None and (found := around.checkpoints.load()):
            fitting.restore(found.state, next(found.parts))
        for each in fitting.epochs:
            _tell(around, each)
        while not fitting.finished:
            _train_epoch(fitting, around)
            ended = fitting.end_epoch()
            _tell(around, ended)
            if around.on_best is not None and fitting.best_epoch == ended.epoch:
                around.on_best(ended)
    best = fitting.finish()
    seconds = sum(each.seconds for each in fitting.epochs)
    return TrainingResult(best.epoch, best.validation_score, tuple(fitting.epochs), seconds)


def _train_epoch(fitting: Fitting, around: Surroundings) -> None:
    """The steps that are left of an epoch, with checkpoints in between."""
    fitting.begin_epoch()
    while fitting.in_epoch:
        fitting.step()
        if around.on_progress is not None:
            around.on_progress(fitting.seen, fitting.samples, str(fitting))
        keep = around.checkpoints
        stop = around.should_stop()
        if keep is not None and (stop or keep.due):
            keep.save(fitting.state(), [fitting.tensors()])
        if stop:
            raise KeyboardInterrupt


def _tell(around: Surroundings, epoch: EpochResult) -> None:
    if around.on_epoch is not None:
        around.on_epoch(epoch)


def _check(model: nn.Module, dataset: TrainingData) -> None:
    count = len(dataset.train.labels)
    if count < 2 or not len(dataset.validation.labels):
        raise ModelError(
            f"{count} training and {len(dataset.validation.labels)} validation samples",
            "give at least 2 and 1",
        )
    if not any(True for _ in model.parameters()):
        raise ModelError(
            f"{type(model).__name__} has no parameters to train",
            "name a network with layers, or give its checkpoint",
        )


@contextmanager
def _seeded(model: nn.Module, seed: int) -> Iterator[None]:
    device = device_of(model)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
