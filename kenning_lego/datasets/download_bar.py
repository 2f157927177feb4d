"""How far a download is, on the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from kenning_lego.core.errors import MissingDependencyError
from kenning_lego.core.output import current


@contextmanager
def download_bar(name: str) -> Iterator[Callable[[int, int | None], None]]:
    """Show it in the step that runs; without any, as a bar on standard error.

    Yields:
        To be told how many bytes there are, and how many there will be if that is known.

    Raises:
        MissingDependencyError: rich is not installed.
    """
    output = current()
    tell = output.on_progress
    if tell is not None or not output.for_people:
        yield lambda done, total: tell(done, total or 0, _said(name, done)) if tell else None
        return
    try:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )
    except ModuleNotFoundError as error:
        raise MissingDependencyError("rich", "host", "fetching a dataset") from error
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=30),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(f"fetch {name}", total=None)

        def update(done: int, total: int | None) -> None:
            bar.update(task, completed=done, total=total)

        yield update


def _said(name: str, done: int) -> str:
    return f"fetch {name}, {done / 1e6:.1f} MB"
