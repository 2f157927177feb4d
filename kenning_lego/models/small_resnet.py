"""The residual networks that were made for CIFAR: three stages, shortcuts without parameters.

Source: He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2016, section 4.2.
The names of the submodules are those of the widely used checkpoints for ResNet-20 to ResNet-1202.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

from kenning_lego.models.layers import initialise


class PaddedBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut that skips pixels and pads channels with zeros.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output; as many, or twice as many at half the size.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.stride = 1 if in_channels == out_channels else 2
        self.padding = (out_channels - in_channels) // 2
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, self.stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.relu2 = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        """(samples, in_channels, h, w) to (samples, out_channels, h / stride, w / stride)."""
        y = self.bn2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        if self.stride > 1:
            padding = (0, 0, 0, 0, self.padding, self.padding)
            x = functional.pad(x[:, :, :: self.stride, :: self.stride], padding)
        return self.relu2(y + x)  # type: ignore[no-any-return]


class SmallResNet(nn.Module):
    """Stem, three stages of 16, 32 and 64 channels, and a linear classifier.

    Args:
        depth: 6 n + 2, as in 20, 32, 44, 56 and 110: counts the layers with weights.
        num_classes: outputs.
    """

    def __init__(self, depth: int = 20, num_classes: int = 10) -> None:
        super().__init__()
        count = (depth - 2) // 6
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        self.relu = nn.ReLU()
        self.layer1 = _stage(16, 16, count)
        self.layer2 = _stage(16, 32, count)
        self.layer3 = _stage(32, 64, count)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.linear = nn.Linear(64, num_classes)
        initialise(self)

    def forward(self, x: Tensor) -> Tensor:
        """Images, (samples, 3, 32, 32), to logits, (samples, num_classes)."""
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(self.flatten(self.avgpool(x)))  # type: ignore[no-any-return]


def _stage(in_channels: int, out_channels: int, count: int) -> nn.Sequential:
    others = (PaddedBlock(out_channels, out_channels) for _ in range(count - 1))
    return nn.Sequential(PaddedBlock(in_channels, out_channels), *others)
