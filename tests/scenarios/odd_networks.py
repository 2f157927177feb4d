"""Networks to convert: one that can be, and some that end in other ways."""

from __future__ import annotations

import os
import time

import torch
from torch import Tensor, nn


def plain() -> nn.Module:
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.ReLU())


class _Ends(nn.Module):
    """Ends in some way when it runs."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self.how = how

    def forward(self, images: Tensor) -> Tensor:
        if self.how == "killed":
            os.abort()
        if self.how == "stuck":
            time.sleep(600)
        raise RuntimeError("no way\nwith more in a second line")


def broken() -> nn.Module:
    return _Ends("broken")


def killed() -> nn.Module:
    return _Ends("killed")


def stuck() -> nn.Module:
    return _Ends("stuck")


class _Drifts(nn.Module):
    def forward(self, images: Tensor) -> Tensor:
        # Tracing keeps the branch that the example took: 0 for every second call.
        self.calls = getattr(self, "calls", 0) + 1
        return images * (self.calls % 2)


def drifting() -> nn.Module:
    """Computes something else when it is exported than when it was run."""
    torch.manual_seed(0)
    return _Drifts()
