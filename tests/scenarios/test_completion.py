"""Completion in the shells themselves: verbs, flags, values and files."""

from __future__ import annotations

import os
import pty
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kenning_lego.cli import dispatch
from kenning_lego.core.entry import run

SHELLS = ("bash", "zsh", "fish")
PATIENCE_S = 30.0
_PROMPT = "READY"

LINES: Mapping[str, tuple[str, ...]] = {
    "te": ("test",),
    "blocks ": ("make", "show"),
    "test --dataset.ty": ("--dataset.type",),
    "test --dataset.type im": ("image_folder", "imagenet", "imagenette"),
    "test --dataset.type=im": ("image_folder", "imagenet", "imagenette"),
    "test --strict --compiler.type ": ("onnx", "litert", "openvino", "torch"),
    "test --blocks.variants pruned lo": ("low_rank",),
    "test --model.name resnet18-": ("resnet18-digits", "resnet18-cifar10", "resnet18-cifar100"),
    "blocks make resnet18-d": ("resnet18-digits",),
    "keys show --dir": ("--directory",),
    "watch --on": ("--once",),
    "run --no-ada": ("--no-adaptive",),
    "info onnxr": ("onnxruntime",),
    "report here/": ("here/record.json", "here/runs"),
    "completion f": ("fish",),
}


@pytest.fixture(scope="module")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Path]:
    """The script of each shell, beside a directory with files."""
    place = tmp_path_factory.mktemp("completion")
    (place / "here" / "runs").mkdir(parents=True)
    (place / "here" / "record.json").touch()
    code = (
        "import sys\n"
        "from kenning_lego.cli import main\n"
        "sys.argv[1:] = ['completion', sys.argv[1]]\n"
        "code = main()\n"
        "heavy = {'torch', 'onnxruntime', 'onnx', 'rich'} & set(sys.modules)\n"
        "sys.exit(f'imports {heavy}' if heavy else code)\n"
    )
    for shell in SHELLS:
        done = subprocess.run(
            [sys.executable, "-c", code, shell], capture_output=True, text=True, timeout=60
        )
        assert (done.returncode, done.stderr) == (0, "")
        (place / f"script.{shell}").write_text(done.stdout, encoding="utf-8")
    return {shell: place / f"script.{shell}" for shell in SHELLS}


def in_bash(script: Path, line: str) -> set[str]:
    words = re.findall(r"=|[^\s=]+", f"kenning-lego {line}") + [""] * line.endswith(" ")
    array = " ".join(f"'{word}'" for word in words)
    code = (
        f"source '{script}'; COMP_WORDS=({array}); COMP_CWORD={len(words) - 1}; _kenning_lego; "
        "printf '%s\\n' \"${COMPREPLY[@]}\""
    )
    return set(output(["bash", "--norc", "-c", code], script.parent))


def in_fish(script: Path, line: str) -> set[str]:
    code = f"source '{script}'; complete -C 'kenning-lego {line}'"
    found = output(["fish", "-N", "-c", code], script.parent)
    flag = re.search(r"--\S+=", line)
    return {
        each.split("\t")[0].removeprefix(flag.group() if flag else "").rstrip("/") for each in found
    }


def in_zsh(script: Path, line: str) -> set[str]:
    """What zsh lists: its completion works in the line editor alone, so it gets a terminal."""
    begin = (
        f"autoload -U compinit; compinit -u -D; source '{script}'; bindkey '^T' list-choices; "
        "unsetopt zle_bracketed_paste list_types prompt_sp; zstyle ':completion:*' verbose no; "
        f"PS1='{_PROMPT[:2]}''{_PROMPT[2:]}'\n"
    )
    end = "END"
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(script.parent)
        os.environ.update(TERM="dumb", COLUMNS="200", LINES="200", PS1="")
        os.execvp("zsh", ["zsh", "-f", "-i"])
    try:
        os.write(terminal, begin.encode())
        read_until(terminal, _PROMPT)
        os.write(terminal, f"kenning-lego {line}\x14".encode())
        time.sleep(0.2)
        os.write(terminal, f"\x15echo {end[:1]}''{end[1:]}\n".encode())
        found = read_until(terminal, f"{end}\r\n")
        os.write(terminal, b"exit\n")
    finally:
        os.close(terminal)
        os.waitpid(process, 0)
    listed = found.rpartition(f"kenning-lego {line}")[0].rpartition(f"kenning-lego {line}")[2]
    parent = line.rpartition(" ")[2] if "/" in line else ""
    words = (word.rstrip("/") for word in listed.split() if "\x1b" not in word)
    return {f"{parent}{word}" for word in words if word != _PROMPT}


def read_until(terminal: int, mark: str) -> str:
    found, deadline = "", time.monotonic() + PATIENCE_S
    while mark not in found:
        assert time.monotonic() < deadline, found
        if select.select([terminal], [], [], 0.1)[0]:
            found += os.read(terminal, 65_536).decode(errors="replace")
    return found


def output(command: list[str], directory: Path) -> list[str]:
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=PATIENCE_S, cwd=directory, check=True
    )
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if line]


COMPLETIONS: Mapping[str, Callable[[Path, str], set[str]]] = {
    "bash": in_bash,
    "zsh": in_zsh,
    "fish": in_fish,
}


@pytest.mark.parametrize("shell", SHELLS)
def test_verbs_flags_values_and_files_are_completed(
    shell: str, scripts: Mapping[str, Path]
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    for line, expected in LINES.items():
        assert COMPLETIONS[shell](scripts[shell], line) == {*expected}, (shell, line)


@pytest.mark.parametrize("shell", SHELLS)
def test_a_key_press_starts_no_python(shell: str, scripts: Mapping[str, Path]) -> None:
    text = scripts[shell].read_text(encoding="utf-8")
    assert not re.search(r"(\$\(|;|\|)\s*(python|kenning-lego)", text)


def test_a_shell_that_is_unknown_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(dispatch, ["completion", "tcsh"]) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "'bash', 'zsh' or 'fish'" in errors
