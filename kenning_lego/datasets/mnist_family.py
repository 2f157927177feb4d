"""MNIST and its likes: four idx files of 60,000 training and 10,000 test images, 28x28, grey."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BeforeValidator, Field, PositiveFloat

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.base import Dataset, Part, normalise
from kenning_lego.datasets.download import Download, fetch
from kenning_lego.datasets.idx import read_idx
from kenning_lego.datasets.samples import Labels
from kenning_lego.datasets.sources import missing_files
from kenning_lego.datasets.splitting import TEST, TRAIN, VALIDATION, Splitting, complete, split

_TRAIN_IMAGES = "train-images-idx3-ubyte"
_TRAIN_LABELS = "train-labels-idx1-ubyte"
_TEST_IMAGES = "t10k-images-idx3-ubyte"
_TEST_LABELS = "t10k-labels-idx1-ubyte"


def _of_one_channel(given: Any) -> Any:
    """The flag takes several numbers, since other datasets have a channel for each."""
    return given[0] if isinstance(given, list | tuple) and len(given) == 1 else given


_Mean = Annotated[float, BeforeValidator(_of_one_channel)]
_Deviation = Annotated[PositiveFloat, BeforeValidator(_of_one_channel)]


def published(site: str, md5: tuple[str, str, str, str]) -> Mapping[str, Download]:
    """The four files by name: training images and labels, test images and labels."""
    names = (_TRAIN_IMAGES, _TRAIN_LABELS, _TEST_IMAGES, _TEST_LABELS)
    return {
        name: Download(f"{site}/{name}.gz", digest) for name, digest in zip(names, md5, strict=True)
    }


class MnistFamily(Splitting):
    """Base of datasets in the four files of MNIST."""

    title: ClassVar[str]
    classes: ClassVar[tuple[str, ...]]
    downloads: ClassVar[Mapping[str, Download]]

    type: str
    root: Path = Path("data")
    """Directory with the four official idx files, with or without .gz."""
    download: bool = False
    """Fetch the official files that are not in root into it."""
    mean: _Mean
    std: _Deviation

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
        given = {
            TRAIN: self._part(pixels[train], labels[train]),
            VALIDATION: self._part(pixels[validation], labels[validation]),
            TEST: self._part(test_pixels, test_labels),
        }
        parts = complete(given, self.taken_from_training(), self.seed)
        return Dataset(self.type, self.classes, **parts)

    def _part(self, pixels: NDArray[np.uint8], labels: Labels) -> Part:
        return Part(normalise(pixels, (self.mean,), (self.std,)), labels)

    def _find_files(self) -> dict[str, Path]:
        root = self.root.expanduser()
        files: dict[str, Path] = {}
        for name, download in self.downloads.items():
            choices = (root / name, root / f"{name}.gz")
            found = next((path for path in choices if path.is_file()), None)
            if found is None and self.download:
                found = fetch(download, root)
            if found is None:
                expected = f"{', '.join(self.downloads)}, each with or without .gz"
                site = download.url.rpartition("/")[0]
                raise missing_files(self.title, root, expected, f"them from {site}")
            files[name] = found
        return files


class Mnist(MnistFamily):
    """MNIST: handwritten digits, 60,000 training and 10,000 test images (LeCun et al., 1998)."""

    title = "MNIST"
    classes = tuple("0123456789")
    downloads = published(
        "https://ossci-datasets.s3.amazonaws.com/mnist",
        (
            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
            "d53e105ee54ea40749a09fcbcd1e9432",
            "9fb629c4189551a2d022fa330f9573f3",
            "ec29112dd5afa0611ce80d1b7f02629c",
        ),
    )

    type: Literal["mnist"] = "mnist"
    """The dataset's short name."""
    root: Path = Path("data/mnist")
    """Directory with the four official idx files, with or without .gz; Fashion-MNIST's have the
    same names, so keep them apart."""
    mean: _Mean = 0.1307
    """Subtracted from the pixels on the scale 0..1; that of the training images."""
    std: _Deviation = 0.3081
    """The pixels are divided by this after; that of the training images."""


class FashionMnist(MnistFamily):
    """Fashion-MNIST: articles of clothing, 60,000 training and 10,000 test images (MIT)."""

    title = "Fashion-MNIST"
    classes = (
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
    downloads = published(
        "https://github.com/zalandoresearch/fashion-mnist/raw/master/data/fashion",
        (
            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
            "25c81989df183df01b3e8a0aad5dffbe",
            "bef4ecab320f06d8554ea6380940ec79",
            "bb300cfdad3c16e7a12a480ee83cd310",
        ),
    )

    type: Literal["fashion_mnist"] = "fashion_mnist"
    """The dataset's short name."""
    calibration_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Share of the training images set aside to calibrate quantisers on; 0: they see these."""
    mean: _Mean = 0.2860
    """Subtracted from the pixels on the scale 0..1; that of the training images."""
    std: _Deviation = 0.3530
    """The pixels are divided by this after; that of the training images."""


def _read(images: Path, labels: Path) -> tuple[NDArray[np.uint8], Labels]:
    pixels, values = read_idx(images, rank=3), read_idx(labels, rank=1)
    if len(pixels) != len(values):
        raise ConfigurationError(
            f"{images} has {len(pixels)} images, {labels} has {len(values)} labels",
            "use the files as they were published",
        )
    return pixels[:, np.newaxis], values.astype(np.int64)
