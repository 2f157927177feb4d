"""Residual networks of ResNet-18's shape: four stages of two basic blocks.

Source: He, Zhang, Ren and Sun, "Deep Residual Learning for Image Recognition", 2016. The names
of the submodules are those of torchvision's, so that checkpoints made for that load here.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

_FourSizes = tuple[int, int, int, int]


class BasicBlock(nn.Module):
    """Two 3x3 convolutions beside a shortcut, added before the last activation.

    Args:
        in_channels: channels of the input.
        out_channels: channels of the output.
        stride: by which the height and width shrink.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.relu2 = nn.ReLU()
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                nn.Conv2d(in_channels, out_channels, 1, stride, bias=False),
                nn.BatchNorm2d(out_channels),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(samples, in_channels, h, w) to (samples, out_channels, h / stride, w / stride)."""
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return self.relu2(y + self.downsample(x))  # type: ignore[no-any-return]


class ResNet(nn.Module):
    """Stem, four stages of two blocks, and a linear classifier.

    Args:
        widths: channels of the stages.
        strides: of each stage's first block.
        stem: ``3x3`` keeps the size of small images; ``7x7`` is ImageNet's stem, which shrinks
            height and width by 4.
        in_channels: channels of the images.
        num_classes: outputs.
    """

    def __init__(
        self,
        *,
        widths: _FourSizes = (64, 128, 256, 512),
        strides: _FourSizes = (1, 2, 2, 2),
        stem: Literal["3x3", "7x7"] = "3x3",
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
        self.layer1 = _stage(widths[0], widths[0], strides[0])
        self.layer2 = _stage(widths[0], widths[1], strides[1])
        self.layer3 = _stage(widths[1], widths[2], strides[2])
        self.layer4 = _stage(widths[2], widths[3], strides[3])
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.fc = nn.Linear(widths[3], num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

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


def resnet18_cifar(num_classes: int = 10) -> ResNet:
    """The usual form for CIFAR, (samples, 3, 32, 32): 11.17 million parameters for 10 classes."""
    return ResNet(num_classes=num_classes)


def _stage(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        BasicBlock(in_channels, out_channels, stride), BasicBlock(out_channels, out_channels)
    )
