"""Budgets that come without a host: from a file, a socket, and the deployments' own schedules."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from pathlib import Path

from kenning_lego.core.bounds import Bounds, Schedule
from kenning_lego.core.deployment_records import Origin
from kenning_lego.core.errors import ConfigurationError
from kenning_lego.servers.deployments.budget_file import BudgetFile
from kenning_lego.servers.deployments.budget_socket import BudgetSocket
from kenning_lego.servers.deployments.budgets import Budgets
from kenning_lego.servers.readiness import Readiness

log = logging.getLogger("kenning_lego.deployments")

OnChange = Callable[[Origin], None]


class BudgetInputs:
    """Puts what is said on this target into the budgets.

    Args:
        budgets: that are kept up to date.
        on_change: called after one of the origins has said something.
        file: to watch; None for none.
        socket: to listen at; None for none.
        readiness: of the server's loop.

    Raises:
        AddressError: the socket cannot be made.
    """

    def __init__(
        self,
        budgets: Budgets,
        on_change: OnChange,
        file: Path | None,
        socket: Path | None,
        readiness: Readiness,
    ) -> None:
        self._budgets = budgets
        self._on_change = on_change
        self._file = BudgetFile(file) if file else None
        self._socket = BudgetSocket(socket, readiness, self._told) if socket else None
        self._schedules: dict[str, tuple[Schedule, float]] = {}
        self.complaint = ""
        """What is wrong with the file as it is now; empty if nothing is."""

    def close(self) -> None:
        """Listen no more."""
        if self._socket:
            self._socket.close()

    def follow(self, name: str, schedule: Schedule | None, began: float) -> None:
        """Take a deployment's bounds from its schedule from now on; None for no schedule.

        Args:
            name: of the deployment.
            schedule: its own.
            began: when it began, in seconds on the clock of :meth:`tick`.
        """
        self._schedules.pop(name, None)
        if schedule:
            self._schedules[name] = (schedule, began)

    def tick(self, now: float) -> None:
        """See whether the file has changed or a schedule's next step has come."""
        if self._file:
            self._read(self._file)
        changed = False
        for name, (schedule, began) in self._schedules.items():
            changed |= self._budgets.say("schedule", name, schedule.at(now - began))
        if changed:
            self._on_change("schedule")

    def _read(self, file: BudgetFile) -> None:
        try:
            budgets = file.changed()
        except ConfigurationError as error:
            self.complaint = str(error)
            log.warning("%s; the budgets stay as they were", error)
            self._on_change("file")
            return
        if budgets is not None:
            self.complaint = ""
            self._budgets.say_all("file", budgets)
            self._on_change("file")

    def _told(self, budgets: Mapping[str, Bounds]) -> None:
        for name, bounds in budgets.items():
            self._budgets.say("socket", name, bounds)
        self._on_change("socket")
