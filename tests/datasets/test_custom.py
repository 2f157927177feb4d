from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import IterableDataset, TensorDataset

from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.datasets.base import Dataset
from kenning_lego.datasets.custom import CustomDataset, wrap
from kenning_lego.datasets.random_data import RandomData

HERE = __name__


def numbered(count: int = 40, first: int = 0) -> TensorDataset:
    images = torch.arange(first, first + count, dtype=torch.float32).reshape(-1, 1, 1, 1)
    return TensorDataset(images.expand(-1, 3, 2, 2), torch.arange(count) % 4)


def in_parts() -> dict[str, TensorDataset]:
    return {"train": numbered(), "test": numbered(8, 100), "calibration": numbered(4, 200)}


def ready() -> Dataset:
    return RandomData(shape=(1, 2, 2)).load()


class Listed(list[Any]):
    """Pairs, with the labels and the classes' names listed, as torchvision's datasets have it."""

    targets: list[int]
    classes = ("a", "b", "c", "d")


def listed(right: bool = True) -> Listed:
    pairs = Listed((np.full((1, 2, 2), n, np.float32), n % 4) for n in range(20))
    pairs.targets = [n % 4 if right else 3 for n in range(20)]
    return pairs


class Stream(IterableDataset[Any]):
    def __iter__(self) -> Iterator[Any]:
        return iter(())


def test_a_torch_dataset_is_divided() -> None:
    dataset = CustomDataset(path=f"{HERE}:numbered", test_share=0.25).load()
    assert dataset.calibration is not None
    parts = (dataset.train, dataset.validation, dataset.calibration, dataset.test)
    assert [len(part) for part in parts] == [24, 4, 2, 10]
    assert dataset.input_shape == (3, 2, 2)
    assert dataset.classes == ("0", "1", "2", "3")
    numbers = np.concatenate([part.images[:, 0, 0, 0] for part in parts])
    labels = np.concatenate([part.labels for part in parts])
    assert sorted(numbers.tolist()) == list(range(40))
    np.testing.assert_array_equal(numbers % 4, labels)


def test_parts_that_are_given_are_used() -> None:
    dataset = CustomDataset(path=f"{HERE}:in_parts", classes=("a", "b", "c", "d")).load()
    assert dataset.calibration is not None
    assert dataset.classes == ("a", "b", "c", "d")
    assert [len(dataset.train), len(dataset.validation), len(dataset.calibration)] == [36, 4, 4]
    assert dataset.test.images[0, 0, 0, 0] == 100


def test_a_dataset_of_ours_and_arguments_are_taken() -> None:
    assert CustomDataset(path=f"{HERE}:ready").load().name == "random"
    dataset = CustomDataset(path=f"{HERE}:numbered", arguments={"count": 20}).load()
    assert sum(map(len, (dataset.train, dataset.validation, dataset.test))) == 19


@pytest.mark.parametrize("right", [True, False])
def test_listed_labels_are_used_if_they_are_right(right: bool) -> None:
    dataset = wrap("mine", {"train": listed(right)})
    assert dataset.classes == ("a", "b", "c", "d")
    np.testing.assert_array_equal(dataset.train.images[:, 0, 0, 0] % 4, dataset.train.labels)


NONE = {"calibration": 0.0}
IMAGE = np.zeros((1, 2, 2), np.float32)


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({}, "has the parts none"),
        ({"test": numbered()}, "has the parts test"),
        ({"train": numbered(), "dev": numbered()}, "parts train, dev"),
        ({"train": Stream()}, "without a length or samples by number"),
        ({"train": []}, "the train part has no samples"),
        ({"train": [IMAGE]}, "sample 0 of the train part is no pair"),
        ({"train": [(np.zeros((2, 2, 3), np.uint8), 1)]}, r"an image of uint8 \(2, 2, 3\)"),
        ({"train": [(IMAGE[0], 1)]}, r"an image of float32 \(2, 2\)"),
        ({"train": [(IMAGE, 0.5)]}, r"the label 0\.5"),
        ({"train": [(IMAGE, 0), (IMAGE, "cat")]}, "sample 1 of the train part has the label"),
    ],
)
def test_what_is_no_dataset_is_refused(parts: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        wrap("mine", parts)


def test_an_image_of_another_shape_is_told_when_it_is_read() -> None:
    pairs = [(IMAGE, 0)] * 19 + [(np.zeros((1, 3, 3), np.float32), 0)]
    dataset = wrap("mine", dict.fromkeys(("train", "validation", "test"), pairs), shares=NONE)
    with pytest.raises(ConfigurationError, match="sample 19 of the train part has shape"):
        _ = dataset.train.images


def test_only_the_calibration_part_can_be_left_out() -> None:
    assert wrap("mine", {"train": listed()}, shares=NONE).calibration is None
    with pytest.raises(ConfigurationError, match="give some to validation and to test"):
        wrap("mine", {"train": listed()}, shares={"test": 0.0})


def test_labels_beyond_the_classes_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="labels from 0 to 3 and 2 classes"):
        CustomDataset(path=f"{HERE}:numbered", classes=("a", "b")).load()


def test_a_callable_that_is_not_there_or_takes_other_arguments_is_refused() -> None:
    with pytest.raises(UnknownNameError):
        CustomDataset(path=f"{HERE}:nothing").load()
    with pytest.raises(ConfigurationError, match="does not take the arguments"):
        CustomDataset(path=f"{HERE}:numbered", arguments={"size": 3}).load()
