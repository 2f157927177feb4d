"""What was read of a workspace's runs before; only a cache, which is made again when it is lost.

It lies in the user's directory of caches, so that workspaces that cannot be written have one too.
A run's entry counts as long as its record's file has the same name, size and time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from kenning_lego import __version__
from kenning_lego.core.errors import StoreError
from kenning_lego.reports.headline import Headline
from kenning_lego.scenarios.keeping.result import Result, State
from kenning_lego.store.atomic import write_bytes
from kenning_lego.store.runs import FoundRun

_VERSION: Final = 1
"""To be raised when a headline says something else of the same record."""


def cache_directory() -> Path | None:
    """``kenning-lego/results`` in ``$XDG_CACHE_HOME`` or ``~/.cache``; None without a home."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    if not base.is_absolute():  # the XDG specification has relative ones ignored
        try:
            base = Path.home() / ".cache"
        except RuntimeError:
            return None
    return base / "kenning-lego" / "results"


class RunCache:
    """What is known of the runs of one workspace.

    Args:
        workspace: the directory.
    """

    def __init__(self, workspace: Path) -> None:
        self._workspace = str(workspace.absolute())
        directory = cache_directory()
        name = f"{hashlib.sha256(self._workspace.encode()).hexdigest()[:32]}.json"
        self._path = directory / name if directory else None
        self._entries: dict[str, Any] = self._load()
        self._used: dict[str, Any] = {}

    def find(self, run: FoundRun) -> Result | None:
        """What is known of a run as it is now."""
        entry = self._entries.get(run.id)
        try:
            if entry is None or entry["of"] != _signature(run):
                return None
            state, problem = _STATE.validate_python(entry["state"]), str(entry["problem"])
            headline = Headline(**entry["headline"])
        except (KeyError, TypeError, ValidationError):
            return None
        self._used[run.id] = entry
        return Result(run.workspace, run.path, state, headline, problem=problem)

    def keep(self, run: FoundRun, result: Result) -> None:
        """Note what was read of a run."""
        self._used[run.id] = {
            "of": _signature(run),
            "state": result.state,
            "problem": result.problem,
            "headline": asdict(result.headline),
        }

    def save(self) -> None:
        """Write what was used or noted since it was opened, if that is not what is there."""
        if self._path is None or self._used == self._entries:
            return
        content = {**self._header(), "runs": self._used}
        with contextlib.suppress(StoreError):  # then everything is read again
            write_bytes(self._path, json.dumps(content, ensure_ascii=False).encode())

    def _header(self) -> dict[str, Any]:
        return {"version": _VERSION, "software": __version__, "workspace": self._workspace}

    def _load(self) -> dict[str, Any]:
        if self._path is None:
            return {}
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(content, dict):
            return {}
        runs = content.pop("runs", None)
        return runs if content == self._header() and isinstance(runs, dict) else {}


_STATE: Final[TypeAdapter[State]] = TypeAdapter(State)


def _signature(run: FoundRun) -> list[str | int | None]:
    return [run.record, run.size, run.modified_ns]
