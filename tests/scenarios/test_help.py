"""The help of every verb: a screen of it, all of it, a group of it."""

from __future__ import annotations

import contextlib
import json

import pytest

from kenning_lego.cli import dispatch
from kenning_lego.core.entry import run
from kenning_lego.core.flags import HelpShown
from kenning_lego.core.help import GENERAL, Interface, group_of
from kenning_lego.scenarios.completing.commands import commands
from kenning_lego.scenarios.verbs import VERBS

LINES, COLUMNS = 45, 80
ALL = {command.key: command for command in commands()}

Capture = pytest.CaptureFixture[str]


def shown(capsys: Capture, *arguments: str) -> tuple[str, Interface]:
    with pytest.raises(HelpShown) as leaving:
        dispatch(arguments)
    assert leaving.value.code == 0
    return capsys.readouterr().out, leaving.value.interface


@pytest.fixture(autouse=True)
def screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(COLUMNS))
    monkeypatch.setenv("LINES", str(LINES))


@pytest.mark.parametrize("command", ALL)
def test_help_fits_a_screen_and_names_all_groups(command: str, capsys: Capture) -> None:
    text, interface = shown(capsys, *command.split(), "--help")
    assert len(text.splitlines()) <= LINES
    assert max(map(len, text.splitlines())) <= COLUMNS
    assert interface.example.startswith(f"kenning-lego {command}") or command == "completion"
    assert f"example: {interface.example}" in text.replace(" \\\n  ", " ")
    names = {flag.name for flag in interface.flags}
    hidden = [name for name in names if f"  {name}" not in text]
    if hidden:
        assert f"{len(hidden)} more flags: " in text
    for group in {group_of(flag) for flag in interface.flags} - {GENERAL}:
        assert group in text
    for flag in interface.flags:
        if flag.required:
            assert "(required)" in text
            assert f"  {flag.name} " in text


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_every_verb_fits_a_screen(verb: str, capsys: Capture) -> None:
    with contextlib.suppress(HelpShown):
        assert dispatch([verb, "--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= COLUMNS


@pytest.mark.parametrize("verb", ["keys", "blocks", "results"])
def test_verbs_of_several_actions_take_either_way_to_ask(verb: str, capsys: Capture) -> None:
    told = []
    for asked in ([], ["-h"], ["--help"], ["--help-all"]):
        assert dispatch([verb, *asked]) == 0
        told.append(capsys.readouterr().out)
    assert len(set(told)) == 1


def test_help_of_the_command_fits_a_screen(capsys: Capture) -> None:
    assert dispatch(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= COLUMNS


def test_all_of_it_has_every_flag(capsys: Capture) -> None:
    text, interface = shown(capsys, "test", "--help-all")
    assert all(f"  {flag.name}" in text for flag in interface.flags)
    assert len(text.splitlines()) > LINES


def test_a_group_has_its_flags_alone(capsys: Capture) -> None:
    text, interface = shown(capsys, "test", "--help", "training")
    assert [line.split()[0] for line in text.splitlines() if line.startswith("  --")] == [
        flag.name if flag.shape != "switch" else f"{flag.name},"
        for flag in interface.of_group("training")
    ]


def test_a_group_that_is_not_there_is_told(capsys: Capture) -> None:
    assert run(dispatch, ["test", "--help", "trainign"]) == 2
    assert "did you mean 'training'?" in capsys.readouterr().err


def test_programs_read_the_same(capsys: Capture) -> None:
    with pytest.raises(HelpShown):
        run(dispatch, ["test", "--help", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert told["command"] == "kenning-lego test"
    (compiler,) = (each for each in told["flags"] if each["name"] == "--compiler.type")
    assert compiler["choices"] == ["onnx", "litert", "openvino", "torch"]
    assert compiler["group"] == "compiler"
