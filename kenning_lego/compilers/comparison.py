"""The numeric gap between an artifact and what it was made from."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from kenning_lego.compilers.artifact import Gap
from kenning_lego.compilers.engines import Run, open_own
from kenning_lego.compilers.samples import checked
from kenning_lego.compilers.source import CompileSource

Outputs = Sequence[NDArray[Any]]


class GapMeter:
    """Adds up differences, sample by sample, in float64.

    Args:
        classifier: whether the only output holds a score for each class.
    """

    def __init__(self, *, classifier: bool = False) -> None:
        self._classifier = classifier
        self._samples = self._numbers = self._rows = self._agreeing = 0
        self._max_abs = self._scale = 0.0
        self._squares = self._product = self._ours = self._theirs = 0.0

    def add(self, found: Outputs, expected: Outputs) -> None:
        """Count one sample.

        Args:
            found: the artifact's outputs.
            expected: the original's, of the same shapes.
        """
        self._samples += 1
        for ours, theirs in zip(found, expected, strict=True):
            left, right = (np.ravel(each).astype(np.float64) for each in (ours, theirs))
            # np.maximum keeps what is not a number, which Python's max may drop.
            difference = left - right
            self._max_abs = float(np.maximum(self._max_abs, np.abs(difference).max(initial=0.0)))
            self._scale = float(np.maximum(self._scale, np.abs(right).max(initial=0.0)))
            self._squares += float(difference @ difference)
            self._product += float(left @ right)
            self._ours += float(left @ left)
            self._theirs += float(right @ right)
            self._numbers += left.size
        if self._classifier:
            same = found[0].argmax(axis=-1) == expected[0].argmax(axis=-1)
            self._agreeing += int(np.sum(same))
            self._rows += same.size

    def total(self) -> Gap:
        """The gap over all samples."""
        norms = math.sqrt(self._ours) * math.sqrt(self._theirs)
        equal = self._ours == self._theirs == 0
        return Gap(
            samples=self._samples,
            max_abs=self._max_abs,
            rmse=math.sqrt(self._squares / self._numbers) if self._numbers else 0.0,
            cosine=1.0 if equal else min(1.0, self._product / norms) if norms else 0.0,
            scale=self._scale,
            agreement=self._agreeing / self._rows if self._rows else None,
        )


def measure_gap(run: Run, source: CompileSource) -> Gap:
    """Compare an artifact with its source, on the validation samples or else on the example.

    Args:
        run: computes what the artifact does.
        source: what it was made from.

    Raises:
        CompilationError: a sample is not what the source takes.
    """
    meter = GapMeter(classifier=source.classifier)
    names = [spec.name for spec in source.outputs]
    reference = _reference(source)
    for sample in _samples(source):
        inputs = {spec.name: array for spec, array in zip(source.inputs, sample, strict=True)}
        found = run(inputs)
        meter.add([found[name] for name in names], reference(sample))
    return meter.total()


def _samples(source: CompileSource) -> Iterator[tuple[NDArray[Any], ...]]:
    if source.validation is None:
        yield tuple(tensor.numpy() for tensor in source.example)
    else:
        yield from checked(source.validation, source.inputs, "validation")


def _reference(source: CompileSource) -> Any:
    if source.module is None:
        run = open_own(source.onnx or b"", "onnx")

        def original(sample: tuple[NDArray[Any], ...]) -> Outputs:
            inputs = {s.name: array for s, array in zip(source.inputs, sample, strict=True)}
            found = run(inputs)
            return [found[spec.name] for spec in source.outputs]

        return original
    module = source.module

    def computed(sample: tuple[NDArray[Any], ...]) -> Outputs:
        with torch.no_grad():
            found = module(*map(torch.from_numpy, sample))
        return [each.numpy() for each in (found if isinstance(found, tuple | list) else (found,))]

    return computed
