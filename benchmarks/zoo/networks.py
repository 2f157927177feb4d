"""The networks by name, each with random weights and an input that is small for its kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.zoo.foreign import import_torchvision
from kenning_lego.models.inception import InceptionV3
from kenning_lego.models.mobilenet import MobileNetV2
from kenning_lego.models.pose import SimpleBaseline, StackedHourglass
from kenning_lego.models.residual_attention import ResidualAttentionNet
from kenning_lego.models.resnet import resnet_cifar
from kenning_lego.models.resnext import ResNeXt29
from kenning_lego.models.small_resnet import SmallResNet
from kenning_lego.models.unet import UNet
from kenning_lego.models.vgg import Vgg
from kenning_lego.models.wide_resnet import WideResNet

Builder = Callable[[], nn.Module]

_BATCH = 4
_CIFAR = (1, 3, 32, 32)
_SMALL = (1, 3, 64, 64)
_MEDIUM = (1, 3, 96, 96)
_CLIP = (1, 3, 4, 64, 64)


@dataclass(frozen=True, slots=True)
class Entry:
    """A network.

    Args:
        make: builds it.
        shape: of its input, the batch first.
        foreign: whether it needs torchvision.
    """

    make: Builder
    shape: tuple[int, ...]
    foreign: bool = False

    def build(self) -> tuple[nn.Module, Tensor]:
        """The network in evaluation mode and an input, the same at every call.

        Raises:
            ModuleNotFoundError: it needs torchvision, which is not installed.
        """
        # The global generator is what layers draw their weights from.
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            model = self.make()
            _settle(model, torch.randn(_BATCH, *self.shape[1:]))
            return model.eval(), torch.randn(self.shape)


def _settle(model: nn.Module, batch: Tensor) -> None:
    """Give normalisations the statistics of their inputs, as training does.

    Without them the values in a deep network grow until rounding is all that is left. The mean
    variance is added to each channel's: of a few pixels some have next to none.
    """
    norms = [each for each in model.modules() if isinstance(each, nn.modules.batchnorm._BatchNorm)]
    for each in norms:
        each.momentum = 1.0
    with torch.no_grad():
        model.train()(batch)
    for each in norms:
        each.momentum = 0.1
        variance = each.get_buffer("running_var")
        variance += variance.mean()


def _vision(name: str, **arguments: Any) -> nn.Module:
    module, _, function = name.rpartition(".")
    place = import_torchvision().models
    for part in module.split(".") if module else ():
        place = getattr(place, part)
    model: nn.Module = getattr(place, function)(**{"weights": None, **arguments})
    return model


def _segmentation(name: str) -> nn.Module:
    return _vision(f"segmentation.{name}", weights_backbone=None, num_classes=21)


def _feature_pyramid() -> nn.Module:
    return _vision("detection.backbone_utils.resnet_fpn_backbone", backbone_name="resnet50")


def _vision_transformer() -> nn.Module:
    """ViT-Ti/16: Touvron et al., "Training data-efficient image transformers", 2021."""
    kind = import_torchvision().models.VisionTransformer
    model: nn.Module = kind(
        image_size=64, patch_size=16, num_layers=12, num_heads=3, hidden_dim=192, mlp_dim=768
    )
    return model


CLASSIFIERS: Mapping[str, Entry] = {
    "resnet18": Entry(partial(resnet_cifar, num_classes=100), _CIFAR),
    "mobilenet_v2": Entry(partial(MobileNetV2, num_classes=100), _CIFAR),
    "resnext29": Entry(partial(ResNeXt29, 32, 4, 100), _CIFAR),
    "inception_v3_cifar": Entry(partial(InceptionV3, 100), _CIFAR),
    "wide_resnet_40_10": Entry(partial(WideResNet, 40, 10, num_classes=100), _CIFAR),
    "residual_attention_92": Entry(partial(ResidualAttentionNet, 92, num_classes=100), _CIFAR),
    "cbam_resnet18": Entry(partial(resnet_cifar, 18, "cbam", 100), _CIFAR),
    "se_resnet18": Entry(partial(resnet_cifar, 18, "se", 100), _CIFAR),
    "vgg16": Entry(partial(Vgg, 16, num_classes=100), _CIFAR),
}
"""The nine classification networks of LegoDNN's table, in their CIFAR form."""

OTHERS: Mapping[str, Entry] = {
    "resnet20": Entry(SmallResNet, _CIFAR),
    "resnet101_cifar": Entry(partial(resnet_cifar, 101, num_classes=100), _CIFAR),
    "unet": Entry(partial(UNet, 16), _SMALL),
    "hourglass": Entry(partial(StackedHourglass, 2, 64, 3), _SMALL),
    "simple_baseline": Entry(SimpleBaseline, _SMALL),
    "resnet50": Entry(partial(_vision, "resnet50"), _SMALL, foreign=True),
    "resnext50": Entry(partial(_vision, "resnext50_32x4d"), _SMALL, foreign=True),
    "densenet121": Entry(partial(_vision, "densenet121"), _SMALL, foreign=True),
    "shufflenet_v2": Entry(partial(_vision, "shufflenet_v2_x1_0"), _SMALL, foreign=True),
    "squeezenet": Entry(partial(_vision, "squeezenet1_1"), _SMALL, foreign=True),
    "efficientnet_b0": Entry(partial(_vision, "efficientnet_b0"), _SMALL, foreign=True),
    "mobilenet_v3": Entry(partial(_vision, "mobilenet_v3_small"), _SMALL, foreign=True),
    "mnasnet": Entry(partial(_vision, "mnasnet1_0"), _SMALL, foreign=True),
    "regnet_y": Entry(partial(_vision, "regnet_y_400mf"), _SMALL, foreign=True),
    "convnext": Entry(partial(_vision, "convnext_tiny"), _SMALL, foreign=True),
    "googlenet": Entry(
        partial(_vision, "googlenet", aux_logits=False, init_weights=False), _SMALL, foreign=True
    ),
    "inception_v3": Entry(
        partial(_vision, "inception_v3", aux_logits=False, init_weights=False),
        _MEDIUM,
        foreign=True,
    ),
    "fcn": Entry(partial(_segmentation, "fcn_resnet50"), _SMALL, foreign=True),
    "deeplab_v3": Entry(partial(_segmentation, "deeplabv3_resnet50"), _SMALL, foreign=True),
    "feature_pyramid": Entry(_feature_pyramid, _SMALL, foreign=True),
    "vit": Entry(_vision_transformer, _SMALL, foreign=True),
    "swin": Entry(partial(_vision, "swin_t"), _SMALL, foreign=True),
    "r3d_18": Entry(partial(_vision, "video.r3d_18"), _CLIP, foreign=True),
}
"""More kinds, each with a trait of its own."""

NETWORKS: Mapping[str, Entry] = {**CLASSIFIERS, **OTHERS}
