"""CIFAR-10 and CIFAR-100 from local files: 60,000 colour images of 32x32 pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, PositiveFloat

from kenning_lego.datasets.base import Dataset, Part, normalise
from kenning_lego.datasets.cifar_formats import BinaryFormat, Format, Pixels, PythonFormat
from kenning_lego.datasets.download import Download, fetch
from kenning_lego.datasets.samples import Labels
from kenning_lego.datasets.sources import Release, find_release, missing_files, read_release
from kenning_lego.datasets.splitting import TEST, TRAIN, VALIDATION, Splitting, complete, split

_Channels = tuple[float, float, float]
_PositiveChannels = tuple[PositiveFloat, PositiveFloat, PositiveFloat]


@dataclass(frozen=True, slots=True)
class _Edition:
    """One format that the data is published in, and what its files hold."""

    archive: str
    folder: str
    train: tuple[str, ...]
    test: tuple[str, ...]
    names: str
    format: Format

    @property
    def release(self) -> Release:
        return Release(self.archive, self.folder, (*self.train, *self.test, self.names))


_BATCHES = tuple(f"data_batch_{number}" for number in range(1, 6))

_CIFAR10 = (
    _Edition(
        "cifar-10-binary.tar.gz",
        "cifar-10-batches-bin",
        tuple(f"{batch}.bin" for batch in _BATCHES),
        ("test_batch.bin",),
        "batches.meta.txt",
        BinaryFormat(label_bytes=1),
    ),
    _Edition(
        "cifar-10-python.tar.gz",
        "cifar-10-batches-py",
        _BATCHES,
        ("test_batch",),
        "batches.meta",
        PythonFormat(labels_key="labels", names_key="label_names"),
    ),
)
_CIFAR100 = (
    _Edition(
        "cifar-100-binary.tar.gz",
        "cifar-100-binary",
        ("train.bin",),
        ("test.bin",),
        "fine_label_names.txt",
        BinaryFormat(label_bytes=2),
    ),
    _Edition(
        "cifar-100-python.tar.gz",
        "cifar-100-python",
        ("train",),
        ("test",),
        "meta",
        PythonFormat(labels_key="fine_labels", names_key="fine_label_names"),
    ),
)

_SITE = "https://www.cs.toronto.edu/~kriz"
_CIFAR10_DOWNLOAD = Download(f"{_SITE}/cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530")
_CIFAR100_DOWNLOAD = Download(
    f"{_SITE}/cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8"
)


class _Cifar(Splitting):
    root: Path = Path("data")
    """Directory with the official files, binary or python format, extracted or as .tar.gz."""
    download: bool = False
    """Fetch the official archive into root if no files are there."""
    calibration_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the training images set aside to calibrate quantisers on; 0: they see these."""


class Cifar10(_Cifar):
    """CIFAR-10: 10 classes, 50,000 training and 10,000 test images (Krizhevsky, 2009)."""

    type: Literal["cifar10"] = "cifar10"
    """The dataset's short name."""
    mean: _Channels = (0.4914, 0.4822, 0.4465)
    """Subtracted from red, green and blue on the scale 0..1; that of the training images."""
    std: _PositiveChannels = (0.2470, 0.2435, 0.2616)
    """Red, green and blue are divided by this after; that of the training images."""

    def load(self) -> Dataset:
        """Read, split and normalise the images.

        Raises:
            ConfigurationError: files are missing, damaged, or cannot be fetched.
        """
        return _load(self, "CIFAR-10", _CIFAR10, _CIFAR10_DOWNLOAD)


class Cifar100(_Cifar):
    """CIFAR-100: 100 (fine) classes, 50,000 training and 10,000 test images (Krizhevsky, 2009)."""

    type: Literal["cifar100"] = "cifar100"
    """The dataset's short name."""
    mean: _Channels = (0.5071, 0.4865, 0.4409)
    """Subtracted from red, green and blue on the scale 0..1; that of the training images."""
    std: _PositiveChannels = (0.2673, 0.2564, 0.2762)
    """Red, green and blue are divided by this after; that of the training images."""

    def load(self) -> Dataset:
        """Read, split and normalise the images.

        Raises:
            ConfigurationError: files are missing, damaged, or cannot be fetched.
        """
        return _load(self, "CIFAR-100", _CIFAR100, _CIFAR100_DOWNLOAD)


def _load(
    options: Cifar10 | Cifar100, title: str, editions: Sequence[_Edition], download: Download
) -> Dataset:
    edition, contents = _read(options, title, editions, download)
    pixels, labels = _decode(edition, edition.train, contents)
    shares = (1 - options.validation_share, options.validation_share)
    train, validation = split(labels, shares, seed=options.seed)
    test_pixels, test_labels = _decode(edition, edition.test, contents)
    given = {
        TRAIN: _part(options, pixels[train], labels[train]),
        VALIDATION: _part(options, pixels[validation], labels[validation]),
        TEST: _part(options, test_pixels, test_labels),
    }
    classes = edition.format.decode_names(contents[edition.names], edition.names)
    parts = complete(given, options.taken_from_training(), options.seed)
    return Dataset(options.type, classes, **parts)


def _part(options: Cifar10 | Cifar100, pixels: Pixels, labels: Labels) -> Part:
    return Part(normalise(pixels, options.mean, options.std), labels)


def _read(
    options: _Cifar, title: str, editions: Sequence[_Edition], download: Download
) -> tuple[_Edition, Mapping[str, bytes]]:
    root = options.root.expanduser()
    by_release = {edition.release: edition for edition in editions}
    found = find_release(root, tuple(by_release))
    if found is None and options.download:
        fetch(download, root)
        found = find_release(root, tuple(by_release))
    if found is None:
        choices = (
            f"{edition.archive} or {edition.folder}/ with {', '.join(edition.release.names)}"
            for edition in editions
        )
        raise missing_files(title, root, "; or ".join(choices), download.url)
    release, place = found
    return by_release[release], read_release(release, place)


def _decode(
    edition: _Edition, names: Sequence[str], contents: Mapping[str, bytes]
) -> tuple[Pixels, Labels]:
    batches = [edition.format.decode_batch(contents[name], name) for name in names]
    pixels, labels = zip(*batches, strict=True)
    return np.concatenate(pixels), np.concatenate(labels)
