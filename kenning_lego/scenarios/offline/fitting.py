"""Whether a network and a dataset belong together, seen on one image before anything is made."""

from __future__ import annotations

import torch
from torch import nn

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.base import Dataset


def check_fits(model: nn.Module, dataset: Dataset, name: str) -> None:
    """Run the network on an image of the validation part.

    Outputs of another form than one of (samples, classes) are left to the metric to judge.

    Args:
        model: in evaluation mode.
        dataset: its data.
        name: of the network.

    Raises:
        ConfigurationError: the network does not take such images, or has not as many outputs as
            there are classes.
    """
    image = torch.tensor(dataset.validation.take([0]).images)
    try:
        with torch.no_grad():
            output = model(image)
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigurationError(
            f"the network {name} fails on images of {dataset.name}, "
            f"{image.dtype}{list(image.shape)}".replace("torch.", "")
            + f": {reason}",
            "choose a dataset, or its parameters, of the shape that it was made for",
        ) from error
    if not isinstance(output, torch.Tensor) or output.ndim != 2:
        return
    classes = len(dataset.classes)
    if output.shape[1] != classes:
        raise ConfigurationError(
            f"the network {name} has {output.shape[1]} outputs for the {classes} classes of "
            f"{dataset.name}",
            "choose a network made for them, or give its callable the number (model.arguments)",
        )
