"""Find a network by short name or dotted path; importing this does not import torch."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kenning_lego.core.errors import ConfigurationError, MissingDependencyError, UnknownNameError
from kenning_lego.core.lookup import find_callable

if TYPE_CHECKING:
    from torch import nn

NETWORKS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "resnet18-digits": ("kenning_lego.models.resnet:resnet18_digits", {}),
    "resnet18-cifar10": ("kenning_lego.models.resnet:resnet18_cifar", {"num_classes": 10}),
    "resnet18-cifar100": ("kenning_lego.models.resnet:resnet18_cifar", {"num_classes": 100}),
}
"""Short name to the callable that makes the network, and that callable's arguments."""


def load_model(name: str, checkpoint: Path | str | None = None, **kwargs: Any) -> nn.Module:
    """Make a network, and load its weights.

    Args:
        name: a key of :data:`NETWORKS`, or ``package.module:callable`` for one of your own. The
            module is imported and the callable is called: name only what you trust.
        checkpoint: weights to load, see :func:`kenning_lego.models.checkpoint.load_checkpoint`.
            Without it the weights are random, drawn from torch's global generator.
        kwargs: arguments for the callable.

    Returns:
        The network, in evaluation mode.

    Raises:
        UnknownNameError: there is no such network, module or callable.
        ConfigurationError: the callable does not take these arguments or returns no
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
    try:
        inspect.signature(factory).bind(**arguments)
    except TypeError as error:
        raise ConfigurationError(
            f"{path} does not take the arguments {arguments}: {error}", "correct them"
        ) from error
    model = factory(**arguments)
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
    try:
        return NETWORKS[name]
    except KeyError:
        raise UnknownNameError(
            "model", name, NETWORKS, "or name one of your own as package.module:callable"
        ) from None
