"""Wide residual networks for 32x32 images: normalisation and activation before convolutions.

Source: Zagoruyko and Komodakis, "Wide Residual Networks", 2016.
"""

from __future__ import annotations

from torch import Tensor, nn

from kenning_lego.models.layers import classifier, initialise


class WideBlock(nn.Module):
    """Two 3x3 convolutions, each after normalisation and activation, beside a shortcut.

    Where the shape changes, the shortcut is a 1x1 convolution of the first activation.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stride: by which the height and width shrink.
        dropout: share of the values dropped between the convolutions in training.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.relu1 = nn.ReLU()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.relu2 = nn.ReLU()
        self.dropout = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.shortcut: nn.Module | None = None
        if stride > 1 or in_channels != out_channels:
            self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(samples, in_channels, h, w) to (samples, out_channels, h / stride, w / stride)."""
        active = self.relu1(self.norm1(x))
        y = self.relu2(self.norm2(self.conv1(active)))
        y = self.conv2(self.dropout(y))
        return y + (x if self.shortcut is None else self.shortcut(active))  # type: ignore[no-any-return]


class WideResNet(nn.Module):
    """Stem, three stages, and a linear classifier.

    Args:
        depth: 6 n + 4, as in 28 and 40: counts the convolutions.
        widening: multiplies the stages' 16, 32 and 64 channels.
        dropout: see :class:`WideBlock`.
        num_classes: outputs.
    """

    def __init__(
        self, depth: int = 28, widening: int = 10, dropout: float = 0.0, num_classes: int = 10
    ) -> None:
        super().__init__()
        count = (depth - 4) // 6
        self.stem = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        before = 16
        blocks = []
        for stage in range(3):
            after = (16 << stage) * widening
            for place in range(count):
                stride = 2 if stage and not place else 1
                blocks.append(WideBlock(before, after, stride, dropout))
                before = after
        self.blocks = nn.Sequential(*blocks)
        self.norm = nn.BatchNorm2d(before)
        self.relu = nn.ReLU()
        self.head = classifier(before, num_classes)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Images, (samples, 3, h, w), to logits, (samples, num_classes)."""
        return self.head(self.relu(self.norm(self.blocks(self.stem(x)))))  # type: ignore[no-any-return]
