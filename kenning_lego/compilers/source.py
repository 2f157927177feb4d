"""What is compiled: a module or a file, with samples to calibrate and to compare on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # configurations are read without loading frameworks
    from numpy.typing import NDArray
    from torch import Tensor, nn

    from kenning_lego.core.specs import TensorSpec


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Real inputs of a network or segment, made when they are asked for.

    Args:
        fingerprint: identifies what :meth:`open` gives.
        open: starts anew; gives one tuple a sample, one array for each input in its shape.
    """

    fingerprint: str
    open: Callable[[], Iterator[tuple[NDArray[Any], ...]]]

    def __call__(self) -> Iterator[tuple[NDArray[Any], ...]]:
        """The samples, from the first."""
        return self.open()


@dataclass(frozen=True, slots=True, eq=False)
class CompileSource:
    """What is to be compiled, a module or an ONNX file, and what to do it with.

    Args:
        module: in evaluation mode; takes the inputs in order.
        onnx: a file's bytes, where there is no module.
        inputs: names, shapes and types of what it takes.
        outputs: the same of what it gives.
        example: inputs to export with, and to compare on where there is no validation.
        calibration: to find ranges of activations on.
        validation: to compare the artifact with the original on; other samples than those of the
            calibration.
        classifier: whether its only output holds a score for each class.
    """

    module: nn.Module | None
    onnx: bytes | None
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    example: tuple[Tensor, ...]
    calibration: Samples | None = None
    validation: Samples | None = None
    classifier: bool = False

    def __str__(self) -> str:
        taken, given = (", ".join(t.name for t in each) for each in (self.inputs, self.outputs))
        return f"({taken}) -> {given}"
