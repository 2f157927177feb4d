"""The host's side of the keys: our own, and the board's public key under the board's name."""

from __future__ import annotations

import re
from pathlib import Path

from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.protocols.key_files import locked, write_private
from kenning_lego.protocols.keys import (
    KeyPair,
    PublicKey,
    load_own_key,
    load_public,
    machine_name,
    make_key,
    own_names,
)


def board_name(destination: str) -> str:
    """What to call a board by default: its host name or alias as it was given to ssh."""
    host = destination.removeprefix("ssh://").rpartition("@")[2]
    if not host.startswith("["):
        host = host.partition(":")[0] if destination.startswith("ssh://") else host
    name = re.sub(r"[^A-Za-z0-9_.@-]", "-", host).strip(".@-")[:64]
    return name or "board"


def own_key(directory: Path, name: str | None, *, make: bool) -> KeyPair | None:
    """This host's key: the one that is named, or the only one.

    Args:
        directory: of the keys.
        name: of the key.
        make: whether to make one if there is none; else that is None.

    Raises:
        ConfigurationError: there are several, or it cannot be read or made.
        UnknownNameError: there is none of that name.
    """
    if name is None and not own_names(directory):
        return make_key(machine_name(), directory) if make else None
    return load_own_key(directory, name)


def check_free(directory: Path, name: str) -> None:
    """See that a board may be called so here.

    Raises:
        ConfigurationError: one of this host's own keys has that name.
    """
    if name in own_names(directory):
        raise ConfigurationError(
            f"{name} is the name of a key of this host", "give the board another --name"
        )


def keep(directory: Path, name: str, found: PublicKey, *, replace: bool) -> bool:
    """Keep a board's public key as ``NAME.pub``; whether it was new.

    Raises:
        ConfigurationError: another key is kept under that name, and must not be replaced.
    """
    kept = known(directory, name)
    if kept is not None and kept.z85 == found.z85:
        return False
    if kept is not None and not replace:
        raise ConfigurationError(
            f"the key of {name} is another one than {directory / f'{name}.pub'} has",
            "if the board was set up anew, --replace-key; if it is another board, --name",
        )
    with locked(directory):
        line = PublicKey(name, found.z85).line
        write_private(directory / f"{name}.pub", f"{line}\n", replace=True)
    return True


def forget(directory: Path, name: str, found: PublicKey) -> bool:
    """Remove ``NAME.pub`` if it is this key; whether it was."""
    kept = known(directory, name)
    if kept is None or kept.z85 != found.z85 or name in own_names(directory):
        return False
    (directory / f"{name}.pub").unlink(missing_ok=True)
    return True


def known(directory: Path, name: str) -> PublicKey | None:
    """The public key that is kept under a name."""
    try:
        return load_public(name, directory)
    except UnknownNameError:
        return None
