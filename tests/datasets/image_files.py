"""Small image files in directories by class."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

SMALL = {"size": (4, 4), "resize": None}
"""Options under which every image is small."""


def write_image(path: Path, seed: int, height: int = 4, width: int = 4) -> None:
    """An image of noise; lossless, so that no two of different seeds are equal."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path, format="PNG")


def write_classes(
    directory: Path, classes: Iterable[str], count: int, seed: int = 0, suffix: str = ".png"
) -> None:
    """So many images of each class."""
    for place, name in enumerate(classes):
        for number in range(count):
            path = directory / name / f"{name}_{number}{suffix}"
            write_image(path, seed + 1000 * place + number)
