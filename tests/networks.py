"""Small networks that tests name by dotted path, as users name theirs."""

from __future__ import annotations

from torch import nn

from kenning_lego.models.resnet import ResNet


def tiny_resnet() -> nn.Module:
    """ResNet-18's shape for 1x8x8 images, small enough to train in a second or two."""
    return ResNet(widths=(8, 8, 12, 16), strides=(1, 2, 2, 1), in_channels=1)
