"""What a network is called with: positional and keyword arguments, tensors anywhere in them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from kenning_lego.blocks.capture.shapes import map_tensors, tensors_in
from kenning_lego.core.errors import ModelError

Example = torch.Tensor | Sequence[Any] | Mapping[str, Any]
"""A tensor; a tuple of arguments; a list as the only argument; or arguments by name."""


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """Arguments of a network's `forward`; parameters that are not bound keep their defaults.

    Args:
        args: positional arguments, with tensors anywhere in tuples, lists and mappings.
        kwargs: the same by name.
        names: of the tensors, unique, in order.
    """

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    names: tuple[str, ...]

    @property
    def tensors(self) -> tuple[torch.Tensor, ...]:
        """All tensors in order."""
        return tuple(tensors_in((self.args, self.kwargs)))

    def filled(self, tensors: Sequence[Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Positional and keyword arguments with other things in the tensors' places."""
        others = iter(tensors)
        args, kwargs = map_tensors((self.args, dict(self.kwargs)), lambda _: next(others))
        return args, kwargs

    def call(self, model: nn.Module, tensors: Sequence[torch.Tensor]) -> Any:
        """What `model` returns, without gradients, for copies of other tensors in their places."""
        args, kwargs = self.filled([each.clone() for each in tensors])
        with torch.no_grad():
            return model(*args, **kwargs)


def bind(model: nn.Module, example: Example) -> Inputs:
    """Name the tensors in `example` after the parameters of the network's `forward`.

    Args:
        model: the network.
        example: what to call it with; copied to the CPU, without gradients.

    Raises:
        ModelError: `forward` does not take such arguments, or there is no tensor in them.
    """
    if isinstance(example, Mapping):
        return bind_call(model, (), dict(example))
    return bind_call(model, example if isinstance(example, tuple) else (example,), {})


def bind_call(model: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Inputs:
    """As :func:`bind`, for positional and keyword arguments.

    Raises:
        ModelError: `forward` does not take such arguments, or there is no tensor in them.
    """
    given = map_tensors((args, dict(kwargs)), lambda each: each.detach().cpu())
    try:
        bound = inspect.signature(model.forward).bind(*given[0], **given[1])
    except TypeError as error:
        raise ModelError(
            f"{type(model).__name__}.forward cannot be called with the example input: {error}",
            "give a tensor, a tuple of arguments, or a mapping of arguments by name",
        ) from error
    names = tuple(_names(bound.arguments))
    if not names:
        raise ModelError("there is no tensor in the example input", "give one")
    return Inputs(bound.args, bound.kwargs, _distinct(names))


def _names(arguments: Mapping[str, Any]) -> Iterator[str]:
    for name, value in arguments.items():
        if isinstance(value, torch.Tensor):
            yield name
        elif isinstance(value, Mapping):
            yield from _names({f"{name}_{key}": each for key, each in value.items()})
        elif isinstance(value, tuple | list):
            yield from _names({f"{name}_{place}": each for place, each in enumerate(value)})


def _distinct(names: Sequence[str]) -> tuple[str, ...]:
    if len(set(names)) == len(names):
        return tuple(names)
    return tuple(f"{name}_{place}" for place, name in enumerate(names))
