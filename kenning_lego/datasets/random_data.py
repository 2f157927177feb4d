"""Made-up data: to measure what needs no real samples, in any shape and of any size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, NonNegativeInt, PositiveInt

from kenning_lego.core.configuration import Component
from kenning_lego.core.specs import TensorSpec
from kenning_lego.datasets.base import Dataset
from kenning_lego.datasets.lazy import LazyPart
from kenning_lego.datasets.samples import Images
from kenning_lego.datasets.splitting import PARTS

Distribution = Literal["normal", "uniform"]


class RandomData(Component):
    """Random images with random labels; every image is made anew, the same each time."""

    type: Literal["random"] = "random"
    """The dataset's short name."""
    shape: tuple[PositiveInt, PositiveInt, PositiveInt] = (3, 224, 224)
    """Channels, height and width of an image."""
    class_count: PositiveInt = 10
    """How many classes there are."""
    distribution: Distribution = "normal"
    """Of the numbers: normal (mean 0, deviation 1) or uniform (0 to 1)."""
    train: NonNegativeInt = 512
    """Images in the training part."""
    validation: Annotated[int, Field(ge=1)] = 128
    """Images in the validation part."""
    calibration: Annotated[int, Field(ge=1)] = 128
    """Images in the calibration part."""
    test: Annotated[int, Field(ge=1)] = 128
    """Images in the test part."""
    seed: int = Field(default=0, ge=0)
    """Seed of images and labels."""

    def load(self) -> Dataset:
        """Name the parts; images are made later."""
        counts = (self.train, self.validation, self.calibration, self.test)
        parts = {
            name: self._part(number, count)
            for number, (name, count) in enumerate(zip(PARTS, counts, strict=True))
        }
        return Dataset(self.type, tuple(map(str, range(self.class_count))), **parts)

    def _part(self, number: int, count: int) -> LazyPart:
        labels = np.random.default_rng((self.seed, number)).integers(0, self.class_count, count)
        return LazyPart(_Noise(self.shape, (self.seed, number), self.distribution), labels)


def random_tensors(
    specs: Sequence[TensorSpec], seed: int, *, below: int = 2
) -> tuple[NDArray[Any], ...]:
    """Random tensors for a model's inputs.

    Args:
        specs: shapes and element types; the batch dimension must be bound.
        seed: of the values.
        below: integers of 16 bits or more are 0 or larger and below this: they may be indices.

    Returns:
        One tensor each: floats are normal, with mean 0 and deviation 1; integers of 8 bits take
        every value they can.

    Raises:
        ProtocolError: a batch dimension is not bound.
    """
    random = np.random.default_rng(seed)
    return tuple(_values(random, spec, below) for spec in specs)


@dataclass(frozen=True, slots=True)
class _Noise:
    """Random images, as a :class:`.lazy.Source`."""

    shape: tuple[int, int, int]
    seed: tuple[int, int]
    distribution: Distribution
    threads: bool = False

    def read(self, index: int) -> Images:
        random = np.random.default_rng((*self.seed, index))
        if self.distribution == "uniform":
            return random.random(self.shape, np.float32)
        return random.standard_normal(self.shape, np.float32)


def _values(random: np.random.Generator, spec: TensorSpec, below: int) -> NDArray[Any]:
    dtype = np.dtype(spec.dtype)
    if dtype.kind == "f":
        return random.standard_normal(spec.sizes).astype(dtype)
    if dtype.kind == "b":
        return random.integers(0, 2, spec.sizes).astype(dtype)
    if dtype.itemsize == 1:
        limits = np.iinfo(dtype)
        return random.integers(limits.min, limits.max, spec.sizes, dtype, endpoint=True)
    return random.integers(0, below, spec.sizes, dtype)
