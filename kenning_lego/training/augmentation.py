"""Random changes to training images that leave their labels right."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional


def shift(images: Tensor, pixels: int, generator: torch.Generator) -> Tensor:
    """Move every image by up to so many pixels along each axis; edge pixels fill the gap.

    Args:
        images: (samples, channels, height, width), on the CPU.
        pixels: largest distance in each direction; 0 changes nothing.
        generator: source of the distances.
    """
    if pixels == 0:
        return images
    samples, channels, height, width = images.shape
    padded = functional.pad(images, (pixels,) * 4, mode="replicate")
    top, left = torch.randint(0, 2 * pixels + 1, (2, samples, 1), generator=generator)
    rows = (top + torch.arange(height)).view(samples, 1, height, 1)
    columns = (left + torch.arange(width)).view(samples, 1, 1, width)
    sample = torch.arange(samples).view(samples, 1, 1, 1)
    channel = torch.arange(channels).view(1, channels, 1, 1)
    return padded[sample, channel, rows, columns]


def flip(images: Tensor, generator: torch.Generator) -> Tensor:
    """Mirror about half of the images, (samples, channels, height, width), left to right."""
    chosen = torch.rand(len(images), 1, 1, 1, generator=generator) < 0.5
    return torch.where(chosen, images.flip(-1), images)
