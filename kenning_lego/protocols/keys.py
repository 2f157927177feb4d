"""CURVE key pairs as named files: ``NAME.key`` holds the secret, ``NAME.pub`` may be given away.

A public key is shared as one line, ``kenning-lego-key NAME Z85``, where Z85 is the 32 bytes of
the key as ZeroMQ's RFC 32 writes them.
"""

from __future__ import annotations

import base64
import hashlib
import platform
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path

import zmq
from zmq.utils import z85

from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.protocols.key_files import (
    OPEN_TO_READERS,
    locked,
    read_private,
    read_public,
    write_private,
)

PUBLIC_MARK = "kenning-lego-key"
_SECRET_MARK = "kenning-lego-secret"  # noqa: S105 - the mark of the file, no secret
_SECRET_SUFFIX = ".key"  # noqa: S105 - likewise
_PUBLIC_SUFFIX = ".pub"
_LIMIT_BYTES = 4096
_FINGERPRINT_CHARACTERS = 22
"""Of base64: 132 bits, beyond any search for a second key of the same fingerprint."""

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}")
_Z85 = re.compile(r"[0-9a-zA-Z.:+=^!/*?&<>()\[\]{}@%$#-]{40}")


def check_name(name: str) -> str:
    """The name of a key, if it is one.

    Raises:
        ConfigurationError: it has other characters or another length. What may be one never
            leads out of a directory, hides a file or looks like a flag.
    """
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name[:80]!r} cannot name a key",
            "use 1 to 64 of the characters A-Z a-z 0-9 _ . @ -, not beginning with . @ -",
        )
    return name


def is_public_key(text: str) -> bool:
    """Whether the text is 32 bytes in Z85."""
    if not _Z85.fullmatch(text):
        return False
    try:
        z85.decode(text)
    except struct.error:  # five characters that stand for more than 32 bits
        return False
    return True


