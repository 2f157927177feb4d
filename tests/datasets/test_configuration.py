from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import BaseModel, ValidationError

from kenning_lego.datasets.cifar import Cifar100
from kenning_lego.datasets.configuration import DatasetConfig


class Scenario(BaseModel):
    dataset: DatasetConfig


@pytest.mark.parametrize("name", ["digits", "cifar10", "cifar100", "fashion_mnist"])
def test_a_dataset_is_told_by_its_type(name: str) -> None:
    assert Scenario.model_validate({"dataset": {"type": name}}).dataset.type == name


def test_the_parameters_of_the_named_dataset_are_taken() -> None:
    dataset = Scenario.model_validate({"dataset": {"type": "cifar100", "root": "here"}}).dataset
    assert isinstance(dataset, Cifar100)
    assert str(dataset.root) == "here"


def test_unknown_types_and_keys_are_refused() -> None:
    for entry in ({"type": "mnist"}, {"type": "digits", "root": "here"}):
        with pytest.raises(ValidationError):
            Scenario.model_validate({"dataset": entry})


def test_every_parameter_has_a_help_text() -> None:
    schema = Scenario.model_json_schema()
    for definition in schema["$defs"].values():
        for name, field in definition["properties"].items():
            assert field.get("description"), (definition["title"], name)


def test_configuration_and_lookup_import_no_framework() -> None:
    code = (
        "import sys, kenning_lego.datasets.configuration, kenning_lego.models.lookup\n"
        "print(sorted({'torch', 'sklearn', 'onnx'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.strip() == "[]"
