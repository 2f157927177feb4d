"""What a verb tells, where it goes, and that programs get what they can read."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from kenning_lego.core.entry import run, split_output_flags
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.output import Mode, current
from kenning_lego.core.terminals import colours, is_interactive, text_width, write_what_can_be_shown

Capture = pytest.CaptureFixture[str]


def working(_: Sequence[str]) -> int:
    """A verb that tells of everything."""
    output = current()
    output.tell("it works", "on two lines")
    output.figures(score=0.5)
    output.wrote("record", Path("w/record.json"))
    output.wrote("report", "w/report.html")
    return 3


def test_people_are_told_everything(capsys: Capture) -> None:
    assert run(working, []) == 3
    assert capsys.readouterr() == (
        "it works\non two lines\nrecord w/record.json\nreport w/report.html\n",
        "",
    )


@pytest.mark.parametrize("flag", ["--quiet", "-q"])
def test_a_quiet_verb_prints_paths_alone(flag: str, capsys: Capture) -> None:
    assert run(working, [flag]) == 3
    assert capsys.readouterr() == ("w/record.json\nw/report.html\n", "")


def test_json_is_one_document_and_people_read_standard_error(capsys: Capture) -> None:
    assert run(working, ["--json"]) == 3
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {
        "exit_code": 3,
        "paths": {"record": ["w/record.json"], "report": ["w/report.html"]},
        "figures": {"score": 0.5},
    }
    assert shown.err.splitlines()[:2] == ["it works", "on two lines"]
    assert run(working, ["--json", "--quiet"]) == 3
    quiet = capsys.readouterr()
    assert json.loads(quiet.out) == json.loads(shown.out)
    assert quiet.err == ""


def test_a_document_that_was_asked_for_is_printed_as_it_is(capsys: Capture) -> None:
    def answering(_: Sequence[str]) -> int:
        current().answer([1, {"a": "ü"}])
        current().give("one and ü")
        return 0

    assert run(answering, ["--json"]) == 0
    assert json.loads(capsys.readouterr().out) == [1, {"a": "ü"}]
    assert run(answering, ["--quiet"]) == 0
    assert capsys.readouterr().out == "one and ü\n"


def test_items_are_a_line_of_json_each(capsys: Capture) -> None:
    def looking(_: Sequence[str]) -> int:
        current().item({"n": 1})
        current().item({"n": 2})
        return 0

    assert run(looking, ["--json"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [
        {"n": 1},
        {"n": 2},
    ]


def failing(error: BaseException) -> Callable[[Sequence[str]], int]:
    def main(_: Sequence[str]) -> int:
        current().wrote("record", "w/record.json")
        raise error

    return main


def test_an_error_is_in_the_document_and_on_standard_error(capsys: Capture) -> None:
    wrong = ConfigurationError("--x is wrong", "correct it")
    assert run(failing(wrong), ["--json", "-q"]) == 2
    shown = capsys.readouterr()
    assert shown.err == "error: --x is wrong (correct it)\n"
    assert json.loads(shown.out) == {
        "exit_code": 2,
        "error": {"problem": "--x is wrong", "remedy": "correct it", "kind": "ConfigurationError"},
        "paths": {"record": ["w/record.json"]},
    }


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "w/x"), "(free some space and run it"),
        (OSError(errno.EACCES, "Permission denied", "w/x"), "(change its permissions"),
        (OSError(errno.EIO, "Input/output error"), "(--debug shows where it happened)"),
    ],
)
def test_what_the_system_refuses_is_one_line(error: OSError, line: str, capsys: Capture) -> None:
    assert run(failing(error), []) == 1
    shown = capsys.readouterr().err
    assert shown.startswith("error: ")
    assert line in shown
    assert shown.count("\n") == 1


@pytest.mark.parametrize("by", ["flag", "environment"])
def test_debug_shows_the_traceback_before_the_line(
    by: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    if by == "environment":
        monkeypatch.setenv("KENNING_LEGO_DEBUG", "1")
    assert run(failing(ConfigurationError("wrong")), ["--debug"] if by == "flag" else []) == 2
    shown = capsys.readouterr().err
    assert shown.startswith("Traceback (most recent call last)")
    assert shown.endswith("\nerror: wrong\n")


def test_flags_of_another_command_are_left_to_it() -> None:
    mode, left = split_output_flags(["--dry-run", "-q", "--", "ls", "--json", "-q"])
    assert mode == Mode(quiet=True)
    assert left == ["--dry-run", "--", "ls", "--json", "-q"]


def test_flags_are_not_carried_over_to_the_next_run(capsys: Capture) -> None:
    run(working, ["--quiet"])
    capsys.readouterr()
    run(working, [])
    assert "it works" in capsys.readouterr().out
    assert current().mode == Mode()


def test_sigterm_undoes_what_is_half_done(tmp_path: Path) -> None:
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from kenning_lego.core.entry import run\n"
        "def main(_):\n"
        "    half = Path(sys.argv[1])\n"
        "    half.write_text('half')\n"
        "    try:\n"
        "        print('ready', flush=True)\n"
        "        time.sleep(60)\n"
        "    finally:\n"
        "        half.unlink()\n"
        "sys.exit(run(main, []))\n"
    )
    for number, code, line in (
        (signal.SIGTERM, 143, "terminated: finished steps are kept\n"),
        (signal.SIGINT, 130, "interrupted: finished steps are kept\n"),
    ):
        half = tmp_path / "half"
        with subprocess.Popen(
            [sys.executable, "-c", script, str(half)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
            _, errors = process.communicate(timeout=30)
        assert (process.returncode, errors) == (code, line)
        assert not half.exists()


def test_full_disk_behind_standard_output_is_one_line() -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("needs /dev/full")
    with full.open("w") as out:
        done = subprocess.run(
            [sys.executable, "-m", "kenning_lego", "list", "metrics"],
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("error: ")
    assert "No space left on device" in done.stderr


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "terminal", "expected"),
    [
        ({"TERM": "xterm"}, True, True),
        ({"TERM": "xterm"}, False, False),
        ({"TERM": "dumb"}, True, False),
        ({}, True, False),
        ({"TERM": "xterm", "NO_COLOR": "1"}, True, False),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, False),
    ],
)
def test_colours_are_for_terminals_or_as_the_user_says(
    variables: dict[str, str], terminal: bool, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("TERM", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert colours(Terminal() if terminal else io.StringIO()) is expected


def test_a_dumb_terminal_gets_no_moving_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    assert not is_interactive(Terminal())
    monkeypatch.setenv("TERM", "xterm-256color")
    assert is_interactive(Terminal())
    assert not is_interactive(io.StringIO())


@pytest.mark.parametrize(("columns", "width"), [("60", 60), ("20", 40), ("500", 120)])
def test_text_is_as_wide_as_the_terminal_within_reason(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert text_width() == width


def test_characters_that_the_locale_lacks_become_others(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii", write_through=True))
    write_what_can_be_shown()
    print("predicted → measured … 3\N{MULTIPLICATION SIGN}4 ü")
    assert raw.getvalue() == b"predicted -> measured ... 3x4 ?\n"


def test_verbs_work_where_the_locale_is_not_utf8() -> None:
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for arguments in (["test", "--help"], ["list"], ["info", "test"]):
        done = subprocess.run(
            [sys.executable, "-m", "kenning_lego", *arguments],
            env={**os.environ, **plain},
            capture_output=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert done.stdout.isascii()
        assert b"\x1b" not in done.stdout
