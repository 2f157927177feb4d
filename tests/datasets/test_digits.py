from __future__ import annotations

import sys

import numpy as np
import pytest
from pydantic import ValidationError

from kenning_lego.core.errors import MissingDependencyError
from kenning_lego.datasets.digits import Digits


def test_digits_are_standardised_and_split_60_20_20() -> None:
    digits = Digits().load()
    sizes = [len(part) for part in (digits.train, digits.validation, digits.test)]
    assert sum(sizes) == 1797
    np.testing.assert_allclose(np.array(sizes) / 1797, [0.6, 0.2, 0.2], atol=0.005)
    assert digits.input_shape == (1, 8, 8)
    assert digits.classes == tuple("0123456789")
    assert abs(float(digits.train.images.mean())) < 0.02
    assert abs(float(digits.train.images.std()) - 1) < 0.02


def test_every_part_has_a_tenth_of_each_digit() -> None:
    digits = Digits().load()
    for part in (digits.train, digits.validation, digits.test):
        np.testing.assert_allclose(np.bincount(part.labels) / len(part), 0.1, atol=0.01)


def test_the_seed_chooses_the_split() -> None:
    first, again, other = (Digits(seed=seed).load().test.images for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_shares_must_leave_something_to_train_on() -> None:
    with pytest.raises(ValidationError, match="leave nothing to train on"):
        Digits(validation_share=0.5, test_share=0.5)


def test_missing_scikit_learn_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(MissingDependencyError, match=r"kenning-lego\[host\]"):
        Digits().load()
