from __future__ import annotations

import numpy as np
import pytest

from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.specs import ITEM_BYTES, TensorSpec
from kenning_lego.datasets.random_data import RandomData, random_tensors

FEW = {"train": 20, "validation": 8, "calibration": 6, "test": 10}


def test_random_images_have_the_shape_and_the_sizes_that_were_asked_for() -> None:
    dataset = RandomData(shape=(2, 3, 5), class_count=4, **FEW).load()
    assert dataset.calibration is not None
    parts = (dataset.train, dataset.validation, dataset.calibration, dataset.test)
    assert [len(part) for part in parts] == [20, 8, 6, 10]
    assert dataset.input_shape == (2, 3, 5)
    assert len(dataset.classes) == 4
    assert len({image.tobytes() for part in parts for image in part.images}) == 44


def test_random_images_depend_on_the_seed_alone() -> None:
    first, again, other = (
        RandomData(shape=(1, 2, 2), seed=seed, **FEW).load().test for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.images, again.images)
    np.testing.assert_array_equal(first.take([3]).images[0], first.images[3])
    np.testing.assert_array_equal(first.labels, again.labels)
    assert not np.array_equal(first.images, other.images)


def test_uniform_numbers_are_within_0_and_1() -> None:
    images = RandomData(shape=(3, 8, 8), distribution="uniform").load().test.images
    assert 0 <= images.min() < 0.01
    assert 0.99 < images.max() < 1
    assert abs(float(RandomData(shape=(3, 8, 8)).load().test.images.std()) - 1) < 0.05


@pytest.mark.parametrize("dtype", ITEM_BYTES)
def test_tensors_of_every_type_and_rank(dtype: str) -> None:
    specs = [TensorSpec("a", (3, 49, 10, 1), dtype), TensorSpec("b", (), dtype)]
    first, again = random_tensors(specs, seed=1), random_tensors(specs, seed=1)
    for tensor, same, spec in zip(first, again, specs, strict=True):
        assert tensor.shape == spec.sizes
        assert tensor.dtype == dtype
        np.testing.assert_array_equal(tensor, same)
    if ITEM_BYTES[dtype] > 1 and first[0].dtype.kind in "iu":
        assert set(np.unique(first[0])) == {0, 1}
        assert random_tensors(specs, seed=1, below=1000)[0].max() > 500


def test_a_batch_that_is_not_bound_is_refused() -> None:
    with pytest.raises(ProtocolError, match="batch dimension"):
        random_tensors([TensorSpec("a", ("batch", 3))], seed=0)
