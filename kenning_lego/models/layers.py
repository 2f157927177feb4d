"""Layers that several networks are made of."""

from __future__ import annotations

from typing import Literal

from torch import nn

Pair = int | tuple[int, int]


def conv_norm(
    inputs: int,
    outputs: int,
    kernel: Pair = 1,
    stride: Pair = 1,
    padding: Pair = 0,
    groups: int = 1,
) -> nn.Sequential:
    """A convolution without bias, and batch normalisation."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    )


def conv_norm_relu(
    inputs: int,
    outputs: int,
    kernel: Pair = 1,
    stride: Pair = 1,
    padding: Pair = 0,
    groups: int = 1,
) -> nn.Sequential:
    """A convolution without bias, batch normalisation, ReLU."""
    return conv_norm(inputs, outputs, kernel, stride, padding, groups).append(nn.ReLU())


def norm_relu_conv(inputs: int, outputs: int, kernel: int = 1, stride: int = 1) -> nn.Sequential:
    """Batch normalisation, ReLU, and a convolution that keeps the size: "pre-activation"."""
    return nn.Sequential(
        nn.BatchNorm2d(inputs),
        nn.ReLU(),
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
    )


def classifier(channels: int, num_classes: int) -> nn.Sequential:
    """From features, (samples, channels, h, w), to logits, (samples, num_classes)."""
    return nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(channels, num_classes))


def initialise(network: nn.Module, mode: Literal["fan_in", "fan_out"] = "fan_out") -> None:
    """Draw the convolutions' weights as for ReLUs: He et al., "Delving Deep into Rectifiers"."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode=mode, nonlinearity="relu")
