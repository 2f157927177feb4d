"""Residual networks of four stages: ResNet-18 to ResNet-152, also with attention.

Source: He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2016. The names
of the submodules are those of torchvision's, so that checkpoints made for that load here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from torch import Tensor, nn

from kenning_lego.models.attention import Cbam, SqueezeExcitation
from kenning_lego.models.layers import conv_norm, initialise

_FourSizes = tuple[int, int, int, int]

_SHAPES: Mapping[int, tuple[bool, _FourSizes]] = {
    18: (False, (2, 2, 2, 2)),
    34: (False, (3, 4, 6, 3)),
    50: (True, (3, 4, 6, 3)),
    101: (True, (3, 4, 23, 3)),
    152: (True, (3, 8, 36, 3)),
}
"""Depth to whether the blocks are bottlenecks, and how many each stage has: He et al., table 1."""

ATTENTION: Mapping[str, Callable[[int], nn.Module]] = {
    "none": nn.Identity,
    "se": SqueezeExcitation,
    "cbam": Cbam,
}
"""What weighs a block's features before they join the shortcut, by name; made from channels."""

Attention = Literal["none", "se", "cbam"]


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, added before the last activation.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stride: by which the height and width shrink.
        attention: a key of :data:`ATTENTION`.
    """

    expansion = 1

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, attention: Attention = "none"
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.attention = ATTENTION[attention](out_channels)
        self.relu2 = nn.ReLU()
        self.downsample = _shortcut(in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(samples, in_channels, h, w) to (samples, out_channels, h / stride, w / stride)."""
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.attention(self.bn2(self.conv2(y)))
        return self.relu2(y + self.downsample(x))  # type: ignore[no-any-return]


class Bottleneck(nn.Module):
    """A 3x3 convolution between two 1x1 ones, beside a shortcut.

    Args:
        in_channels: channels of the input.
        width: channels of the 3x3 convolution; the output has four times as many.
        stride: by which the height and width shrink, in the 3x3 convolution.
        attention: a key of :data:`ATTENTION`.
    """

    expansion = 4

    def __init__(
        self, in_channels: int, width: int, stride: int = 1, attention: Attention = "none"
    ) -> None:
        super().__init__()
        out_channels = width * self.expansion
        self.conv1 = nn.Conv2d(in_channels, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.relu2 = nn.ReLU()
        self.conv3 = nn.Conv2d(width, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.attention = ATTENTION[attention](out_channels)
        self.relu3 = nn.ReLU()
        self.downsample = _shortcut(in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """(samples, in_channels, h, w) to (samples, 4 * width, h / stride, w / stride)."""
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.relu2(self.bn2(self.conv2(y)))
        y = self.attention(self.bn3(self.conv3(y)))
        return self.relu3(y + self.downsample(x))  # type: ignore[no-any-return]


class ResNet(nn.Module):
    """Stem, four stages of blocks, and a linear classifier.

    Args:
        depth: 18, 34, 50, 101 or 152: counts the layers with weights.
        widths: of the stages' 3x3 convolutions.
        strides: of each stage's first block.
        stem: ``3x3`` keeps the size of small images; ``7x7`` is ImageNet's stem, which shrinks
            height and width by 4.
        attention: in every block, a key of :data:`ATTENTION`.
        in_channels: channels of the images.
        num_classes: outputs.
    """

    def __init__(
        self,
        *,
        depth: Literal[18, 34, 50, 101, 152] = 18,
        widths: _FourSizes = (64, 128, 256, 512),
        strides: _FourSizes = (1, 2, 2, 2),
        stem: Literal["3x3", "7x7"] = "3x3",
        attention: Attention = "none",
        in_channels: int = 3,
        num_classes: int = 10,
    ) -> None:
        super().__init__()
        kernel, stride = (7, 2) if stem == "7x7" else (3, 1)
        self.conv1 = nn.Conv2d(
            in_channels, widths[0], kernel, stride, padding=kernel // 2, bias=False
        )
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, padding=1) if stem == "7x7" else nn.Identity()
        deep, counts = _SHAPES[depth]
        kind = Bottleneck if deep else BasicBlock
        before = widths[0]
        stages = []
        for width, count, step in zip(widths, counts, strides, strict=True):
            stages.append(_stage(kind, before, width, count, step, attention))
            before = width * kind.expansion
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(before, num_classes)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Images, (samples, in_channels, h, w), to logits, (samples, num_classes)."""
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(self.flatten(self.avgpool(x)))  # type: ignore[no-any-return]


def resnet18_digits() -> ResNet:
    """For handwritten digits, (samples, 1, 8, 8), 10 classes: 2.8 million parameters.

    The second stage keeps the 8x8 pixels, so that the last still convolves and does not only
    multiply by its weights' centres.
    """
    return ResNet(widths=(32, 64, 128, 256), strides=(1, 1, 2, 2), in_channels=1)


def resnet_cifar(
    depth: Literal[18, 34, 50, 101, 152] = 18,
    attention: Attention = "none",
    num_classes: int = 10,
) -> ResNet:
    """The usual form for CIFAR, (samples, 3, 32, 32).

    Millions of parameters for 100 classes: 11.22, 21.33, 23.71, 42.70 and 58.34; with SE or CBAM
    in ResNet-18 11.31.
    """
    return ResNet(depth=depth, attention=attention, num_classes=num_classes)


def _shortcut(in_channels: int, out_channels: int, stride: int) -> nn.Module:
    if stride == 1 and in_channels == out_channels:
        return nn.Identity()
    return conv_norm(in_channels, out_channels, 1, stride)


def _stage(
    kind: type[BasicBlock | Bottleneck],
    in_channels: int,
    width: int,
    count: int,
    stride: int,
    attention: Attention,
) -> nn.Sequential:
    first = kind(in_channels, width, stride, attention)
    others = (kind(width * kind.expansion, width, 1, attention) for _ in range(count - 1))
    return nn.Sequential(first, *others)
