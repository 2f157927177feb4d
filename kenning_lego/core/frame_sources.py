"""Where a deployment's frames come from, as settings: values that travel and are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

ColourOrder = Literal["rgb", "bgr", "grey"]
COLOUR_ORDERS: tuple[ColourOrder, ...] = get_args(ColourOrder)
Layout = Literal["nchw", "nhwc"]
LAYOUTS: tuple[Layout, ...] = get_args(Layout)


@dataclass(frozen=True, slots=True)
class ImagePreparation:
    """How an image becomes the input tensor: resized to its height and width, then normalised.

    A channel's value is ``(pixel * scale - mean) / deviation``, with pixels of 0 to 255; tensors of
    integers get the pixels as they are.

    Args:
        colours: the order of the channels.
        layout: of the tensor, its batch dimension first.
        scale: pixels are multiplied by it.
        mean: of each channel, or one for all.
        deviation: of each channel, or one for all.
    """

    colours: ColourOrder = "rgb"
    layout: Layout = "nchw"
    scale: float = 1.0 / 255.0
    mean: tuple[float, ...] = (0.0,)
    deviation: tuple[float, ...] = (1.0,)

    def problem(self) -> str | None:
        """What does not fit together, or None."""
        channels = 1 if self.colours == "grey" else 3
        for name, values in (("mean", self.mean), ("deviation", self.deviation)):
            if len(values) not in (1, channels):
                return f"{len(values)} values of {name} for {channels} channels"
        return "a deviation of 0" if not all(self.deviation) else None


@dataclass(frozen=True, slots=True)
class NullFrames:
    """No input at all: the pipeline runs on zeros, which tells what it takes by itself."""


@dataclass(frozen=True, slots=True)
class RandomFrames:
    """About N(0, 1), a new one each time; small whole numbers for integers.

    Args:
        seed: of the first frame; the same seed gives the same frames.
    """

    seed: int = 0


@dataclass(frozen=True, slots=True)
class StoredFrames:
    """Raw tensors from an artifact of the target's store.

    Frame n of a deployment, counted from its first, has sample n modulo the number of samples, also
    after its worker was started again.

    Args:
        digest: sha256 of the artifact: for each frame, the pipeline's inputs in C order, in the
            order of its specification, without anything between them.
        repeat: begin again after the last; else the deployment is finished then.
    """

    digest: str
    repeat: bool = True


@dataclass(frozen=True, slots=True)
class VideoFrames:
    """A video that the server was given a name for when it was started.

    Args:
        name: as in ``serve --video NAME=PATH``.
        repeat: begin again after the last frame; else the deployment is finished then.
        preparation: of each image.
    """

    name: str
    repeat: bool = True
    preparation: ImagePreparation = ImagePreparation()


@dataclass(frozen=True, slots=True)
class CameraFrames:
    """A camera of the target.

    Args:
        index: of the camera, as OpenCV counts them; N is ``/dev/videoN``.
        preparation: of each image.
    """

    index: int = 0
    preparation: ImagePreparation = ImagePreparation()


FrameSource = NullFrames | RandomFrames | StoredFrames | VideoFrames | CameraFrames
