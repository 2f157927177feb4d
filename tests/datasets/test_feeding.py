"""Images become what networks of other origins take."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.specs import IOSpec, Quantisation, TensorSpec
from kenning_lego.datasets.feeding import Feed, InputConfig

SHAPE = (3, 2, 4)
IMAGE = np.arange(24, dtype=np.float32).reshape(SHAPE)


def spec(*shape: int, dtype: str = "float32", meaning: Quantisation | None = None) -> IOSpec:
    output = TensorSpec("y", (1, 10))
    return IOSpec((TensorSpec("x", shape, dtype, meaning),), (output,))


def fed(of: IOSpec, config: InputConfig | None = None) -> np.ndarray[Any, np.dtype[Any]]:
    found = Feed(of, SHAPE, config or InputConfig())(IMAGE)
    assert found.shape == of.inputs[0].sizes
    return found


def test_layout_is_found_from_the_shape() -> None:
    assert np.array_equal(fed(spec(1, 3, 2, 4))[0], IMAGE)
    assert np.array_equal(fed(spec(1, 2, 4, 3))[0], IMAGE.transpose(1, 2, 0))


def test_layout_that_could_be_either_must_be_named() -> None:
    cube = (2, 2, 2)
    with pytest.raises(ConfigurationError, match=r"may be nchw or nhwc \(say which with"):
        Feed(spec(1, *cube), cube, InputConfig())
    image = np.arange(8, dtype=np.float32).reshape(cube)
    feed = Feed(spec(1, *cube), cube, InputConfig(layout="nhwc"))
    assert np.array_equal(feed(image)[0], image.transpose(1, 2, 0))


def test_images_of_another_shape_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"images are 3x2x4 .*--dataset.type random"):
        Feed(spec(1, 3, 5, 5), SHAPE, InputConfig())


def test_scale_mean_and_deviation_are_applied_in_this_order() -> None:
    config = InputConfig(scale=2.0, mean=(1.0, 2.0, 3.0), std=(4.0,))
    mean = np.array([1, 2, 3], np.float32).reshape(3, 1, 1)
    assert np.array_equal(fed(spec(1, 3, 2, 4), config)[0], (IMAGE * 2 - mean) / 4)


def test_mean_of_another_number_of_channels_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"model.input.mean has 2 values, .* 3 channels"):
        Feed(spec(1, 3, 2, 4), SHAPE, InputConfig(mean=(1.0, 2.0)))


def test_quantised_inputs_are_given_real_numbers() -> None:
    of = spec(1, 3, 2, 4, dtype="int8", meaning=Quantisation(0.1, -100))
    found = fed(of)
    assert found.dtype == np.float32
    assert np.array_equal(found[0], IMAGE)


def test_integers_without_meaning_must_be_named_as_values() -> None:
    of = spec(1, 3, 2, 4, dtype="int8")
    with pytest.raises(ConfigurationError, match="does not say what its integers mean"):
        Feed(of, SHAPE, InputConfig())
    found = fed(of, InputConfig(integers="values", scale=10.0, mean=(0.4,)))
    assert found.dtype == np.int8
    assert np.array_equal(found[0], np.minimum(np.rint(IMAGE * 10 - np.float32(0.4)), 127))


def test_network_of_two_inputs_is_refused() -> None:
    one = TensorSpec("x", (1, 3, 2, 4))
    with pytest.raises(ConfigurationError, match="takes 2 tensors"):
        Feed(IOSpec((one, TensorSpec("z", (1, 1))), (one,)), SHAPE, InputConfig())
