"""The list of authorised hosts is read strictly, edited carefully and seen when it changes."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from zmq.utils import z85

from kenning_lego.core.errors import ConfigurationError, KenningLegoError, UnknownNameError
from kenning_lego.protocols.authorised import (
    FILE_NAME,
    AuthorisedFile,
    AuthorisedHost,
    add,
    authorise,
    find,
    parse,
    remove,
    revoke,
)
from kenning_lego.protocols.keys import PublicKey


def host(name: str, number: int, *, trusted: bool = False) -> AuthorisedHost:
    return AuthorisedHost(PublicKey(name, z85.encode(bytes([number] * 32)).decode()), trusted)


ANA = host("ana", 1)
BEN = host("ben", 2, trusted=True)
TEXT = f"# the lab\n\n{ANA.line}\n  {BEN.line}  \r\n"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def test_hosts_comments_and_marks_are_read() -> None:
    assert parse(TEXT, "file") == (ANA, BEN)
    assert parse("", "file") == ()


def test_host_is_found_by_its_key_alone() -> None:
    assert find((ANA, BEN), BEN.key.z85) == BEN
    assert find((ANA, BEN), host("ana", 3).key.z85) is None
    assert find((ANA, BEN), "ana") is None


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("ana", "not an authorised host"),
        (ANA.key.z85, "not an authorised host"),
        (f"{ANA.line} admin", "not an authorised host"),
        (f"{BEN.line} trusted", "not an authorised host"),
        (f"{ANA.line} # a comment", "not an authorised host"),
        (ANA.line.replace("ana", "../ana"), "cannot name a key"),
        (ANA.line[:-1], "is damaged"),
        (f"kenning-lego-key ana {'#' * 40}", "is damaged"),
        (host("ben", 3).line, "a host ben already"),
        (host("cleo", 2).line, "authorised already, as ben"),
    ],
)
def test_bad_line_spoils_the_file_and_is_named(line: str, problem: str) -> None:
    with pytest.raises(ConfigurationError, match=rf"file, line 3: .*{problem}"):
        parse(f"# first\n{BEN.line}\n{line}\n", "file")


def test_added_host_is_there_and_the_rest_stays() -> None:
    cleo = host("cleo", 3)
    assert add(TEXT, cleo, "file") == f"{TEXT}{cleo.line}\n"
    assert add(ANA.line, cleo, "file") == f"{ANA.line}\n{cleo.line}\n"
    assert add("", cleo, "file") == f"{cleo.line}\n"


def test_trust_is_given_and_taken_by_authorising_again() -> None:
    trusted = host("ana", 1, trusted=True)
    given_ = add(TEXT, trusted, "file")
    assert parse(given_, "file") == (trusted, BEN)
    assert given_.startswith("# the lab\n\n")
    assert parse(add(given_, ANA, "file"), "file") == (ANA, BEN)


@pytest.mark.parametrize(
    ("double", "remedy"), [(host("ana", 3), "revoke ana"), (host("cleo", 1), "revoke ana")]
)
def test_name_or_key_that_is_taken_is_not_added(double: AuthorisedHost, remedy: str) -> None:
    with pytest.raises(ConfigurationError, match=remedy):
        add(TEXT, double, "file")


def test_removed_host_is_gone_and_the_rest_stays() -> None:
    assert remove(TEXT, "ana", "file") == TEXT.replace(f"{ANA.line}\n", "")
    with pytest.raises(UnknownNameError, match="did you mean 'ana'"):
        remove(TEXT, "anna", "file")


LINES = st.one_of(
    st.text(),
    st.lists(
        st.sampled_from(["kenning-lego-key", "ana", "ben", ANA.key.z85, "trusted", "#", " ", "\n"])
    ).map(" ".join),
)


@given(st.lists(LINES).map("\n".join))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(KenningLegoError):
        hosts = parse(text, "file")
        assert parse("".join(f"{each.line}\n" for each in hosts), "file") == hosts


@given(
    st.dictionaries(st.from_regex(r"[a-z0-9_][a-z.@-]{0,9}", fullmatch=True), st.booleans()),
    st.data(),
)
def test_adding_then_removing_changes_nothing(known: dict[str, bool], data: st.DataObject) -> None:
    text = "# comment\n"
    for number, (name, trusted) in enumerate(known.items()):
        text = add(text, host(name, number % 256, trusted=trusted), "file")
    assert [each.key.name for each in parse(text, "file")] == list(known)
    new = data.draw(st.sampled_from(["Ana", "Ben"]))
    assert remove(add(text, host(new, 255), "file"), new, "file") == text


# The file


def test_changes_are_seen_without_a_restart(directory: Path) -> None:
    file = AuthorisedFile(directory)
    assert file.hosts() == ()
    authorise(directory, ANA)
    assert file.hosts() == (ANA,)
    authorise(directory, BEN)
    assert file.hosts() == (ANA, BEN)
    revoke(directory, "ana")
    assert file.hosts() == (BEN,)
    (directory / FILE_NAME).unlink()
    assert file.hosts() == ()


def test_unchanged_file_is_not_read_again(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authorise(directory, ANA)
    file = AuthorisedFile(directory)
    first = file.hosts()
    monkeypatch.setattr("kenning_lego.protocols.authorised.read_private", None)
    assert file.hosts() is first


def test_file_that_went_bad_admits_nobody_until_it_is_corrected(directory: Path) -> None:
    authorise(directory, ANA)
    file = AuthorisedFile(directory)
    file.hosts()
    path = directory / FILE_NAME
    good = path.read_text()
    path.write_text(f"{good}oops\n")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="line 2"):
            file.hosts()
    path.write_text(good)
    assert file.hosts() == (ANA,)


@pytest.mark.parametrize("wide", [0o620, 0o602])
def test_list_that_others_could_change_is_refused(directory: Path, wide: int) -> None:
    authorise(directory, ANA)
    file = AuthorisedFile(directory)
    file.hosts()
    path = directory / FILE_NAME
    path.chmod(wide)
    with pytest.raises(ConfigurationError, match=r"could change .*chmod 600"):
        file.hosts()
    path.chmod(0o644)
    assert file.hosts() == (ANA,)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"#" * ((1 << 20) + 1)])
def test_what_is_no_list_is_refused(directory: Path, content: bytes) -> None:
    authorise(directory, ANA)
    (directory / FILE_NAME).write_bytes(content)
    deeds: list[Callable[[], object]] = [
        AuthorisedFile(directory).hosts,
        lambda: authorise(directory, BEN),
        lambda: revoke(directory, "ana"),
    ]
    for deed in deeds:
        with pytest.raises(ConfigurationError):
            deed()
    assert (directory / FILE_NAME).read_bytes() == content


def test_commands_at_the_same_time_lose_nothing(directory: Path) -> None:
    hosts = [host(f"host-{number}", number) for number in range(16)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda each: authorise(directory, each), hosts))
    assert set(AuthorisedFile(directory).hosts()) == set(hosts)
    assert [path.name for path in directory.iterdir()] == [FILE_NAME]
