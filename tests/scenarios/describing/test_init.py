"""New scenario files: explained, valid, and run as they are written."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kenning_lego.cli import dispatch
from kenning_lego.core.entry import run
from kenning_lego.core.parameters import parameters_of
from kenning_lego.scenarios import inference_tester, init, load_test
from kenning_lego.scenarios.describing.text import tree
from kenning_lego.scenarios.describing.verbs import VERBS
from kenning_lego.scenarios.describing.writing import new_scenario
from kenning_lego.scenarios.verbs import VERBS as PURPOSES
from kenning_lego.store.workspace import Workspace
from tests.targets import patient, scale_artifact

READERS = [verb for verb, each in VERBS.items() if each.start is not None]


def write(*arguments: str | Path) -> int:
    return run(init.main, [str(each) for each in arguments])


@pytest.mark.parametrize("everything", [False, True], ids=["usual", "all"])
@pytest.mark.parametrize("verb", READERS)
def test_file_says_what_the_defaults_say(verb: str, everything: bool) -> None:
    described = VERBS[verb]
    text = new_scenario(verb, everything=everything).text("file.yaml")
    read = described.model.model_validate(yaml.safe_load(text) or {})
    assert read == described.model.model_validate(described.start)
    for parameter in parameters_of(described.model):
        if everything or parameter.name in described.usual:
            assert parameter.meaning.split()[0] in text
            assert f"{parameter.name}:" in text


@pytest.mark.parametrize("verb", READERS)
def test_settings_that_are_unset_can_be_put_in_by_taking_the_comment_away(verb: str) -> None:
    text = new_scenario(verb, everything=True).text(None)
    bare = [
        line.replace("# ", "", 1) if re.fullmatch(r" *# \w+:( null)?", line) else line
        for line in text.splitlines()
    ]
    assert isinstance(yaml.safe_load("\n".join(bare)), dict)


@pytest.mark.parametrize("verb", READERS)
def test_usual_settings_are_settings(verb: str) -> None:
    described = VERBS[verb]
    written = new_scenario(verb, everything=True).text(None)
    names = {line.partition(":")[0].strip("# ") for line in written.splitlines()}
    paths = {path for path, _ in tree(described.model)}
    # Parameters of what is told by type are those of the default, or of one that is not.
    own = {
        each.name
        for p in parameters_of(described.model)
        for m in p.models
        for each in parameters_of(m)
    }
    for name in described.usual:
        assert name in paths or name.rpartition(".")[2] in names | own


@pytest.mark.parametrize("verb", VERBS)
def test_verbs_that_read_a_file_are_those_that_one_is_written_for(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    described = VERBS[verb]
    with pytest.raises(SystemExit):
        dispatch([*described.command.split(), "--help"])
    usage = " ".join(capsys.readouterr().out.split())
    reads = "SCENARIO.yaml" in usage or "A YAML file with the same settings" in usage
    assert reads == (described.start is not None)


def test_every_verb_is_described() -> None:
    assert set(PURPOSES) - set(VERBS) == {"keys"}


def test_file_and_schema_are_written_once_and_never_over_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert write() == 0
    said = capsys.readouterr().out
    assert "written test.yaml\nwritten kenning-lego-test.schema.json\n" in said
    assert "run it with: kenning-lego test test.yaml" in said
    first, *_ = Path("test.yaml").read_text().splitlines()
    assert first == "# yaml-language-server: $schema=kenning-lego-test.schema.json"
    schema = json.loads(Path("kenning-lego-test.schema.json").read_text())
    assert schema["properties"]["workspace"]["description"].startswith("Directory for everything")
    Path("test.yaml").write_text("mine: true\n")
    assert write() == 2
    assert capsys.readouterr().err == "error: test.yaml exists (name another file)\n"
    assert Path("test.yaml").read_text() == "mine: true\n"
    assert write("test", "other.yaml") == 0  # the schema is ours, so it may be written again


def test_schema_that_is_not_ours_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    beside = tmp_path / "kenning-lego-test.schema.json"
    beside.write_text('{"$id": "mine"}')
    assert write(tmp_path / "a.yaml") == 2
    assert "is something else than our schema" in capsys.readouterr().err
    assert not (tmp_path / "a.yaml").exists()
    assert write(tmp_path / "a.yaml", "--no-schema") == 0
    assert beside.read_text() == '{"$id": "mine"}'
    assert "$schema" not in (tmp_path / "a.yaml").read_text()


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["report"], "unknown verb with a scenario file 'report'"),
        (["tset"], "did you mean 'test'?"),
        (["test", "nowhere/at/all.yaml"], "cannot write nowhere/at/all.yaml"),
        (["serve", "x.yaml", "--from-kenning", "y.json"], "becomes one of the verb test"),
    ],
)
def test_what_cannot_be_written_is_one_line(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert write(*arguments) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert problem in errors


def test_terminal_gets_the_file_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert write("serve", "-") == 0
    assert yaml.safe_load(capsys.readouterr().out)["address"] == "tcp://127.0.0.1:5570"


def test_written_test_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "scenario.yaml"
    assert write(path) == 0
    capsys.readouterr()
    tiny = "--model.name tests.networks:tiny_resnet --training.epochs 1 --retraining.epochs 1"
    tiny += " --blocks.count 1 --blocks.ratios 0.0 0.5 --target.address in-process"
    tiny += " --measurement.min-rounds 5 --measurement.max-rounds 5 --measurement.additivity-runs 0"
    workspace = tmp_path / "workspace"
    arguments = [str(path), "--workspace", str(workspace), *tiny.split()]
    assert run(inference_tester.main, [*arguments, "--json"]) == 0
    shown = capsys.readouterr()
    told = json.loads(shown.out)
    assert told["paths"]["record"] == [str(Workspace(workspace).latest_record())]
    assert {each["name"] for each in told["figures"]["configurations"]} >= {"original"}
    steps = re.findall(r"^  (\d+)/(\d+) .* \.\.\.$", shown.err, re.MULTILINE)
    assert steps[-1] == (str(len(steps)),) * 2


def test_written_load_test_runs(tmp_path: Path) -> None:
    path = tmp_path / "load.yaml"
    assert write("load", path) == 0
    artifact = scale_artifact(tmp_path, 2.0)
    flags = f"--model {artifact.path} --target.address in-process --min-seconds 0 --max-seconds 1"
    assert (
        run(load_test.main, [str(path), *flags.split(), "--output", str(tmp_path / "l.json")]) == 0
    )


def test_written_server_scenario_serves(tmp_path: Path) -> None:
    path = tmp_path / "serve.yaml"
    assert write("serve", path) == 0
    command = [sys.executable, "-m", "kenning_lego", "serve", str(path)]
    flags = ["--address", "tcp://127.0.0.1:0", "--store", str(tmp_path / "store")]
    with subprocess.Popen([*command, *flags], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert "listening on tcp://127.0.0.1:" in process.stdout.readline()
        finally:
            process.terminate()
            process.wait(patient(10))
