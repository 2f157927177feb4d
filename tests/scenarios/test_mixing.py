"""Several precisions in one test: the line, what it keeps, and what comes of it afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from kenning_lego.core.entry import run
from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.core.opening import open_as
from kenning_lego.core.records import RunRecord
from kenning_lego.scenarios import export, inference_tester, load_test, selection
from kenning_lego.scenarios.tester.configuration import InferenceTestConfig
from kenning_lego.scenarios.tester.ways import ways_of
from kenning_lego.store.workspace import Workspace

SCENARIO = """
model: {{name: "tests.networks:tiny_resnet"}}
training: {{epochs: 2, learning_rate: 0.02}}
blocks: {{count: 2, ratios: [0.0, 0.5]}}
retraining: {{epochs: 1}}
measurement: {{warmup_rounds: 2, min_rounds: 10, max_rounds: 10, additivity_runs: 4}}
profile: {{check_runs: 3}}
workspace: {workspace}
target: {{address: in-process}}
mix: {{ways: [{{compiler: onnx-int8}}], samples: 100, peers: true}}
budgets: [{{memory_share: 0.75}}]
"""
WAY = "int8"


def latest(directory: Path) -> RunRecord:
    return open_as(RunRecord, Workspace(directory / "workspace").latest_record())


def test_a_test_in_two_precisions_then_select_load_and_export(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(SCENARIO.format(workspace=tmp_path / "workspace"))
    assert run(inference_tester.main, [str(path)]) == 0
    said = capsys.readouterr().out
    assert "What mixing bought (top1, predicted → measured)" in said
    record = latest(tmp_path)
    assert record.mixing is not None
    assert record.mixing.ways == (WAY,)
    assert record.mixing.accuracy is not None
    assert record.mixing.accuracy.samples == 100
    assert len(record.mixing.accuracy.runs) == 3
    for segment in record.segments:
        if not segment.scalable:
            assert len(segment.variants) == 1
            continue
        plain = [each for each in segment.variants if not each.way]
        mixed = [each for each in segment.variants if each.way]
        assert [each.source for each in mixed] == [each.name for each in plain]
        assert [each.name for each in mixed] == [f"{each.name}+{WAY}" for each in plain]
        assert {each.artifact.precision for each in mixed} == {"int8"}
        assert all(record.measurement(each.measurement) for each in segment.variants)
        assert not any(each.is_original for each in mixed)
    (gain,) = record.mixing.gains
    assert gain.configuration == "budget-1"
    assert all(each.configuration for each in gain.choices if each.feasible)
    by_name = {each.name: each for each in record.configurations}
    assert all(by_name[str(e.configuration)].measured for e in gain.choices if e.feasible)
    page = Workspace(tmp_path / "workspace").latest_record().with_name("report.html").read_text()
    assert "What mixing bought" in page
    assert "original, int8" in page

    assert run(inference_tester.main, [str(path)]) == 0
    again = capsys.readouterr().out
    # trained, retrained, profiled, compiled in both ways, scored, fused
    assert again.count("found in the workspace") == 7

    workspace = str(tmp_path / "workspace")
    assert run(selection.main, [workspace, "--budgets", "memory_share=0.75"]) == 0
    arguments = ["--workspace", workspace, "--configuration", "budget-1"]
    arguments += ["--target.address", "in-process", "--min-seconds", "0.1", "--min-queries", "5"]
    assert run(load_test.main, arguments) == 0
    file = str(tmp_path / "mixed.onnx")
    assert run(export.main, [workspace, "--variants", f"*original+{WAY}", "--output", file]) == 0
    _refuses_to_export_what_is_not_onnx(record, tmp_path, capsys)


def _refuses_to_export_what_is_not_onnx(
    record: RunRecord, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same record, its further way said to be of another format."""
    segments = tuple(
        segment.model_copy(
            update={
                "variants": tuple(
                    each.model_copy(
                        update={"artifact": each.artifact.model_copy(update={"format": "tflite"})}
                    )
                    if each.way
                    else each
                    for each in segment.variants
                )
            }
        )
        for segment in record.segments
    )
    path = Workspace(tmp_path / "workspace").latest_record()
    path.write_text(record.model_copy(update={"segments": segments}).model_dump_json())
    capsys.readouterr()
    arguments = [str(tmp_path / "workspace"), "--output", str(tmp_path / "other.onnx")]
    assert run(export.main, [*arguments, "--variants", f"*original+{WAY}"]) == 2
    errors = capsys.readouterr().err
    assert f"@original+{WAY} is tflite" in errors
    # What is ONNX throughout can still be exported.
    assert run(export.main, [*arguments, "--configuration", "original"]) == 0


def config(**settings: Any) -> InferenceTestConfig:
    return InferenceTestConfig.model_validate({"workspace": "w", **settings})


def test_ways_are_named_by_what_differs() -> None:
    ways = ways_of(
        config(
            mix={
                "ways": [
                    {"compiler": "onnx-int8"},
                    {"compiler": "torch"},
                    {"compiler": "onnx-int8", "runtime": "openvino"},
                    {"compiler": {"type": "onnx", "precision": "int8"}, "name": "coarse"},
                ]
            }
        )
    )
    assert [(each.name, each.engine) for each in ways.every] == [
        ("int8", 0),
        ("torch-fp32", 1),
        ("int8-openvino", 2),
        ("coarse", 0),
    ]
    assert [each.runtime for each in ways.engines] == ["torch", "openvino"]


def test_ways_of_one_name_and_the_main_way_again_are_refused() -> None:
    twice = [{"compiler": "onnx-int8"}, {"compiler": "onnx-int8"}]
    with pytest.raises(ConfigurationError, match=r"two ways of mix\.ways are called 'int8'"):
        ways_of(config(mix={"ways": twice}))
    with pytest.raises(ConfigurationError, match="the main way itself"):
        ways_of(config(mix={"ways": [{"compiler": "onnx"}]}))


def test_option_that_the_engine_lacks_is_refused() -> None:
    way = {"compiler": "onnx-int8", "options": {"delegate": "none"}}
    with pytest.raises(UnknownNameError, match="delegate"):
        ways_of(config(mix={"ways": [way]}))


def test_name_of_a_way_is_part_of_names_that_patterns_match() -> None:
    with pytest.raises(ValidationError, match="is to be of letters"):
        config(mix={"ways": [{"compiler": "onnx-int8", "name": "a+b"}]})
