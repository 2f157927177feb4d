"""Where runs lie, and the file of each one's record; nothing is read of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kenning_lego.core.errors import ConfigurationError, StoreError
from kenning_lego.core.record_kinds import KINDS

_MANIFEST: Final = "manifest.json"
_NAMES: Final = tuple(each.file_name for each in KINDS.values())


@dataclass(frozen=True, slots=True)
class FoundRun:
    """A run's directory.

    Args:
        workspace: that it is of.
        path: of the directory.
        record: name of the record's file in it; None if it has none.
        size: of that file in bytes.
        modified_ns: when that file was written, or the directory if there is none; Unix time.
    """

    workspace: Path
    path: Path
    record: str | None
    size: int
    modified_ns: int

    @property
    def id(self) -> str:
        """The directory's name."""
        return self.path.name


def find_workspaces(named: Sequence[Path], here: Path | None = None) -> tuple[Path, ...]:
    """The workspaces that are meant.

    Args:
        named: directories; if there are none, `here` and what lies in ``workspaces/`` below it.
        here: where to look by default; the working directory if not given.

    Raises:
        ConfigurationError: a directory that was named is no workspace.
    """
    for each in named:
        if not is_workspace(each):
            raise ConfigurationError(f"{each} is not a workspace", "name one that a run made")
    if named:
        return tuple(dict.fromkeys(named))
    here = here or Path()
    return tuple(each for each in (here, *sorted(here.glob("workspaces/*"))) if is_workspace(each))


def is_workspace(path: Path) -> bool:
    """Whether a directory is a workspace, of whatever layout."""
    try:
        content = json.loads((path / _MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and content.get("kind") == "workspace"


def find_runs(workspace: Path) -> Iterator[FoundRun]:
    """The directories of a workspace's runs, in no order.

    Raises:
        StoreError: they cannot be listed.
    """
    try:
        with os.scandir(workspace / "runs") as entries:
            names = [each.name for each in entries if each.is_dir() and each.name[0] != "."]
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(
            f"cannot list {workspace / 'runs'}: {error.strerror}", "check its permissions"
        ) from error
    for name in names:
        found = _look(workspace, workspace / "runs" / name)
        if found is not None:
            yield found


def _look(workspace: Path, run: Path) -> FoundRun | None:
    """The run; None if it went away meanwhile."""
    try:
        held = {each.name for each in run.iterdir()}
        record = next((name for name in _NAMES if name in held), None)
        state = (run / record if record else run).stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StoreError(f"cannot look into {run}: {error.strerror}", "check it") from error
    return FoundRun(workspace, run, record, state.st_size if record else 0, state.st_mtime_ns)
