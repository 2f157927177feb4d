"""The command: verbs, exit codes, and what starting the server does not import."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence

import pytest

from kenning_lego import __version__
from kenning_lego.cli import dispatch
from kenning_lego.core.entry import run
from kenning_lego.core.errors import KenningLegoError, RemoteError, UsageError
from kenning_lego.scenarios.verbs import VERBS


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("arguments", [[], ["-h"], ["--help"]])
def test_help_lists_every_verb(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch(arguments) == 0
    text = capsys.readouterr().out
    for verb, (_, purpose) in VERBS.items():
        assert re.search(rf"^  {verb} +{re.escape(purpose)}$", text, re.MULTILINE)


@pytest.mark.parametrize("flag", ["-V", "--version"])
def test_version_is_told(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch([flag]) == 0
    assert capsys.readouterr().out == f"kenning-lego {__version__}\n"


def test_unknown_verb_is_one_line_and_exits_with_2() -> None:
    done = command("-m", "kenning_lego", "sevre")
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "error: unknown verb 'sevre' (did you mean 'serve'?; kenning-lego --help lists them)\n"
    )


def test_wrong_flag_of_a_verb_is_one_line_and_exits_with_2() -> None:
    done = command("-m", "kenning_lego", "serve", "--adress", "tcp://127.0.0.1:0")
    assert done.returncode == 2
    assert done.stderr == "error: unknown flag --adress (did you mean --address?)\n"


def test_verb_and_module_are_the_same() -> None:
    verb = command("-m", "kenning_lego", "serve", "--help")
    module = command("-m", "kenning_lego.scenarios.inference_server", "--help")
    assert verb.returncode == module.returncode == 0
    assert verb.stdout == module.stdout
    for flag in ("--address", "--store", "--log-level"):
        assert flag in verb.stdout
    assert verb.stderr == module.stderr == ""


@pytest.mark.parametrize("code", [0, 1, 3])
def test_code_of_the_scenario_is_that_of_the_command(code: int) -> None:
    assert run(lambda _: code, []) == code


def test_scenario_gets_the_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Sequence[str]] = []

    def main(arguments: Sequence[str]) -> int:
        seen.append(list(arguments))
        return 0

    run(main, ["a", "b"])
    monkeypatch.setattr(sys, "argv", ["program", "c"])
    run(main)
    assert seen == [["a", "b"], ["c"]]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("wrong flag", "correct it"), 2),
        (KenningLegoError("it broke", "mend it"), 1),
        (RemoteError("busy", "it broke", "wait"), 1),
    ],
)
def test_error_is_one_line_with_its_remedy_and_its_code(
    error: KenningLegoError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def main(_: Sequence[str]) -> int:
        raise error

    assert run(main, []) == code
    shown = capsys.readouterr()
    assert shown.err == f"error: {error.problem} ({error.remedy})\n"
    assert shown.out == ""


def test_interrupt_exits_with_130_and_says_what_is_kept(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def main(_: Sequence[str]) -> int:
        raise KeyboardInterrupt

    assert run(main, []) == 130
    assert capsys.readouterr().err == "interrupted: finished steps are kept\n"


def test_bug_of_ours_is_not_hidden() -> None:
    def main(_: Sequence[str]) -> int:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(main, [])


def test_reader_that_has_seen_enough_is_no_trouble() -> None:
    script = (
        "import sys\n"
        "from kenning_lego.core.entry import run\n"
        "def main(_):\n"
        "    for _ in range(100_000):\n"
        "        print('a line that nobody reads')\n"
        "    return 0\n"
        "sys.exit(run(main, []))\n"
    )
    read, write = os.pipe()
    os.close(read)
    try:
        done = subprocess.run(
            [sys.executable, "-c", script], stdout=write, stderr=subprocess.PIPE, timeout=60
        )
    finally:
        os.close(write)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.parametrize(
    "arguments",
    [["-m", "kenning_lego.scenarios.inference_server"], ["-m", "kenning_lego", "serve"]],
    ids=["module", "verb"],
)
def test_help_of_the_server_imports_nothing_heavy(arguments: list[str]) -> None:
    done = command("-X", "importtime", *arguments, "--help")
    assert done.returncode == 0
    imported = {line.rsplit("|", 1)[-1].strip().split(".")[0] for line in done.stderr.splitlines()}
    assert "kenning_lego" in imported
    heavy = {"torch", "numpy", "yaml", "onnxruntime", "onnx", "rich", "matplotlib", "pulp", "zmq"}
    assert heavy & imported == set()


def test_server_itself_imports_no_numpy_and_no_yaml() -> None:
    script = (
        "import sys, kenning_lego.servers.server, kenning_lego.servers.kenning_port\n"
        "heavy = {'torch', 'numpy', 'yaml', 'onnxruntime', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'imports {heavy}' if heavy else 0)\n"
    )
    done = command("-c", script)
    assert (done.returncode, done.stderr) == (0, "")
