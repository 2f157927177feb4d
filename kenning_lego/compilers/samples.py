"""Samples to calibrate and to compare on, checked against what is to be compiled."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kenning_lego.compilers.source import CompileSource, Samples
from kenning_lego.core.errors import CompilationError
from kenning_lego.core.specs import TensorSpec
from kenning_lego.store.fingerprint import fingerprint

Purpose = Literal["calibration", "validation"]


def samples_of(*arrays: NDArray[Any]) -> Samples:
    """Samples from arrays in memory.

    Args:
        arrays: one for each input, samples first; each sample is given with a batch axis of 1.
    """

    def opened() -> Iterator[tuple[NDArray[Any], ...]]:
        for number in range(len(arrays[0])):
            yield tuple(np.ascontiguousarray(each[number : number + 1]) for each in arrays)

    parts = {str(number): each for number, each in enumerate(arrays)}
    return Samples(fingerprint(parts), opened)


class NamedSamples:
    """A source's calibration samples by names of inputs, for quantisers; each time from the first.

    Args:
        source: what is calibrated.

    Raises:
        CompilationError: there are no samples, or one has other tensors than are taken.
    """

    def __init__(self, source: CompileSource) -> None:
        if source.calibration is None:
            raise CompilationError(f"no samples to calibrate {source} on", "give a dataset")
        self._names = [spec.name for spec in source.inputs]
        self._samples = source.calibration
        self._length = sum(1 for _ in checked(source.calibration, source.inputs, "calibration"))

    def __len__(self) -> int:
        return self._length

    def __iter__(self) -> Iterator[dict[str, NDArray[Any]]]:
        for sample in self._samples():
            yield dict(zip(self._names, sample, strict=True))


def checked(
    samples: Samples, inputs: Sequence[TensorSpec], purpose: Purpose
) -> Iterator[tuple[NDArray[Any], ...]]:
    """The samples, each compared with what is taken.

    Args:
        samples: to look at.
        inputs: of what is compiled.
        purpose: of the samples, for messages.

    Raises:
        CompilationError: there are none, or one has other tensors than are taken.
    """
    number = -1
    for number, sample in enumerate(samples()):
        where = f"{purpose} sample {number}"
        if len(sample) != len(inputs):
            raise CompilationError(
                f"{where} has {len(sample)} tensors where {len(inputs)} are taken",
                f"give {', '.join(map(str, inputs))}",
            )
        for spec, array in zip(inputs, sample, strict=True):
            _check(array, spec.with_batch(array.shape[0] if array.ndim else 1), where)
        yield sample
    if number < 0:
        raise CompilationError(f"there are no {purpose} samples", "give at least one")


def _check(array: NDArray[Any], spec: TensorSpec, where: str) -> None:
    if array.shape != spec.sizes or array.dtype != np.dtype(spec.dtype):
        raise CompilationError(
            f"{where} has {array.dtype}[{', '.join(map(str, array.shape))}] for the input {spec}",
            "give what the network takes, normalised as it was trained",
        )
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise CompilationError(
            f"{where} has values for the input {spec.name!r} that are not finite",
            "look at how the data are normalised",
        )
