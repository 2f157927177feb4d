"""From a camera's or a video's image to an input tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kenning_lego.core.errors import MissingDependencyError, ModelError
from kenning_lego.core.frame_sources import ImagePreparation
from kenning_lego.core.specs import TensorSpec

if TYPE_CHECKING:
    from numpy.typing import NDArray


def import_opencv() -> Any:
    """OpenCV, which brings cameras and videos.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        import cv2
    except ImportError as error:
        raise MissingDependencyError(
            "opencv-python-headless", "camera", "reading a camera or a video"
        ) from error
    cv2.setNumThreads(1)  # the cores are the pipeline's
    return cv2


class ImageWriter:
    """Writes images into a pipeline's input.

    Args:
        inputs: of the pipeline: exactly one.
        preparation: how an image becomes that tensor.

    Raises:
        ModelError: the input is no image of that layout and number of channels, or a batch.
        MissingDependencyError: OpenCV is not installed.
    """

    def __init__(self, inputs: Sequence[TensorSpec], preparation: ImagePreparation) -> None:
        self._cv2 = import_opencv()
        self._channels = 1 if preparation.colours == "grey" else 3
        self._preparation = preparation
        self._height, self._width = _height_and_width(inputs, preparation, self._channels)
        self._is_float = np.dtype(inputs[0].dtype).kind == "f"
        self.name = inputs[0].name
        scale = preparation.scale / np.asarray(preparation.deviation, np.float32)
        shift = np.asarray(preparation.mean, np.float32) / np.asarray(
            preparation.deviation, np.float32
        )
        self._scale, self._shift = np.float32(scale), np.float32(shift)

    def write(self, image: NDArray[np.uint8], tensor: NDArray[Any]) -> None:
        """Resize, order and normalise an image (rows, columns, blue-green-red) into the tensor."""
        cv2 = self._cv2
        size = (self._width, self._height)
        shrinks = image.shape[0] > self._height or image.shape[1] > self._width
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        pixels = cv2.resize(image, size, interpolation=method)
        if self._preparation.colours == "grey":
            pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY)[:, :, None]
        elif self._preparation.colours == "rgb":
            pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        if self._is_float:
            pixels = pixels * self._scale - self._shift
        if self._preparation.layout == "nchw":
            pixels = np.moveaxis(pixels, -1, 0)
        tensor[0] = pixels


def _height_and_width(
    inputs: Sequence[TensorSpec], preparation: ImagePreparation, channels: int
) -> tuple[int, int]:
    where = f"images of {channels} channels as {preparation.layout.upper()}"
    if len(inputs) != 1:
        raise ModelError(f"the pipeline has {len(inputs)} inputs, {where} need exactly one")
    sizes = inputs[0].sizes
    if len(sizes) == 4 and sizes[0] == 1:
        _, *rest = sizes
        depth, height, width = rest if preparation.layout == "nchw" else (rest[2], *rest[:2])
        if depth == channels:
            return height, width
    raise ModelError(
        f"the pipeline's input {inputs[0].name!r} has the shape {sizes}, which is not for {where}, "
        "one at a time",
        "set colours and layout of the source as the network wants them; use a batch of 1",
    )
