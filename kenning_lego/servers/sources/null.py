"""No frames at all, for what a pipeline takes by itself."""

from __future__ import annotations

from kenning_lego.runtimes.base import Arrays


class NullSource:
    """Leaves the inputs as they are; they begin as zeros."""

    def fill(self, inputs: Arrays) -> bool:  # noqa: ARG002
        """Nothing, for ever."""
        return True

    def close(self) -> None:
        """Nothing to do."""
