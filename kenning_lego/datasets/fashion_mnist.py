"""Fashion-MNIST from local idx files: 70,000 grey images of 28x28 pixels, 10 classes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat

from kenning_lego.core.configuration import Component
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.base import Dataset, Labels, Part, normalise, split
from kenning_lego.datasets.download import Download, fetch
from kenning_lego.datasets.idx import read_idx
from kenning_lego.datasets.sources import missing_files

CLASSES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)

_TRAIN_IMAGES = "train-images-idx3-ubyte"
_TRAIN_LABELS = "train-labels-idx1-ubyte"
_TEST_IMAGES = "t10k-images-idx3-ubyte"
_TEST_LABELS = "t10k-labels-idx1-ubyte"

_SITE = "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion"
_DOWNLOADS = {
    _TRAIN_IMAGES: Download(f"{_SITE}/{_TRAIN_IMAGES}.gz", "8d4fb7e6c68d591d4c3dfef9ec88bf0d"),
    _TRAIN_LABELS: Download(f"{_SITE}/{_TRAIN_LABELS}.gz", "25c81989df183df01b3e8a0aad5dffbe"),
    _TEST_IMAGES: Download(f"{_SITE}/{_TEST_IMAGES}.gz", "bef4ecab320f06d8554ea6380940ec79"),
    _TEST_LABELS: Download(f"{_SITE}/{_TEST_LABELS}.gz", "bb300cfdad3c16e7a12a480ee83cd310"),
}


class FashionMnist(Component):
    """Fashion-MNIST: articles of clothing, 60,000 training and 10,000 test images (MIT)."""

    type: Literal["fashion_mnist"] = "fashion_mnist"
    """The dataset's short name."""
    root: Path = Path("data")
    """Directory with the four official idx files, with or without .gz."""
    download: bool = False
    """Fetch the official files that are not in root into it."""
    validation_share: Annotated[float, Field(gt=0, lt=1)] = 0.1
    """Share of the official training images set aside for validation."""
    seed: int = Field(default=0, ge=0)
    """Seed of the choice of validation images."""
    mean: float = 0.2860
    """Subtracted from the pixels on the scale 0..1; that of the training images."""
    std: PositiveFloat = 0.3530
    """The pixels are divided by this after; that of the training images."""

    def load(self) -> Dataset:
        """Read, split and normalise the images.

        Raises:
            ConfigurationError: files are missing, damaged, or cannot be fetched.
        """
        files = self._find_files()
        pixels, labels = _read(files[_TRAIN_IMAGES], files[_TRAIN_LABELS])
        shares = (1 - self.validation_share, self.validation_share)
        train, validation = split(labels, shares, seed=self.seed)
        test_pixels, test_labels = _read(files[_TEST_IMAGES], files[_TEST_LABELS])
        return Dataset(
            self.type,
            CLASSES,
            self._part(pixels[train], labels[train]),
            self._part(pixels[validation], labels[validation]),
            self._part(test_pixels, test_labels),
        )

    def _part(self, pixels: NDArray[np.uint8], labels: Labels) -> Part:
        return Part(normalise(pixels, (self.mean,), (self.std,)), labels)

    def _find_files(self) -> dict[str, Path]:
        root = self.root.expanduser()
        files: dict[str, Path] = {}
        for name, download in _DOWNLOADS.items():
            choices = (root / name, root / f"{name}.gz")
            found = next((path for path in choices if path.is_file()), None)
            if found is None and self.download:
                found = fetch(download, root)
            if found is None:
                expected = f"{', '.join(_DOWNLOADS)}, each with or without .gz"
                raise missing_files("Fashion-MNIST", root, expected, f"them from {_SITE}")
            files[name] = found
        return files


def _read(images: Path, labels: Path) -> tuple[NDArray[np.uint8], Labels]:
    pixels, values = read_idx(images, rank=3), read_idx(labels, rank=1)
    if len(pixels) != len(values):
        raise ConfigurationError(
            f"{images} has {len(pixels)} images, {labels} has {len(values)} labels",
            "use the files as they were published",
        )
    return pixels[:, np.newaxis], values.astype(np.int64)
