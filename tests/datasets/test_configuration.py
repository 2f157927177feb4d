from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from kenning_lego.core.errors import ConfigurationError
from kenning_lego.datasets.cifar import Cifar100
from kenning_lego.datasets.configuration import DatasetConfig


class Scenario(BaseModel):
    dataset: DatasetConfig


NAMES = [
    "digits",
    "cifar10",
    "cifar100",
    "mnist",
    "fashion_mnist",
    "image_folder",
    "oxford_pets",
    "imagenette",
    "imagenet",
    "random",
]


@pytest.mark.parametrize("name", [*NAMES, "custom"])
def test_a_dataset_is_told_by_its_type(name: str) -> None:
    entry = {"type": name, **({"path": "package.module:callable"} if name == "custom" else {})}
    assert Scenario.model_validate({"dataset": entry}).dataset.type == name


@pytest.mark.parametrize("name", [each for each in NAMES if each not in ("digits", "random")])
def test_files_that_are_not_there_are_told_with_the_place(name: str, tmp_path: Path) -> None:
    dataset = Scenario.model_validate({"dataset": {"type": name, "root": tmp_path}}).dataset
    with pytest.raises(ConfigurationError, match=re.escape(str(tmp_path))):
        dataset.load()


def test_the_parameters_of_the_named_dataset_are_taken() -> None:
    dataset = Scenario.model_validate({"dataset": {"type": "cifar100", "root": "here"}}).dataset
    assert isinstance(dataset, Cifar100)
    assert str(dataset.root) == "here"


def test_unknown_types_and_keys_are_refused() -> None:
    for entry in ({"type": "mnist2"}, {"type": "digits", "root": "here"}):
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
        "print(sorted({'torch', 'sklearn', 'onnx', 'PIL', 'rich'} & set(sys.modules)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert result.stdout.strip() == "[]"
