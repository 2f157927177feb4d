"""The operations that a stored graph may name: torch's functions of tensors, and no others.

A description of a graph comes from a file, so a name in it must never reach anything but pure
functions: no file, no import, no code.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator
from functools import cache
from types import ModuleType
from typing import Any

import torch
from torch.nn import functional
from torch.overrides import get_overridable_functions

Function = Callable[..., Any]

ATTRIBUTES = frozenset({"shape", "dtype", "device", "ndim", "mT", "T"})
"""What may be read from a tensor by its name."""

_SPACES: dict[str, ModuleType] = {
    "torch": torch,
    "torch.nn.functional": functional,
    "torch.linalg": torch.linalg,
    "torch.fft": torch.fft,
    "torch.special": torch.special,
    "torch._C._nn": torch._C._nn,
    "operator": operator,
    "math": math,
}
_FACTORIES = (
    *("arange", "empty", "eye", "full", "linspace", "ones", "tensor", "zeros"),
    *("broadcast_shapes", "finfo", "iinfo"),
)
"""Functions of torch that take no tensor."""
_OWN_OPERATORS = ("attrgetter", "call", "itemgetter", "methodcaller")


_IMPURE = re.compile(
    r"apply_|map2?_|numpy|tolist|set_|backward|register_.*|record_stream|share_memory_|pin_memory"
    r"|module_load|.*storage.*|.*data_ptr|cuda|to_mkldnn"
)
"""Methods that a network has no use for, and that do more than compute."""


def name_of(function: Function) -> str | None:
    """The name under which a graph's description has a function; None if it may have none."""
    return _names().get(function)


def function_named(name: str) -> Function | None:
    """The function of that name, if a description may use it."""
    return _functions().get(name)


@cache
def methods() -> frozenset[str]:
    """The methods of tensors that may be called."""
    overridable = get_overridable_functions()[torch.Tensor]
    named = {getattr(each, "__name__", "_") for each in overridable}
    # Sizes are tuples; their methods are those of no tensor.
    return frozenset({each for each in named if _is_public(each)} | {"size", "numel", "dim"})


@cache
def _functions() -> dict[str, Function]:
    return {name: function for name, function in _all() if callable(function)}


@cache
def _names() -> dict[Function, str]:
    found: dict[Function, str] = {}
    for name, function in _functions().items():
        found.setdefault(function, name)
    return found


def _all() -> Iterator[tuple[str, Any]]:
    pure = {each for several in get_overridable_functions().values() for each in several}
    for space, module in _SPACES.items():
        for name, value in vars(module).items():
            if not _is_public(name) or isinstance(value, type | ModuleType):
                continue
            if module in (operator, math):
                allowed = name not in _OWN_OPERATORS
            else:
                allowed = _hashable(value) and value in pure
            if allowed:
                yield f"{space}.{name}", value
    for name in _FACTORIES:
        yield f"torch.{name}", getattr(torch, name)
    yield "getattr", getattr  # of ATTRIBUTES alone
    yield from (("builtins.max", max), ("builtins.min", min), ("builtins.round", round))


def _hashable(value: object) -> bool:
    return callable(value) and getattr(value, "__hash__", None) is not None


def _is_public(name: str) -> bool:
    return not name.startswith("_") and not _IMPURE.fullmatch(name)
