"""The server's command and its systemd unit."""

from __future__ import annotations

import shlex
from importlib import resources

from kenning_lego.deployment.ground import Service
from kenning_lego.deployment.layout import KEY, UNIT, Layout

_TARGETS = {"user": "default.target", "system": "multi-user.target"}


def serve_command(layout: Layout, address: str) -> tuple[str, ...]:
    """The words of the command that starts the server."""
    command = (layout.program, "serve", "--address", address, "--key", KEY)
    return (*command, "--keys", layout.keys, "--store", layout.store)


def shell_line(words: tuple[str, ...]) -> str:
    """Words as a line for a shell."""
    return shlex.join(words)


def unit(layout: Layout, address: str, service: Service, user: str) -> str:
    """The text of the unit.

    Args:
        layout: of the board; without characters that mean something in a unit, but spaces.
        address: where to listen.
        service: of which kind; empty text for none.
        user: whom a system service runs as.
    """
    if service == "none":
        return ""
    words = (*serve_command(layout, address), "--log-json")
    command = " ".join(f'"{word}"' if " " in word else word for word in words)
    template = resources.files("kenning_lego.deployment").joinpath(UNIT).read_text()
    return (
        template.replace("@USER@", f"User={user}\n" if service == "system" else "")
        .replace("@COMMAND@", command)
        .replace("@TARGET@", _TARGETS[service])
    )
