"""Networks that others trained, and the images they are for, where these are at hand."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kenning_lego.datasets.base import Part, normalise

SHARED = Path(
    os.environ.get("KENNING_LEGO_SHARED_DATA")
    or Path(__file__).parents[1].parent / "shared" / "data"
)
_WEIGHTS = SHARED / "models" / "cifar_resnet_akamaster"
CHECKPOINTS = {
    "resnet20-cifar10": _WEIGHTS / "resnet20-12fca82f.th",
    "resnet56-cifar10": _WEIGHTS / "resnet56-4bfd9763.th",
}
"""By the names of our networks; 91.73 and 93.39 % on CIFAR-10's test images, as published."""

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SIDE, _CLASSES = 32, 10


@dataclass(frozen=True, slots=True)
class Cifar10:
    """6,000 training images and the official 10,000 test images, classes in turn."""

    train: Part
    test: Part


def load_cifar10() -> Cifar10 | None:
    """The images, normalised as the networks take them, or None where they are not at hand."""
    sheets = [SHARED / "images" / f"cifar10_{part}.webp" for part in ("train6k", "test")]
    if not all(each.is_file() for each in [*sheets, *CHECKPOINTS.values()]):
        return None
    train, test = (normalise(_tiles(each), _MEAN, _DEVIATION) for each in sheets)
    return Cifar10(
        *(
            Part(images, np.arange(len(images), dtype=np.int64) % _CLASSES)
            for images in (train, test)
        )
    )


def training_images(count: int) -> NDArray[np.float32]:
    """The first of CIFAR-10's training images, (count, 3, 32, 32), normalised; else noise."""
    sheet = SHARED / "images" / "cifar10_train6k.webp"
    if not sheet.is_file():
        rng = np.random.default_rng(0)
        return rng.standard_normal((count, 3, _SIDE, _SIDE), dtype=np.float32)
    return normalise(_tiles(sheet)[:count], _MEAN, _DEVIATION)


def _tiles(sheet: Path) -> NDArray[np.uint8]:
    """(images, 3, side, side) from a sheet whose tiles run left to right, top to bottom."""
    pixels = np.asarray(Image.open(sheet))
    rows, columns = pixels.shape[0] // _SIDE, pixels.shape[1] // _SIDE
    tiles = pixels.reshape(rows, _SIDE, columns, _SIDE, 3).transpose(0, 2, 4, 1, 3)
    return np.ascontiguousarray(tiles.reshape(rows * columns, 3, _SIDE, _SIDE))
