"""Kenning's scenario files, written here from the format's description."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.core.entry import run
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.scenarios import init
from kenning_lego.scenarios.describing.kenning import read_kenning
from kenning_lego.scenarios.tester.configuration import InferenceTestConfig

PETS = {
    "model_wrapper": {
        "type": "kenning.modelwrappers.classification.pets.PetsMobileNet",
        "parameters": {"model_path": "kenning:///models/pets.h5"},
    },
    "dataset": {
        "type": "kenning.datasets.pet_dataset.PetDataset",
        "parameters": {"dataset_root": "./build/pets", "image_memory_layout": "NHWC"},
    },
    "optimizers": [
        {
            "type": "kenning.optimizers.tflite.TFLiteCompiler",
            "parameters": {
                "target": "int8",
                "compiled_model_path": "./build/pets.tflite",
                "inference_input_type": "int8",
                "inference_output_type": "int8",
            },
        },
        {"type": "kenning.optimizers.tvm.TVMCompiler", "parameters": {"opt_level": 3}},
    ],
    "runtime": {"type": "TFLiteRuntime", "parameters": {"num_threads": 4}},
    "protocol": {"type": "NetworkProtocol", "parameters": {"host": "pi5.local", "port": 12345}},
    "model_name": "pets-int8",
}


def taken(directory: Path, content: Any) -> InferenceTestConfig:
    path = directory / "scenario.json"
    path.write_text(json.dumps(content))
    return read_kenning(path).config


def test_known_parts_become_ours(tmp_path: Path) -> None:
    config = taken(tmp_path, PETS)
    assert (config.dataset.type, str(config.dataset.root)) == ("oxford_pets", "build/pets")  # type: ignore[union-attr]
    assert (config.compiler.type, config.compiler.precision) == ("litert", "int8")
    assert config.compiler.integer_borders  # type: ignore[union-attr]
    assert (config.target.runtime, config.target.threads) == ("litert", 4)
    assert config.target.address == "tcp://pi5.local:5570"
    assert config.workspace == Path("workspaces/pets-int8")


def test_file_says_what_was_taken_and_what_was_left_and_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = tmp_path / "theirs.json"
    given.write_text(json.dumps(PETS))
    made = tmp_path / "ours.yaml"
    assert run(init.main, ["--from-kenning", str(given), str(made)]) == 0
    said = capsys.readouterr().out
    assert "taken: runtime TFLiteRuntime as target.runtime: litert" in said
    assert "left out: optimizers[1] TVMCompiler: `kenning-lego list compilers`" in said
    assert "left out: model_wrapper PetsMobileNet (kenning:///models/pets.h5): name the" in said
    assert "left out: dataset.image_memory_layout: networks take channels first" in said
    text = made.read_text()
    assert "# left out: optimizers[1] TVMCompiler" in text
    read = InferenceTestConfig.model_validate(yaml.safe_load(text))
    assert read == taken(tmp_path, PETS)
    assert read.model.name == "package.module:callable"  # what has to be filled in


def test_yaml_with_short_names_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "theirs.yml"
    path.write_text(
        "platform: {type: LocalPlatform}\n"
        "dataset:\n  type: RandomizedClassificationDataset\n"
        "  parameters: {num_samples: 50, num_classes: 7, input_dims: [64, 48, 3]}\n"
        "runtime: {type: ONNXRuntime}\n"
    )
    config = read_kenning(path).config
    assert config.dataset.shape == (3, 64, 48)  # type: ignore[union-attr]
    assert (config.dataset.class_count, config.dataset.test) == (7, 50)  # type: ignore[union-attr]
    assert (config.target.runtime, config.compiler.type) == ("onnxruntime", "onnx")
    assert config.target.address == "in-process"  # Kenning's without a protocol


def test_runtime_that_does_not_read_the_artifact_gives_way(tmp_path: Path) -> None:
    both = {"optimizers": [{"type": "TFLiteCompiler"}], "runtime": {"type": "ONNXRuntime"}}
    path = tmp_path / "theirs.json"
    path.write_text(json.dumps(both))
    found = read_kenning(path)
    assert found.config.target.runtime == "litert"
    assert any("does not read what litert compiles" in note for note in found.notes)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ({"model_wrapper": {"type": "os.System"}}, "nothing of"),
        ({}, "it has no part that Kenning's scenarios have"),
        ({"dataset": "PetDataset"}, "dataset is no part of a Kenning scenario"),
        ({"dataset": {"type": "PetDataset", "parameters": [1]}}, "dataset is no part"),
        ({"dataset": {"type": "PetDataset", "parameters": {"split_seed": "x"}}}, "split_seed"),
        ([1], "holds no mapping"),
    ],
)
def test_what_is_none_is_one_line_and_exits_with_2(
    content: Any, problem: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "theirs.json"
    path.write_text(json.dumps(content))
    made = tmp_path / "ours.yaml"
    assert run(init.main, ["--from-kenning", str(path), str(made)]) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert problem.replace("split_seed", "seed") in errors
    assert not made.exists()


def test_line_breaks_in_their_file_stay_in_our_comments(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "theirs.json"
    odd = {"runtime": {"type": "ONNXRuntime", "parameters": {"x\nworkspace: /tmp/else\n#": 1}}}
    path.write_text(json.dumps(odd))
    assert run(init.main, ["--from-kenning", str(path), "-"]) == 0
    read = InferenceTestConfig.model_validate(yaml.safe_load(capsys.readouterr().out))
    assert read.workspace == Path("workspaces/from-kenning")


plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
names = st.sampled_from(
    ["PetDataset", "TFLiteCompiler", "ONNXCompiler", "ONNXRuntime", "NetworkProtocol", "x.Other"]
)
part = st.fixed_dictionaries({"type": names}, optional={"parameters": plain})


@given(
    st.dictionaries(
        st.sampled_from(["dataset", "optimizers", "runtime", "protocol", "platform", "model_name"]),
        part | st.lists(part, max_size=2) | plain,
    )
)
def test_any_file_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, content: Any
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.json"
    path.write_text(json.dumps(content))
    try:
        found = read_kenning(path)
    except ConfigurationError:
        return
    assert found.settings
