"""The hosts that a target admits: the file ``authorised`` in its directory of keys.

One line for each host, ``kenning-lego-key NAME Z85 [trusted]``: the line by which a public key is
shared, so that it can be pasted, and perhaps a mark. The mark lets a host send formats that can
run code. Empty lines and lines that begin with ``#`` are comments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.protocols.key_files import (
    OPEN_TO_WRITERS,
    locked,
    read_private,
    write_private,
)
from kenning_lego.protocols.keys import PUBLIC_MARK, PublicKey

FILE_NAME = "authorised"
TRUSTED_MARK = "trusted"
_LIMIT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class AuthorisedHost:
    """A host that is admitted.

    Args:
        key: its public key, under the name by which the target calls the host.
        trusted: whether it may send formats that can run code.
    """

    key: PublicKey
    trusted: bool = False

    @property
    def line(self) -> str:
        """Its line in the file, without a newline."""
        return f"{self.key.line} {TRUSTED_MARK}" if self.trusted else self.key.line


def parse(text: str, where: str) -> tuple[AuthorisedHost, ...]:
    """The hosts in a file's text.

    Args:
        text: of the file.
        where: what to call it in an error.

    Raises:
        ConfigurationError: a line is malformed, or a name or key comes twice. One bad line makes
            the whole file bad: it may be the one that was meant to keep somebody out.
    """
    hosts: list[AuthorisedHost] = []
    for number, line in enumerate(text.split("\n"), start=1):
        try:
            host = _parse_line(line)
            if host:
                _refuse_double(host, hosts)
                hosts.append(host)
        except ConfigurationError as error:
            raise ConfigurationError(
                f"{where}, line {number}: {error.problem}", error.remedy
            ) from error
    return tuple(hosts)


def find(hosts: Iterable[AuthorisedHost], key: str) -> AuthorisedHost | None:
    """The host with this public key (in Z85), if there is one."""
    return next((host for host in hosts if host.key.z85 == key), None)


def add(text: str, host: AuthorisedHost, where: str) -> str:
    """The file's text with a host in it; one that is there under the same name and key is replaced.

    Raises:
        ConfigurationError: its name belongs to another key, its key has another name, or the
            text is malformed.
    """
    hosts = parse(text, where)
    if any(other.key == host.key for other in hosts):
        lines = [host.line if _holds(line, host.key.name) else line for line in text.split("\n")]
        return "\n".join(lines)
    _refuse_double(host, hosts)
    separator = "" if not text or text.endswith("\n") else "\n"
    return f"{text}{separator}{host.line}\n"


def remove(text: str, name: str, where: str) -> str:
    """The file's text without the host of that name.

    Raises:
        UnknownNameError: there is none.
        ConfigurationError: the text is malformed.
    """
    names = [host.key.name for host in parse(text, where)]
    if name not in names:
        raise UnknownNameError("authorised host", name, names)
    return "\n".join(line for line in text.split("\n") if not _holds(line, name))


def authorise(directory: Path, host: AuthorisedHost) -> None:
    """Admit a host; a server that runs will see it.

    Args:
        directory: of the target's keys; made if need be.
        host: whom to admit.

    Raises:
        ConfigurationError: as in :func:`add`, or the file cannot be read or written.
    """
    path = directory / FILE_NAME
    with locked(directory):
        write_private(path, add(_read(path), host, str(path)), replace=True)


def revoke(directory: Path, name: str) -> None:
    """Admit a host no more.

    Args:
        directory: of the target's keys.
        name: of the host.

    Raises:
        UnknownNameError: it was not admitted.
        ConfigurationError: the file is malformed, or cannot be read or written.
    """
    path = directory / FILE_NAME
    with locked(directory):
        write_private(path, remove(_read(path), name, str(path)), replace=True)


class AuthorisedFile:
    """The hosts in the file as it is now; it is read again when it has changed.

    Args:
        directory: of the target's keys.
    """

    def __init__(self, directory: Path) -> None:
        self.path = directory / FILE_NAME
        self._state: tuple[int, int, int] | None = None
        self._hosts: tuple[AuthorisedHost, ...] = ()

    def hosts(self) -> tuple[AuthorisedHost, ...]:
        """The hosts that are admitted now; none without a file.

        Raises:
            ConfigurationError: it is malformed, cannot be read, or other users could change it.
        """
        state = self._look()
        if state is None or state != self._state:
            self._state = None
            self._hosts = parse(_read(self.path), str(self.path))
            self._state = state
        return self._hosts

    def _look(self) -> tuple[int, int, int] | None:
        try:
            found = self.path.stat()
        except OSError:  # reading it will say why
            return None
        # Unlike the time of modification, nobody can set this one back.
        return found.st_ino, found.st_ctime_ns, found.st_size


def _read(path: Path) -> str:
    try:
        return read_private(path, _LIMIT_BYTES, OPEN_TO_WRITERS)
    except FileNotFoundError:
        return ""


def _parse_line(line: str) -> AuthorisedHost | None:
    # A malformed line is never repeated: somebody might have pasted a secret.
    match line.split():
        case []:
            return None
        case [first, *_] if first.startswith("#"):
            return None
        case [mark, name, key] if mark == PUBLIC_MARK:
            return AuthorisedHost(PublicKey(name, key))
        case [mark, name, key, trusted] if mark == PUBLIC_MARK and trusted == TRUSTED_MARK:
            return AuthorisedHost(PublicKey(name, key), trusted=True)
    raise ConfigurationError(
        "this is not an authorised host",
        f"write `{PUBLIC_MARK} NAME KEY` or `{PUBLIC_MARK} NAME KEY {TRUSTED_MARK}`",
    )


def _refuse_double(host: AuthorisedHost, others: Iterable[AuthorisedHost]) -> None:
    for other in others:
        if other.key.name == host.key.name:
            raise ConfigurationError(
                f"there is a host {host.key.name} already",
                f"choose another name, or `kenning-lego keys revoke {host.key.name}` first",
            )
        if other.key.z85 == host.key.z85:
            raise ConfigurationError(
                f"the key of {host.key.name} is authorised already, as {other.key.name}",
                f"use that name, or `kenning-lego keys revoke {other.key.name}` first",
            )


def _holds(line: str, name: str) -> bool:
    host = _parse_line(line)
    return host is not None and host.key.name == name
