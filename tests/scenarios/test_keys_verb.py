"""The verb `keys`, as an operator meets it."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.cli import dispatch
from kenning_lego.core.entry import run
from kenning_lego.protocols.authorised import AuthorisedFile
from kenning_lego.protocols.keys import load_key, make_key

Output = pytest.CaptureFixture[str]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def keys(directory: Path, *arguments: str) -> int:
    return run(dispatch, ["keys", *arguments, "--directory", str(directory)])


def test_key_is_made_for_this_machine_and_shown(
    directory: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.node", lambda: "board")
    assert keys(directory, "make") == 0
    made = load_key("board", directory)
    line, fingerprint = made.shareable.line, f"# {made.shareable.fingerprint}"
    assert capsys.readouterr().out.splitlines()[-2:] == [line, fingerprint]
    for arguments in (["show"], ["show", "board"], ["show", "--name", "board"]):
        assert keys(directory, *arguments) == 0
        assert capsys.readouterr().out.splitlines() == [line, fingerprint]


def test_secret_is_never_printed(directory: Path, capsys: Output) -> None:
    keys(directory, "make", "board")
    for arguments in (["show"], ["list"], ["make", "board"], ["authorise", str(directory)]):
        keys(directory, *arguments)
    keys(directory, "authorise", str(directory / "board.key"))
    printed = "".join(capsys.readouterr())
    assert load_key("board", directory).secret not in printed
    assert "must stay where it was made" in printed


def test_key_is_replaced_only_when_asked_for(directory: Path, capsys: Output) -> None:
    keys(directory, "make", "board")
    before = load_key("board", directory)
    assert keys(directory, "make", "board") == 2
    assert "--replace" in capsys.readouterr().err
    assert load_key("board", directory) == before
    assert keys(directory, "make", "board", "--replace") == 0
    assert load_key("board", directory) != before


def test_output_of_show_can_be_authorised_as_text_and_as_file(
    directory: Path, tmp_path: Path, capsys: Output
) -> None:
    host = make_key("lab", tmp_path / "host")
    keys(tmp_path / "host", "show")
    shown = capsys.readouterr().out
    file = tmp_path / "from-the-host"
    file.write_text(shown)
    for key in (shown, shown.splitlines()[0], str(file), str(tmp_path / "host/lab.pub")):
        assert keys(directory, "authorise", key) == 0
        assert capsys.readouterr().out == f"authorised lab {host.shareable.fingerprint}\n"
        assert keys(directory, "revoke", "lab") == 0
        assert "cannot connect again" in capsys.readouterr().out


def test_bare_key_needs_a_name(directory: Path, tmp_path: Path, capsys: Output) -> None:
    public = make_key("lab", tmp_path / "host").public
    assert keys(directory, "authorise", f"--key={public}") == 2
    assert "--name" in capsys.readouterr().err
    assert keys(directory, "authorise", f"--key={public}", "--name", "ana", "--trusted") == 0
    (host,) = AuthorisedFile(directory).hosts()
    assert (host.key.name, host.key.z85, host.trusted) == ("ana", public, True)
    assert "run code" in capsys.readouterr().out


def test_list_shows_keys_and_hosts_with_fingerprints(
    directory: Path, tmp_path: Path, capsys: Output
) -> None:
    ana, ben = (make_key(name, tmp_path / "host").shareable for name in ("ana", "ben"))
    own = make_key("board", directory).shareable
    (directory / "pi.pub").write_text(ana.line)
    keys(directory, "authorise", ana.line)
    keys(directory, "authorise", ben.line, "--trusted")
    capsys.readouterr()
    assert keys(directory, "list") == 0
    rows = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()[1:]]
    assert rows == [
        ["board", own.fingerprint, "own"],
        ["pi", ana.fingerprint, "public"],
        ["ben", ben.fingerprint, "authorised, trusted"],
        ["ana", ana.fingerprint, "authorised"],
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mak"], "unknown action 'mak' (did you mean 'make'"),
        (["make", "../x"], "cannot name a key"),
        (["make", "--nam", "x"], "did you mean --name?"),
        (["show"], "kenning-lego keys make"),
        (["show", "lab"], "unknown public key 'lab'"),
        (["authorise"], "'key' is missing"),
        (["authorise", "no-such-file"], "neither a file nor a public key"),
        (["authorise", "no such file"], "not a public key"),
        (["authorise", "."], "is not a file"),
        (["authorise", "x" * 5000], "cannot read"),
        (["revoke"], "'name' is missing"),
        (["revoke", "lab"], "unknown authorised host 'lab'"),
    ],
)
def test_mistake_ends_with_one_line_and_changes_nothing(
    directory: Path, capsys: Output, arguments: list[str], message: str
) -> None:
    assert keys(directory, *arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert message in output.err
    assert output.err.count("\n") == 1
    assert not directory.exists() or not any(directory.iterdir())


def test_directory_that_is_open_to_others_is_refused(directory: Path, capsys: Output) -> None:
    keys(directory, "make", "board")
    directory.chmod(0o755)
    for arguments in (["make", "other"], ["show"], ["list"]):
        assert keys(directory, *arguments) == 2
        assert "chmod 700" in capsys.readouterr().err


def test_help_lists_actions_and_flags(capsys: Output) -> None:
    assert run(dispatch, ["keys"]) == 0
    words = capsys.readouterr().out.split()
    assert {"make", "show", "authorise", "revoke", "list"} <= set(words)
    with pytest.raises(SystemExit) as end:
        run(dispatch, ["keys", "authorise", "--help"])
    assert end.value.code == 0
    assert "--trusted" in capsys.readouterr().out
