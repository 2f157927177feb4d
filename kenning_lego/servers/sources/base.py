"""What a source of frames is."""

from __future__ import annotations

from typing import Protocol

from kenning_lego.runtimes.base import Arrays


class Source(Protocol):
    """Gives frames, one after the other, into a pipeline's inputs."""

    def fill(self, inputs: Arrays) -> bool:
        """Write the next frame into the arrays; False if there is none any more.

        May wait for a device.

        Raises:
            KenningLegoError: the device or the file failed.
        """
        ...

    def close(self) -> None:
        """Let go of the device or the file."""
        ...
