"""How to reach a board, as arguments of the ssh program."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from kenning_lego.core.errors import ConfigurationError

_CONNECT_SECONDS = 15

# ssh hands both parts to a shell where its configuration has a ProxyCommand with %h or %r.
_DESTINATION = re.compile(
    r"(?:ssh://)?(?:[A-Za-z0-9_.][A-Za-z0-9_.+-]*@)?[A-Za-z0-9_\[][A-Za-z0-9_.:%\[\]-]*"
)


@dataclass(frozen=True, slots=True)
class SshOptions:
    """How to reach a board; what is not said here is left to the user's ssh configuration.

    Args:
        destination: as ssh takes it: ``user@host``, an alias, or ``ssh://user@host:port``.
        port: of its ssh server.
        identity: file of a private key.
        options: of ssh, ``NAME=VALUE`` each.
        interactive: whether ssh may ask for passwords and the like.
    """

    destination: str
    port: int | None = None
    identity: Path | None = None
    options: tuple[str, ...] = ()
    interactive: bool = False

    def __post_init__(self) -> None:
        if not _DESTINATION.fullmatch(self.destination):
            raise ConfigurationError(
                f"{self.destination!r} does not name a board", "write user@host"
            )

    def arguments(self) -> list[str]:
        """Of the ssh program, without its name and the destination."""
        listed = list(self.options)  # ssh takes the first of several: a user's come first
        listed += [f"BatchMode={'no' if self.interactive else 'yes'}"]
        listed += [f"ConnectTimeout={_CONNECT_SECONDS}"]
        listed += ["ServerAliveInterval=5", "ServerAliveCountMax=3", "ClearAllForwardings=yes"]
        listed += ["ForwardAgent=no", "ForwardX11=no", "RequestTTY=no"]
        arguments = [part for option in listed for part in ("-o", option)]
        if self.port is not None:
            arguments += ["-p", str(self.port)]
        if self.identity is not None:
            arguments += ["-i", str(self.identity)]
        return arguments


def is_interactive() -> bool:
    """Whether somebody is there whom ssh could ask."""
    return sys.stdin.isatty()
