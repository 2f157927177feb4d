"""Run networks over images, and score what they say."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from kenning_lego.core.errors import ModelError
from kenning_lego.training.interfaces import Samples, Score
from kenning_lego.training.progress import OnProgress


def evaluate(
    model: nn.Module,
    part: Samples,
    metric: Score,
    batch_size: int = 256,
    on_progress: OnProgress | None = None,
) -> float:
    """Score a network on labelled images.

    Raises:
        ModelError: the network's outputs do not fit the labels.
    """
    return metric.score(predict(model, part.images, batch_size, on_progress), part.labels)


def predict(
    model: nn.Module,
    images: NDArray[np.float32],
    batch_size: int = 256,
    on_progress: OnProgress | None = None,
) -> NDArray[np.float32]:
    """Run a network over images, in evaluation mode and without gradients.

    Args:
        model: left in the mode in which it was.
        images: float32, (samples, channels, height, width).
        batch_size: samples in a forward pass.
        on_progress: told how many images are done.

    Returns:
        The outputs, (samples, ...).

    Raises:
        ModelError: the network refuses the images, or its output is not one tensor.
    """
    device = device_of(model)
    was_training = model.training
    model.eval()
    outputs: list[NDArray[np.float32]] = []
    try:
        with torch.inference_mode():
            for start in range(0, max(len(images), 1), batch_size):
                # A copy, since torch warns of arrays that it could not write to.
                batch = torch.tensor(images[start : start + batch_size], device=device)
                outputs.append(forward(model, batch).cpu().numpy())
                if on_progress is not None:
                    on_progress(start + len(batch), len(images), "images")
    finally:
        model.train(was_training)
    return np.concatenate(outputs)


def forward(model: nn.Module, batch: Tensor) -> Tensor:
    """The outputs for a batch, as one tensor.

    Raises:
        ModelError: the network refuses the batch, or its output is not one tensor.
    """
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


def device_of(model: nn.Module) -> torch.device:
    """Where a network's parameters are; the CPU if it has none."""
    parameter = next(model.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device
