"""Where tasks are computed: in this process, in others, or where a user's package takes them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Protocol

from kenning_lego.core.errors import UnknownNameError
from kenning_lego.training.processes import Processes
from kenning_lego.training.progress import CombinedProgress, OnProgress, stopping_on_interrupt
from kenning_lego.training.tasks import Task

ENTRY_POINTS = "kenning_lego.executors"
"""Group in which packages name a callable that makes an executor from a number of processes."""


class Executor(Protocol):
    """Does tasks."""

    @property
    def processes(self) -> int:
        """How many tasks are done side by side."""
        ...

    def run(self, tasks: Sequence[Task], on_progress: OnProgress | None = None) -> None:
        """Do all tasks, in any order.

        Raises:
            KenningLegoError: a task failed. Those that others have begun are finished first.
            KeyboardInterrupt: it was stopped; tasks that were under way can go on later.
        """
        ...


@dataclass(frozen=True, slots=True)
class InProcess:
    """One task after another, here."""

    processes: int = 1

    def run(self, tasks: Sequence[Task], on_progress: OnProgress | None = None) -> None:
        """As :meth:`Executor.run`; the first that fails ends it."""
        progress = CombinedProgress([each.work for each in tasks], on_progress)
        with stopping_on_interrupt() as should_stop:
            for number, task in enumerate(tasks):
                task.run(progress.of(number), should_stop)


def make_executor(name: str, processes: int = 0) -> Executor:
    """Find an executor by name.

    Args:
        name: ``in-process``, ``processes``, or an entry point that a package registers in
            :data:`ENTRY_POINTS`, such as one for Dask or Ray.
        processes: how many tasks to do side by side; 0 for one a core.

    Raises:
        UnknownNameError: nothing has that name.
        MissingDependencyError: it needs a package that is not installed.
    """
    count = processes or len(os.sched_getaffinity(0))
    if name == "in-process":
        return InProcess()
    if name == "processes":
        return Processes(count)
    found = {each.name: each for each in entry_points(group=ENTRY_POINTS)}
    if name not in found:
        raise UnknownNameError("executor", name, ["in-process", "processes", *found])
    make: Callable[[int], Executor] = found[name].load()
    return make(count)
