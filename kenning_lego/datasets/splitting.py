"""Which samples go into which part: by seed, with the same mixture of classes in each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

import numpy as np
from pydantic import Field

from kenning_lego.core.configuration import Component
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.samples import Indices, Labels, Samples

TRAIN, VALIDATION, CALIBRATION, TEST = PARTS = ("train", "validation", "calibration", "test")
"""Names of a dataset's parts."""


class Splitting(Component):
    """Base of datasets that take parts out of the training images."""

    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the training images set aside for validation."""
    calibration_share: Annotated[float, Field(ge=0, lt=1)] = 0.05
    """Share of the training images set aside to calibrate quantisers on; 0: they see these."""
    seed: int = Field(default=0, ge=0)
    """Seed of the choice of images for each part."""

    def taken_from_training(self) -> dict[str, float]:
        """Shares by part, for :func:`complete`."""
        return {VALIDATION: self.validation_share, CALIBRATION: self.calibration_share}


def complete(
    given: Mapping[str, Samples], shares: Mapping[str, float], seed: int
) -> dict[str, Samples]:
    """Take the parts that are not there out of the training part; no sample is in two.

    Args:
        given: by part, with ``train``.
        shares: of the training samples, for parts that are taken where they are not given; a part
            with the share 0 is left out.
        seed: of the choice of samples.

    Raises:
        ConfigurationError: nothing is left to train on.
    """
    train = given[TRAIN]
    rest = np.arange(len(train))
    parts = dict(given)
    for part, share in shares.items():
        if part not in given and share:
            count = max(1, round(share * len(train)))
            rest, chosen = set_aside(train.labels, rest, count, seed)
            parts[part] = train.take(chosen)
    if len(rest) < len(train):
        parts[TRAIN] = train.take(rest)
    return parts


def set_aside(labels: Labels, members: Indices, count: int, seed: int) -> tuple[Indices, Indices]:
    """Choose so many of some samples; what remains, and what was chosen, both sorted.

    Args:
        labels: int64, of all samples.
        members: indices of the samples to choose from.
        count: samples to choose.
        seed: of the choice.

    Raises:
        ConfigurationError: nothing remains.
    """
    if count >= len(members):
        raise ConfigurationError(
            f"{count} of {len(members)} training images are to be set aside",
            "give more images, or smaller shares of them",
        )
    chosen = members[subset(labels[members], count, seed)]
    return np.setdiff1d(members, chosen), chosen


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


def subset(labels: Labels, count: int, seed: int) -> Indices:
    """Choose so many samples, or all if there are fewer, with the mixture of classes of all.

    Args:
        labels: int64, (samples,).
        count: samples to choose.
        seed: of the choice.

    Returns:
        Sorted indices. Of each class it is as near to its share as whole samples allow.
    """
    if count >= len(labels):
        return np.arange(len(labels))
    shuffled = np.random.default_rng(seed).permutation(len(labels))
    grouped = np.argsort(labels[shuffled], kind="stable")
    _, begins, sizes = np.unique(labels[shuffled][grouped], return_index=True, return_counts=True)
    rank = np.arange(len(labels)) - np.repeat(begins, sizes)
    # The middle of the sample's place in its class; of equals, what was shuffled to the front.
    progress = (rank + 0.5) / np.repeat(sizes, sizes)
    chosen = grouped[np.lexsort((grouped, progress))[:count]]
    return np.sort(shuffled[chosen])
