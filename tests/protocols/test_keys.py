"""Keys are kept private, are whole or not at all, and say clearly why they are refused."""

from __future__ import annotations

import base64
import contextlib
import errno
import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import zmq
from hypothesis import given
from hypothesis import strategies as st
from zmq.utils import z85

from kenning_lego.core.errors import ConfigurationError, KenningLegoError, UnknownNameError
from kenning_lego.protocols.key_files import default_directory
from kenning_lego.protocols.keys import (
    KeyPair,
    PublicKey,
    check_name,
    find_public,
    is_public_key,
    load_key,
    load_own_key,
    load_public,
    load_public_file,
    machine_name,
    make_key,
    own_names,
    parse_public,
    public_names,
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


# Making and finding


def test_key_that_was_made_is_found_again(directory: Path) -> None:
    made = make_key("lab", directory)
    assert load_key("lab", directory) == made
    assert load_public("lab", directory) == made.shareable
    assert zmq.curve_public(made.secret.encode()) == made.public.encode()
    assert own_names(directory) == public_names(directory) == ["lab"]


def test_files_are_private_whatever_the_umask(directory: Path) -> None:
    before = os.umask(0)
    try:
        make_key("lab", directory)
    finally:
        os.umask(before)
    assert mode(directory) == 0o700
    assert {path.name: mode(path) for path in directory.iterdir()} == {
        "lab.key": 0o600,
        "lab.pub": 0o600,
    }


def test_secret_is_in_no_representation_and_not_in_the_public_file(directory: Path) -> None:
    made = make_key("lab", directory)
    shown = f"{made} {made!r} {made.shareable!r} {(directory / 'lab.pub').read_text()}"
    assert made.secret not in shown
    assert made.public in shown


def test_key_is_replaced_only_when_asked_for(directory: Path) -> None:
    first = make_key("lab", directory)
    with pytest.raises(ConfigurationError, match=r"already.*--replace"):
        make_key("lab", directory)
    assert load_key("lab", directory) == first
    second = make_key("lab", directory, replace=True)
    assert second.secret != first.secret
    assert load_key("lab", directory) == second
    assert load_public("lab", directory) == second.shareable
    assert sorted(path.name for path in directory.iterdir()) == ["lab.key", "lab.pub"]


def test_public_key_of_somebody_else_is_not_overwritten(directory: Path, tmp_path: Path) -> None:
    other = make_key("board", tmp_path / "other").shareable
    make_key("lab", directory)
    (directory / "board.pub").write_text(f"{other.line}\n")
    with pytest.raises(ConfigurationError, match="already"):
        make_key("board", directory)
    assert load_public("board", directory) == other
    assert own_names(directory) == ["lab"]


def test_failed_write_leaves_nothing_behind(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConfigurationError, match="free some space"):
        make_key("lab", directory)
    assert list(directory.iterdir()) == []


def test_what_a_crash_left_is_cleared_and_not_written_through(
    directory: Path, tmp_path: Path
) -> None:
    directory.mkdir(0o700)
    elsewhere = tmp_path / "elsewhere"
    (directory / ".lab.key.new").symlink_to(elsewhere)
    (directory / ".lab.pub.new").write_text("half a li")
    make_key("lab", directory)
    assert not elsewhere.exists()
    assert sorted(path.name for path in directory.iterdir()) == ["lab.key", "lab.pub"]


def test_unknown_key_names_those_that_are_there(directory: Path) -> None:
    make_key("lab", directory)
    with pytest.raises(UnknownNameError, match=r"did you mean 'lab'.*keys make lav"):
        load_key("lav", directory)
    with pytest.raises(UnknownNameError, match=r"known: lab.*board\.pub"):
        load_public("board", directory)
    with pytest.raises(UnknownNameError, match="known: none"):
        load_key("lab", directory / "nowhere")


def test_own_key_is_the_only_one_or_the_machines(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.node", lambda: "board")
    with pytest.raises(ConfigurationError, match="kenning-lego keys make"):
        load_own_key(directory)
    lab = make_key("lab", directory)
    assert load_own_key(directory) == lab
    make_key("other", directory)
    with pytest.raises(ConfigurationError, match="name one: lab, other"):
        load_own_key(directory)
    board = make_key("board", directory)
    assert load_own_key(directory) == board
    assert load_own_key(directory, "lab") == lab


@pytest.mark.parametrize(
    ("node", "name"), [("pi5.local", "pi5.local"), ("Ana's Mac", "Ana-s-Mac"), ("", "host")]
)
def test_machine_name_can_name_a_key(node: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("platform.node", lambda: node)
    assert check_name(machine_name()) == name


# Who may open them


@pytest.mark.parametrize("wide", [0o640, 0o604, 0o620, 0o666])
def test_secret_that_others_could_open_is_refused(directory: Path, wide: int) -> None:
    make_key("lab", directory)
    path = directory / "lab.key"
    path.chmod(wide)
    with pytest.raises(ConfigurationError, match=r"other users could .*chmod 600 .*lab\.key"):
        load_key("lab", directory)
    path.chmod(0o600)
    load_key("lab", directory)


@pytest.mark.parametrize("wide", [0o755, 0o770, 0o701])
def test_directory_that_others_could_open_is_refused(directory: Path, wide: int) -> None:
    make_key("lab", directory)
    directory.chmod(wide)
    for attempt in (load_key, make_key):
        with pytest.raises(ConfigurationError, match="chmod 700"):
            attempt("lab", directory)


def test_narrower_modes_will_do(directory: Path) -> None:
    made = make_key("lab", directory)
    (directory / "lab.key").chmod(0o400)
    directory.chmod(0o500)
    assert load_key("lab", directory) == made


def test_key_of_another_user_is_refused(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_key("lab", directory)
    if os.geteuid() == 0:
        os.chown(directory / "lab.key", 1234, 1234)
    else:
        monkeypatch.setattr("os.geteuid", lambda: 1234)
    with pytest.raises(ConfigurationError, match=r"another user.*chown"):
        load_key("lab", directory)


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir])
def test_what_is_no_file_is_refused_without_waiting(
    directory: Path, make: Callable[[Path], None]
) -> None:
    directory.mkdir(0o700)
    make(directory / "lab.key")
    (directory / "lab.pub").symlink_to(directory / "lab.key")
    with pytest.raises(ConfigurationError, match="is not a file"):
        load_key("lab", directory)
    with pytest.raises(ConfigurationError, match="is not a file"):
        load_public("lab", directory)


def test_directory_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for ignored in ("", "relative"):
        monkeypatch.setenv("XDG_CONFIG_HOME", ignored)
        assert default_directory() == tmp_path / ".config/kenning-lego/keys"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "x"))
    assert default_directory() == tmp_path / "x/kenning-lego/keys"


