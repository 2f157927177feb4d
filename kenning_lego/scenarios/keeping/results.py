"""The runs of workspaces as one collection: to filter, to find in, and to look at."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import overload

from kenning_lego.core.errors import ConfigurationError, UnknownNameError
from kenning_lego.core.record_kinds import KINDS
from kenning_lego.core.showing import Shown
from kenning_lego.core.tables import Table, table_of
from kenning_lego.scenarios.keeping.filters import Filter, parse_condition
from kenning_lego.scenarios.keeping.moments import moment
from kenning_lego.scenarios.keeping.result import COLUMNS, Result
from kenning_lego.scenarios.keeping.scanning import OnRead, scan
from kenning_lego.store.runs import find_workspaces

LATEST = "latest"
"""Stands for the id of the newest run that finished."""


class Results(Shown, Sequence[Result]):
    """Runs, the newest first.

    Args:
        found: in this order.
    """

    __slots__ = ("_found",)

    def __init__(self, found: Iterable[Result]) -> None:
        self._found = tuple(found)

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> Results: ...
    @overload
    def __getitem__(self, index: str) -> Result: ...
    def __getitem__(self, index: int | slice | str) -> Result | Results:
        if isinstance(index, str):
            return self.find(index)
        return Results(self._found[index]) if isinstance(index, slice) else self._found[index]

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Result]:
        return iter(self._found)

    def __repr__(self) -> str:
        return f"<{self._title()}>"

    def tables(self) -> tuple[Table, ...]:
        """One table with a row a run."""
        return (table_of("runs", self._title(), COLUMNS, [each.row() for each in self]),)

    def _title(self) -> str:
        return f"{len(self)} run{'' if len(self) == 1 else 's'}"

    def find(self, text: str) -> Result:
        """The run that is meant.

        Args:
            text: its id, a beginning of it that no other has, the characters behind its last
                hyphen or a beginning of them, or ``latest``.

        Raises:
            UnknownNameError: there is no such run.
            ConfigurationError: several could be meant.
        """
        if text == LATEST:
            newest = next((each for each in self if each.state == "finished"), None)
            if newest is None:
                raise ConfigurationError("no run has finished here", "name a --workspace")
            return newest
        found = [each for each in self if each.id == text] or [
            each for each in self if text and _abbreviates(text, each.id)
        ]
        if not found:
            raise UnknownNameError(
                "run", text, [each.id for each in self[:3]], "`kenning-lego results list` has all"
            )
        if len(found) > 1:
            raise ConfigurationError(
                f"{text!r} could be {len(found)} runs",
                f"write more of it: {', '.join(each.id for each in found[:3])}",
            )
        return found[0]

    def where(
        self,
        *conditions: str,
        kind: str | Sequence[str] = (),
        network: str = "",
        board: str = "",
        engine: str = "",
        tag: str | Sequence[str] = (),
        since: str = "",
        until: str = "",
    ) -> Results:
        """The runs for which all of this holds.

        Args:
            conditions: such as ``latency_ms<12`` or ``verdict=stable``.
            kind: of record, or several of them.
            network: a part of its name; likewise `board` and `engine`.
            board: that it ran on.
            engine: with its version.
            tag: that it has, or several that it has all of.
            since: a date, a date with a time, or an age such as ``7d``.
            until: the same; of a date, to its end.

        Raises:
            ConfigurationError: a condition or a moment is none.
            UnknownNameError: there is no such kind or figure.
        """
        now = datetime.now(timezone.utc)
        kinds = _several(kind)
        for each in kinds:
            if each not in KINDS:
                raise UnknownNameError("kind of record", each, KINDS)
        wanted = Filter(
            kinds=kinds,
            network=network,
            board=board,
            engine=engine,
            tags=_several(tag),
            since=moment(since, now) if since else None,
            until=moment(until, now, end=True) if until else None,
            conditions=tuple(map(parse_condition, conditions)),
        )
        return Results(wanted.of(self))


def results(*workspaces: Path | str, on_read: OnRead | None = None) -> Results:
    """All runs of workspaces; what was read of them before is not read again.

    Args:
        workspaces: their directories; by default this directory and those in ``workspaces/``.
        on_read: called with how many records are read, of how many that were not known.

    Raises:
        ConfigurationError: a directory is no workspace.
        StoreError: one cannot be looked into.
    """
    return Results(scan(find_workspaces([Path(each) for each in workspaces]), on_read))


def run_path(named: Path | str, *workspaces: Path | str) -> Path:
    """The directory of the run that is meant, or the file or directory of that name.

    Args:
        named: a path, or as in :meth:`Results.find`.
        workspaces: to look for the run in, as in :func:`results`.

    Raises:
        UnknownNameError: there is neither.
        ConfigurationError: several runs could be meant.
    """
    path = Path(named)
    return path if path.exists() else results(*workspaces).find(str(named)).path


def _abbreviates(text: str, run: str) -> bool:
    return run.startswith(text) or run.rpartition("-")[2].startswith(text)


def _several(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)
