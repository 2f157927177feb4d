"""Networks for human poses: stacked hourglasses, and a residual network with deconvolutions.

Sources: Newell, Yang and Deng, "Stacked Hourglass Networks for Human Pose Estimation", 2016; Xiao,
Wu and Wei, "Simple Baselines for Human Pose Estimation and Tracking", 2018. Both give a map for
each joint, at a quarter of the images' height and width.
"""

from __future__ import annotations

from typing import cast

from torch import Tensor, nn

from kenning_lego.models.layers import conv_norm_relu, initialise, norm_relu_conv
from kenning_lego.models.resnet import ResNet

_MPII_JOINTS = 16


class Residual(nn.Module):
    """Three convolutions, each after normalisation and activation, beside a shortcut.

    Args:
        inputs: channels of the input.
        outputs: channels of the output; the 3x3 convolution has half.
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            norm_relu_conv(inputs, outputs // 2),
            norm_relu_conv(outputs // 2, outputs // 2, 3),
            norm_relu_conv(outputs // 2, outputs),
        )
        self.shortcut = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(samples, inputs, h, w) to (samples, outputs, h, w)."""
        return cast("Tensor", self.body(x) + self.shortcut(x))


class Hourglass(nn.Module):
    """Half the size, an hourglass below, and back, beside a unit at the full size.

    Args:
        channels: of the input and the output.
        levels: how often the size is halved; height and width must be multiples of 2 ** levels.
    """

    def __init__(self, channels: int, levels: int) -> None:
        super().__init__()
        self.beside = Residual(channels, channels)
        self.pool = nn.MaxPool2d(2)
        self.down = Residual(channels, channels)
        self.inner: nn.Module = Residual(channels, channels)
        if levels > 1:
            self.inner = Hourglass(channels, levels - 1)
        self.up = Residual(channels, channels)
        self.grow = nn.Upsample(scale_factor=2)

    def forward(self, x: Tensor) -> Tensor:
        """Features to features of the same shape."""
        y = self.up(self.inner(self.down(self.pool(x))))
        return cast("Tensor", self.beside(x) + self.grow(y))


class StackedHourglass(nn.Module):
    """Stem and hourglasses, each of which sees the maps that the one before it gave.

    Args:
        stacks: how many hourglasses.
        width: channels of the features.
        levels: see :class:`Hourglass`; the images must be multiples of 4 * 2 ** levels.
        joints: maps.
    """

    def __init__(
        self, stacks: int = 2, width: int = 256, levels: int = 4, joints: int = _MPII_JOINTS
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            conv_norm_relu(3, width // 4, 7, 2, 3),
            Residual(width // 4, width // 2),
            nn.MaxPool2d(2),
            Residual(width // 2, width // 2),
            Residual(width // 2, width),
        )
        self.bodies = nn.ModuleList(
            nn.Sequential(
                Hourglass(width, levels), Residual(width, width), conv_norm_relu(width, width)
            )
            for _ in range(stacks)
        )
        self.heads = nn.ModuleList(nn.Conv2d(width, joints, 1) for _ in range(stacks))
        self.from_features = nn.ModuleList(nn.Conv2d(width, width, 1) for _ in range(stacks - 1))
        self.from_maps = nn.ModuleList(nn.Conv2d(joints, width, 1) for _ in range(stacks - 1))
        initialise(self)

    def forward(self, x: Tensor) -> list[Tensor]:
        """Images, (samples, 3, h, w), to each hourglass's (samples, joints, h / 4, w / 4)."""
        x = self.stem(x)
        maps: list[Tensor] = []
        for place, (body, head) in enumerate(zip(self.bodies, self.heads, strict=True)):
            features = body(x)
            maps.append(head(features))
            if place < len(self.from_features):
                x = x + self.from_features[place](features) + self.from_maps[place](maps[-1])
        return maps


class SimpleBaseline(nn.Module):
    """ResNet-50 without its classifier, three deconvolutions, and a map for each joint.

    Args:
        width: channels of the deconvolutions.
        joints: maps.
    """

    def __init__(self, width: int = 256, joints: int = _MPII_JOINTS) -> None:
        super().__init__()
        network = ResNet(depth=50, stem="7x7")
        self.stem = nn.Sequential(network.conv1, network.bn1, network.relu, network.maxpool)
        self.stages = nn.Sequential(network.layer1, network.layer2, network.layer3, network.layer4)
        layers: list[nn.Module] = []
        before = 2048
        for _ in range(3):
            grow = nn.ConvTranspose2d(before, width, 4, 2, padding=1, bias=False)
            layers += [grow, nn.BatchNorm2d(width), nn.ReLU()]
            before = width
        self.grow = nn.Sequential(*layers)
        self.head = nn.Conv2d(before, joints, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Images, (samples, 3, h, w), to maps, (samples, joints, h / 4, w / 4)."""
        return cast("Tensor", self.head(self.grow(self.stages(self.stem(x)))))
