"""Small networks, each with a trait that cutting must get right."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def conv(inputs: int, outputs: int, size: int = 3, stride: int = 1, groups: int = 1) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, stride, size // 2, groups=groups, bias=False)


def conv_bn_relu(inputs: int, outputs: int, stride: int = 1, groups: int = 1) -> nn.Sequential:
    return nn.Sequential(
        conv(inputs, outputs, stride=stride, groups=groups),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class BasicBlock(nn.Module):
    """With an in-place activation that is called twice, and an in-place addition."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = conv(inputs, outputs, stride=stride)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu = nn.ReLU(inplace=True)
        self.conv2 = conv(outputs, outputs)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.downsample: nn.Module | None = None
        if stride > 1 or inputs != outputs:
            self.downsample = nn.Sequential(
                conv(inputs, outputs, 1, stride), nn.BatchNorm2d(outputs)
            )

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out += x if self.downsample is None else self.downsample(x)
        result: Tensor = self.relu(out)
        return result


class TinyResNet(nn.Module):
    """The shape of ResNet-18: a stem, four stages of two blocks, a head."""

    def __init__(self, widths: tuple[int, int, int, int] = (16, 32, 32, 64)) -> None:
        super().__init__()
        self.conv1 = conv(1, widths[0])
        self.bn1 = nn.BatchNorm2d(widths[0])
        self.relu = nn.ReLU(inplace=True)
        before = widths[0]
        stages = []
        for place, width in enumerate(widths):
            stride = 1 if place == 0 else 2
            stages.append(
                nn.Sequential(BasicBlock(before, width, stride), BasicBlock(width, width, 1))
            )
            before = width
        self.layer1, self.layer2, self.layer3, self.layer4 = stages
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(before, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        scores: Tensor = self.fc(torch.flatten(self.avgpool(x), 1))
        return scores


class PlainCnn(nn.Sequential):
    """One flat sequence."""

    def __init__(self) -> None:
        super().__init__(
            *conv_bn_relu(1, 16),
            *conv_bn_relu(16, 16),
            *conv_bn_relu(16, 32, stride=2),
            *conv_bn_relu(32, 32),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(32, 10),
        )


class SqueezeExcite(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.reduce = nn.Conv2d(width, width // 4, 1)
        self.expand = nn.Conv2d(width // 4, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        scale = functional.adaptive_avg_pool2d(x, 1)
        scale = self.expand(functional.relu(self.reduce(scale), inplace=True))
        scaled: Tensor = x * torch.sigmoid(scale)
        return scaled


class InvertedResidual(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.expand = conv_bn_relu(width, 4 * width)
        self.depthwise = conv_bn_relu(4 * width, 4 * width, groups=4 * width)
        self.excite = SqueezeExcite(4 * width)
        self.project = nn.Sequential(conv(4 * width, width, 1), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.project(self.excite(self.depthwise(self.expand(x))))  # type: ignore[no-any-return]


class MobileNet(nn.Module):
    """Depthwise convolutions and squeeze-and-excitation."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = conv_bn_relu(1, 8)
        self.blocks = nn.Sequential(InvertedResidual(8), InvertedResidual(8))
        self.head = nn.Linear(8, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.blocks(self.stem(x)).mean([2, 3]))  # type: ignore[no-any-return]


class GroupedCnn(nn.Sequential):
    """A bottleneck with a grouped convolution, as in ResNeXt."""

    def __init__(self) -> None:
        super().__init__(
            conv(1, 16), *conv_bn_relu(16, 32), *conv_bn_relu(32, 32, groups=4), conv(32, 16)
        )


class PreActivation(nn.Module):
    """The in-place activation also changes what the shortcut sees."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = conv(1, 8)
        self.relu = nn.ReLU(inplace=True)
        self.conv1 = conv(8, 16)
        self.conv2 = conv(16, 8)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        y: Tensor = self.conv2(torch.relu_(self.conv1(self.relu(x))))
        y.add_(x)
        functional.relu(y, True)
        functional.elu(input=y, inplace=True)
        count = y.size(0)
        half = count
        count += 1  # a number: `half` is not changed with it
        return y.mul_(2).div_(count - half)


class Functional(nn.Module):
    """Functions, a tensor added to itself, a concatenation, and constants."""

    shift: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = conv(1, 8)
        self.conv2 = conv(8, 12)
        self.conv3 = conv(12, 4)
        self.conv4 = conv(12, 8)
        self.register_buffer("shift", torch.randn(8, 1, 1))
        self.scale = nn.Parameter(torch.randn(8, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = functional.relu(self.conv1(x)) * self.scale
        x = x + x
        y = functional.gelu(self.conv2(x))
        x = torch.cat((x, self.conv3(y)), 1)
        return functional.max_pool2d(self.conv4(x) - self.shift, 2) + self.scale.abs()


class UNet(nn.Module):
    """A skip from the first level around everything below it."""

    def __init__(self) -> None:
        super().__init__()
        self.down = conv_bn_relu(1, 8)
        self.below = nn.Sequential(
            *conv_bn_relu(8, 16, stride=2), *conv_bn_relu(16, 16), *conv_bn_relu(16, 16)
        )
        self.up = nn.ConvTranspose2d(16, 8, 2, 2)
        self.merge = nn.Sequential(conv_bn_relu(16, 16), conv(16, 1))

    def forward(self, x: Tensor) -> Tensor:
        x = self.down(x)
        y = self.up(self.below(x))
        return self.merge(torch.cat([x, y], dim=1))  # type: ignore[no-any-return]


class TwoHeads(nn.Module):
    """Two inputs, two outputs in a mapping, and a default that stays."""

    def __init__(self) -> None:
        super().__init__()
        self.left = PlainCnn()
        self.right = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 10))

    def forward(
        self, image: Tensor, facts: Tensor, bias: Tensor | None = None
    ) -> dict[str, Tensor]:
        left, right = self.left(image), self.right(facts)
        if bias is not None:
            left = left + bias
        return {"both": left + right, "right": right}


class Sizes(nn.Module):
    """A batch size that is read early and used late and twice; a split into two."""

    def __init__(self) -> None:
        super().__init__()
        self.first = conv(1, 16)
        self.body = nn.Sequential(conv_bn_relu(8, 16), conv(16, 8))
        self.last = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        count = x.size(0)
        left, right = self.first(x).chunk(2, dim=1)
        left = self.body(left)
        x = torch.cat([left, right], 1).reshape(count, 16, -1).mean(-1)
        scores: Tensor = self.last(x.view(count, -1))
        return scores


class Gate(nn.Module):
    """Decides by a tensor's value, which cannot be traced."""

    def forward(self, x: Tensor) -> Tensor:
        return x * 2 if float(x.detach().mean()) > 0 else x


class Gated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.front = nn.Sequential(conv_bn_relu(1, 8), conv(8, 8))
        self.gate = nn.Sequential(Gate())
        self.back = nn.Sequential(conv_bn_relu(8, 16), conv(16, 8))

    def forward(self, x: Tensor) -> Tensor:
        return self.back(self.gate(self.front(x)))  # type: ignore[no-any-return]


class OwnConv(nn.Conv2d):
    """A layer that is defined outside torch.nn."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002
        scaled: Tensor = self._conv_forward(input, self.weight * 1.5, self.bias)
        return scaled


class ChangedThroughView(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(conv(1, 8), conv(8, 8))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        y.flatten().add_(1)
        return y


class Nested(nn.Module):
    """Takes a list and a mapping, returns tuples in a mapping; a keyword decides the path."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(conv_bn_relu(1, 8), conv(8, 8))
        self.side = nn.Linear(6, 8)

    def forward(
        self, images: list[Tensor], facts: dict[str, Tensor], *, twice: bool = False
    ) -> dict[str, object]:
        x = self.body(images[0] + images[1])
        if twice:
            x = x * 2
        side = self.side(facts["numbers"])
        return {"features": (x, [side]), "none": None, "sum": x.mean((2, 3)) + side}


class BranchesOnSizes(nn.Module):
    """Loops and branches on sizes, unpacks shapes, and asserts on a tensor."""

    def __init__(self) -> None:
        super().__init__()
        self.front = nn.Sequential(conv_bn_relu(1, 8), conv(8, 8))
        self.back = nn.Sequential(conv_bn_relu(8, 16), conv(16, 8))

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[-1] % 2 or x.dim() != 4:
            raise ValueError("odd")
        torch._assert(x.isfinite().all(), "not finite")  # type: ignore[no-untyped-call]
        _, _, height, width = x.shape
        y = self.front(x)
        for _ in range(len(y.shape) - 2):
            y = functional.avg_pool2d(y, 2)
        y = functional.interpolate(self.back(y), size=(height, width))
        result: Tensor = y.flatten(1) + float(width)
        return result


class BranchesOnBatch(nn.Module):
    """Computes something else for a single image, inside and outside of a sub-module."""

    class Scale(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * 2 if x.shape[0] == 1 else x

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(conv_bn_relu(1, 8), conv(8, 8))
        self.scale = self.Scale()

    def forward(self, x: Tensor) -> Tensor:
        return self.scale(self.body(x))  # type: ignore[no-any-return]


class Shift(nn.Module):
    """Writes into slices of a new tensor, as temporal shift modules do."""

    def forward(self, x: Tensor) -> Tensor:
        out = torch.zeros_like(x)
        out[:, :2] = x[:, 1:3]
        out[:, 2:] = x[:, 2:]
        return out


class Shifted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.front = nn.Sequential(conv_bn_relu(1, 8), conv(8, 8))
        self.shift = nn.Sequential(nn.ReLU(), Shift())
        self.back = nn.Sequential(conv_bn_relu(8, 16), conv(16, 8))

    def forward(self, x: Tensor) -> Tensor:
        return self.back(self.shift(self.front(x)))  # type: ignore[no-any-return]


class Siamese(nn.Module):
    """One body for an image and its mirror, called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(conv_bn_relu(1, 8), conv(8, 8))
        self.joint = nn.Sequential(conv_bn_relu(8, 16), conv(16, 4))

    def forward(self, x: Tensor) -> Tensor:
        return self.joint(self.body(x) + self.body(x.flip(-1)))  # type: ignore[no-any-return]


class SharedHead(nn.Module):
    """One head for two sizes, called twice."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv_bn_relu(1, 8), conv(8, 8))
        self.head = nn.Sequential(conv_bn_relu(8, 16), conv(16, 4))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.stem(x)
        return self.head(x), self.head(functional.max_pool2d(x, 2))


class FrozenBatchNorm(nn.Module):
    """Constants in buffers, and arithmetic on them."""

    eps = 1e-3

    def __init__(self, width: int) -> None:
        super().__init__()
        for name in ("weight", "bias", "running_mean", "running_var"):
            self.register_buffer(name, torch.rand(width) + 0.5)

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.get_buffer("weight"), self.get_buffer("bias")
        mean, variance = self.get_buffer("running_mean"), self.get_buffer("running_var")
        scale = weight.reshape(1, -1, 1, 1) * (variance.reshape(1, -1, 1, 1) + self.eps).rsqrt()
        shift = bias.reshape(1, -1, 1, 1) - mean.reshape(1, -1, 1, 1) * scale
        return x * scale + shift


class Frozen(nn.Sequential):
    def __init__(self) -> None:
        super().__init__(conv(1, 8), FrozenBatchNorm(8), nn.ReLU(), conv(8, 8))


class Detector(nn.Module):
    """Takes a list of images and drops what scores low, which cannot be traced."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(conv_bn_relu(1, 8), conv_bn_relu(8, 16), conv(16, 8))
        self.score = nn.Sequential(nn.Conv2d(8, 4, 1), nn.Conv2d(4, 1, 1))

    def forward(self, images: list[Tensor]) -> list[dict[str, Tensor]]:
        maps = self.body(torch.stack(images))
        scores = self.score(maps)
        return [{"scores": each[each > each.mean().item()]} for each in scores]
