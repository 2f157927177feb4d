"""What is asked of a deployment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kenning_lego.deployment.ground import Wish
from kenning_lego.deployment.ssh_options import SshOptions

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Request:
    """What to deploy, where to and how.

    Args:
        ssh: how to reach the board.
        name: what this host calls the board.
        wish: of the installation.
        directory: on the board; empty for the default.
        address: where the server listens.
        keys: this host's directory of keys.
        key: name of this host's key; None for the only one.
        replace_key: whether another key may be kept for the board.
        bundle: a directory with a bundle to use.
        wheels: a directory of wheels to make the bundle from.
    """

    ssh: SshOptions
    name: str
    wish: Wish
    directory: str
    address: str
    keys: Path
    key: str | None
    replace_key: bool
    bundle: Path | None
    wheels: Path | None
