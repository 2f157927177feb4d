"""An engine's options in a scenario: flags, YAML, and what is refused before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.core.configuration import Component
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.plans import TargetDescription
from kenning_lego.scenarios.targets import check_engine
from kenning_lego.scenarios.tester.configuration import InferenceTestConfig, TargetConfig


class Scenario(Component):
    """A part of one."""

    target: TargetConfig = TargetConfig()
    """Where."""
    model: str | None = None
    """What."""


def parse(*arguments: str) -> Scenario:
    return parse_configuration(
        Scenario, arguments, program="test", description="", file="a scenario", positional="model"
    )


def test_options_come_as_flags_with_either_sign() -> None:
    flags = ["--target.options.provider=xnnpack", "--target.options.allow-cpu", "false"]
    given = parse(*flags, "--target.options.affinity=1,2", "model.onnx")
    assert given.model == "model.onnx"
    assert given.target.options == {"provider": "xnnpack", "allow_cpu": False, "affinity": [1, 2]}
    assert parse("--target.options=provider=xnnpack").target.options == {"provider": "xnnpack"}
    assert parse().target.options == {}


def test_flags_override_single_options_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text("target: {runtime: litert, options: {delegate: edgetpu, allow_cpu: false}}")
    options = parse(str(file), "--target.options.delegate=none").target.options
    assert options == {"delegate": "none", "allow_cpu": False}


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        (["--target.options.speed=high"], "'speed'"),
        (["--target.options.provider=warp"], "'warp'.*xnnpack"),
        (["--target.options.arena=maybe"], "option 'arena' is 'maybe'.*true or false"),
        (["--target.options.affinity=1,x"], "option 'affinity'.*a list of integers"),
        (["--target.options.fp16=true"], "fp16 is an option of the provider tensorrt"),
        (["--target.options.provider"], "has no value.*--target.options.provider=VALUE"),
        (["--target.options", "provider"], "not KEY=VALUE"),
        (["--target.runtime=openvino", "--target.options.provider=cpu"], "'provider'"),
    ],
)
def test_wrong_options_are_refused_before_anything_runs(flags: list[str], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        parse(*flags)


def test_compiler_and_runtime_that_do_not_fit_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match="an ONNX file, which runtime 'litert' does not read"):
        InferenceTestConfig.model_validate({"workspace": "w", "target": {"runtime": "litert"}})
    InferenceTestConfig.model_validate({"workspace": "w", "target": {"runtime": "openvino"}})


def test_delegate_that_is_not_offered_is_one_clear_line() -> None:
    description = TargetDescription({}, {"litert": "2.1"}, {}, ("edgetpu",))
    for name in ("edgetpu", "xnnpack", "none"):
        where = TargetConfig(runtime="litert", options={"delegate": name})
        check_engine(where, description, "tcp://board")
    where = TargetConfig(runtime="litert", options={"delegate": "hexagon"})
    with pytest.raises(ConfigurationError, match=r"offers no delegate 'hexagon'.*edgetpu") as error:
        check_engine(where, description, "tcp://board")
    assert "--delegate hexagon=LIBRARY" in error.value.remedy
