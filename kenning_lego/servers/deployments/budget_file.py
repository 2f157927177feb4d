"""Budgets from a file that others write, watched by its time and size."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kenning_lego.core.bounds import Bounds
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.servers.deployments.budget_text import MAX_BYTES, parse_budgets

_Stamp = tuple[int, int, int]


class BudgetFile:
    """Notices when the file has changed.

    Args:
        path: of the file, which may come later; without it there are no bounds.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stamp: _Stamp | None = None
        self._looked = False

    def changed(self) -> Mapping[str, Bounds] | None:
        """The bounds by deployment, if the file has changed since the last call; else None.

        Raises:
            ConfigurationError: it has changed and cannot be read or understood; once for each
                change, after which the last good bounds are to hold on.
        """
        stamp = self._look()
        if self._looked and stamp == self._stamp:
            return None
        self._looked, self._stamp = True, stamp
        if stamp is None:
            return {}
        where = f"the budget file {self.path}"
        try:
            with self.path.open("rb") as file:
                text = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise ConfigurationError(f"{where} cannot be read: {error.strerror}") from error
        if len(text) > MAX_BYTES:
            raise ConfigurationError(f"{where} is longer than {MAX_BYTES} bytes")
        return parse_budgets(text, where)

    def _look(self) -> _Stamp | None:
        try:
            status = self.path.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
