"""Make and show this machine's keys, and authorise those of hosts."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from kenning_lego.core.actions import run_action
from kenning_lego.core.configuration import Component
from kenning_lego.core.entry import Main, run
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.core.flags import parse_configuration
from kenning_lego.core.output import current
from kenning_lego.protocols import authorised
from kenning_lego.protocols.key_files import default_directory
from kenning_lego.protocols.keys import (
    PUBLIC_MARK,
    PublicKey,
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

C = TypeVar("C", bound=Component)

_EXAMPLES = {"make": " pi", "authorise": " laptop.pub", "revoke": " laptop"}


class KeysConfig(Component):
    """What every action needs to know."""

    directory: Path | None = None
    """Directory of the keys; by default kenning-lego/keys in ~/.config."""

    def where(self) -> Path:
        """The directory of the keys."""
        return self.directory or default_directory()


class MakeConfig(KeysConfig):
    """What to make."""

    name: str | None = None
    """Name of the key; by default this machine's."""
    replace: bool = False
    """Replace the key of that name: whoever knows the old one has to be told."""


class ShowConfig(KeysConfig):
    """What to show."""

    name: str | None = None
    """Name of the key; by default the only one, or the one named as this machine."""


class AuthoriseConfig(KeysConfig):
    """Whom to admit."""

    key: str
    """The host's public key: its line in quotes, its file, or the 40 characters with --name."""
    name: str | None = None
    """What to call the host; by default as its key is named."""
    trusted: bool = False
    """Let it send formats that can run code."""


class RevokeConfig(KeysConfig):
    """Whom to admit no more."""

    name: str
    """Name of the host."""


def main(arguments: Sequence[str]) -> int:
    """Run the action that the first argument names.

    Raises:
        UnknownNameError: there is no such action.
    """
    return run_action("keys", __doc__ or "", ACTIONS, arguments)


def _make(arguments: Sequence[str]) -> int:
    """Make a key pair for this machine."""
    config = _parse(MakeConfig, "make", arguments, _make.__doc__, "name")
    directory = config.where()
    made = make_key(config.name or machine_name(), directory, replace=config.replace)
    current().tell(f"made the key {made.name} in {directory}; this line may be given away:")
    _give_public(made.shareable)
    return 0


def _show(arguments: Sequence[str]) -> int:
    """Show a public key: its line and its fingerprint."""
    config = _parse(ShowConfig, "show", arguments, _show.__doc__, "name")
    directory = config.where()
    if config.name is None:
        shown = load_own_key(directory).shareable
    elif config.name in own_names(directory):
        shown = load_key(config.name, directory).shareable
    else:
        shown = load_public(config.name, directory)
    _give_public(shown)
    return 0


def _authorise(arguments: Sequence[str]) -> int:
    """Admit a host to this machine's server; one that runs sees it."""
    config = _parse(AuthoriseConfig, "authorise", arguments, _authorise.__doc__, "key")
    key = _public_key(config.key, config.name)
    directory = config.where()
    authorised.authorise(directory, authorised.AuthorisedHost(key, config.trusted))
    trusted = ", trusted with formats that can run code" if config.trusted else ""
    current().tell(f"authorised {key.name} {key.fingerprint}{trusted}")
    current().answer(_row(key, "authorised, trusted" if config.trusted else "authorised"))
    return 0


def _revoke(arguments: Sequence[str]) -> int:
    """Admit a host no more; a connection that stands is not cut."""
    config = _parse(RevokeConfig, "revoke", arguments, _revoke.__doc__, "name")
    authorised.revoke(config.where(), config.name)
    current().tell(f"revoked {config.name}: it cannot connect again")
    current().answer({"name": config.name, "kind": "revoked"})
    return 0


def _list(arguments: Sequence[str]) -> int:
    """List the keys of this machine and the hosts that it admits."""
    config = _parse(KeysConfig, "list", arguments, _list.__doc__, None)
    directory = config.where()
    own = own_names(directory)
    others = [name for name in public_names(directory) if name not in own]
    hosts = authorised.AuthorisedFile(directory).hosts()
    rows = [
        *(_row(load_key(name, directory).shareable, "own") for name in own),
        *(_row(load_public(name, directory), "public") for name in others),
        *(_row(host.key, "authorised, trusted") for host in hosts if host.trusted),
        *(_row(host.key, "authorised") for host in hosts if not host.trusted),
    ]
    output = current()
    output.tell(f"keys in {directory}")
    output.answer(rows)
    if rows:
        lines = ("  {name:<20} {fingerprint}  {kind}".format_map(row) for row in rows)
        output.give("\n".join(lines))
    return 0


ACTIONS: Mapping[str, Main] = {
    "make": _make,
    "show": _show,
    "authorise": _authorise,
    "revoke": _revoke,
    "list": _list,
}


def _parse(
    model: type[C], action: str, arguments: Sequence[str], text: str | None, positional: str | None
) -> C:
    return parse_configuration(
        model,
        arguments,
        program=f"kenning-lego keys {action}",
        description=text or "",
        positional=positional,
        example=f"kenning-lego keys {action}{_EXAMPLES.get(action, '')}",
    )


def _public_key(text: str, name: str | None) -> PublicKey:
    """The public key that a user named by its line, its file or itself."""
    if len(text.split()) > 1:
        found = parse_public(text, "what was given")
    elif is_public_key(text) and not Path(text).exists():
        if name is None:
            raise ConfigurationError("this key has no name", "say whose it is with --name")
        return PublicKey(name, text)
    else:
        try:
            found = load_public_file(Path(text))
        except FileNotFoundError as error:
            raise ConfigurationError(
                f"{text} is neither a file nor a public key",
                f"give `{PUBLIC_MARK} NAME KEY` in single quotes, as `kenning-lego keys show` "
                "prints it on the host",
            ) from error
    return found if name is None else PublicKey(name, found.z85)


def _give_public(key: PublicKey) -> None:
    # The fingerprint is a comment, so that the output is a file of a public key.
    current().answer({"name": key.name, "fingerprint": key.fingerprint, "line": key.line})
    current().give(f"{key.line}\n# {key.fingerprint}")


def _row(key: PublicKey, kind: str) -> dict[str, str]:
    return {"name": key.name, "fingerprint": key.fingerprint, "kind": kind}


if __name__ == "__main__":
    sys.exit(run(main))
