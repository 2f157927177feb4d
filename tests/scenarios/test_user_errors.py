"""Every verb, every usual mistake: one line that says what, where and what to do; no traceback."""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from kenning_lego.cli import dispatch
from kenning_lego.core.entry import run
from kenning_lego.core.flag_table import flags_of
from kenning_lego.scenarios.completing.commands import commands
from kenning_lego.scenarios.describing.verbs import VERBS as DESCRIBED
from kenning_lego.store.workspace import LAYOUT_VERSION

COMMANDS = {command.key: command for command in commands()}
OPTIONS = {key: {option.name for option in each.options} for key, each in COMMANDS.items()}
READING = [
    f"{name} {{}}"
    for name in ("test", "train", "baseline", "optimize", "convert", "blocks make", "serve")
]
"""Commands whose first argument is a scenario if it ends in .yaml."""

OF_A_WORKSPACE = (
    "blocks show {}",
    "run {} --seconds 1",
    "adapt {}",
    "load --workspace {} --configuration original",
    "select {} --budgets latency_ms=1",
    "export {} --configuration original --output out.onnx",
    "report --workspace {}",
)
"""Commands that need a workspace in which something was tested."""

OF_A_TARGET = (
    "test --workspace w --target.address {}",
    "optimize --workspace w --target.address {}",
    "load net.onnx --target.address {}",
    "doctor --target {}",
    "watch {}",
)
"""Commands that reach a server first."""

REMEDIES = ("(", "should be", "name ", "cannot read the record")
"""One of them is in every error: what to do, what would be right, or what is obvious."""

Capture = pytest.CaptureFixture[str]


def broken() -> NoReturn:
    """A callable of a user that raises."""
    raise RuntimeError("the disk\nwith the images is not mounted")


class Sampled:
    """A dataset of which one sample cannot be read."""

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> NoReturn:
        raise OSError(f"image {index} is truncated")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An own directory and home, so that nothing of this machine's is met."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    (tmp_path / "net.onnx").write_bytes(b"net")
    return tmp_path


def one_line(capsys: Capture, command: str, code: int = 2) -> str:
    """The only line on standard error that a command ends with."""
    assert run(dispatch, shlex.split(command)) == code, command
    errors = capsys.readouterr().err
    assert errors.startswith("error: "), command
    assert errors.count("\n") == 1, errors
    assert "Traceback" not in errors
    assert any(word in errors for word in REMEDIES), f"{command} gives no remedy: {errors}"
    return errors


@pytest.mark.parametrize("command", COMMANDS)
def test_wrong_flag(command: str, capsys: Capture) -> None:
    errors = one_line(capsys, f"{command} --zzzzzz 3")
    assert "--zzzzzz" in errors


WITH_CHOICES = {
    described.command: flag.name
    for described in DESCRIBED.values()
    for flag in flags_of(described.model)
    if flag.shape == "value" and flag.choices and (len(flag.path) == 1 or flag.path[-1] == "type")
}
"""By command, a flag that takes one of a few values."""


@pytest.mark.parametrize("command", WITH_CHOICES)
def test_wrong_value(command: str, capsys: Capture) -> None:
    workspace = "--workspace w" if "--workspace" in OPTIONS[command] else ""
    errors = one_line(capsys, f"{command} {workspace} {WITH_CHOICES[command]} zzzzzz")
    assert "zzzzzz" in errors


@pytest.mark.parametrize("command", READING)
@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "No such file"), ("directory", "Is a directory"), (b"\xff\xfe\x00", "is not YAML")],
    ids=["missing", "directory", "not text"],
)
def test_scenario_that_cannot_be_read(
    command: str, content: str | bytes | None, said: str, place: Path, capsys: Capture
) -> None:
    scenario = place / "scenario.yaml"
    if isinstance(content, bytes):
        scenario.write_bytes(content)
    elif content:
        scenario.mkdir()
    assert said in one_line(capsys, command.format("scenario.yaml"))


@pytest.mark.parametrize("command", OF_A_WORKSPACE)
@pytest.mark.parametrize("kind", ["missing", "file", "other", "empty", "newer"])
def test_workspace_that_is_none(command: str, kind: str, place: Path, capsys: Capture) -> None:
    workspace = place / "w"
    if kind == "file":
        workspace.write_text("a file")
    elif kind != "missing":
        workspace.mkdir()
    if kind == "other":
        (workspace / "notes.txt").write_text("mine")
    if kind in ("empty", "newer"):
        version = LAYOUT_VERSION + (kind == "newer")
        manifest = {"kind": "workspace", "layout_version": version, "created": "2026-01-01"}
        (workspace / "manifest.json").write_text(json.dumps(manifest))
    before = set(place.iterdir())
    errors = one_line(capsys, command.format("w"))
    assert "w" in errors
    if kind in ("missing", "file", "other"):
        after = {each for each in place.iterdir() if each.name != "home"}
        assert after == before, "a mistake left something behind"


