"""Where tasks are computed: in this process, in others, or where a user's package takes them.

A task leaves its result in files under names that hash all that it depends on. So a task that
was done is found, and executors need to move nothing but names, numbers and paths.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Protocol

from kenning_lego.core.errors import KenningLegoError, UnknownNameError
from kenning_lego.training.progress import (
    CombinedProgress,
    OnProgress,
    ShouldStop,
    stopping_on_interrupt,
)

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]

ENTRY_POINTS = "kenning_lego.executors"
"""Group in which packages name a callable that makes an executor from a number of processes."""


class TaskError(KenningLegoError):
    """A task failed; the results of the others are kept."""


@dataclass(frozen=True, slots=True)
class Call:
    """A task as another process with the same files can do it.

    Args:
        function: ``package.module:function``; takes the arguments, then a callback for progress
            and one that says when to stop.
        arguments: by name, of JSON values.
    """

    function: str
    arguments: Mapping[str, Json]

    def make(self, on_progress: OnProgress, should_stop: ShouldStop) -> None:
        """Do the task in this process."""
        module, _, name = self.function.partition(":")
        function = getattr(importlib.import_module(module), name)
        function(**self.arguments, on_progress=on_progress, should_stop=should_stop)


class Task(Protocol):
    """A part of a larger work."""

    @property
    def name(self) -> str:
        """For people."""
        ...

    @property
    def work(self) -> int:
        """How much it is, in a unit that is the same for all tasks."""
        ...

    def run(self, on_progress: OnProgress, should_stop: ShouldStop) -> None:
        """Do it in this process; files hold the result afterwards."""
        ...

    def ship(self) -> Call:
        """Write the files that another process needs for the same."""
        ...


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
        from kenning_lego.training.processes import Processes  # joblib: only who asks for it

        return Processes(count)
    found = {each.name: each for each in entry_points(group=ENTRY_POINTS)}
    if name not in found:
        raise UnknownNameError("executor", name, ["in-process", "processes", *found])
    make: Callable[[int], Executor] = found[name].load()
    return make(count)
