"""What the sub-modules of a network are called with, and what they return."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import nn

from kenning_lego.blocks.capture.foreign import FOREIGN_ERRORS
from kenning_lego.blocks.capture.inputs import Inputs
from kenning_lego.blocks.capture.shapes import map_tensors
from kenning_lego.core.errors import ModelError


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call of a module: tensors as they were then.

    Args:
        args: positional arguments.
        kwargs: arguments by name.
        result: what it returned.
    """

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    result: Any


def record_calls(model: nn.Module, inputs: Inputs) -> dict[str, Call]:
    """The calls of all sub-modules that are called exactly once, by path.

    Args:
        model: a copy of it is run, on the CPU in evaluation mode.
        inputs: what to call it with.

    Raises:
        ModelError: the network fails on them.
    """
    own = copy.deepcopy(model).cpu().eval()
    entered: dict[str, list[tuple[Any, Any]]] = {}
    left: dict[str, Any] = {}

    def enter(path: str, _: nn.Module, args: Any, kwargs: Any) -> None:
        entered.setdefault(path, []).append(map_tensors((args, kwargs), torch.Tensor.clone))

    def leave(path: str, _: nn.Module, __: Any, result: Any) -> None:
        left[path] = map_tensors(result, torch.Tensor.clone)

    for path, module in own.named_modules():
        module.register_forward_pre_hook(partial(enter, path), with_kwargs=True)
        module.register_forward_hook(partial(leave, path))
    try:
        inputs.call(own, inputs.tensors)
    except FOREIGN_ERRORS as error:
        raise ModelError(
            f"{type(model).__name__} fails on the example input: {error}",
            "give an example input that the network accepts",
        ) from error
    return {
        path: Call(*calls[0], left[path])
        for path, calls in entered.items()
        if path and len(calls) == 1 and path in left
    }
