"""All runs of workspaces, each read once; what cannot be read is listed as such."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from kenning_lego.core.errors import KenningLegoError, NewerRecordError, WorkspaceError
from kenning_lego.reports.headline import Headline
from kenning_lego.scenarios.keeping.cache import RunCache
from kenning_lego.scenarios.keeping.result import Result
from kenning_lego.store.labels import read_labels
from kenning_lego.store.runs import FoundRun, find_runs

OnRead = Callable[[int, int], None]


def scan(workspaces: Sequence[Path], on_read: OnRead | None = None) -> list[Result]:
    """The runs of workspaces, the newest first.

    Args:
        workspaces: their directories.
        on_read: called with how many records are read, of how many that were not known.

    Raises:
        StoreError: a workspace cannot be looked into.
    """
    found = [result for each in workspaces for result in _of_workspace(each, on_read)]
    return sorted(found, key=lambda each: (each.created, each.id), reverse=True)


def _of_workspace(workspace: Path, on_read: OnRead | None) -> list[Result]:
    cache = RunCache(workspace)
    known = [(run, cache.find(run)) for run in find_runs(workspace)]
    unknown = [run for run, result in known if result is None]
    results = [result for _, result in known if result is not None]
    try:
        for done, run in enumerate(unknown, 1):
            result = _read(run)
            if result.state != "damaged":  # it may only be that it may not be read just now
                cache.keep(run, result)
            results.append(result)
            if on_read is not None:
                on_read(done, len(unknown))
    finally:
        cache.save()
    return [_labelled(each) for each in results]


def _read(run: FoundRun) -> Result:
    unread = Headline("", _began(run).isoformat())
    if run.record is None:
        return Result(run.workspace, run.path, "unfinished", unread)
    from kenning_lego.core.opening import open_record  # a list that is known does without
    from kenning_lego.reports.headlines import headline_of

    try:
        headline = headline_of(open_record(run.path / run.record))
        datetime.fromisoformat(headline.created)
    except NewerRecordError as error:
        return Result(run.workspace, run.path, "newer", unread, problem=error.problem)
    except KenningLegoError as error:
        return Result(run.workspace, run.path, "damaged", unread, problem=error.problem)
    except ValueError as error:
        return Result(run.workspace, run.path, "damaged", unread, problem=str(error))
    return Result(run.workspace, run.path, "finished", headline)


def _labelled(result: Result) -> Result:
    try:
        return replace(result, labels=read_labels(result.path))
    except WorkspaceError as error:
        problem = "; ".join(filter(None, (result.problem, error.problem)))
        return replace(result, problem=problem, labels_known=False)


def _began(run: FoundRun) -> datetime:
    """When a run began by its name; else when its directory was changed."""
    try:
        return datetime.strptime(f"{run.id[:15]}+0000", "%Y%m%dT%H%M%S%z")
    except ValueError:
        return datetime.fromtimestamp(run.modified_ns / 1e9, timezone.utc)
