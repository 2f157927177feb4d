"""Removing runs that nobody wants to keep, and artifacts that nothing refers to any more."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from kenning_lego.core.errors import StoreError, WorkspaceError
from kenning_lego.scenarios.keeping.result import Result
from kenning_lego.store.labels import read_labels
from kenning_lego.store.references import (
    FRESH_S,
    Unreferred,
    runs_in,
    size_of,
    unreferred_artifacts,
)

_GONE: Final = ".gone-"
"""Before the name of a run that is being removed: it is no run any more."""


@dataclass(frozen=True, slots=True)
class Policy:
    """Which runs may go.

    Args:
        keep: the newest of each workspace, network and kind that stay; None for none.
        older_than: only what is older goes; None for any age.
    """

    keep: int | None = None
    older_than: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Pruning:
    """What goes, or would go.

    Args:
        runs: in order of the list.
        run_bytes: of all their files.
        artifacts: that nothing refers to once the runs are gone.
        referred: runs that stay because others that stay name them.
    """

    runs: tuple[Result, ...]
    run_bytes: int
    artifacts: tuple[Unreferred, ...]
    referred: tuple[Result, ...]

    @property
    def artifact_bytes(self) -> int:
        """Of all the artifacts."""
        return sum(each.size for each in self.artifacts)


def candidates(results: Sequence[Result], policy: Policy, now: datetime) -> list[Result]:
    """The runs that a policy lets go, before what refers to them is looked at.

    What has a tag stays, as does what only a newer kenning-lego can read, what lies elsewhere and
    is linked to, and what has no record yet and is so fresh that it may be under way.

    Args:
        results: all runs, the newest first.
        policy: the policy.
        now: with a time zone.
    """
    seen: Counter[tuple[Path, str, str]] = Counter()
    found = []
    for each in results:
        group = each.workspace, each.headline.network, each.headline.kind
        seen[group] += 1
        age = now - each.created
        if (
            each.labels_known
            and not each.labels.tags
            and each.state != "newer"
            and not each.path.is_symlink()
            and not (each.state == "unfinished" and age < timedelta(seconds=FRESH_S))
            and (policy.keep is None or seen[group] > policy.keep)
            and (policy.older_than is None or age > policy.older_than)
        ):
            found.append(each)
    return found


def plan_pruning(results: Sequence[Result], policy: Policy, now: datetime) -> Pruning:
    """What a policy removes of all the runs of workspaces.

    Raises:
        StoreError: a file that may refer to something cannot be read.
    """
    going = {each.path: each for each in candidates(results, policy, now)}
    referred: list[Result] = []
    asked = [each for each in results if each.path not in going]
    while asked and going:
        names = {each.id for each in going.values()}
        named = {name for each in asked for name in runs_in(each.path, names)}
        asked = [each for each in going.values() if each.id in named]
        referred += [going.pop(each.path) for each in asked]
    runs = tuple(each for each in results if each.path in going)
    workspaces = dict.fromkeys(each.workspace for each in results)
    artifacts = [
        artifact
        for workspace in workspaces
        for artifact in unreferred_artifacts(workspace, going.keys(), now.timestamp())
    ]
    size = sum(size_of(each.path) for each in runs)
    return Pruning(runs, size, tuple(artifacts), tuple(referred))


def carry_out(pruning: Pruning) -> None:
    """Remove what was planned; a run that was tagged meanwhile stays.

    Raises:
        StoreError: something cannot be removed.
    """
    for workspace in {each.workspace for each in pruning.runs}:
        for gone in (workspace / "runs").glob(f"{_GONE}*"):  # of a removal that was cut short
            _remove_tree(gone)
    for each in pruning.runs:
        try:
            if not read_labels(each.path).tags:
                _remove_run(each.path)
        except WorkspaceError:
            continue  # what cannot be read may be a tag
    for workspace in dict.fromkeys(each.path.parents[1] for each in pruning.artifacts):
        planned = {each.path for each in pruning.artifacts}
        # Looked at anew: what was tagged, or written since, refers to some of them.
        for artifact in unreferred_artifacts(workspace):
            if artifact.path in planned:
                _unlink(artifact.path)


def _remove_run(path: Path) -> None:
    gone = path.with_name(f"{_GONE}{path.name}")
    try:
        path.rename(gone)  # at once: half a run is never listed
    except OSError as error:
        raise _refused(path, error) from error
    _remove_tree(gone)


def _remove_tree(path: Path) -> None:
    try:
        shutil.rmtree(path)
    except OSError as error:
        raise _refused(path, error) from error


def _unlink(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: OSError) -> StoreError:
    return StoreError(f"cannot remove {path}: {error.strerror}", "check its permissions")
