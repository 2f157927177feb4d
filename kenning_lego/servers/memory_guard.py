"""A worker's memory limit: the kernel's where the server may make control groups, else a watch.

Not RLIMIT_AS: CUDA and others reserve far more addresses than they use memory.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from kenning_lego.servers.control_group import ControlGroup, make_group
from kenning_lego.servers.limits import excess, memory_exceeded


class MemoryGuard(Protocol):
    """Keeps one worker within its memory.

    Attributes:
        description: how it does so, for the log.
    """

    description: str

    def exceeded(self) -> str | None:
        """Why the worker has to be ended for its memory, or None."""
        ...

    def why_killed(self) -> str | None:
        """Why the kernel ended the worker, if it did so for this limit."""
        ...

    def close(self) -> None:
        """Clean up, once the worker has ended."""
        ...


class GroupGuard:
    """The kernel keeps the limit, page cache and children included.

    Args:
        group: for the worker alone.
        pid: the worker.
        limit_bytes: of memory; no swap on top.

    Raises:
        OSError: the group cannot be limited, or the worker not be moved into it.
    """

    def __init__(self, group: ControlGroup, pid: int, limit_bytes: int) -> None:
        group.limit_memory(limit_bytes)
        group.add(pid)
        self._group = group
        self._limit = limit_bytes
        self.description = f"kept to {limit_bytes / 1e6:.0f} MB by {group.path}"

    def exceeded(self) -> str | None:
        """None, unless the kernel has killed part of the group."""
        return self.why_killed()

    def why_killed(self) -> str | None:
        """That it exceeded its limit, if the kernel killed it for that."""
        return memory_exceeded(self._limit) if self._group.memory_kills() else None

    def close(self) -> None:
        """Remove the group and what is left in it."""
        self._group.remove()


class ResidentGuard:
    """The server looks at how much memory the worker has resident or swapped out.

    What the worker's own children use is not seen.

    Args:
        pid: the worker, not yet waited for.
        limit_bytes: of memory.
        why: there is no control group.
    """

    def __init__(self, pid: int, limit_bytes: int, why: str) -> None:
        self._limit = limit_bytes
        # Held open: a look costs a few microseconds, and never falls on another process's id.
        self._status = os.open(f"/proc/{pid}/status", os.O_RDONLY | os.O_CLOEXEC)
        self.description = f"watched for {limit_bytes / 1e6:.0f} MB; no control group: {why}"

    def exceeded(self) -> str | None:
        """That it exceeds its limit, if it does."""
        return excess(self._limit, self.used_bytes())

    def used_bytes(self) -> int:
        """Memory of the worker, in RAM or swapped out; 0 once it has ended."""
        try:
            status = os.pread(self._status, 8192, 0)
        except ProcessLookupError:
            return 0
        # With the line's begin: the process may name itself as it likes.
        return _kilobytes(status, b"\nVmRSS:") + _kilobytes(status, b"\nVmSwap:")

    def why_killed(self) -> str | None:
        """None: the kernel knows nothing of this limit."""
        return None

    def close(self) -> None:
        """Stop looking."""
        os.close(self._status)


def guard_memory(pid: int, limit_bytes: int, root: Path = Path("/")) -> MemoryGuard:
    """Limit a worker's memory in the best way that there is here.

    Args:
        pid: the worker, just started and not yet waited for.
        limit_bytes: of memory.
        root: where ``proc`` is; another directory in tests.
    """
    try:
        group = make_group(pid, root)
    except OSError as error:
        return ResidentGuard(pid, limit_bytes, _brief(error))
    try:
        return GroupGuard(group, pid, limit_bytes)
    except OSError as error:
        group.remove()
        return ResidentGuard(pid, limit_bytes, _brief(error))


def _brief(error: OSError) -> str:
    named = f" ({error.filename})" if error.filename else ""
    return f"{error.strerror}{named}"


def _kilobytes(status: bytes, name: bytes) -> int:
    # In bytes; processes without memory, such as zombies, have no such lines.
    begin = status.find(name)
    return int(status[begin + len(name) :].split(None, 1)[0]) * 1024 if begin >= 0 else 0
