"""Layers of torch.nn as their class's name and what it is constructed with."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from torch import nn

from kenning_lego.core.errors import ModelError

_PLACEMENT = ("device", "dtype")
_BOOLEANS = ("bias",)
"""Arguments that say whether there is a parameter; the attribute is that parameter."""


def describe_layer(layer: nn.Module) -> dict[str, Any]:
    """The layer's class and the arguments that make one like it.

    Raises:
        ModelError: it is no layer of torch.nn, or its arguments cannot be told from it.
    """
    name = type(layer).__name__
    if getattr(nn, name, None) is not type(layer):
        raise ModelError(
            f"{type(layer).__module__}.{type(layer).__qualname__} cannot be made without its code",
            "build it of layers of torch.nn and of operations that can be traced",
        )
    arguments = _arguments(layer)
    description = {"class": name, "arguments": arguments}
    again = make_layer(description)
    if repr(again) != repr(layer) or _shapes(again) != _shapes(layer):
        raise ModelError(
            f"a torch.nn.{name} is not what its arguments {arguments} make",
            "keep its weights as its class makes them",
        )
    return description


def make_layer(description: Mapping[str, Any]) -> nn.Module:
    """The layer, with weights of its own.

    Raises:
        ModelError: torch.nn has no such layer, or it does not take these arguments.
    """
    name, arguments = str(description["class"]), dict(description["arguments"])
    found = getattr(nn, name, None)
    if not isinstance(found, type) or not issubclass(found, nn.Module):
        raise ModelError(f"torch.nn has no layer {name!r}", "use the torch that stored it")
    try:
        return found(**{key: _tuples(value) for key, value in arguments.items()}).eval()
    except (TypeError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"torch.nn.{name} does not take {arguments}: {error}", "use the torch that stored it"
        ) from error


def _arguments(layer: nn.Module) -> dict[str, Any]:
    arguments: dict[str, Any] = {}
    if isinstance(layer, nn.MultiheadAttention):
        arguments["bias"] = layer.in_proj_bias is not None
        arguments["add_bias_kv"] = layer.bias_k is not None
    for name, parameter in inspect.signature(type(layer).__init__).parameters.items():
        if name in ("self", *_PLACEMENT, *arguments) or not hasattr(layer, name):
            continue
        value = getattr(layer, name)
        if name in _BOOLEANS:
            value = value is not None and value is not False
        if parameter.default is inspect.Parameter.empty or value != parameter.default:
            arguments[name] = _plain(value, layer, name)
    return arguments


def _plain(value: object, layer: nn.Module, name: str) -> Any:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, tuple | list):
        return [_plain(each, layer, name) for each in value]
    raise ModelError(
        f"the argument {name} of a torch.nn.{type(layer).__name__} is a {type(value).__name__}",
        "build it of numbers and text",
    )


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _shapes(layer: nn.Module) -> dict[str, tuple[int, ...]]:
    return {name: tuple(each.shape) for name, each in layer.state_dict().items()}
