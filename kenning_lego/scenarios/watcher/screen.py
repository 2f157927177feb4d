"""The view on a terminal: refreshed in place on its alternate screen until q or Ctrl-C."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import termios
import time
import tty
from collections.abc import Callable, Iterator

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from kenning_lego.scenarios.watcher.readings import rows
from kenning_lego.scenarios.watcher.seen import SeenPipeline, Sight
from kenning_lego.scenarios.watcher.words import (
    back,
    configuration,
    lease,
    pipeline_in_words,
    sparkline,
    under_way,
)

_QUIT = ("q", "Q", "\x03", "\x1b")
_NAME_COLUMN = 12


def show_until_ended(
    console: Console, look: Callable[[], Sight], interval_s: float, seconds: float | None
) -> None:
    """Look again and again, and show it.

    Args:
        console: an interactive one.
        look: gives what is seen now.
        interval_s: between looks.
        seconds: for how long; None until a key ends it.
    """
    end = None if seconds is None else time.monotonic() + seconds
    news = ""
    with _keys(), Live(console=console, screen=True, auto_refresh=False) as live:
        while True:
            sight = look()
            if sight.gone_s is not None:
                at = time.strftime("%H:%M:%S", time.localtime(sight.at_unix_s))
                news = f"{at} {back(sight)}"
            live.update(view(sight, console, news), refresh=True)
            left = interval_s if end is None else min(interval_s, end - time.monotonic())
            if left <= 0 or _pressed(left):
                return


def view(sight: Sight, console: Console, news: str = "") -> RenderableType:
    """What was seen, and what happened before, as wide as the terminal is."""
    at = time.strftime("%H:%M:%S", time.localtime(sight.at_unix_s))
    parts: list[RenderableType] = [
        Text(f"{sight.address}  {sight.machine}", style="bold", overflow="ellipsis", no_wrap=True)
    ]
    if sight.trouble:
        parts.append(Text(f"lost: {sight.trouble}; trying again", style="bold red"))
    else:
        parts += _work(sight, console)
        parts += _pipelines(sight, console)
        parts += _sensors(sight)
    if news:
        parts.append(Text(news, style="yellow"))
    parts.append(Text(f"{at}   q ends", style="dim"))
    return Group(*parts)


def _work(sight: Sight, console: Console) -> Iterator[RenderableType]:
    table = _rows_table()
    table.add_row("lease", Text(lease(sight.observation)))
    seen = sight.observation
    if seen.doing:
        table.add_row("doing", Text(under_way(sight)))
    if seen.doing and seen.total:
        width = min(60, console.width - _NAME_COLUMN - 2)
        table.add_row("", ProgressBar(total=seen.total, completed=seen.done, width=width))
    yield table


def _pipelines(sight: Sight, console: Console) -> Iterator[RenderableType]:
    if sight.pipelines:
        yield Rule("pipelines", align="left", style="dim")
    for pipeline in sight.pipelines:
        yield from _pipeline(pipeline, console)


def _pipeline(pipeline: SeenPipeline, console: Console) -> Iterator[RenderableType]:
    style = {"running": "green", "failed": "bold red"}.get(pipeline.status.state, "yellow")
    table = _rows_table()
    table.add_row(
        Text(pipeline.status.name, style=style, overflow="ellipsis", no_wrap=True),
        Text(pipeline_in_words(pipeline)),
    )
    table.add_row("", Text(configuration(pipeline), style="dim"))
    bars = sparkline(
        pipeline.durations_ns,
        min(60, console.width - _NAME_COLUMN - 2),
        plain=console.options.ascii_only,
    )
    if bars:
        table.add_row("", Text(bars, style="cyan", no_wrap=True))
    yield table


def _sensors(sight: Sight) -> Iterator[RenderableType]:
    yield Rule("sensors", align="left", style="dim")
    found = list(rows(sight.observation.latest))
    table = _rows_table()
    for row in found:
        table.add_row(row.name, Text(row.text, style="bold red" if row.bad else ""))
    yield table if found else Text("nothing was read yet", style="dim")


def _rows_table() -> Table:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(width=_NAME_COLUMN, no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    return table


@contextlib.contextmanager
def _keys() -> Iterator[None]:
    """Keys come at once and are not shown; Ctrl-C stays what it is."""
    if not sys.stdin.isatty():
        yield
        return
    terminal = sys.stdin.fileno()
    before = termios.tcgetattr(terminal)
    try:
        tty.setcbreak(terminal)
        yield
    finally:
        termios.tcsetattr(terminal, termios.TCSADRAIN, before)


def _pressed(seconds: float) -> bool:
    """Whether a key that ends the view is pressed within that time."""
    if not sys.stdin.isatty():
        time.sleep(seconds)
        return False
    ready, _, _ = select.select([sys.stdin], [], [], seconds)
    return bool(ready) and os.read(sys.stdin.fileno(), 64).decode(errors="replace") in _QUIT
