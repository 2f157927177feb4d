"""Labelled images in disjoint parts, and how they are split and normalised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kenning_lego.core.errors import ConfigurationError

Images = NDArray[np.float32]
Labels = NDArray[np.int64]
Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Part:
    """Labelled images.

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

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"Part({len(self)} x {'x'.join(map(str, self.images.shape[1:]))})"

    def take(self, indices: Indices | Sequence[int]) -> Part:
        """The samples at these indices, in that order."""
        chosen = np.asarray(indices, dtype=np.int64)
        return Part(self.images[chosen], self.labels[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """A classification task's data; no sample is in two parts.

    Args:
        name: the dataset's short name.
        classes: what the labels mean.
        train: to fit weights on.
        validation: to choose by: epochs, variants, configurations.
        test: to report on, once everything is chosen.

    Raises:
        ConfigurationError: a label has no class, or the parts' image shapes differ.
    """

    name: str
    classes: tuple[str, ...]
    train: Part
    validation: Part
    test: Part

    def __post_init__(self) -> None:
        parts = (self.train, self.validation, self.test)
        for part in parts:
            if len(part) and not 0 <= part.labels.min() <= part.labels.max() < len(self.classes):
                raise ConfigurationError(
                    f"dataset {self.name!r} has labels from {part.labels.min()} to "
                    f"{part.labels.max()} and {len(self.classes)} classes",
                    "the files do not belong together, or are damaged",
                )
        if len({part.images.shape[1:] for part in parts}) > 1:
            raise ConfigurationError(
                f"dataset {self.name!r} has parts of different image shapes: {parts}",
                "bring all images to one shape",
            )

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of an image."""
        _, channels, height, width = self.train.images.shape
        return channels, height, width

    def __str__(self) -> str:
        shape = "x".join(map(str, self.input_shape))
        return (
            f"{self.name}: {len(self.classes)} classes, {shape}, {len(self.train)} training, "
            f"{len(self.validation)} validation and {len(self.test)} test samples"
        )


def split(labels: Labels, shares: Sequence[float], seed: int) -> tuple[Indices, ...]:
    """Split samples into parts with the same mixture of classes.

    Args:
        labels: int64, (samples,).
        shares: each part's share of the samples; positive, together 1.
        seed: of the choice of samples.

    Returns:
        Sorted indices of each part's samples. Every sample is in exactly one part, and every
        part has its share of each class, to within one sample.

    Raises:
        ConfigurationError: the shares are not positive or not 1 together.
    """
    if min(shares, default=0.0) <= 0 or abs(sum(shares) - 1) > 1e-6:
        raise ConfigurationError(
            f"the parts' shares are {tuple(shares)}", "give positive shares that are 1 together"
        )
    random = np.random.default_rng(seed)
    bounds = np.cumsum(shares)[:-1]
    pieces: list[list[Indices]] = [[] for _ in shares]
    for label in np.unique(labels):
        members = random.permutation(np.flatnonzero(labels == label))
        cuts = np.rint(bounds * len(members)).astype(np.int64)
        for piece, chosen in zip(pieces, np.split(members, cuts), strict=True):
            piece.append(chosen)
    nothing = np.empty(0, dtype=np.int64)
    return tuple(np.sort(np.concatenate([nothing, *piece])) for piece in pieces)


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
