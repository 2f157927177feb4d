"""Labelled images in disjoint parts, and how they are normalised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.samples import Batch, Images, Indices, Labels, Samples
from kenning_lego.datasets.splitting import CALIBRATION, TEST, TRAIN, VALIDATION, subset


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Part:
    """Labelled images in memory.

    Args:
        images: float32, (samples, channels, height, width), normalised.
        labels: int64, (samples,), indices into the dataset's classes.

    Raises:
        ConfigurationError: a shape or an element type is another.
    """

    images: Images
    labels: Labels

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or self.images.dtype != np.float32:
            raise ConfigurationError(
                f"images are {self.images.dtype} of shape {self.images.shape}",
                "give float32 of shape (samples, channels, height, width)",
            )
        if self.labels.shape != self.images.shape[:1] or self.labels.dtype != np.int64:
            raise ConfigurationError(
                f"labels of {len(self.images)} images are {self.labels.dtype} of shape "
                f"{self.labels.shape}",
                "give one int64 a sample",
            )

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of an image."""
        _, channels, height, width = self.images.shape
        return channels, height, width

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Part({len(self)} x {'x'.join(map(str, self.shape))})"

    def take(self, indices: Indices | Sequence[int]) -> Part:
        """The samples at these indices, in that order."""
        chosen = np.asarray(indices, dtype=np.int64)
        return Part(self.images[chosen], self.labels[chosen])

    def batches(self, size: int) -> Iterator[Batch]:
        """All samples in order, so many at a time; the last batch may be smaller."""
        for start in range(0, len(self), size):
            batch = slice(start, start + size)
            yield self.images[batch], self.labels[batch]


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A classification task's data; no sample is in two parts.

    Args:
        name: the dataset's short name.
        classes: what the labels mean.
        train: to fit weights on.
        validation: to choose by: epochs, variants, configurations.
        test: to report on, once everything is chosen.
        calibration: to find the ranges of quantised tensors on, if a part is set aside for that.

    Raises:
        ConfigurationError: a label has no class, or the parts' image shapes differ.
    """

    name: str
    classes: tuple[str, ...]
    train: Samples
    validation: Samples
    test: Samples
    calibration: Samples | None = None

    def __post_init__(self) -> None:
        for part in self.parts.values():
            if len(part) and not 0 <= part.labels.min() <= part.labels.max() < len(self.classes):
                raise ConfigurationError(
                    f"dataset {self.name!r} has labels from {part.labels.min()} to "
                    f"{part.labels.max()} and {len(self.classes)} classes",
                    "the files do not belong together, or are damaged",
                )
        if len({part.shape for part in self.parts.values()}) > 1:
            raise ConfigurationError(
                f"dataset {self.name!r} has parts of different image shapes: {self.parts}",
                "bring all images to one shape",
            )

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of an image."""
        return self.train.shape

    def calibration_samples(self, count: int, seed: int = 0) -> Samples:
        """Up to so many samples to calibrate on, with the mixture of classes of all.

        They are of the calibration part or, if none was set aside, of the training part: never
        such as something is chosen by or reported on.
        """
        part = self.train if self.calibration is None else self.calibration
        return part.take(subset(part.labels, count, seed))

    @property
    def parts(self) -> dict[str, Samples]:
        """The parts that there are, by name."""
        parts = {TRAIN: self.train, VALIDATION: self.validation, TEST: self.test}
        return parts if self.calibration is None else {**parts, CALIBRATION: self.calibration}

    def __str__(self) -> str:
        shape = "x".join(map(str, self.input_shape))
        aside = "" if self.calibration is None else f"{len(self.calibration)} calibration, "
        return (
            f"{self.name}: {len(self.classes)} classes, {shape}, {len(self.train)} training, "
            f"{aside}{len(self.validation)} validation and {len(self.test)} test samples"
        )


def normalise(pixels: NDArray[np.uint8], mean: Sequence[float], std: Sequence[float]) -> Images:
    """Scale pixels from 0..255 to 0..1, then subtract the mean and divide by the deviation.

    Args:
        pixels: uint8, (samples, channels, height, width).
        mean: of each channel, on the scale 0..1.
        std: standard deviation of each channel, on the scale 0..1.

    Returns:
        float32 of the same shape.
    """
    images = pixels.astype(np.float32)
    images /= 255  # in place: CIFAR's training part is 600 MB in float32
    images -= np.asarray(mean, dtype=np.float32).reshape(-1, 1, 1)
    images /= np.asarray(std, dtype=np.float32).reshape(-1, 1, 1)
    return images
