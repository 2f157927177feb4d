"""CIFAR-10 images for benchmarks: real ones where the shared data is, else noise."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from kenning_lego.datasets.base import normalise

SHARED = Path(
    os.environ.get("KENNING_LEGO_SHARED_DATA")
    or Path(__file__).parents[1].parent / "shared" / "data"
)
RESNET20 = SHARED / "models" / "cifar_resnet_akamaster" / "resnet20-12fca82f.th"
"""Trained by others on these images."""

_MEAN, _DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_SIDE = 32


def training_images(count: int) -> NDArray[np.float32]:
    """The first of CIFAR-10's training images, (count, 3, 32, 32), normalised; label = i % 10."""
    sheet = SHARED / "images" / "cifar10_train6k.webp"
    if not sheet.is_file():
        rng = np.random.default_rng(0)
        return rng.standard_normal((count, 3, _SIDE, _SIDE), dtype=np.float32)
    pixels = np.asarray(Image.open(sheet))
    rows, columns = pixels.shape[0] // _SIDE, pixels.shape[1] // _SIDE
    tiles = pixels.reshape(rows, _SIDE, columns, _SIDE, 3).transpose(0, 2, 4, 1, 3)
    images = tiles.reshape(rows * columns, 3, _SIDE, _SIDE)[:count]
    return normalise(images, _MEAN, _DEVIATION)
