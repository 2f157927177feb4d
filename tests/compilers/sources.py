"""Small things to compile."""

from __future__ import annotations

from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from kenning_lego.compilers.onnx_compiler import Onnx
from kenning_lego.compilers.samples import samples_of
from kenning_lego.compilers.source import CompileSource, Samples
from kenning_lego.core.specs import TensorSpec

SHAPE = (3, 8, 8)
CLASSES = 4


class Tiny(nn.Module):
    """Convolutions, an addition and a classifier; channels of very different scales."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1)
        self.linear = nn.Linear(8, CLASSES)
        with torch.no_grad():
            self.conv2.weight *= torch.logspace(-2, 1, 8).reshape(-1, 1, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.conv1(x).relu()
        x = (self.conv2(x) + x).relu()
        return self.linear(x.mean((2, 3)))  # type: ignore[no-any-return]


def tiny() -> Tiny:
    torch.manual_seed(0)
    return Tiny().eval()


@cache
def onnx_file() -> bytes:
    """The same network, exported: the export takes longest by far."""
    return Onnx().build(source_of(tiny())).content


def images(count: int, seed: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).standard_normal((count, *SHAPE)).astype(np.float32)


def source_of(
    module: nn.Module | None,
    *,
    onnx: bytes | None = None,
    calibration: Samples | None = None,
    classes: int = CLASSES,
    **more: Any,
) -> CompileSource:
    """A source that takes an image and gives scores, with 12 samples of each kind."""
    return CompileSource(
        module,
        onnx,
        (TensorSpec("block.0", (1, *SHAPE)),),
        (TensorSpec("scores.out", (1, classes)),),
        (torch.from_numpy(images(1, 2)),),
        calibration=calibration or samples_of(images(12, 0)),
        validation=samples_of(images(12, 1)),
        **more,
    )


def needs(*modules: str) -> pytest.MarkDecorator:
    """Skip where a compiler's packages are not installed."""
    missing = [name for name in modules if find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed")
