"""Attention modules for convolutional networks: squeeze-and-excitation, and CBAM.

Sources: Hu, Shen and Sun, "Squeeze-and-Excitation Networks", 2018; Woo, Park, Lee and Kweon,
"CBAM: Convolutional Block Attention Module", 2018. Both take and give features of one shape,
(samples, channels, h, w).
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_REDUCTION = 16


class SqueezeExcitation(nn.Module):
    """Weighs the channels by what their means say.

    Args:
        channels: of the features; at least `reduction`.
        reduction: by which the layer between is narrower.
    """

    def __init__(self, channels: int, reduction: int = _REDUCTION) -> None:
        super().__init__()
        self.squeeze = nn.AdaptiveAvgPool2d(1)
        self.excite = _bottleneck(channels, reduction)

    def forward(self, x: Tensor) -> Tensor:
        """Features to features of the same shape."""
        return x * torch.sigmoid(self.excite(self.squeeze(x)))


class Cbam(nn.Module):
    """Weighs the channels by their means and maxima, then the places likewise.

    Args:
        channels: of the features; at least `reduction`.
        reduction: by which the layer between is narrower.
    """

    def __init__(self, channels: int, reduction: int = _REDUCTION) -> None:
        super().__init__()
        self.mean = nn.AdaptiveAvgPool2d(1)
        self.channels = _bottleneck(channels, reduction)
        self.places = nn.Sequential(nn.Conv2d(2, 1, 7, padding=3, bias=False), nn.BatchNorm2d(1))

    def forward(self, x: Tensor) -> Tensor:
        """Features to features of the same shape."""
        # Not adaptive pooling: converters to TFLite lack it.
        largest = x.amax((2, 3), keepdim=True)
        x = x * torch.sigmoid(self.channels(self.mean(x)) + self.channels(largest))
        summary = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], dim=1)
        return x * torch.sigmoid(self.places(summary))


def _bottleneck(channels: int, reduction: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels, channels // reduction, 1),
        nn.ReLU(),
        nn.Conv2d(channels // reduction, channels, 1),
    )
