"""Train, run and score image classifiers."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from kenning_lego.core.errors import ModelError
from kenning_lego.training.augmentation import flip, shift
from kenning_lego.training.configuration import TrainingConfig
from kenning_lego.training.interfaces import Samples, Score, TrainingData

_MOMENTUM = 0.9
_WARMUP_SHARE = 0.2
_CLIP_NORM = 5.0


@dataclass(frozen=True, slots=True)
class EpochResult:
    """An epoch's outcome.

    Args:
        epoch: from 1.
        epochs: how many there will be.
        loss: mean cross-entropy over the training part, while it was trained on.
        validation_score: top-1 accuracy (0..1) on the validation part.
        seconds: wall time of the epoch.
    """

    epoch: int
    epochs: int
    loss: float
    validation_score: float
    seconds: float

    def __str__(self) -> str:
        return (
            f"epoch {self.epoch}/{self.epochs}: loss {self.loss:.4f}, "
            f"validation {self.validation_score:.2%}, {self.seconds:.1f} s"
        )


@dataclass(frozen=True, slots=True)
class TrainingResult:
    """A training's outcome.

    Args:
        best_epoch: whose weights the network has, from 1.
        validation_score: top-1 accuracy (0..1) of these weights on the validation part.
        epochs: all epochs' results.
        seconds: wall time of the training.
    """

    best_epoch: int
    validation_score: float
    epochs: tuple[EpochResult, ...]
    seconds: float


def train(
    model: nn.Module,
    dataset: TrainingData,
    config: TrainingConfig | None = None,
    on_epoch: Callable[[EpochResult], None] | None = None,
) -> TrainingResult:
    """Train a classifier in place and keep the weights that did best on the validation part.

    SGD with Nesterov momentum under a one-cycle learning rate. On one machine with the same
    number of threads, equal weights and configurations train to equal weights. torch's global
    random state is left as it was.

    Args:
        model: takes (samples, channels, height, width), gives logits (samples, classes); trained
            on the device that it is on, and left in evaluation mode.
        dataset: the training and validation parts are used.
        config: defaults if None.
        on_epoch: called after each epoch.

    Raises:
        ModelError: the training part has fewer than 2 samples or the validation part none, the
            network has no parameters, its outputs do not fit, or the loss is no longer finite.
    """
    config = config or TrainingConfig()
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
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=config.learning_rate,
        momentum=_MOMENTUM,
        weight_decay=config.weight_decay,
        nesterov=True,
    )
    steps = math.ceil(count / config.batch_size)
    generator = torch.Generator().manual_seed(config.seed)
    results: list[EpochResult] = []
    best_epoch, best_score, best_weights = 0, -1.0, dict[str, Tensor]()
    started = time.perf_counter()
    with _seeded(model, config.seed):
        for epoch in range(1, config.epochs + 1):
            epoch_started = time.perf_counter()
            done = (epoch - 1) * steps
            rates = [
                config.learning_rate * one_cycle((done + step) / (config.epochs * steps))
                for step in range(steps)
            ]
            loss = _train_epoch(model, dataset.train, optimizer, rates, config, generator)
            if not math.isfinite(loss):
                raise ModelError(
                    f"the loss is {loss} in epoch {epoch} of {config.epochs}",
                    f"lower learning_rate, which is {config.learning_rate}, and check that the "
                    "images are finite",
                )
            outputs = predict(model, dataset.validation.images)
            score = float(np.mean(outputs.argmax(axis=1) == dataset.validation.labels))
            # Of equals the later is kept: its learning rate was lower.
            if score >= best_score:
                best_epoch, best_score = epoch, score
                best_weights = {name: each.clone() for name, each in model.state_dict().items()}
            seconds = time.perf_counter() - epoch_started
            results.append(EpochResult(epoch, config.epochs, loss, score, seconds))
            if on_epoch is not None:
                on_epoch(results[-1])
    model.load_state_dict(best_weights)
    model.eval()
    return TrainingResult(best_epoch, best_score, tuple(results), time.perf_counter() - started)


def evaluate(model: nn.Module, part: Samples, metric: Score, batch_size: int = 256) -> float:
    """Score a network on labelled images.

    Raises:
        ModelError: the network's outputs do not fit the labels.
    """
    return metric.score(predict(model, part.images, batch_size), part.labels)


def predict(
    model: nn.Module, images: NDArray[np.float32], batch_size: int = 256
) -> NDArray[np.float32]:
    """Run a network over images, in evaluation mode and without gradients.

    Args:
        model: left in the mode in which it was.
        images: float32, (samples, channels, height, width).
        batch_size: samples in a forward pass.

    Returns:
        The outputs, (samples, ...).

    Raises:
        ModelError: the network refuses the images, or its output is not one tensor.
    """
    device = _device(model)
    was_training = model.training
    model.eval()
    outputs: list[NDArray[np.float32]] = []
    try:
        with torch.inference_mode():
            for start in range(0, max(len(images), 1), batch_size):
                # A copy, since torch warns of arrays that it could not write to.
                batch = torch.tensor(images[start : start + batch_size], device=device)
                outputs.append(_forward(model, batch).cpu().numpy())
    finally:
        model.train(was_training)
    return np.concatenate(outputs)


def one_cycle(progress: float) -> float:
    """Share of the highest learning rate at a share (0..1) of the training.

    Rises linearly, then falls along a cosine to 0 (Smith and Topin, "Super-Convergence", 2018).
    """
    if progress < _WARMUP_SHARE:
        return 0.1 + 0.9 * progress / _WARMUP_SHARE
    return (1 + math.cos(math.pi * (progress - _WARMUP_SHARE) / (1 - _WARMUP_SHARE))) / 2


def _train_epoch(
    model: nn.Module,
    samples: Samples,
    optimizer: torch.optim.Optimizer,
    rates: list[float],
    config: TrainingConfig,
    generator: torch.Generator,
) -> float:
    """One pass over the samples with a step for each rate; the mean loss."""
    device = _device(model)
    model.train()
    count = len(samples.labels)
    total = torch.zeros((), device=device)
    # Batches of equal size, so that none is of the one sample that batch normalisation refuses.
    batches = torch.randperm(count, generator=generator).tensor_split(len(rates))
    for rate, batch in zip(rates, batches, strict=True):
        chosen = batch.numpy()
        images = shift(torch.from_numpy(samples.images[chosen]), config.shift, generator)
        if config.flip:
            images = flip(images, generator)
        labels = torch.from_numpy(samples.labels[chosen]).to(device)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad()
        logits = _forward(model, images.to(device))
        if logits.ndim != 2 or int(labels.max()) >= logits.shape[1]:
            raise ModelError(
                f"outputs of shape {tuple(logits.shape)} for labels up to {int(labels.max())}",
                "the network must have an output for every class of the dataset",
            )
        loss = functional.cross_entropy(logits, labels, label_smoothing=config.label_smoothing)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), _CLIP_NORM)
        optimizer.step()
        total += loss.detach() * len(batch)
    return float(total) / count


def _forward(model: nn.Module, batch: Tensor) -> Tensor:
    try:
        output = model(batch)
    except RuntimeError as error:
        raise ModelError(
            f"the network fails on a batch of shape {tuple(batch.shape)}: {error}",
            "give it images of the shape that it was made for",
        ) from error
    if not isinstance(output, Tensor):
        raise ModelError(
            f"the network returns {type(output).__name__}, not one tensor",
            "wrap it in a module that returns the logits",
        )
    return output


def _device(model: nn.Module) -> torch.device:
    parameter = next(model.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device


@contextmanager
def _seeded(model: nn.Module, seed: int) -> Iterator[None]:
    device = _device(model)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield
