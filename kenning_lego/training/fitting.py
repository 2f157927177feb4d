"""A classifier's training under way: where it stands, and how it goes on."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from kenning_lego.core.errors import ModelError
from kenning_lego.training.augmentation import flip, shift
from kenning_lego.training.configuration import TrainingConfig
from kenning_lego.training.interfaces import Goal, TrainingData
from kenning_lego.training.prediction import device_of, forward, predict

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
        validation_score: on the validation part.
        learning_rate: of its last step.
        seconds: wall time of the epoch, without interruptions.
        ended_unix_s: when it ended, by the host's clock.
    """

    epoch: int
    epochs: int
    loss: float
    validation_score: float
    learning_rate: float
    seconds: float
    ended_unix_s: float

    def __str__(self) -> str:
        return (
            f"epoch {self.epoch}/{self.epochs}: loss {self.loss:.4f}, "
            f"validation {self.validation_score:.4f}, {self.seconds:.1f} s"
        )


class Fitting:
    """A training, step by step.

    Args:
        model: trained in place.
        dataset: the training and validation parts are used.
        config: of the training.
        goal: what the best epoch is chosen by; top-1 accuracy if None.
    """

    def __init__(
        self, model: nn.Module, dataset: TrainingData, config: TrainingConfig, goal: Goal | None
    ) -> None:
        self.epochs: list[EpochResult] = []
        self._model = model
        self._device = device_of(model)
        self._images, self._labels = dataset.train.images, dataset.train.labels
        self._validation_images = dataset.validation.images
        self._validation_labels = dataset.validation.labels
        self._config = config
        self._goal = goal
        self._optimizer = torch.optim.SGD(
            model.parameters(),
            lr=config.learning_rate,
            momentum=_MOMENTUM,
            weight_decay=config.weight_decay,
            nesterov=True,
        )
        self._steps = math.ceil(len(self._labels) / config.batch_size)
        self._generator = torch.Generator().manual_seed(config.seed)
        self._best = 0
        self._best_weights: dict[str, Tensor] = {}
        self._batches: tuple[Tensor, ...] = ()
        self._step = self._seen_in_epoch = 0
        self._total = torch.zeros((), device=self._device)
        self._before_s, self._began = 0.0, time.perf_counter()

    @property
    def finished(self) -> bool:
        """Whether all epochs are done."""
        return len(self.epochs) == self._config.epochs

    @property
    def best_epoch(self) -> int:
        """The best so far, from 1; 0 before the first."""
        return self._best + 1 if self.epochs else 0

    @property
    def in_epoch(self) -> bool:
        """Whether the epoch that has begun has steps left."""
        return self._step < self._steps

    @property
    def samples(self) -> int:
        """To be seen in all epochs together."""
        return self._config.epochs * len(self._labels)

    @property
    def seen(self) -> int:
        """Samples seen so far."""
        return len(self.epochs) * len(self._labels) + self._seen_in_epoch

    def __str__(self) -> str:
        loss = float(self._total) / max(1, self._seen_in_epoch)
        now = f"epoch {len(self.epochs) + 1}/{self._config.epochs}, loss {loss:.4f}"
        return f"{now}, validation {self.epochs[-1].validation_score:.4f}" if self.epochs else now

    def begin_epoch(self) -> None:
        """Draw the order of the samples, unless a checkpoint was within the epoch."""
        self._model.train()
        self._began = time.perf_counter()
        if self._batches:
            return
        order = torch.randperm(len(self._labels), generator=self._generator)
        # Of equal size, so that none is of the one sample that batch normalisation refuses.
        self._batches = order.tensor_split(self._steps)
        self._step, self._seen_in_epoch, self._before_s = 0, 0, 0.0
        self._total = torch.zeros((), device=self._device)

    def step(self) -> None:
        """Learn from the next batch.

        Raises:
            ModelError: the network fails, or its outputs are not for these labels.
        """
        batch = self._batches[self._step]
        chosen = batch.numpy()
        images = shift(torch.from_numpy(self._images[chosen]), self._config.shift, self._generator)
        if self._config.flip:
            images = flip(images, self._generator)
        labels = torch.from_numpy(self._labels[chosen]).to(self._device)
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate(self._step)
        self._optimizer.zero_grad()
        logits = forward(self._model, images.to(self._device))
        if logits.ndim != 2 or int(labels.max()) >= logits.shape[1]:
            raise ModelError(
                f"outputs of shape {tuple(logits.shape)} for labels up to {int(labels.max())}",
                "the network must have an output for every class of the dataset",
            )
        smoothing = self._config.label_smoothing
        loss = functional.cross_entropy(logits, labels, label_smoothing=smoothing)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self._model.parameters(), _CLIP_NORM)
        self._optimizer.step()
        self._total += loss.detach() * len(batch)
        self._step += 1
        self._seen_in_epoch += len(batch)

    def end_epoch(self) -> EpochResult:
        """Score the weights, and keep them if they are the best.

        Raises:
            ModelError: the loss is not finite, or the outputs do not fit the labels.
        """
        number, config = len(self.epochs) + 1, self._config
        loss = float(self._total) / len(self._labels)
        if not math.isfinite(loss):
            raise ModelError(
                f"the loss is {loss} in epoch {number} of {config.epochs}",
                f"lower learning_rate, which is {config.learning_rate}, and check that the "
                "images are finite",
            )
        score = self._score()
        # Of equals the later is kept: its learning rate was lower.
        if not self.epochs or self._as_good(score, self.epochs[self._best].validation_score):
            self._best = len(self.epochs)
            weights = self._model.state_dict()
            self._best_weights = {name: each.clone() for name, each in weights.items()}
        rate, seconds = self._rate(self._steps - 1), self._seconds()
        self.epochs.append(
            EpochResult(number, config.epochs, loss, score, rate, seconds, time.time())
        )
        self._batches, self._seen_in_epoch = (), 0
        return self.epochs[-1]

    def finish(self) -> EpochResult:
        """Put the best weights into the network, for use; the epoch that they are of."""
        self._model.load_state_dict(self._best_weights)
        self._model.eval()
        return self.epochs[self._best]

    def state(self) -> dict[str, Any]:
        """What a checkpoint within an epoch needs beside the tensors, as JSON values."""
        return {
            "epochs": [asdict(each) for each in self.epochs],
            "best": self._best,
            "step": self._step,
            "seconds": self._seconds(),
        }

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint needs: weights now and at their best, momenta, order, random states."""
        found = {f"now/{name}": each for name, each in self._model.state_dict().items()}
        found |= {f"best/{name}": each for name, each in self._best_weights.items()}
        for number, momenta in self._optimizer.state_dict()["state"].items():
            found[f"momentum/{number}"] = momenta["momentum_buffer"]
        found |= {"order": torch.cat(self._batches), "total": self._total}
        found |= {"random/own": self._generator.get_state(), "random/cpu": torch.get_rng_state()}
        if self._device.type == "cuda":
            found["random/cuda"] = torch.cuda.get_rng_state(self._device)
        return found

    def restore(self, state: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
        """Go on from what :meth:`state` and :meth:`tensors` gave."""
        self.epochs = [EpochResult(**each) for each in state["epochs"]]
        self._best, self._step = state["best"], state["step"]
        self._before_s = state["seconds"]
        self._model.load_state_dict(_below("now/", tensors))
        self._best_weights = {
            name: each.to(self._device) for name, each in _below("best/", tensors).items()
        }
        momenta = {
            int(number): {"momentum_buffer": each}
            for number, each in _below("momentum/", tensors).items()
        }
        groups = self._optimizer.state_dict()["param_groups"]
        self._optimizer.load_state_dict({"state": momenta, "param_groups": groups})
        self._batches = tensors["order"].tensor_split(self._steps)
        self._seen_in_epoch = sum(map(len, self._batches[: self._step]))
        self._total = tensors["total"].to(self._device)
        self._generator.set_state(tensors["random/own"])
        torch.set_rng_state(tensors["random/cpu"])
        if self._device.type == "cuda":
            torch.cuda.set_rng_state(tensors["random/cuda"], self._device)

    def _rate(self, step: int) -> float:
        """Of a step of this epoch."""
        done = len(self.epochs) * self._steps + step
        return self._config.learning_rate * one_cycle(done / (self._config.epochs * self._steps))

    def _score(self) -> float:
        labels = self._validation_labels
        outputs = predict(self._model, self._validation_images)
        if self._goal is None:
            return float(np.mean(outputs.argmax(axis=1) == labels))
        return self._goal.score(outputs, labels)

    def _as_good(self, score: float, best: float) -> bool:
        higher = self._goal is None or self._goal.higher_is_better
        return score >= best if higher else score <= best

    def _seconds(self) -> float:
        return self._before_s + time.perf_counter() - self._began


def one_cycle(progress: float) -> float:
    """Share of the highest learning rate at a share (0..1) of the training.

    Rises linearly, then falls along a cosine to 0 (Smith and Topin, "Super-Convergence", 2018).
    """
    if progress < _WARMUP_SHARE:
        return 0.1 + 0.9 * progress / _WARMUP_SHARE
    return (1 + math.cos(math.pi * (progress - _WARMUP_SHARE) / (1 - _WARMUP_SHARE))) / 2


def _below(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): each for name, each in tensors.items() if name.startswith(prefix)
    }