@pytest.fixture(scope="module")
def silent() -> Iterator[str]:
    """A port where something listens that is no server of ours."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"tcp://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize("command", OF_A_TARGET)
def test_server_that_is_not_there(command: str, capsys: Capture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    errors = one_line(capsys, command.format(f"tcp://127.0.0.1:{port}"))
    assert f"nothing listens at tcp://127.0.0.1:{port} (start the target" in errors


@pytest.mark.parametrize("command", OF_A_TARGET)
def test_address_that_is_none(command: str, capsys: Capture) -> None:
    one_line(capsys, command.format("'pi5 local'"))


def test_port_that_is_taken(silent: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "kenning_lego", "serve", "--address", silent],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"{silent} is in use" in done.stderr


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("report nowhere.json", "nowhere.json"),
        ("report .", "."),
        ("report net.onnx", "net.onnx"),
        ("compare nowhere.json net.onnx", "nowhere.json"),
        ("compare . .", ""),
        ("load nowhere.onnx --target.address in-process", "nowhere.onnx"),
        ("load . --target.address in-process", ""),
        ("test --workspace w --model.file nowhere.onnx --dataset.type random", "nowhere.onnx"),
        ("test --workspace w --model.checkpoint nowhere.pt", "nowhere.pt"),
        ("convert --workspace w zzzzzz", "zzzzzz"),
        ("keys authorise nowhere.pub", "nowhere.pub"),
        ("keys show zzzzzz", "zzzzzz"),
        ("keys revoke zzzzzz", "zzzzzz"),
        ("init test net.onnx", "net.onnx"),
        ("init zzzzzz", "zzzzzz"),
        ("info zzzzzz", "zzzzzz"),
        ("list zzzzzz", "zzzzzz"),
        ("selftest --show nowhere.zip", "nowhere.zip"),
        ("selftest --show net.onnx", "net.onnx"),
        ("selftest --output nowhere/x.zip", "nowhere"),
        ("deploy", "which board?"),
        ("deploy x --purge", "--purge"),
        ("adapt w --trace nowhere.csv", "nowhere.csv"),
        ("run w --target.key zzzzzz --target.server-key zzzzzz", ""),
        ("watch --key zzzzzz --server-key zzzzzz", "zzzzzz"),
        ("serve --key zzzzzz", "zzzzzz"),
        ("serve --video door=nowhere.mp4", "nowhere.mp4"),
        ("serve --json", "--log-json"),
    ],
)
def test_what_is_not_there_is_named(command: str, said: str, capsys: Capture) -> None:
    if command.startswith("serve --key"):
        done = subprocess.run(
            [sys.executable, "-m", "kenning_lego", *shlex.split(command)],
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr
        assert said in done.stderr
    else:
        assert said in one_line(capsys, command)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write everything")
@pytest.mark.parametrize(
    "command", ["report locked", "test locked.yaml", "load locked --target.address in-process"]
)
def test_file_that_may_not_be_read(command: str, place: Path, capsys: Capture) -> None:
    for name in ("locked", "locked.yaml"):
        (place / name).write_text("secret")
        (place / name).chmod(0)
    assert "Permission denied" in one_line(capsys, command)


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            "--dataset.type custom --dataset.path tests.scenarios.test_user_errors:broken",
            ":broken failed: RuntimeError: the disk with the images is not mounted",
        ),
        (
            "--dataset.type custom --dataset.path tests.scenarios.test_user_errors:Sampled",
            "sample 0 of the train part cannot be read: OSError: image 0 is truncated",
        ),
        ("--model.name tests.scenarios.test_user_errors:broken", ":broken failed: RuntimeError"),
        ("--metric tests.scenarios.test_user_errors:broken", ":broken failed: RuntimeError"),
        ("--model.name tests.scenarios.no_such_module:net", "no_such_module"),
    ],
)
def test_callable_of_a_user_that_raises_is_named(
    flags: str, said: str, place: Path, capsys: Capture
) -> None:
    errors = one_line(capsys, f"blocks make --workspace w {flags}")
    assert said in errors


def test_debug_shows_where_the_callable_raised(place: Path, capsys: Capture) -> None:
    flags = "--dataset.type custom --dataset.path tests.scenarios.test_user_errors:broken"
    assert run(dispatch, shlex.split(f"blocks make --workspace w {flags} --debug")) == 2
    errors = capsys.readouterr().err
    assert 'raise RuntimeError("the disk' in errors
    assert errors.splitlines()[-1].startswith("error: ")


def test_terminated_work_leaves_nothing_half_written(place: Path) -> None:
    command = "train --workspace w --training.epochs 10000"
    with subprocess.Popen(
        [sys.executable, "-m", "kenning_lego", *command.split()],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if "train the network ..." in line:
                break
        process.terminate()
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 143
    assert errors.splitlines()[-1] == "terminated: finished steps are kept"
    assert "Traceback" not in errors
    workspace = place / "w"
    assert not list(workspace.rglob(".*"))
    assert not list(workspace.glob("runs/*"))
    for record in workspace.rglob("*.json"):
        json.loads(record.read_text())
