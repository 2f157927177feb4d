"""A workspace: the directory in which a network's steps, weights, artifacts and runs are kept.

Layout: ``manifest.json``, ``steps/<name>/<key>.json``, ``weights/<key>.safetensors``,
``artifacts/<sha256>``, ``networks/<name>/``, ``runs/<id>/``. Plain files, each written whole.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final

from kenning_lego.core.errors import StoreError, WorkspaceError
from kenning_lego.core.record_kinds import KINDS
from kenning_lego.store.artifacts import ArtifactStore
from kenning_lego.store.atomic import write_json

LAYOUT_VERSION: Final = 1

_TEST_RECORD: Final = KINDS["run"].file_name


@dataclass(frozen=True, slots=True)
class Step:
    """The place of one step's result, found by what went into it."""

    name: str
    key: str
    path: Path
    weights: Path

    def load(self) -> dict[str, Any] | None:
        """The result of an earlier run with the same inputs, or None.

        A result whose file is damaged counts as none: the step is done again.
        """
        try:
            result = json.loads(self.path.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return None
        except OSError as error:
            raise StoreError(f"cannot read {self.path}: {error.strerror}") from error
        return result if isinstance(result, dict) else None

    def save(self, result: Mapping[str, Any]) -> None:
        """Keep the step's result.

        Raises:
            StoreError: it cannot be written.
        """
        write_json(self.path, dict(result))


class Workspace:
    """Open the workspace at `root`, or make an empty one there.

    Raises:
        WorkspaceError: `root` is something else, or a workspace of another layout.
        StoreError: it cannot be written.
    """

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        manifest = self.root / "manifest.json"
        if manifest.exists():
            _check(manifest)
        elif self.root.exists() and (not self.root.is_dir() or any(self.root.iterdir())):
            raise WorkspaceError(
                f"{self.root} exists and is not a workspace", "name an empty or a new directory"
            )
        else:
            created = datetime.now(timezone.utc).isoformat(timespec="seconds")
            write_json(
                manifest,
                {"kind": "workspace", "layout_version": LAYOUT_VERSION, "created": created},
            )
        self.artifacts = ArtifactStore(self.root / "artifacts")

    def step(self, name: str, version: int, inputs: Mapping[str, Any]) -> Step:
        """The place of a step's result.

        Args:
            name: of the step.
            version: to be raised when the step's meaning changes.
            inputs: everything that the result depends on, as JSON values.
        """
        content = json.dumps([name, version, inputs], sort_keys=True, ensure_ascii=False)
        key = hashlib.sha256(content.encode()).hexdigest()[:32]
        return Step(
            name,
            key,
            self.root / "steps" / name / f"{key}.json",
            self.root / "weights" / f"{key}.safetensors",
        )

    def network(self, name: str) -> Path:
        """The directory of a network's blocks, whether there is one yet or not."""
        return self.root / "networks" / re.sub(r"[^A-Za-z0-9_.-]", "_", name).lstrip(".")

    def networks(self) -> list[Path]:
        """The directories of all networks whose blocks are here."""
        return sorted(path.parent for path in self.root.glob("networks/*/manifest.json"))

    def new_run(self) -> Path:
        """A fresh directory for a run; its name sorts by time."""
        path = self.root / "runs" / new_run_name()
        try:
            path.mkdir(parents=True)
        except OSError as error:
            raise StoreError(f"cannot make {path}: {error.strerror}") from error
        return path

    def record(self, run: str) -> Path:
        """The record of the run of that name.

        Raises:
            WorkspaceError: there is none.
        """
        records = {path.parent.name: path for path in self.root.glob(f"runs/*/{_TEST_RECORD}")}
        if run not in records:
            newest = ", ".join(sorted(records)[-3:]) or "none"
            raise WorkspaceError(
                f"{self.root} has no finished run {run!r}", f"its newest are: {newest}"
            )
        return records[run]

    def latest_record(self) -> Path:
        """The record of the newest run that has one.

        Raises:
            WorkspaceError: no run has finished here.
        """
        records = sorted(self.root.glob(f"runs/*/{_TEST_RECORD}"))
        if not records:
            raise WorkspaceError(f"{self.root} holds no finished run", "run `kenning-lego test`")
        return records[-1]


def new_run_name() -> str:
    """A name for a run that begins now; names sort by time."""
    stamp = datetime.now(timezone.utc).strftime("%Y%m%dT%H%M%S.%f")[:-3]
    return f"{stamp}Z-{secrets.token_hex(2)}"


def _check(manifest: Path) -> None:
    try:
        content = json.loads(manifest.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WorkspaceError(
            f"{manifest} cannot be read: {error}", "name another workspace directory"
        ) from error
    if not isinstance(content, dict) or content.get("kind") != "workspace":
        raise WorkspaceError(f"{manifest.parent} is not a workspace", "name another directory")
    found = content.get("layout_version")
    if found != LAYOUT_VERSION:
        raise WorkspaceError(
            f"workspace {manifest.parent} has layout version {found}, "
            f"this kenning-lego uses {LAYOUT_VERSION}",
            "name another directory, or use the kenning-lego that made it",
        )
