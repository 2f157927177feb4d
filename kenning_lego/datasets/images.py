"""Image files as a network takes them: decoded by Pillow, scaled, cut and normalised."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from kenning_lego.core.configuration import Component
from kenning_lego.core.errors import ConfigurationError, MissingDependencyError
from kenning_lego.datasets.base import normalise
from kenning_lego.datasets.samples import Images

if TYPE_CHECKING:
    from PIL.Image import Image


class ImageInput(Component):
    """Base of datasets of image files; the defaults are those of networks for ImageNet."""

    size: tuple[PositiveInt, PositiveInt] = (224, 224)
    """Height and width that the network takes."""
    resize: PositiveInt | None = 256
    """The shorter side is scaled to this, then the middle is cut out; null: scaled to size."""
    channels: Literal[1, 3] = 3
    """3 for red, green and blue, 1 for grey."""
    mean: Annotated[tuple[float, ...], Field(min_length=1, max_length=3)] = (0.485, 0.456, 0.406)
    """Subtracted from each channel on the scale 0..1; one for all, or one each."""
    std: Annotated[tuple[PositiveFloat, ...], Field(min_length=1, max_length=3)] = (
        0.229,
        0.224,
        0.225,
    )
    """Each channel is divided by this after; one for all, or one each."""
    limit: PositiveInt | None = None
    """At most so many images of each directory or list, chosen by the seed; null: all."""

    @model_validator(mode="after")
    def _fits(self) -> ImageInput:
        if self.resize is not None and self.resize < max(self.size):
            raise ValueError(
                f"resize {self.resize} is smaller than size {self.size}: give at least its longer "
                "side, or null"
            )
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) not in (1, self.channels):
                raise ValueError(f"{name} has {len(values)} values for {self.channels} channels")
        return self


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """Images in files, as a :class:`.lazy.Source`.

    Args:
        paths: of the images.
        options: what is made of them.
    """

    paths: Sequence[Path]
    options: ImageInput

    @property
    def shape(self) -> tuple[int, int, int]:
        """(channels, height, width) of every image."""
        return (self.options.channels, *self.options.size)

    @property
    def threads(self) -> bool:
        """Decoding leaves the interpreter's lock."""
        return True

    def read(self, index: int) -> Images:
        """One image, float32, (channels, height, width), normalised."""
        return read_image(self.paths[index], self.options)


def read_image(path: Path, options: ImageInput) -> Images:
    """Decode an image file.

    Returns:
        float32, (channels, height, width), normalised.

    Raises:
        ConfigurationError: it is no image that Pillow reads, or it is damaged.
        MissingDependencyError: Pillow is not installed.
    """
    try:
        from PIL import Image
    except ModuleNotFoundError as error:
        raise MissingDependencyError("pillow", "host", "reading image files") from error
    try:
        with Image.open(path) as file:
            fitted = _fit(file.convert("RGB" if options.channels == 3 else "L"), options)
    # What Pillow's decoders raise on damaged files.
    except (OSError, SyntaxError, ValueError, EOFError, struct.error) as error:
        raise ConfigurationError(
            f"cannot read the image {path}: {error}", "replace the file, or remove it"
        ) from error
    except Image.DecompressionBombError as error:
        raise ConfigurationError(
            f"the image {path} is unreasonably large: {error}", "scale it down, or remove it"
        ) from error
    shape = (*options.size, options.channels)
    pixels: NDArray[np.uint8] = np.asarray(fitted).reshape(shape).transpose(2, 0, 1)
    image: Images = normalise(pixels[np.newaxis], options.mean, options.std)[0]
    return image


def _fit(image: Image, options: ImageInput) -> Image:
    """Scale and cut as torchvision's Resize and CenterCrop do, to the pixel."""
    from PIL.Image import Resampling

    height, width = options.size
    if options.resize is None:
        return image.resize((width, height), Resampling.BILINEAR)
    shorter, longer = sorted(image.size)
    other = int(options.resize * longer / shorter)
    scaled = (options.resize, other) if image.width <= image.height else (other, options.resize)
    image = image.resize(scaled, Resampling.BILINEAR)
    left, top = round((image.width - width) / 2), round((image.height - height) / 2)
    return image.crop((left, top, left + width, top + height))
