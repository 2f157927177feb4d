"""Telling people how far a long step is: bars on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

_LINE_INTERVAL_S = 10.0
_PLAIN_WIDTH = 120


def duration(seconds: float) -> str:
    """A length of time in no more digits than an estimate has: ``40 s``, ``12 min``, ``3.5 h``."""
    if seconds < 60:
        return f"{math.ceil(seconds)} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"


def make_console() -> Console:
    """Standard output, wide enough for tables when it is no terminal."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_PLAIN_WIDTH)


@dataclass
class Track:
    """One step under way.

    Attributes:
        note: said when the step is done, such as what was found in the workspace.
    """

    console: Console
    title: str
    bar: Progress | None = None
    task: TaskID | None = None
    note: str = ""
    _first: tuple[int, float] | None = None
    _begin: float = field(default_factory=time.monotonic)
    _spoken: float = field(default_factory=time.monotonic)

    def update(self, done: int, total: int, text: str = "") -> None:
        """Say that `done` of `total` is done."""
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, completed=done, total=total, text=text)
        elif time.monotonic() - self._spoken > _LINE_INTERVAL_S:
            self._spoken = time.monotonic()
            left = self._left(done, total)
            line = f"  {self.title}: {done / max(1, total):.0%} {text}".rstrip()
            self.console.print(f"{line}{left}", soft_wrap=True)
        if self._first is None:
            self._first = done, time.monotonic()

    def say(self, text: str) -> None:
        """A line above the bar that stays."""
        self.console.print(f"  {self.title}: {text}", soft_wrap=True, markup=False)

    def _left(self, done: int, total: int) -> str:
        """From how fast it was since it told for the first time: what was done before is free."""
        if self._first is None or done <= self._first[0]:
            return ""
        before, since = self._first
        seconds = (time.monotonic() - since) * (total - done) / (done - before)
        return f", about {duration(seconds)} left"

    @property
    def seconds(self) -> float:
        """Since the step began."""
        return time.monotonic() - self._begin


class Steps:
    """The steps of a scenario: each shows how far it is, and how long it took.

    Args:
        console: where to tell about it.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.durations_s: dict[str, float] = {}
        """Of the steps that are done, by title."""

    @contextmanager
    def __call__(self, title: str) -> Iterator[Track]:
        """Show a step while it runs."""
        console = self.console
        if console.is_terminal:
            bar = Progress(
                TextColumn("  {task.description}"),
                BarColumn(bar_width=30),
                TextColumn("{task.fields[text]}"),
                TimeRemainingColumn(),
                console=console,
                transient=True,
            )
            with bar:
                track = Track(console, title, bar, bar.add_task(title, total=None, text=""))
                yield track
        else:
            console.print(f"  {title} ...", soft_wrap=True)
            track = Track(console, title)
            yield track
        self.durations_s[title] = round(track.seconds, 3)
        note = f" ({track.note})" if track.note else ""
        console.print(f"  {title}: {track.seconds:.1f} s{note}", soft_wrap=True)