def fingerprint(key: bytes) -> str:
    """What people compare of a public key of 32 bytes."""
    digest = base64.b64encode(hashlib.sha256(key).digest()).decode()
    return f"SHA256:{digest[:_FINGERPRINT_CHARACTERS]}"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """What others may know of a key.

    Args:
        name: of the key.
        z85: its 32 bytes in Z85.

    Raises:
        ConfigurationError: either is malformed.
    """

    name: str
    z85: str

    def __post_init__(self) -> None:
        check_name(self.name)
        if not is_public_key(self.z85):
            raise ConfigurationError(
                f"the public key of {self.name} is damaged", "copy its whole line again"
            )

    @property
    def line(self) -> str:
        """How it is shared, without a newline."""
        return f"{PUBLIC_MARK} {self.name} {self.z85}"

    @property
    def fingerprint(self) -> str:
        """What people compare."""
        return fingerprint(z85.decode(self.z85))


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A key of our own.

    Args:
        name: of the key.
        public: its public half in Z85.
        secret: its secret half in Z85; never shown.
    """

    name: str
    public: str
    secret: str = field(repr=False)

    @property
    def shareable(self) -> PublicKey:
        """What others may know of it."""
        return PublicKey(self.name, self.public)


def parse_public(text: str, where: str) -> PublicKey:
    """The public key in a line or file; comments and empty lines around it are skipped.

    Args:
        text: of the line or file.
        where: what to call it in an error.

    Raises:
        ConfigurationError: it holds no public key, several, or a secret.
    """
    # The text itself is never repeated: it might hold a secret.
    lines = [words for line in text.split("\n") if (words := line.split())]
    lines = [words for words in lines if not words[0].startswith("#")]
    if any(words[0] == _SECRET_MARK for words in lines):
        raise ConfigurationError(
            f"{where} is a secret key, which must stay where it was made",
            f"use the file NAME{_PUBLIC_SUFFIX} beside it",
        )
    match lines:
        case [[mark, name, key]] if mark == PUBLIC_MARK:
            return PublicKey(name, key)
    raise ConfigurationError(
        f"{where} is not a public key",
        f"it has the form `{PUBLIC_MARK} NAME KEY`; `kenning-lego keys show` prints it",
    )


def make_key(name: str, directory: Path, *, replace: bool = False) -> KeyPair:
    """Make a key pair and keep it in the directory, which is made if need be.

    Args:
        name: of the key.
        directory: of the keys.
        replace: whether to replace a key of that name; whoever knows the old one has to be told.

    Raises:
        ConfigurationError: the name is taken or malformed, other users could open the directory,
            it cannot be written, or this pyzmq has no CURVE.
    """
    secret_path, public_path = _paths(check_name(name), directory)
    _need_curve()
    public, secret = (half.decode() for half in zmq.curve_keypair())
    pair = KeyPair(name, public, secret)
    with locked(directory):
        if not replace and any(path.exists() for path in (secret_path, public_path)):
            raise ConfigurationError(
                f"there is a key {name} in {directory} already",
                "choose another name, or replace it with --replace",
            )
        write_private(secret_path, f"{_SECRET_MARK} {name} {secret}\n", replace=replace)
        write_private(public_path, f"{pair.shareable.line}\n", replace=replace)
    return pair


def load_key(name: str, directory: Path) -> KeyPair:
    """The key pair of that name.

    Raises:
        UnknownNameError: it is not in the directory.
        ConfigurationError: its file is damaged or cannot be read, other users could open it, or
            this pyzmq has no CURVE.
    """
    path, _ = _paths(check_name(name), directory)
    _need_curve()
    try:
        words = read_private(path, _LIMIT_BYTES, OPEN_TO_READERS).split()
    except FileNotFoundError as error:
        raise UnknownNameError(
            "key", name, own_names(directory), f"`kenning-lego keys make {name}` makes it"
        ) from error
    match words:
        case [mark, _, secret] if mark == _SECRET_MARK and is_public_key(secret):
            # The file's name counts, so that a copied or renamed key can be used.
            return KeyPair(name, zmq.curve_public(secret.encode()).decode(), secret)
    raise ConfigurationError(
        f"{path} is not a secret key, or is damaged",
        f"`kenning-lego keys make {name} --replace` makes a new one",
    )


def load_own_key(directory: Path, name: str | None = None) -> KeyPair:
    """The key pair of this machine: the one that is named, or else the only one.

    Raises:
        ConfigurationError: no name is given and there is no key, or there are several and none
            is called as this machine; else as in :func:`load_key`.
    """
    if name is not None:
        return load_key(name, directory)
    match own_names(directory):
        case []:
            raise ConfigurationError(
                f"there is no key in {directory}", "`kenning-lego keys make` makes one"
            )
        case [only]:
            return load_key(only, directory)
        case several if (preferred := machine_name()) in several:
            return load_key(preferred, directory)
        case several:
            raise ConfigurationError(
                f"there are several keys in {directory}", f"name one: {', '.join(several)}"
            )


def load_public(name: str, directory: Path) -> PublicKey:
    """The public key ``NAME.pub`` in the directory: one of ours, or one that was put there.

    Raises:
        UnknownNameError: it is not there.
        ConfigurationError: it is damaged or cannot be read.
    """
    _, path = _paths(check_name(name), directory)
    try:
        found = load_public_file(path)
    except FileNotFoundError as error:
        raise UnknownNameError(
            "public key", name, public_names(directory), f"put its file at {path}"
        ) from error
    return PublicKey(name, found.z85)


def load_public_file(path: Path) -> PublicKey:
    """The public key in a file.

    Raises:
        ConfigurationError: it is damaged or cannot be read.
        FileNotFoundError: it is not there.
    """
    return parse_public(read_public(path, _LIMIT_BYTES), str(path))


def find_public(name_or_file: str, directory: Path) -> PublicKey:
    """A public key by name in the directory, or in a file that is named by its path.

    Raises:
        UnknownNameError: there is none of that name.
        ConfigurationError: it is damaged or cannot be read.
    """
    if _NAME.fullmatch(name_or_file):
        return load_public(name_or_file, directory)
    try:
        return load_public_file(Path(name_or_file))
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"there is no public key {name_or_file}", "name its file, or NAME of NAME.pub"
        ) from error


def own_names(directory: Path) -> list[str]:
    """Names of the key pairs in the directory, sorted."""
    return _names(directory, _SECRET_SUFFIX)


def public_names(directory: Path) -> list[str]:
    """Names of the public keys in the directory, sorted."""
    return _names(directory, _PUBLIC_SUFFIX)


def machine_name() -> str:
    """This machine's name, as a name for its key."""
    name = re.sub(r"[^A-Za-z0-9_.@-]", "-", platform.node()).lstrip(".@-")[:64]
    return name or "host"


def _need_curve() -> None:
    if not zmq.has("curve"):
        raise ConfigurationError(
            f"pyzmq {zmq.pyzmq_version()} was built here without CURVE encryption",
            "install libsodium's headers and reinstall pyzmq, or install one of its wheels",
        )


def _paths(name: str, directory: Path) -> tuple[Path, Path]:
    return directory / f"{name}{_SECRET_SUFFIX}", directory / f"{name}{_PUBLIC_SUFFIX}"


def _names(directory: Path, suffix: str) -> list[str]:
    names = (path.name[: -len(suffix)] for path in directory.glob(f"*{suffix}"))
    return sorted(name for name in names if _NAME.fullmatch(name))
