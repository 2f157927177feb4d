from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.base import Dataset, Part, normalise
from kenning_lego.datasets.splitting import split

labels_arrays = st.lists(st.integers(0, 4), max_size=60).map(
    lambda labels: np.array(labels, dtype=np.int64)
)
shares_tuples = st.lists(st.integers(1, 9), min_size=1, max_size=4).map(
    lambda weights: tuple(weight / sum(weights) for weight in weights)
)


def part(count: int = 4, shape: tuple[int, int, int] = (1, 2, 2)) -> Part:
    return Part(np.zeros((count, *shape), np.float32), np.arange(count, dtype=np.int64))


@given(labels_arrays, shares_tuples, st.integers(0, 100))
def test_a_split_puts_every_sample_in_exactly_one_part(
    labels: np.ndarray, shares: tuple[float, ...], seed: int
) -> None:
    parts = split(labels, shares, seed)
    assert len(parts) == len(shares)
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labels)))


@given(labels_arrays, shares_tuples, st.integers(0, 100))
def test_a_split_keeps_the_mixture_of_classes(
    labels: np.ndarray, shares: tuple[float, ...], seed: int
) -> None:
    parts = split(labels, shares, seed)
    for label in np.unique(labels):
        total = np.sum(labels == label)
        for indices, share in zip(parts, shares, strict=True):
            assert abs(np.sum(labels[indices] == label) - share * total) <= 1 + 1e-9


def test_a_split_depends_on_the_seed_alone() -> None:
    labels = np.arange(100, dtype=np.int64) % 3
    first, again, other = (split(labels, (0.5, 0.5), seed)[0].tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other


@pytest.mark.parametrize("shares", [(), (0.5, 0.4), (1.5, -0.5), (1.0, 0.0)])
def test_shares_that_are_no_partition_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(ConfigurationError, match="shares"):
        split(np.zeros(4, np.int64), shares, seed=0)


def test_normalised_channels_have_mean_zero_and_deviation_one() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (50, 3, 4, 4), dtype=np.uint8)
    scaled = pixels / 255
    images = normalise(pixels, scaled.mean(axis=(0, 2, 3)), scaled.std(axis=(0, 2, 3)))
    assert images.dtype == np.float32
    np.testing.assert_allclose(images.mean(axis=(0, 2, 3)), 0, atol=1e-5)
    np.testing.assert_allclose(images.std(axis=(0, 2, 3)), 1, atol=1e-5)


def test_take_keeps_images_and_labels_together() -> None:
    images = np.arange(16, dtype=np.float32).reshape(4, 1, 2, 2)
    taken = Part(images, np.array([3, 2, 1, 0])).take([2, 0])
    assert len(taken) == 2
    assert taken.labels.tolist() == [1, 3]
    assert taken.images[:, 0, 0, 0].tolist() == [8, 0]


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        (np.zeros((2, 1, 2, 2)), np.zeros(2, np.int64)),
        (np.zeros((2, 4), np.float32), np.zeros(2, np.int64)),
        (np.zeros((2, 1, 2, 2), np.float32), np.zeros(3, np.int64)),
        (np.zeros((2, 1, 2, 2), np.float32), np.zeros(2, np.int32)),
    ],
)
def test_a_part_refuses_other_shapes_and_types(images: np.ndarray, labels: np.ndarray) -> None:
    with pytest.raises(ConfigurationError, match="give"):
        Part(images, labels)


def test_a_dataset_describes_itself() -> None:
    dataset = Dataset("shapes", ("a", "b", "c", "d"), part(4), part(2), part(1))
    assert dataset.input_shape == (1, 2, 2)
    assert str(dataset) == ("shapes: 4 classes, 1x2x2, 4 training, 2 validation and 1 test samples")


def test_labels_without_a_class_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="labels from 0 to 3 and 2 classes"):
        Dataset("shapes", ("a", "b"), part(2), part(4), part(2))


def test_parts_of_different_image_shapes_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="different image shapes"):
        Dataset("shapes", ("a", "b"), part(2), part(2), part(2, (3, 2, 2)))
