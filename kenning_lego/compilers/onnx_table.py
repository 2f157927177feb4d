"""One table of ONNX operators for all exports: torch makes a new one for each.

Making it takes 0.8 s of the 1.15 s that a small block's export takes (torch 2.13, one x86-64 core).
torch has no public way to hand one over, so the function that makes it is replaced for the time of
an export. A torch that keeps it elsewhere makes its own, as before.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

try:
    from torch._C import _dispatch_get_all_op_names as _operators
    from torch.onnx._internal.exporter._registration import ONNXRegistry as _Registry

    _make: Any = _Registry.__dict__["from_torchlib"]
except (ImportError, KeyError):
    _make = None


@contextlib.contextmanager
def one_table() -> Iterator[None]:
    """While entered, :func:`torch.onnx.export` makes its table only once for each opset."""
    if _make is None:
        yield
        return
    _Registry.from_torchlib = staticmethod(_table)  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        _Registry.from_torchlib = _make  # type: ignore[method-assign]


def _table(opset_version: int) -> Any:
    # The table leaves out what no operator is registered for yet, such as torchvision's.
    return _made(opset_version, len(_operators()))


@lru_cache(maxsize=2)
def _made(opset_version: int, operators: int) -> Any:  # noqa: ARG001 - made anew if it changes
    return _make.__func__(_Registry, opset_version=opset_version)
