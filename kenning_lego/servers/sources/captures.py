"""Frames from a camera or a video, through OpenCV."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kenning_lego.core.errors import ConfigurationError, StoreError
from kenning_lego.core.frame_sources import CameraFrames, VideoFrames
from kenning_lego.core.specs import TensorSpec
from kenning_lego.runtimes.base import Arrays
from kenning_lego.servers.sources.images import ImageWriter, import_opencv


class CaptureSource:
    """Images of a device or a file that OpenCV has opened.

    Args:
        capture: a ``cv2.VideoCapture`` or what behaves so; released with the source.
        writer: of the images.
        what: names it in errors.
        repeat: begin again after the last image; None for a device, which has no last one.
    """

    def __init__(self, capture: Any, writer: ImageWriter, what: str, repeat: bool | None) -> None:
        self._capture = capture
        self._writer = writer
        self._what = what
        self._repeat = repeat
        self._given = 0

    def fill(self, inputs: Arrays) -> bool:
        """The next image; waits for a camera's.

        Raises:
            StoreError: the camera gives no image, or the video has none that can be read.
        """
        there, image = self._capture.read()
        if not there and self._repeat and self._given:
            self._rewind()
            there, image = self._capture.read()
        if there:
            self._given += 1
            self._writer.write(image, inputs[self._writer.name])
            return True
        if self._repeat is None or not self._given:
            raise StoreError(f"{self._what} gives no image", "see whether another program reads it")
        return False

    def close(self) -> None:
        """Let go of the device or the file."""
        self._capture.release()

    def _rewind(self) -> None:
        self._capture.set(import_opencv().CAP_PROP_POS_FRAMES, 0)
        self._given = 0


def open_camera(settings: CameraFrames, inputs: Sequence[TensorSpec]) -> CaptureSource:
    """Open a camera by its index.

    Raises:
        KenningLegoError: OpenCV is missing, the input is no image, or there is no such camera.
    """
    writer = ImageWriter(inputs, settings.preparation)
    capture = import_opencv().VideoCapture(settings.index)
    what = f"the camera {settings.index}"
    if not capture.isOpened():
        raise ConfigurationError(
            f"{what} cannot be opened",
            "see with `ls /dev/video*` which there are, and whether this user may read them",
        )
    return CaptureSource(capture, writer, what, None)


def open_video(settings: VideoFrames, path: Path, inputs: Sequence[TensorSpec]) -> CaptureSource:
    """Open a video of the target's own disk.

    Raises:
        KenningLegoError: OpenCV is missing, the input is no image, or the file is no video.
    """
    writer = ImageWriter(inputs, settings.preparation)
    capture = import_opencv().VideoCapture(str(path))
    if not capture.isOpened():
        raise ConfigurationError(
            f"the video {settings.name!r} cannot be opened",
            "check the path that --video was given when the server was started",
        )
    return CaptureSource(capture, writer, f"the video {settings.name!r}", settings.repeat)
