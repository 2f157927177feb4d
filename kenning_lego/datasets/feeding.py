"""From a dataset's images to the numbers that a network of another origin takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveFloat

from kenning_lego.core.configuration import Component
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.specs import IOSpec, TensorSpec
from kenning_lego.datasets.samples import Images

_Layout = Literal["nchw", "nhwc"]
_AXES: dict[_Layout, tuple[int, int, int]] = {"nchw": (0, 1, 2), "nhwc": (1, 2, 0)}


class InputConfig(Component):
    """What becomes of an image, as the dataset gives it, before the network sees it.

    ``(image * scale - mean) / std``; the dataset's own normalisation comes first. Where the network
    takes quantised integers, that is divided by their scale and put beside their zero point.
    """

    layout: Literal["found", "nchw", "nhwc"] = "found"
    """Order of the axes; found: whichever the shape of the network's input allows."""
    scale: PositiveFloat = 1.0
    """What the image's numbers are multiplied by first, such as 255 for networks that take pixels
    from a dataset that gives 0..1."""
    mean: tuple[float, ...] = ()
    """Subtracted after that: one for each channel, or one for all."""
    std: tuple[PositiveFloat, ...] = ()
    """Divides what is left: one for each channel, or one for all."""
    integers: Literal["quantised", "values"] = "quantised"
    """Where the network takes integers: by their scale and zero point, as the file tells them, or
    as the nearest values."""


class Feed:
    """Makes the tensor that a network takes of an image.

    Args:
        spec: of the network, its batch of 1 bound.
        shape: (channels, height, width) of the images.
        config: what becomes of them.

    Raises:
        ConfigurationError: the network does not take one image of that shape, or what its
            integers mean is not known.
    """

    def __init__(self, spec: IOSpec, shape: tuple[int, int, int], config: InputConfig) -> None:
        if len(spec.inputs) != 1:
            taken = ", ".join(map(str, spec.inputs))
            raise ConfigurationError(
                f"the file takes {len(spec.inputs)} tensors ({taken}), a dataset gives one image",
                "measure its latency with --dataset.type random",
            )
        self._input = spec.inputs[0]
        self._axes = _AXES[_layout(self._input, shape, config)]
        for name, values in (("mean", config.mean), ("std", config.std)):
            if len(values) not in (0, 1, shape[0]):
                raise ConfigurationError(
                    f"model.input.{name} has {len(values)} values, an image {shape[0]} channels",
                    "give one for each channel, or one for all",
                )
        self._scale = np.float32(config.scale)
        self._mean = np.asarray(config.mean or (0.0,), np.float32).reshape(-1, 1, 1)
        self._std = np.asarray(config.std or (1.0,), np.float32).reshape(-1, 1, 1)
        self._values = _values(self._input, config)

    def __call__(self, image: Images) -> NDArray[Any]:
        """The tensor in the network's shape.

        Args:
            image: float32, (channels, height, width).

        Returns:
            Real numbers, which quantised inputs still stand for by their scale and zero point; or
            the nearest values of the input's integer type.
        """
        real = (image * self._scale - self._mean) / self._std
        ordered = real.transpose(self._axes)[np.newaxis]
        if self._values is None:
            return ordered
        limits = self._values
        nearest: NDArray[Any] = np.clip(np.rint(ordered), limits.min, limits.max)
        return nearest.astype(limits.dtype)


def _layout(spec: TensorSpec, shape: Sequence[int], config: InputConfig) -> _Layout:
    fitting = [
        layout
        for layout, axes in _AXES.items()
        if tuple(spec.shape) == (1, *(shape[axis] for axis in axes))
    ]
    asked = config.layout
    if asked != "found":
        fitting = [layout for layout in fitting if layout == asked]
    if not fitting:
        how = "" if asked == "found" else f" in the layout {asked}"
        raise ConfigurationError(
            f"the file takes {spec}, the dataset's images are "
            f"{'x'.join(map(str, shape))} (channels x height x width){how}",
            "name a dataset with such images, or measure latency alone with --dataset.type random",
        )
    if len(fitting) > 1 and shape[0] != 1:
        raise ConfigurationError(
            f"the file takes {spec}, which may be {' or '.join(fitting)}",
            "say which with --model.input.layout",
        )
    return fitting[0]


def _values(spec: TensorSpec, config: InputConfig) -> np.iinfo[Any] | None:
    """The range of an input that takes integers as they are; None for one of real numbers."""
    if np.dtype(spec.dtype).kind == "f":
        return None
    if config.integers == "values":
        return np.iinfo(spec.dtype)
    if spec.quantisation is None:
        raise ConfigurationError(
            f"the file takes {spec}, and does not say what its integers mean",
            "give them as they are: --model.input.integers values, with mean, std and scale so "
            "that the nearest values are meant",
        )
    return None