# Names and texts


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "../lab", "a/b", "a\\b", "a b", "a\n", "a\0", "-f", ".ssh", "@", "ü", "a" * 65],
)
def test_name_that_could_be_more_than_a_name_is_refused(directory: Path, name: str) -> None:
    attempts: list[Callable[[str, Path], object]] = [make_key, load_key, load_public]
    for attempt in attempts:
        with pytest.raises(ConfigurationError, match="cannot name a key"):
            attempt(name, directory)
    assert not directory.exists()


@pytest.mark.parametrize("name", ["a", "lab.2", "ana@board-1.local", "_", "0", "a" * 64])
def test_ordinary_names_are_taken(name: str) -> None:
    assert check_name(name) == name


def test_public_line_is_read_back_with_comments_around_it(directory: Path) -> None:
    shared = make_key("lab", directory).shareable
    text = f"# of Ana\n\n{shared.line}\r\n# {shared.fingerprint}\n"
    assert parse_public(text, "here") == shared
    path = directory / "copy"
    path.write_text(text)
    assert load_public_file(path) == shared


def test_public_key_is_named_or_its_file_is(directory: Path, tmp_path: Path) -> None:
    shared = make_key("lab", directory).shareable
    assert find_public("lab", directory) == shared
    assert find_public(str(directory / "lab.pub"), tmp_path) == shared
    with pytest.raises(UnknownNameError, match="known: lab"):
        find_public("board", directory)
    with pytest.raises(ConfigurationError, match=r"there is no public key \./board"):
        find_public("./board", directory)


def test_fingerprint_is_the_start_of_a_sha256(directory: Path) -> None:
    shared = make_key("lab", directory).shareable
    digest = hashlib.sha256(z85.decode(shared.z85)).digest()
    kind, _, characters = shared.fingerprint.partition(":")
    assert kind == "SHA256"
    assert len(characters) == 22
    assert base64.b64encode(digest).decode().startswith(characters)


def test_secret_given_for_a_public_key_is_refused_and_not_repeated(directory: Path) -> None:
    made = make_key("lab", directory)
    for text in ((directory / "lab.key").read_text(), f"kenning-lego-key lab {made.secret}x"):
        with pytest.raises(ConfigurationError) as refused:
            parse_public(text, "what was given")
        assert made.secret not in str(refused.value)
    with pytest.raises(ConfigurationError, match="must stay where it was made"):
        load_public_file(directory / "lab.key")


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: b"",
        lambda text: text[:-2],
        lambda text: text.replace(b"kenning-lego", b"something"),
        lambda text: text + text,
        lambda text: b"\xff" + text,
        lambda text: text[:-41] + b"#" * 40 + b"\n",  # 40 characters, too large for 32 bits
        lambda text: text + b" " * 5000,
    ],
)
def test_damaged_files_are_refused_without_showing_them(
    directory: Path, damage: Callable[[bytes], bytes]
) -> None:
    made = make_key("lab", directory)
    for path in directory.iterdir():
        path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(ConfigurationError) as refused:
        load_key("lab", directory)
    assert made.secret[:20] not in str(refused.value)
    with pytest.raises(ConfigurationError):
        load_public("lab", directory)


@given(st.binary(min_size=32, max_size=32))
def test_every_key_has_one_form(key: bytes) -> None:
    text = z85.encode(key).decode()
    assert is_public_key(text)
    assert parse_public(PublicKey("a", text).line, "here").z85 == text


@given(st.text())
def test_any_text_is_a_public_key_or_refused(text: str) -> None:
    for candidate in (text, f"kenning-lego-key a {text}"):
        with contextlib.suppress(KenningLegoError):
            found = parse_public(candidate, "here")
            assert parse_public(found.line, "here") == found


def test_missing_curve_is_named(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zmq.has", lambda _: False)
    attempts: list[Callable[[str, Path], KeyPair]] = [make_key, load_key]
    for attempt in attempts:
        with pytest.raises(ConfigurationError, match=r"without CURVE.*libsodium"):
            attempt("lab", directory)
