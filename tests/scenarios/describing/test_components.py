"""What `list` and `info` tell, and what they do not import to tell it."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from kenning_lego.blocks.configuration import BlocksConfig
from kenning_lego.blocks.variants.makers.lookup import find_makers
from kenning_lego.core.entry import run
from kenning_lego.core.errors import UnknownNameError
from kenning_lego.metrics.lookup import make_metric
from kenning_lego.scenarios import components, info
from kenning_lego.scenarios.describing.components import (
    EXECUTORS,
    KINDS,
    MAKERS,
    Listed,
    all_components,
    compilers,
)
from kenning_lego.scenarios.verbs import VERBS as PURPOSES
from kenning_lego.training.executors import make_executor


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert run(info.main, list(arguments)) == 0
    return capsys.readouterr().out


def test_list_names_everything_with_its_kind(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(components.main, []) == 0
    lines = capsys.readouterr().out.splitlines()
    assert all(any(line.startswith(kind) for line in lines) for kind in KINDS)
    for name in ("resnet20-cifar10", "oxford_pets", "top5", "low_rank", "onnxruntime", "camera"):
        assert any(line.split()[0] == name for line in lines if line)
    assert f"[{version('onnxruntime')}]" in "\n".join(lines)


def test_list_takes_kinds_and_gives_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(components.main, ["runtimes", "dataset", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {each["kind"] for each in found} == {"runtime", "dataset"}
    assert run(components.main, ["runtimse"]) == 2
    assert "did you mean 'runtime'?" in capsys.readouterr().err


def test_what_is_not_installed_names_the_extra() -> None:
    listed = Listed("compiler", "x", "", "compiler.type", missing="litert-torch", extra="litert")
    assert listed.status == "needs litert-torch: pip install 'kenning-lego[litert]'"
    for each in compilers():
        assert bool(each.missing) != bool(each.version)
        assert each.extra or not each.missing


def test_everything_says_what_it_is() -> None:
    found = all_components()
    assert all(each.summary for each in found)
    assert all(each.meaning for listed in found for each in listed.parameters)


def test_own_lists_are_those_of_the_lookups() -> None:
    for name in EXECUTORS:
        assert make_executor(name, 1).processes == 1
    with pytest.raises(UnknownNameError, match=", ".join(sorted(EXECUTORS))):
        make_executor("zzzzzzzzzzzz")
    assert len(find_makers(BlocksConfig(variants=tuple(MAKERS)))) == len(MAKERS)
    with pytest.raises(UnknownNameError, match=", ".join(sorted(MAKERS))):
        find_makers(BlocksConfig(variants=("zzzzzzzzzzzz",)))
    for each in all_components():
        if each.kind == "metric":
            make_metric(each.name)


def test_info_tells_types_units_defaults_and_choices(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "test")
    assert "target.threads [1]  (whole number; >= 1)" in text
    assert "measurement.max_seconds [60.0]  (number; s; > 0)" in text
    assert "workspace  (path; required)" in text
    assert "dataset [digits]  (digits | cifar10 | " in text
    dataset = told(capsys, "cifar10")
    assert "in a scenario: dataset.type: cifar10" in dataset
    assert "download [false]  (true or false)" in dataset


def test_info_of_an_engine_tells_its_options(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "onnxruntime", "--kind", "runtime")
    assert "provider [cpu]" in text
    assert "float_io [false]" in text


def test_several_of_one_name_are_all_told(capsys: pytest.CaptureFixture[str]) -> None:
    text = told(capsys, "random")
    assert "dataset random" in text
    assert "frames random" in text
    assert "dataset random" not in told(capsys, "random", "--kind", "frames")


@pytest.mark.parametrize("verb", PURPOSES)
def test_info_knows_every_verb(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(told(capsys, verb, "--kind", "verb", "--json"))
    assert found[0]["summary"] == PURPOSES[verb][1]
    assert found[0]["parameters"] or verb == "keys"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "what about?"),
        (["tset"], "did you mean 'test'?"),
        (["digits", "--kind", "colour"], "unknown kind 'colour'"),
        (["digits", "--kind", "compiler"], "unknown compiler 'digits'"),
        (["test", "--json", "--schema"], "--json and --schema are two forms"),
    ],
)
def test_wrong_question_is_one_line(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(info.main, arguments) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert problem in errors


def test_plugins_are_listed_without_being_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    metadata = tmp_path / "sharpness-1.2.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: sharpness\nVersion: 1.2\n")
    (metadata / "entry_points.txt").write_text("[kenning_lego.metrics]\nsharp = sharpness:Sharp\n")
    (tmp_path / "sharpness.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert run(components.main, ["metric"]) == 0
    assert "sharpness:Sharp, of sharpness. [1.2]" in capsys.readouterr().out


@pytest.mark.parametrize("arguments", [["list"], ["info", "test"], ["init", "-"]])
def test_nothing_heavy_is_imported(arguments: list[str]) -> None:
    script = (
        "import sys\n"
        "from kenning_lego.cli import dispatch\n"
        f"dispatch({arguments!r})\n"
        "heavy = {'torch', 'onnxruntime', 'onnx', 'sklearn', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'imports {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
