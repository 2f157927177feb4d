"""Networks in engines' own files that others trained, their data, and what their authors state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.trained import SHARED
from kenning_lego.datasets.base import Dataset, Part

Samples = tuple[NDArray[Any], NDArray[np.int64]]
"""Inputs, one sample a row, as the artifact takes them; and labels."""

_TINY = SHARED / "models" / "mlperf_tiny"
_DETECT = SHARED / "models" / "detect"
_SIDE = 32


@dataclass(frozen=True, slots=True)
class ForeignClassifier:
    """A classifier that others trained.

    Args:
        path: the artifact.
        load: its test data.
        stated: accuracy in per cent.
    """

    path: Path
    load: Callable[[], Samples]
    stated: float


def _images() -> NDArray[np.uint8]:
    sheet = np.asarray(Image.open(SHARED / "images" / "cifar10_test.webp"))
    tiles = sheet.reshape(-1, _SIDE, sheet.shape[1] // _SIDE, _SIDE, 3).swapaxes(1, 2)
    return np.ascontiguousarray(tiles.reshape(-1, _SIDE, _SIDE, 3))


def _labels(count: int) -> NDArray[np.int64]:
    return np.arange(count, dtype=np.int64) % 10


def _floats() -> Samples:
    images = _images().astype(np.float32)
    return images, _labels(len(images))


def _integers() -> Samples:
    images = (_images().astype(np.int16) - 128).astype(np.int8)
    return images, _labels(len(images))


def _keywords() -> Samples:
    with np.load(SHARED / "audio" / "kws01_mfcc_int8.npz") as file:
        return file["x"][..., None], file["y"].astype(np.int64)


def _real_keywords() -> Samples:
    samples, labels = _keywords()
    return (samples.astype(np.float32) - 83) * np.float32(0.5847029), labels


CLASSIFIERS = {
    "resnet8_float": ForeignClassifier(_TINY / "pretrainedResnet.tflite", _floats, 87.20),
    "resnet8_int8": ForeignClassifier(_TINY / "pretrainedResnet_quant.tflite", _integers, 86.98),
    "keywords_float": ForeignClassifier(
        _TINY / "kws_ref_model_float32.tflite", _real_keywords, 90.0
    ),
    "keywords_int8": ForeignClassifier(_TINY / "kws_ref_model.tflite", _keywords, 90.2),
}
"""MLPerf Tiny's TFLite files, by name."""

FACE_DETECTOR = _DETECT / "ultraface-version-RFB-320.onnx"
"""Takes float32[1, 3, 240, 320]; gives scores[1, n, 2] and boxes[1, n, 4]."""

FACES = 46
"""That it finds on its group photo."""


def group_photo() -> NDArray[np.float32]:
    """The photo as the face detector takes it."""
    photo = Image.open(_DETECT / "test_group_photo.jpg").convert("RGB")
    # Bilinear between neighbours, as OpenCV does it.
    whole = (0, 0, photo.width, photo.height)
    small = photo.transform((320, 240), Image.Transform.EXTENT, whole, Image.Resampling.BILINEAR)
    pixels = np.asarray(small, np.float32).transpose(2, 0, 1)[None]
    return (pixels - np.float32(127)) / np.float32(128)


def faces(scores: NDArray[np.float32], boxes: NDArray[np.float32]) -> int:
    """How many faces are found with a score above 0.7, overlapping ones (IoU > 0.3) taken for one.

    Args:
        scores: (n,).
        boxes: (n, 4), left, top, right and bottom.
    """
    kept: list[NDArray[np.float32]] = []
    for at in np.argsort(-scores)[: int(np.sum(scores > 0.7))]:
        if all(_overlap(boxes[at], other) <= 0.3 for other in kept):
            kept.append(boxes[at])
    return len(kept)


def _overlap(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    common = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod()
    return float(common / ((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod() - common))


def cifar10_pixels(count: int = 10_000) -> Dataset:
    """CIFAR-10's official test images as pixels 0..255; a dataset of type ``custom``."""
    images, labels = _floats()
    return _test_only("cifar10", 10, images[:count], labels[:count])


def keyword_features(count: int = 1000) -> Dataset:
    """MLPerf Tiny's keywords as real features, (1, 49, 10); a dataset of type ``custom``."""
    samples, labels = _real_keywords()
    return _test_only("keywords", 12, samples[:count], labels[:count])


def _test_only(
    name: str, classes: int, samples: NDArray[np.float32], labels: NDArray[np.int64]
) -> Dataset:
    """Nothing is trained or chosen here, so that there is a test part alone."""
    images = np.ascontiguousarray(samples.transpose(0, 3, 1, 2), dtype=np.float32)
    none = Part(images[:0], labels[:0])
    return Dataset(name, tuple(map(str, range(classes))), none, none, Part(images, labels))
