"""U-Net for segmentation.

Source: Ronneberger, Fischer and Brox, "U-Net: Convolutional Networks for Biomedical Image
Segmentation", 2015; with batch normalisation, and convolutions that keep the size.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from kenning_lego.models.layers import conv_norm_relu, initialise


class UNet(nn.Module):
    """Down by a power of two and up again; every level's features skip what lies below it.

    Args:
        width: channels of the first level, doubled from level to level.
        levels: how often the size is halved; height and width must be multiples of 2 ** levels.
        in_channels: channels of the images.
        num_classes: outputs of each pixel.
    """

    def __init__(
        self, width: int = 64, levels: int = 4, in_channels: int = 3, num_classes: int = 1
    ) -> None:
        super().__init__()
        widths = [width << level for level in range(levels + 1)]
        self.first = _twice(in_channels, width)
        self.downs = nn.ModuleList(
            nn.Sequential(nn.MaxPool2d(2), _twice(before, after))
            for before, after in pairwise(widths)
        )
        upwards = widths[::-1]
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(before, after, 2, 2) for before, after in pairwise(upwards)
        )
        self.merges = nn.ModuleList(_twice(2 * each, each) for each in upwards[1:])
        self.last = nn.Conv2d(width, num_classes, 1)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Images, (samples, in_channels, h, w), to logits, (samples, num_classes, h, w)."""
        features: list[Tensor] = [self.first(x)]
        for down in self.downs:
            features.append(down(features[-1]))
        y = features.pop()
        for up, merge in zip(self.ups, self.merges, strict=True):
            y = merge(torch.cat([features.pop(), up(y)], dim=1))
        return self.last(y)  # type: ignore[no-any-return]


def _twice(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        conv_norm_relu(inputs, outputs, 3, 1, 1), conv_norm_relu(outputs, outputs, 3, 1, 1)
    )
