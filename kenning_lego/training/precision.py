"""Whether students are trained in float32 or in bfloat16: what is faster and exact enough."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final, Literal

import torch

Precision = Literal["float32", "bfloat16"]

_PRECISIONS: Final[tuple[Precision, Precision]] = ("float32", "bfloat16")
_ROUNDS = 2
_WORTHWHILE = 1.15
"""How much faster bfloat16 must be: less may be noise."""
_LARGEST_DEVIATION = 0.05
"""Share by which a loss may differ in bfloat16: beyond, its rounding is what would be learnt."""


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[None]:
    """Compute in this precision where torch holds that to be safe; weights stay float32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bfloat16")


def faster(step: Callable[[Precision], object]) -> Precision:
    """Which precision `step` runs faster in; bfloat16 only if clearly so.

    Args:
        step: a step of a training; its first call in each precision is not counted.
    """
    best = dict.fromkeys(_PRECISIONS, float("inf"))
    for turn in range(_ROUNDS + 1):
        for precision in _PRECISIONS:
            begin = time.perf_counter()
            step(precision)
            if turn:
                best[precision] = min(best[precision], time.perf_counter() - begin)
    return "bfloat16" if best["bfloat16"] * _WORTHWHILE < best["float32"] else "float32"


def exact_enough(exact: float, rounded: float) -> bool:
    """Whether a loss in float32 and the same in bfloat16 are nearly equal."""
    return abs(rounded - exact) <= _LARGEST_DEVIATION * exact
