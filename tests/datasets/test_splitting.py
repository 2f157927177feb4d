from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.base import Dataset, Part
from kenning_lego.datasets.digits import Digits
from kenning_lego.datasets.splitting import complete, subset

labels_arrays = st.lists(st.integers(0, 4), min_size=1, max_size=80).map(
    lambda labels: np.array(labels, dtype=np.int64)
)
SHARES = {"test": 0.2, "validation": 0.1, "calibration": 0.05}


def numbered(labels: np.ndarray) -> Part:
    """A part whose images tell which they are."""
    images = np.arange(len(labels), dtype=np.float32).reshape(-1, 1, 1, 1)
    return Part(images, np.asarray(labels, np.int64))


@given(labels_arrays, st.integers(0, 90), st.integers(0, 5))
def test_a_subset_has_the_size_and_the_mixture_that_were_asked_for(
    labels: np.ndarray, count: int, seed: int
) -> None:
    chosen = subset(labels, count, seed)
    assert len(chosen) == min(count, len(labels))
    assert chosen.tolist() == sorted(set(chosen.tolist()))
    for label in np.unique(labels):
        share = len(chosen) * np.sum(labels == label) / len(labels)
        assert abs(np.sum(labels[chosen] == label) - share) < len(np.unique(labels))


def test_a_subset_of_even_classes_is_even() -> None:
    labels = np.arange(100, dtype=np.int64) % 4
    assert np.bincount(labels[subset(labels, 12, seed=1)]).tolist() == [3, 3, 3, 3]


def test_a_subset_depends_on_the_seed_alone() -> None:
    labels = np.arange(100, dtype=np.int64) % 3
    first, again, other = (subset(labels, 10, seed).tolist() for seed in (1, 1, 2))
    assert first == again
    assert first != other


@given(labels_arrays.filter(lambda labels: len(labels) > 8), st.integers(0, 5))
def test_no_sample_is_in_two_parts_and_none_is_lost(labels: np.ndarray, seed: int) -> None:
    parts = complete({"train": numbered(labels)}, SHARES, seed)
    assert set(parts) == {"train", "test", "validation", "calibration"}
    assert all(len(part) for part in parts.values())
    seen = np.concatenate([part.images.ravel() for part in parts.values()])
    assert sorted(seen.tolist()) == list(range(len(labels)))
    assert len(parts["test"]) == max(1, round(0.2 * len(labels)))


def test_parts_that_are_given_are_kept_and_cost_no_training_image() -> None:
    labels = np.arange(20, dtype=np.int64) % 2
    given = {
        "train": numbered(labels),
        "test": numbered(labels[:3]),
        "validation": numbered(labels[:1]),
    }
    parts = complete(given, {"test": 0.5, "validation": 0.5, "calibration": 0.0}, seed=0)
    assert parts == given
    assert parts["train"] is given["train"]


def test_shares_that_leave_nothing_to_train_on_are_refused() -> None:
    labels = np.zeros(10, np.int64)
    with pytest.raises(ConfigurationError, match="5 of 5 training images are to be set aside"):
        complete({"train": numbered(labels)}, {"test": 0.5, "validation": 0.5}, seed=0)


def test_a_calibration_part_comes_out_of_the_training_images_alone() -> None:
    without, with_part = Digits().load(), Digits(calibration_share=0.1).load()
    assert with_part.calibration is not None
    assert len(with_part.calibration) == 108
    np.testing.assert_array_equal(with_part.test.images, without.test.images)
    np.testing.assert_array_equal(with_part.validation.images, without.validation.images)
    assert len(with_part.train) + 108 == len(without.train)
    assert "970 training, 108 calibration, 360 validation" in str(with_part)
    np.testing.assert_allclose(np.bincount(with_part.calibration.labels) / 108, 0.1, atol=0.02)


@pytest.mark.parametrize("share", [0.0, 0.1])
def test_calibration_samples_are_never_of_those_that_are_chosen_by_or_reported_on(
    share: float,
) -> None:
    dataset = Digits(calibration_share=share).load()
    chosen = dataset.calibration_samples(50)
    assert np.bincount(chosen.labels).min() >= 4
    source = dataset.train if dataset.calibration is None else dataset.calibration
    assert {i.tobytes() for i in chosen.images} <= {i.tobytes() for i in source.images}
    np.testing.assert_array_equal(chosen.images, dataset.calibration_samples(50).images)
    assert len(dataset.calibration_samples(10**6)) == len(source)


def test_a_calibration_part_of_another_shape_is_refused() -> None:
    part = numbered(np.zeros(2))
    other = Part(np.zeros((2, 3, 1, 1), np.float32), np.zeros(2, np.int64))
    with pytest.raises(ConfigurationError, match="different image shapes"):
        Dataset("d", ("a",), part, part, part, other)
