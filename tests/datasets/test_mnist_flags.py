"""The mean and deviation of grey images as flags, which are lists for datasets in colour."""

from __future__ import annotations

import pytest

from kenning_lego.core.configuration import Component
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.datasets.configuration import DatasetConfig


class Scenario(Component):
    """What has a dataset."""

    dataset: DatasetConfig
    """Of it."""


def parse(*arguments: str) -> Scenario:
    return parse_configuration(Scenario, arguments, program="test", description="")


def test_one_number_is_taken_and_several_are_not() -> None:
    flags = ["--dataset.type=mnist", "--dataset.mean", "0.5"]
    dataset = parse(*flags, "--dataset.std", "0.25").dataset
    assert (getattr(dataset, "mean", None), getattr(dataset, "std", None)) == (0.5, 0.25)
    with pytest.raises(ConfigurationError, match=r"--dataset\.mean"):
        parse(*flags, "0.6", "0.7")
