"""ResNeXt-29 for 32x32 images: three stages of bottlenecks with grouped convolutions.

Source: Xie, Girshick, Dollar, Tu and He, "Aggregated Residual Transformations for Deep Neural
Networks", 2017, section 5.3.
"""

from __future__ import annotations

from torch import Tensor, nn

from kenning_lego.models.layers import classifier, conv_norm, conv_norm_relu, initialise

_OUTPUTS = (256, 512, 1024)


class GroupedBottleneck(nn.Module):
    """A grouped 3x3 convolution between two 1x1 ones, beside a shortcut.

    Args:
        in_channels: channels of the input.
        width: channels of the grouped convolution.
        out_channels: channels of the output.
        stride: by which the height and width shrink.
        groups: of the 3x3 convolution; a divisor of `width`.
    """

    def __init__(
        self, in_channels: int, width: int, out_channels: int, stride: int, groups: int
    ) -> None:
        super().__init__()
        self.reduce = conv_norm_relu(in_channels, width)
        self.transform = conv_norm_relu(width, width, 3, stride, 1, groups)
        self.expand = conv_norm(width, out_channels)
        self.shortcut: nn.Module = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            self.shortcut = conv_norm(in_channels, out_channels, 1, stride)
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(samples, in_channels, h, w) to (samples, out_channels, h / stride, w / stride)."""
        y = self.expand(self.transform(self.reduce(x)))
        return self.relu(y + self.shortcut(x))  # type: ignore[no-any-return]


class ResNeXt29(nn.Module):
    """Stem, three stages of three blocks, and a linear classifier.

    Args:
        cardinality: groups of the grouped convolutions.
        group_width: channels of a group in the first stage, doubled from stage to stage.
        num_classes: outputs.
    """

    def __init__(self, cardinality: int = 8, group_width: int = 64, num_classes: int = 10) -> None:
        super().__init__()
        self.stem = conv_norm_relu(3, 64, 3, 1, 1)
        before, width = 64, cardinality * group_width
        stages = []
        for place, after in enumerate(_OUTPUTS):
            sizes = [(before, 2 if place else 1), (after, 1), (after, 1)]
            blocks = (
                GroupedBottleneck(entering, width, after, stride, cardinality)
                for entering, stride in sizes
            )
            stages.append(nn.Sequential(*blocks))
            before, width = after, 2 * width
        self.stages = nn.Sequential(*stages)
        self.head = classifier(before, num_classes)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Images, (samples, 3, h, w), to logits, (samples, num_classes)."""
        return self.head(self.stages(self.stem(x)))  # type: ignore[no-any-return]
