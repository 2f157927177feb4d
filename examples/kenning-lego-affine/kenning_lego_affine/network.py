"""The network ``waves-mlp``."""

from __future__ import annotations

from torch import nn


def waves_mlp(width: int = 96) -> nn.Module:
    """Five linear layers that tell the form of a signal of 64 numbers.

    Args:
        width: of the layers between the first and the last.

    Returns:
        From (samples, 1, 1, 64) to scores of (samples, 4).
    """
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(64, width),
        nn.ReLU(),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Linear(width, width),
        nn.ReLU(),
        nn.Linear(width, 4),
    )
