"""Find a network by short name or dotted path; importing this does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kenning_lego.core.errors import ConfigurationError, MissingDependencyError, UnknownNameError
from kenning_lego.core.lookup import announced, call, find_callable

if TYPE_CHECKING:
    from torch import nn

GROUP = "kenning_lego.models"
"""Entry points by which other packages announce callables that make networks."""

_FOR_CIFAR: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "resnet18": ("resnet:resnet_cifar", {"depth": 18}),
    "resnet34": ("resnet:resnet_cifar", {"depth": 34}),
    "resnet50": ("resnet:resnet_cifar", {"depth": 50}),
    "resnet101": ("resnet:resnet_cifar", {"depth": 101}),
    "resnet20": ("small_resnet:SmallResNet", {"depth": 20}),
    "resnet56": ("small_resnet:SmallResNet", {"depth": 56}),
    "se-resnet18": ("resnet:resnet_cifar", {"attention": "se"}),
    "cbam-resnet18": ("resnet:resnet_cifar", {"attention": "cbam"}),
    "mobilenet-v2": ("mobilenet:MobileNetV2", {}),
    "resnext29-8x64d": ("resnext:ResNeXt29", {}),
    "resnext29-32x4d": ("resnext:ResNeXt29", {"cardinality": 32, "group_width": 4}),
    "inception-v3": ("inception:InceptionV3", {}),
    "wide-resnet-28-10": ("wide_resnet:WideResNet", {"depth": 28}),
    "wide-resnet-40-10": ("wide_resnet:WideResNet", {"depth": 40}),
    "residual-attention-56": ("residual_attention:ResidualAttentionNet", {"depth": 56}),
    "residual-attention-92": ("residual_attention:ResidualAttentionNet", {"depth": 92}),
    "vgg16": ("vgg:Vgg", {"depth": 16}),
}

NETWORKS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "resnet18-digits": ("kenning_lego.models.resnet:resnet18_digits", {}),
    **{
        f"{name}-cifar{classes}": (
            f"kenning_lego.models.{path}",
            {**kwargs, "num_classes": classes},
        )
        for name, (path, kwargs) in _FOR_CIFAR.items()
        for classes in (10, 100)
    },
    "unet": ("kenning_lego.models.unet:UNet", {}),
    "stacked-hourglass": ("kenning_lego.models.pose:StackedHourglass", {}),
    "simple-baseline": ("kenning_lego.models.pose:SimpleBaseline", {}),
}
"""Short name to the callable that makes the network, and that callable's arguments."""

_CIFAR_SHAPE = (3, 32, 32)
_OTHER_SHAPES: Mapping[str, tuple[int, int, int]] = {
    "resnet18-digits": (1, 8, 8),
    "unet": (3, 64, 64),
    "stacked-hourglass": (3, 64, 64),
    "simple-baseline": (3, 64, 64),
}


def input_shape(name: str) -> tuple[int, int, int]:
    """(channels, height, width) of images that a network of :data:`NETWORKS` takes.

    Those that take any size get a small one of the kind that they are for.
    """
    return _OTHER_SHAPES.get(name, _CIFAR_SHAPE)


def load_model(name: str, checkpoint: Path | str | None = None, **kwargs: Any) -> nn.Module:
    """Make a network, and load its weights.

    Args:
        name: a key of :data:`NETWORKS`, a name that an installed package announces, or
            ``package.module:callable`` for one of your own. The module is imported and the callable
            is called: name only what you trust.
        checkpoint: weights to load, see :func:`kenning_lego.models.checkpoint.load_checkpoint`.
            Without it the weights are random, drawn from torch's global generator.
        kwargs: arguments for the callable.

    Returns:
        The network, in evaluation mode.

    Raises:
        UnknownNameError: there is no such network, module or callable.
        ConfigurationError: the callable does not take these arguments, raises or returns no
            ``torch.nn.Module``, or the checkpoint cannot be read.
        ModelError: the checkpoint is of another network.
        MissingDependencyError: torch is not installed.
    """
    try:
        from torch import nn
    except ModuleNotFoundError as error:
        raise MissingDependencyError("torch", "host", f"the network {name!r}") from error
    from kenning_lego.models.checkpoint import load_checkpoint

    path, defaults = _resolve(name)
    factory = find_callable(path)
    arguments = {**defaults, **kwargs}
    model = call(path, factory, arguments)
    if not isinstance(model, nn.Module):
        raise ConfigurationError(
            f"{path} returned {type(model).__name__}, not a torch.nn.Module",
            "name a callable that makes the network",
        )
    if checkpoint is not None:
        load_checkpoint(model, Path(checkpoint).expanduser())
    return model.eval()


def _resolve(name: str) -> tuple[str, Mapping[str, Any]]:
    if ":" in name:
        return name, {}
    if name in NETWORKS:
        return NETWORKS[name]
    others = announced(GROUP)
    if name in others:
        return others[name], {}
    raise UnknownNameError(
        "model", name, [*NETWORKS, *others], "or name one of your own as package.module:callable"
    )
