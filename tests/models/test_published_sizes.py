"""Parameters as the papers and the widely used implementations count them.

Counts in millions are the papers'; exact ones are those of torchvision's networks, of pytorch-cifar
(100 classes where it says so) and of the authors' own code.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import nn

from kenning_lego.models.inception import InceptionV3
from kenning_lego.models.mobilenet import MobileNetV2
from kenning_lego.models.pose import SimpleBaseline, StackedHourglass
from kenning_lego.models.residual_attention import ResidualAttentionNet
from kenning_lego.models.resnet import ResNet, resnet_cifar
from kenning_lego.models.resnext import ResNeXt29
from kenning_lego.models.small_resnet import SmallResNet
from kenning_lego.models.unet import UNet
from kenning_lego.models.vgg import Vgg
from kenning_lego.models.wide_resnet import WideResNet

Make = Callable[[], nn.Module]

imagenet = partial(ResNet, stem="7x7", num_classes=1000)
attention = partial(ResidualAttentionNet, width=64, levels=(3, 2, 1), num_classes=1000)

EXACT: dict[str, tuple[Make, int]] = {
    "ResNet-18": (partial(resnet_cifar, 18, num_classes=10), 11_173_962),
    "ResNet-18, 100 classes": (partial(resnet_cifar, 18, num_classes=100), 11_220_132),
    "ResNet-34, 100 classes": (partial(resnet_cifar, 34, num_classes=100), 21_328_292),
    "ResNet-50, 100 classes": (partial(resnet_cifar, 50, num_classes=100), 23_705_252),
    "ResNet-101, 100 classes": (partial(resnet_cifar, 101, num_classes=100), 42_697_380),
    "ResNet-18, ImageNet": (partial(imagenet, depth=18), 11_689_512),
    "ResNet-34, ImageNet": (partial(imagenet, depth=34), 21_797_672),
    "ResNet-50, ImageNet": (partial(imagenet, depth=50), 25_557_032),
    "ResNet-101, ImageNet": (partial(imagenet, depth=101), 44_549_160),
    "ResNet-20": (partial(SmallResNet, 20), 269_722),
    "ResNet-56": (partial(SmallResNet, 56), 853_018),
    "VGG-16, one linear layer": (partial(Vgg, 16, (), 10), 14_728_266),
    "MobileNetV2, ImageNet": (partial(MobileNetV2, num_classes=1000), 3_504_872),
    "InceptionV3, ImageNet, no auxiliary": (partial(InceptionV3, 1000), 23_834_568),
    # pytorch-cifar's stem is a 1x1 convolution, the paper's a 3x3 one
    "ResNeXt-29 2x64d": (partial(ResNeXt29, 2, 64), 9_128_778 + 3 * 64 * 8),
    "ResNeXt-29 32x4d": (partial(ResNeXt29, 32, 4), 4_774_218 + 3 * 64 * 8),
    "U-Net": (UNet, 31_037_633),
}
IN_MILLIONS: dict[str, tuple[Make, float, float]] = {
    "ResNeXt-29 8x64d": (ResNeXt29, 34.4, 0.05),
    "ResNeXt-29 16x64d": (partial(ResNeXt29, 16), 68.1, 0.06),
    "MobileNetV2, 100 classes": (partial(MobileNetV2, num_classes=100), 2.36, 0.02),
    "VGG-16, 100 classes": (partial(Vgg, 16, num_classes=100), 34.0, 0.05),
    "WRN-28-10": (WideResNet, 36.5, 0.05),
    "WRN-40-10": (partial(WideResNet, 40), 55.8, 0.05),
    "WRN-40-4": (partial(WideResNet, 40, 4), 8.9, 0.05),
    "SE-ResNet-18": (partial(imagenet, depth=18, attention="se"), 11.78, 0.005),
    "SE-ResNet-50": (partial(imagenet, depth=50, attention="se"), 28.09, 0.005),
    "CBAM-ResNet-18": (partial(imagenet, depth=18, attention="cbam"), 11.78, 0.005),
    "CBAM-ResNet-50": (partial(imagenet, depth=50, attention="cbam"), 28.09, 0.005),
    # The paper leaves some shortcuts and the stem open; its counts are met within 3 %.
    "Attention-56": (partial(attention, 56), 31.9, 0.3),
    "Attention-92": (partial(attention, 92), 51.3, 1.4),
    "8-stage hourglass": (partial(StackedHourglass, 8), 25.1, 0.3),
    "SimpleBaseline, ResNet-50, COCO": (partial(SimpleBaseline, joints=17), 34.0, 0.05),
}


def parameters(make: Make) -> int:
    with torch.device("meta"):
        return sum(each.numel() for each in make().parameters())


@pytest.mark.parametrize(("make", "published"), EXACT.values(), ids=EXACT)
def test_a_network_has_the_published_number_of_parameters(make: Make, published: int) -> None:
    assert parameters(make) == published


@pytest.mark.parametrize(("make", "millions", "leeway"), IN_MILLIONS.values(), ids=IN_MILLIONS)
def test_a_network_is_as_large_as_the_paper_says(
    make: Make, millions: float, leeway: float
) -> None:
    assert parameters(make) / 1e6 == pytest.approx(millions, abs=leeway)


IMAGE = (2, 3, 32, 32)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (partial(resnet_cifar, 18, "cbam"), (2, 10)),
        (partial(resnet_cifar, 50, "se"), (2, 10)),
        (SmallResNet, (2, 10)),
        (partial(Vgg, 11), (2, 10)),
        (partial(MobileNetV2, 0.5), (2, 10)),
        (partial(ResNeXt29, 32, 4), (2, 10)),
        (partial(WideResNet, 10, 1), (2, 10)),
        (InceptionV3, (2, 10)),
        (partial(ResidualAttentionNet, 56, 8), (2, 10)),
        (partial(UNet, 4), (2, 1, 32, 32)),
        (SimpleBaseline, (2, 16, 8, 8)),
    ],
)
def test_images_give_outputs_of_the_promised_shape(make: Make, shape: tuple[int, ...]) -> None:
    with torch.device("meta"), torch.no_grad():
        assert make().eval()(torch.zeros(IMAGE)).shape == shape


def test_every_hourglass_gives_maps() -> None:
    with torch.device("meta"), torch.no_grad():
        maps = StackedHourglass(2, 8, 3).eval()(torch.zeros(2, 3, 64, 64))
    assert [each.shape for each in maps] == [(2, 16, 16, 16)] * 2
