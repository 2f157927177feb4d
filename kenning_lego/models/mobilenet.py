"""MobileNetV2 for 32x32 images.

Source: Sandler, Howard, Zhu, Zhmoginov and Chen, "MobileNetV2: Inverted Residuals and Linear
Bottlenecks", 2018, table 2. The first three strides are 1, since the images are small.
"""

from __future__ import annotations

from torch import Tensor, nn

from kenning_lego.models.layers import conv_norm, initialise

_STAGES = ((1, 16, 1, 1), (6, 24, 2, 1), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1),
           (6, 160, 3, 2), (6, 320, 1, 1))  # fmt: skip
"""Expansion, channels, blocks, and the first block's stride."""
_MULTIPLE = 8


class InvertedResidual(nn.Module):
    """A depthwise convolution between two 1x1 ones; a shortcut where the shape stays.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stride: by which the height and width shrink.
        expansion: by how much wider the depthwise convolution is than the input.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = in_channels * expansion
        self.joins = stride == 1 and in_channels == out_channels
        self.body = nn.Sequential()
        if expansion > 1:
            self.body.append(conv_norm(in_channels, width)).append(nn.ReLU6())
        self.body.append(conv_norm(width, width, 3, stride, 1, groups=width)).append(nn.ReLU6())
        self.body.append(conv_norm(width, out_channels))

    def forward(self, x: Tensor) -> Tensor:
        """(samples, in_channels, h, w) to (samples, out_channels, h / stride, w / stride)."""
        y: Tensor = self.body(x)
        return x + y if self.joins else y


class MobileNetV2(nn.Module):
    """Stem, inverted residuals, and a linear classifier.

    Args:
        width: multiplies all channels, which are rounded to multiples of 8.
        num_classes: outputs.
    """

    def __init__(self, width: float = 1.0, num_classes: int = 10) -> None:
        super().__init__()
        before = _rounded(32 * width)
        last = _rounded(1280 * max(1.0, width))
        self.stem = conv_norm(3, before, 3, 1, 1).append(nn.ReLU6())
        blocks = []
        for expansion, channels, count, stride in _STAGES:
            after = _rounded(channels * width)
            for place in range(count):
                step = 1 if place else stride
                blocks.append(InvertedResidual(before, after, step, expansion))
                before = after
        self.blocks = nn.Sequential(*blocks)
        self.last = conv_norm(before, last).append(nn.ReLU6())
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Sequential(nn.Flatten(), nn.Dropout(0.2), nn.Linear(last, num_classes))
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Images, (samples, 3, h, w), to logits, (samples, num_classes)."""
        x = self.last(self.blocks(self.stem(x)))
        return self.classifier(self.avgpool(x))  # type: ignore[no-any-return]


def _rounded(channels: float) -> int:
    """The nearest multiple of 8, at least 8, and not more than a tenth below."""
    near = max(_MULTIPLE, int(channels + _MULTIPLE / 2) // _MULTIPLE * _MULTIPLE)
    return near if near >= 0.9 * channels else near + _MULTIPLE
