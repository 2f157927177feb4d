"""Labelled image files in directories that are named after their classes."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.images import ImageFiles, ImageInput
from kenning_lego.datasets.lazy import LazyPart
from kenning_lego.datasets.samples import Labels
from kenning_lego.datasets.splitting import subset

SUFFIXES = frozenset(
    {".bmp", ".gif", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp"}
)
"""Of files that count as images, in small letters."""


@dataclass(frozen=True, slots=True)
class LabelledFiles:
    """Image files and the indices of their classes."""

    paths: tuple[Path, ...]
    labels: tuple[int, ...]

    def part(self, options: ImageInput, seed: int) -> LazyPart:
        """The images, read on demand.

        Args:
            options: how many, and what is made of them.
            seed: of the choice of images, if they are limited.
        """
        labels: Labels = np.array(self.labels, np.int64)
        part = LazyPart(ImageFiles(self.paths, options), labels)
        if options.limit is None:
            return part
        return part.take(subset(labels, options.limit, seed))


def class_directories(directory: Path) -> tuple[str, ...]:
    """Names of the directories in a directory, sorted; hidden ones do not count.

    Raises:
        ConfigurationError: it cannot be read.
    """
    try:
        with os.scandir(directory) as entries:
            names = [each.name for each in entries if each.is_dir() and each.name[0] != "."]
    except OSError as error:
        raise ConfigurationError(
            f"cannot read {directory}: {error.strerror}", "check the path"
        ) from error
    return tuple(sorted(names))


def files_by_class(directory: Path, classes: Sequence[str]) -> LabelledFiles:
    """Find the image files below a directory with one directory for each class.

    Args:
        directory: with the classes' directories; images may lie deeper in these.
        classes: their names, in the order of the labels.

    Raises:
        ConfigurationError: a class's directory is missing or has no image, there is a directory
            of no class, or one cannot be read.
    """
    found = set(class_directories(directory))
    _refuse("has no directory for", directory, set(classes) - found)
    _refuse(
        "has directories that are no class of the training images:", directory, found - {*classes}
    )
    paths: list[Path] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        images = sorted(_images(directory / name))
        if not images:
            raise ConfigurationError(
                f"{directory / name} has no image",
                f"images are files that end in {', '.join(sorted(SUFFIXES))}; complete or "
                "remove the directory",
            )
        paths += images
        labels += [label] * len(images)
    return LabelledFiles(tuple(paths), tuple(labels))


def check_class_count(where: Path, found: Sequence[str], expected: int | None) -> None:
    """Refuse another number of classes than was expected.

    Raises:
        ConfigurationError: it is another.
    """
    if expected is not None and len(found) != expected:
        raise ConfigurationError(
            f"{where} has {len(found)} classes, expected were {expected}: {_listed(found)}",
            "complete the directory, or correct class_count",
        )


def first_directory(root: Path, names: Sequence[str]) -> Path | None:
    """The first of these that is a directory under root."""
    return next((root / name for name in names if (root / name).is_dir()), None)


def parts_by_class(
    directories: Mapping[str, Path], classes: Sequence[str]
) -> dict[str, LabelledFiles]:
    """:func:`files_by_class` of each part's directory."""
    return {part: files_by_class(path, classes) for part, path in directories.items()}


def _images(directory: Path) -> Iterator[Path]:
    def failed(error: OSError) -> None:
        raise ConfigurationError(
            f"cannot read {error.filename}: {error.strerror}", "check its permissions"
        ) from error

    endings = tuple(SUFFIXES)
    for place, _, names in os.walk(directory, onerror=failed, followlinks=True):
        for name in names:
            if name[0] != "." and name.lower().endswith(endings):
                yield Path(place, name)


def _refuse(problem: str, directory: Path, names: set[str]) -> None:
    if names:
        raise ConfigurationError(
            f"{directory} {problem} {_listed(sorted(names))}",
            "all parts need the same classes, a directory each",
        )


def _listed(names: Sequence[str], most: int = 5) -> str:
    shown = ", ".join(names[:most]) or "none"
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown
