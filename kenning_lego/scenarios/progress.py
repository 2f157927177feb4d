"""Telling people how far a long step is: bars on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column
from rich.text import Text

from kenning_lego.core.output import OnWait, current
from kenning_lego.core.remaining import Left, Remaining
from kenning_lego.core.terminals import PLAIN_WIDTH, colours, is_interactive

_LINE_INTERVAL_S = 10.0
_LEAST_WIDTH = 70
"""Of a terminal that has room for a bar beside the words."""


def make_console() -> Console:
    """Where the verb tells people about its work; wide enough for tables if it is no terminal."""
    output = current()
    stream = output.people if output.for_people else io.StringIO()
    interactive = is_interactive(stream)
    return Console(
        file=stream,
        highlight=False,
        force_terminal=interactive or colours(stream),
        force_interactive=interactive,
        no_color=not colours(stream),
        width=None if interactive or "COLUMNS" in os.environ else PLAIN_WIDTH,
    )


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
    _remaining: Remaining = field(default_factory=Remaining)
    _begin: float = field(default_factory=time.monotonic)
    _spoken: float = field(default_factory=time.monotonic)

    def update(self, done: int, total: int, text: str = "") -> None:
        """Say that `done` of `total` is done."""
        now = time.monotonic()
        self._remaining.note(done, total, now)
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, completed=done, total=total, text=text)
        elif now - self._spoken > _LINE_INTERVAL_S:
            self._spoken = now
            share = f"{done / total:.0%} " if total else ""
            left = self.left
            line = f"  {self.title}: {share}{text}".rstrip()
            self.console.print(f"{line}{f', {left} left' if left else ''}", soft_wrap=True)

    def say(self, text: str) -> None:
        """A line above the bar that stays."""
        self.console.print(f"  {self.title}: {text}", soft_wrap=True, markup=False)

    @property
    def left(self) -> Left | None:
        """How long it still takes, if that can be known."""
        return self._remaining.left(time.monotonic())

    @property
    def seconds(self) -> float:
        """Since the step began."""
        return time.monotonic() - self._begin


class _Words(TextColumn):
    """What the step is at; it alone gives way in a narrow terminal."""

    def render(self, task: Task) -> Text:
        return Text(str(task.fields["text"]), no_wrap=True, overflow="ellipsis")


class _Times(TextColumn):
    """How long a step takes already, and how long it still will."""

    def __init__(self, track: Track) -> None:
        super().__init__("")
        self._track = track

    def render(self, task: Task) -> Text:  # noqa: ARG002 - the track knows more
        left = self._track.left
        return Text(f"{left} left" if left else f"{self._track.seconds:.0f} s", style="dim")


class Steps:
    """The steps of a scenario: each shows how far it is, and how long it took.

    Args:
        console: where to tell about it.
        count: how many steps there are in all; 0 if that is not known.
    """

    def __init__(self, console: Console, count: int = 0) -> None:
        self.console = console
        self.count = count
        self.durations_s: dict[str, float] = {}
        """Of the steps that are done, by title."""
        self._begun = 0

    @contextmanager
    def __call__(self, title: str) -> Iterator[Track]:
        """Show a step while it runs."""
        console = self.console
        self._begun += 1
        place = f"{self._begun}/{self.count} " if self._begun <= self.count else ""
        track = Track(console, f"{place}{title}")
        if console.is_interactive:
            with _bar(console, track), current().progress_to(track.update):
                yield track
        else:
            console.print(f"  {track.title} ...", soft_wrap=True)
            with current().progress_to(track.update):
                yield track
        self.durations_s[title] = round(track.seconds, 3)
        note = f" ({track.note})" if track.note else ""
        console.print(f"  {track.title}: {track.seconds:.1f} s{note}", soft_wrap=True)


def waiting_on(console: Console) -> OnWait:
    """Shows there what is waited for, and for how long already; on a terminal alone."""

    @contextmanager
    def wait(what: str) -> Iterator[None]:
        if not console.is_interactive:
            yield
            return
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        with Progress(*columns, console=console, transient=True) as bar:
            bar.add_task(what, total=None)
            yield

    return wait


@contextmanager
def _bar(console: Console, track: Track) -> Iterator[None]:
    wide = [BarColumn(bar_width=24)] if console.width >= _LEAST_WIDTH else []
    columns: Sequence[TextColumn | BarColumn] = (
        TextColumn("  {task.description}"),
        *wide,
        _Words("", table_column=Column(no_wrap=False)),
        _Times(track),
    )
    track.bar = Progress(*columns, console=console, transient=True, refresh_per_second=4)
    track.task = track.bar.add_task(track.title, total=None, text="")
    with track.bar:
        yield
