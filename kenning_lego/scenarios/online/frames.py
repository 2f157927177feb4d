"""Where a pipeline's frames come from, as it is configured, and what has to be shipped for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, TypeAdapter, ValidationError

from kenning_lego.core.configuration import Component
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.frame_sources import (
    CameraFrames,
    ColourOrder,
    FrameSource,
    ImagePreparation,
    Layout,
    NullFrames,
    RandomFrames,
    StoredFrames,
    VideoFrames,
)
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.datasets.configuration import DatasetConfig
from kenning_lego.scenarios.online.tested import TestedNetwork
from kenning_lego.store.artifacts import digest_of

IMAGE_SUFFIXES = frozenset({".bmp", ".jpeg", ".jpg", ".png", ".ppm", ".tif", ".tiff", ".webp"})


@dataclass(frozen=True, slots=True, eq=False)
class Supply:
    """Frames for one network.

    Args:
        source: what the target is told.
        said: the same in words.
        content: raw tensors that go to the target first; None where it needs none.
        labels: of each of these frames, (frames,); None where nobody knows.
    """

    source: FrameSource
    said: str
    content: bytes | None = None
    labels: NDArray[np.int64] | None = None


class _Images(Component):
    """How images become the network's input."""

    colours: ColourOrder = "rgb"
    """Order of the channels."""
    layout: Layout = "nchw"
    """Of the input's dimensions."""
    scale: float = Field(default=1 / 255, gt=0)
    """Pixels, from 0 to 255, are multiplied by it,"""
    mean: tuple[float, ...] = (0.0,)
    """then this is subtracted (of each channel, or one for all),"""
    deviation: tuple[float, ...] = (1.0,)
    """then they are divided by this."""
    repeat: bool = True
    """Begin again after the last one."""

    @property
    def preparation(self) -> ImagePreparation:
        """The same as the target is told."""
        return ImagePreparation(self.colours, self.layout, self.scale, self.mean, self.deviation)


class TestImages(Component):
    """Images of the test part of the dataset that the network was tested with."""

    __test__ = False  # no test of pytest's

    type: Literal["test"] = "test"
    """The test part of the network's dataset, whose labels tell the accuracy."""
    count: int = Field(default=1000, ge=1)
    """Images at most, which are shipped to the target first."""
    repeat: bool = True
    """Begin again after the last one."""

    def supply(self, network: TestedNetwork) -> Supply:
        """Read them.

        Raises:
            ConfigurationError: the record names no dataset.
        """
        try:
            # The dataset alone: other settings may have changed since that test.
            dataset = TypeAdapter(DatasetConfig).validate_python(
                network.record.scenario.get("dataset")
            )
        except ValidationError as error:
            raise ConfigurationError(
                f"{network.path} does not say which dataset it was tested with",
                "choose other frames, such as --frames.type random",
            ) from error
        part = dataset.load().test
        part = part.take(range(min(self.count, len(part))))
        images, labels = part.images, part.labels
        content = np.ascontiguousarray(images).tobytes()
        source = StoredFrames(digest_of(content), self.repeat)
        return Supply(source, f"{len(images)} test images of {dataset.type}", content, labels)


class HostImages(_Images):
    """Images or a video that lie on the host."""

    type: Literal["images"] = "images"
    """Files of the host, prepared here and shipped to the target."""
    path: Path
    """A directory of images (in order of their names), an image, or a video."""
    count: int = Field(default=1000, ge=1)
    """Images at most."""

    def supply(self, network: TestedNetwork) -> Supply:
        """Read and prepare them.

        Raises:
            ConfigurationError: there are none, or one cannot be read.
            MissingDependencyError: OpenCV is not installed.
            ModelError: the network's input is no image of that layout.
        """
        from kenning_lego.servers.sources.images import ImageWriter  # needs OpenCV

        specs = tuple(TensorSpec(each.name, each.shape, each.dtype) for each in network.inputs)
        inputs = IOSpec(specs, ()).with_batch(1).inputs
        writer, spec = ImageWriter(inputs, self.preparation), inputs[0]
        tensor = np.zeros(spec.sizes, spec.dtype)
        frames = []
        for image in _read(self.path, self.count):
            writer.write(image, tensor)
            frames.append(tensor.tobytes())
        if not frames:
            raise ConfigurationError(f"{self.path} holds no image", "name images or a video")
        content = b"".join(frames)
        source = StoredFrames(digest_of(content), self.repeat)
        return Supply(source, f"{len(frames)} images of {self.path.name}", content)


class Noise(Component):
    """Random tensors."""

    type: Literal["random"] = "random"
    """About N(0, 1), made on the target."""
    seed: int = Field(default=0, ge=0, lt=2**63)
    """Of the first frame."""

    def supply(self, network: TestedNetwork) -> Supply:  # noqa: ARG002
        """Nothing has to be shipped."""
        return Supply(RandomFrames(self.seed), "random frames")


class Zeros(Component):
    """The same zeros for every frame."""

    type: Literal["zeros"] = "zeros"
    """No input at all: what the pipeline takes by itself."""

    def supply(self, network: TestedNetwork) -> Supply:  # noqa: ARG002
        """Nothing has to be shipped."""
        return Supply(NullFrames(), "zeros")


class Camera(_Images):
    """A camera of the target."""

    type: Literal["camera"] = "camera"
    """Live images of the target's camera."""
    index: int = Field(default=0, ge=0, le=255)
    """Of the camera: N is /dev/videoN there."""

    def supply(self, network: TestedNetwork) -> Supply:  # noqa: ARG002
        """Nothing has to be shipped."""
        return Supply(CameraFrames(self.index, self.preparation), f"camera {self.index}")


class Video(_Images):
    """A video that lies on the target."""

    type: Literal["video"] = "video"
    """A video that the server was given with --video NAME=PATH."""
    name: str
    """Its name there."""

    def supply(self, network: TestedNetwork) -> Supply:  # noqa: ARG002
        """Nothing has to be shipped."""
        source = VideoFrames(self.name, self.repeat, self.preparation)
        return Supply(source, f"video {self.name!r} of the target")


FramesConfig = Annotated[
    TestImages | HostImages | Noise | Zeros | Camera | Video, Field(discriminator="type")
]
"""A field of this type is told by its ``type``."""


def _read(path: Path, count: int) -> Iterator[NDArray[np.uint8]]:
    """Images as rows, columns, blue-green-red."""
    from kenning_lego.servers.sources.images import import_opencv

    cv2 = import_opencv()
    if path.is_dir():
        files = sorted(each for each in path.iterdir() if each.suffix.lower() in IMAGE_SUFFIXES)
    elif path.suffix.lower() in IMAGE_SUFFIXES:
        files = [path]
    else:
        yield from _read_video(cv2, path, count)
        return
    for file in files[:count]:
        image = cv2.imread(str(file), cv2.IMREAD_COLOR)
        if image is None:
            raise ConfigurationError(f"{file} is no image that OpenCV can read", "remove it")
        yield image


def _read_video(cv2: object, path: Path, count: int) -> Iterator[NDArray[np.uint8]]:
    capture = cv2.VideoCapture(str(path))  # type: ignore[attr-defined]
    try:
        if not capture.isOpened():
            raise ConfigurationError(
                f"{path} is no video that OpenCV can read", "name images or a video"
            )
        for _ in range(count):
            read, image = capture.read()
            if not read:
                return
            yield image
    finally:
        capture.release()
