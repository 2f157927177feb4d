"""Where everything lies on a board: below one directory, but for the service's unit.

::

    BASE/venvs/<identity>/      a virtual environment for each version; `complete` marks a whole one
    BASE/current                link to the one in use; replaced in one step
    BASE/wheels/<identity>/     what it is installed from, until that is done
    BASE/keys, BASE/store       survive upgrades
    BASE/lock                   held by whatever changes something
"""

from __future__ import annotations

from dataclasses import dataclass

UNIT = "kenning-lego.service"
KEY = "board"
"""Name of the server's key on the board; a host keeps its public half under a name of its own."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Paths on the board.

    Args:
        base: an absolute directory.
    """

    base: str

    @property
    def current(self) -> str:
        """The link to the environment in use."""
        return f"{self.base}/current"

    @property
    def program(self) -> str:
        """The command in the environment in use."""
        return f"{self.current}/bin/kenning-lego"

    @property
    def keys(self) -> str:
        """The directory of keys."""
        return f"{self.base}/keys"

    @property
    def store(self) -> str:
        """The directory of artifacts."""
        return f"{self.base}/store"

    def environment(self, identity: str) -> str:
        """The virtual environment of a version."""
        return f"{self.base}/venvs/{identity}"

    def wheels(self, identity: str) -> str:
        """What it is installed from."""
        return f"{self.base}/wheels/{identity}"
