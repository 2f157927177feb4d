"""Import torchvision where it is installed, beside a build of torch for the CPU as well.

Its wheels look for operators that such a build lacks; declaring two of them first is enough.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import torch

_OPERATORS: Any = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
"""Kept, since what it declares ends with it."""
_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def import_torchvision() -> Any:
    """The module ``torchvision``.

    Raises:
        ModuleNotFoundError: it is not installed.
    """
    try:
        return importlib.import_module("torchvision")
    except RuntimeError:
        for name in [each for each in sys.modules if each.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        for name in ("nms", "qnms"):
            _OPERATORS.define(name + _SCHEMA)
        return importlib.import_module("torchvision")
