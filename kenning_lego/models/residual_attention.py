"""Residual attention networks for 32x32 images.

Source: Wang, Jiang, Qian, Yang, Li, Zhang, Wang and Tang, "Residual Attention Network for Image
Classification", 2017, figure 2 and table 2, with p = 1, t = 2 and r = 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from torch import Tensor, nn
from torch.nn import functional

from kenning_lego.models.layers import classifier, initialise, norm_relu_conv

_MODULES: Mapping[int, tuple[int, int, int]] = {56: (1, 1, 1), 92: (1, 2, 3)}


class PreActivationUnit(nn.Module):
    """A residual unit of three convolutions, each after normalisation and activation.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output; the 3x3 convolution has a quarter.
        stride: by which the height and width shrink.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        width = out_channels // 4
        self.norm = nn.BatchNorm2d(in_channels)
        self.relu = nn.ReLU()
        self.reduce = nn.Conv2d(in_channels, width, 1, bias=False)
        self.transform = norm_relu_conv(width, width, 3, stride)
        self.expand = norm_relu_conv(width, out_channels)
        self.shortcut: nn.Module | None = None
        if stride > 1 or in_channels != out_channels:
            self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(samples, in_channels, h, w) to (samples, out_channels, h / stride, w / stride)."""
        active = self.relu(self.norm(x))
        y = self.expand(self.transform(self.reduce(active)))
        return y + (x if self.shortcut is None else self.shortcut(active))  # type: ignore[no-any-return]


class SoftMask(nn.Module):
    """Down to a smaller size and up again, with a unit beside every smaller size.

    Args:
        channels: of the input and the output.
        levels: how often the size is halved.
    """

    def __init__(self, channels: int, levels: int) -> None:
        super().__init__()
        self.pool = nn.MaxPool2d(3, 2, padding=1)
        self.down = PreActivationUnit(channels, channels)
        self.up = PreActivationUnit(channels, channels)
        self.inner: nn.Module | None = None
        self.beside: nn.Module | None = None
        if levels > 1:
            self.inner = SoftMask(channels, levels - 1)
            self.beside = PreActivationUnit(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Features to features of the same shape."""
        y = self.down(self.pool(x))
        if self.inner is not None and self.beside is not None:
            y = self.inner(y) + self.beside(y)
        return functional.interpolate(
            self.up(y), size=x.shape[2:], mode="bilinear", align_corners=False
        )


class AttentionModule(nn.Module):
    """A trunk of two units, its features weighed by one plus a mask in (0, 1).

    Args:
        channels: of the input and the output.
        levels: how often the mask halves the size.
    """

    def __init__(self, channels: int, levels: int) -> None:
        super().__init__()
        self.before = PreActivationUnit(channels, channels)
        self.trunk = nn.Sequential(
            PreActivationUnit(channels, channels), PreActivationUnit(channels, channels)
        )
        self.mask: nn.Module = SoftMask(channels, levels)
        if levels == 0:
            self.mask = nn.Sequential(
                PreActivationUnit(channels, channels), PreActivationUnit(channels, channels)
            )
        self.gate = nn.Sequential(
            norm_relu_conv(channels, channels), norm_relu_conv(channels, channels), nn.Sigmoid()
        )
        self.after = PreActivationUnit(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        """Features to features of the same shape."""
        x = self.before(x)
        mask = self.gate(self.mask(x))
        return self.after((1 + mask) * self.trunk(x))  # type: ignore[no-any-return]


class ResidualAttentionNet(nn.Module):
    """Stem, three stages of attention modules, a stage of residual units, and a classifier.

    Args:
        depth: 56 or 92: counts the layers of the trunk.
        width: channels of the stem; the stages have 4, 8, 16 and 32 times as many.
        levels: how often each stage's masks halve the size; the last one's features are small.
        num_classes: outputs.
    """

    def __init__(
        self,
        depth: Literal[56, 92] = 92,
        width: int = 32,
        levels: tuple[int, int, int] = (2, 1, 0),
        num_classes: int = 10,
    ) -> None:
        super().__init__()
        stem = nn.Conv2d(3, width, 3, padding=1, bias=False)
        self.stem = nn.Sequential(stem, nn.BatchNorm2d(width), nn.ReLU())
        before = width
        stages: list[nn.Module] = []
        for place, count in enumerate(_MODULES[depth]):
            after = (4 << place) * width
            stages.append(PreActivationUnit(before, after, 2 if place else 1))
            stages += [AttentionModule(after, levels[place]) for _ in range(count)]
            before = after
        after = 2 * before
        self.stages = nn.Sequential(*stages)
        self.last = nn.Sequential(
            PreActivationUnit(before, after),
            PreActivationUnit(after, after),
            PreActivationUnit(after, after),
            nn.BatchNorm2d(after),
            nn.ReLU(),
        )
        self.head = classifier(after, num_classes)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Images, (samples, 3, h, w), to logits, (samples, num_classes)."""
        return self.head(self.last(self.stages(self.stem(x))))  # type: ignore[no-any-return]
