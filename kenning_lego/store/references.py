"""What the files of a workspace refer to: artifacts by their sha256, runs by their names.

Files are searched as text, whatever their layout and version: what is named anywhere in one counts.
"""

from __future__ import annotations

import re
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kenning_lego.core.errors import StoreError

_DIGEST: Final = re.compile(rb"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")
_NAME: Final = re.compile(r"[0-9a-f]{64}")
FRESH_S: Final = 3600.0
"""What was written or read so lately may be somebody's who has yet to say so."""


@dataclass(frozen=True, slots=True)
class Unreferred:
    """An artifact that no file refers to."""

    path: Path
    size: int


def unreferred_artifacts(
    workspace: Path, without: Collection[Path] = (), now_s: float | None = None
) -> list[Unreferred]:
    """The artifacts that no run, step or network of a workspace refers to, and that are not fresh.

    Args:
        workspace: the directory.
        without: directories of runs that are taken for gone.
        now_s: Unix time; now if not given.

    Raises:
        StoreError: a file cannot be read.
    """
    store = workspace / "artifacts"
    if not store.is_dir():
        return []
    fresh_s = (time.time() if now_s is None else now_s) - FRESH_S
    referred = {name for path in _texts(workspace, without) for name in digests_in(path)}
    found = []
    for path in sorted(store.iterdir()):
        if _NAME.fullmatch(path.name) and path.name not in referred and not path.is_symlink():
            state = path.stat()
            if state.st_mtime < fresh_s:
                found.append(Unreferred(path, state.st_size))
    return found


def digests_in(path: Path) -> set[str]:
    """Everything in a file that looks like a sha256.

    Raises:
        StoreError: it cannot be read.
    """
    return {each.decode() for each in _DIGEST.findall(_read(path))}


def runs_in(run: Path, names: Iterable[str]) -> set[str]:
    """Those of these names of runs that a run's files hold.

    Raises:
        StoreError: one cannot be read.
    """
    contents = [_read(path) for path in run.glob("*.json")]
    return {name for name in names if any(name.encode() in each for each in contents)}


def size_of(directory: Path) -> int:
    """Bytes of all files below a directory."""
    return sum(path.lstat().st_size for path in directory.rglob("*") if not path.is_dir())


def _texts(workspace: Path, without: Collection[Path]) -> Iterator[Path]:
    gone = set(without)
    for top in workspace.iterdir():
        if top.name == "artifacts":
            continue
        if top.is_dir():
            for path in top.rglob("*.json"):
                if gone.isdisjoint(path.parents) and path.is_file():
                    yield path


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # somebody replaced or removed it
        return b""
    except OSError as error:
        raise StoreError(
            f"cannot read {path}, which may refer to artifacts: {error.strerror}",
            "check its permissions",
        ) from error
