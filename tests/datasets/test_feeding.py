"""Images become what networks of other origins take."""

from __future__ import annotations

import numpy as np
import pytest

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.specs import IOSpec, Quantisation, TensorSpec
from kenning_lego.datasets.feeding import Feed, InputConfig, as_real

SHAPE = (3, 2, 4)
IMAGE = np.arange(24, dtype=np.float32).reshape(SHAPE)


def spec(*shape: int, dtype: str = "float32", meaning: Quantisation | None = None) -> IOSpec:
    output = TensorSpec("y", (1, 10))
    return IOSpec((TensorSpec("x", shape, dtype, meaning),), (output,))


def fed(
    of: IOSpec, config: InputConfig | None = None, dtype: str = "float32"
) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    feed = Feed(of, SHAPE, config or InputConfig())
    return np.frombuffer(feed(IMAGE), dtype).reshape(of.inputs[0].sizes)


def test_layout_is_found_from_the_shape() -> None:
    assert np.array_equal(fed(spec(1, 3, 2, 4))[0], IMAGE)
    assert np.array_equal(fed(spec(1, 2, 4, 3))[0], IMAGE.transpose(1, 2, 0))


def test_layout_that_could_be_either_must_be_named() -> None:
    cube = (2, 2, 2)
    with pytest.raises(ConfigurationError, match=r"may be nchw or nhwc \(say which with"):
        Feed(spec(1, *cube), cube, InputConfig())
    image = np.arange(8, dtype=np.float32).reshape(cube)
    feed = Feed(spec(1, *cube), cube, InputConfig(layout="nhwc"))
    assert np.array_equal(np.frombuffer(feed(image), np.float32), image.transpose(1, 2, 0).ravel())


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


def test_quantised_integers_are_made_by_scale_and_zero_point_and_saturate() -> None:
    of = spec(1, 3, 2, 4, dtype="int8", meaning=Quantisation(0.1, -100))
    expected = np.minimum(np.rint(IMAGE / np.float32(0.1)) - 100, 127)
    assert np.array_equal(fed(of, dtype="int8")[0], expected)


def test_integers_without_meaning_must_be_named_as_values() -> None:
    of = spec(1, 3, 2, 4, dtype="uint8")
    with pytest.raises(ConfigurationError, match="does not say what its integers mean"):
        Feed(of, SHAPE, InputConfig())
    assert np.array_equal(fed(of, InputConfig(integers="values"), "uint8")[0], IMAGE)


def test_network_of_two_inputs_is_refused() -> None:
    one = TensorSpec("x", (1, 3, 2, 4))
    with pytest.raises(ConfigurationError, match="takes 2 tensors"):
        Feed(IOSpec((one, TensorSpec("z", (1, 1))), (one,)), SHAPE, InputConfig())


def test_outputs_are_read_as_real_numbers() -> None:
    raw = np.array([[-128, 0, 127]], np.int8)
    meant = TensorSpec("y", (1, 3), "int8", Quantisation(0.5, -128))
    assert as_real(raw.tobytes(), meant).tolist() == [[0.0, 64.0, 127.5]]
    assert as_real(raw.tobytes(), TensorSpec("y", (1, 3), "int8")).tolist() == raw.tolist()
