"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import json
import os
import secrets
from pathlib import Path
from typing import Any

from kenning_lego.core.errors import StoreError


def write_bytes(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step, durably.

    Raises:
        StoreError: the disk is full or the directory cannot be written; `path` is as before.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Not tempfile, whose files nobody else may read: reports and records are for others too.
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        try:
            with temporary.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise write_error(path, error) from error


def write_json(path: Path, content: Any) -> None:
    """Replace `path` by `content` as JSON, in one step.

    Raises:
        StoreError: as in :func:`write_bytes`.
    """
    text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
    write_bytes(path, (text + "\n").encode())


def write_error(path: Path, error: OSError) -> StoreError:
    """What to tell a user whose disk refused a write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StoreError(f"no space left to write {path}", "free some space and run it again")
    return StoreError(f"cannot write {path}: {error.strerror or error}", "check its permissions")
