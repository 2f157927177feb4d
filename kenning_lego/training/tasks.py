"""Parts of a larger work, as whoever does them sees them.

A task leaves its result in files under names that hash all that it depends on. So a task that
was done is found, and executors need to move nothing but names, numbers and paths.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from kenning_lego.core.errors import KenningLegoError
from kenning_lego.training.progress import OnProgress, ShouldStop

Json = None | bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"]


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
