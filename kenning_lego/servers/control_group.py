"""Control groups (cgroup v2) for workers, where the server may make them.

A process may not stay in a group whose controllers are on for its children. So a server that has
a group to itself, as a systemd service with ``Delegate=memory`` has, first moves into a leaf of
that group. Nothing is done in a group that other processes share.

Source of the rules: the kernel's Documentation/admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from pathlib import Path, PurePosixPath

SERVER_LEAF = "kenning-lego-server"
WORKER_PREFIX = "kenning-lego-worker-"
REMOVAL_PATIENCE_S = 0.1
"""Killed processes leave their group within so long, or nearly always do."""


class ControlGroup:
    """A group for a worker and all that it starts.

    Args:
        path: its directory, which exists.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def limit_memory(self, limit_bytes: int) -> None:
        """Have the kernel kill the whole group once it needs more memory than that.

        Raises:
            OSError: the memory controller is not on in this group.
        """
        _write(self.path / "memory.max", str(limit_bytes))
        # Absent where the kernel cannot account for swap, or before Linux 4.19.
        for name, value in (("memory.swap.max", "0"), ("memory.oom.group", "1")):
            with contextlib.suppress(FileNotFoundError):
                _write(self.path / name, value)

    def add(self, pid: int) -> None:
        """Move a process in; what it starts from now on is in the group too.

        Raises:
            OSError: it is gone, or may not be moved.
        """
        _write(self.path / "cgroup.procs", str(pid))

    def memory_kills(self) -> int:
        """How many of its processes the kernel has killed for memory."""
        try:
            events = dict(
                line.split() for line in (self.path / "memory.events").read_text().splitlines()
            )
        except FileNotFoundError:
            return 0
        return int(events.get("oom_kill", 0))

    def remove(self) -> None:
        """Kill what is left in the group, and remove it.

        What does not die in time is left to :func:`make_group`, which removes empty groups.
        """
        with contextlib.suppress(OSError):  # absent before Linux 5.14
            _write(self.path / "cgroup.kill", "1")
        deadline = time.monotonic() + REMOVAL_PATIENCE_S
        while not _removed(self.path) and time.monotonic() < deadline:
            time.sleep(0.002)


def make_group(pid: int, root: Path = Path("/")) -> ControlGroup:
    """A fresh group for the worker with that process id, which is not moved in yet.

    Args:
        pid: names the group.
        root: where ``proc`` is; another directory in tests.

    Raises:
        OSError: this process may not make one here; the text says why.
    """
    parent = _parent_of_workers(own_group(root))
    for stale in parent.glob(f"{WORKER_PREFIX}*"):  # of servers that were killed
        _removed(stale)
    path = parent / f"{WORKER_PREFIX}{pid}"
    path.mkdir(exist_ok=True)
    return ControlGroup(path)


def own_group(root: Path = Path("/")) -> Path:
    """The directory of this process's own group.

    Raises:
        OSError: there is no cgroup v2 here.
    """
    own = next(
        (
            line[3:]
            for line in (root / "proc/self/cgroup").read_text().splitlines()
            if line.startswith("0::")
        ),
        None,
    )
    if own is None or ".." in PurePosixPath(own).parts:
        raise OSError(errno.ENOTSUP, "this process is in no cgroup v2 that it can see")
    for line in (root / "proc/self/mountinfo").read_text().splitlines():
        # "36 35 0:25 ROOT MOUNTPOINT OPTIONS [TAGS] - TYPE SOURCE OPTIONS", see proc(5)
        fields, _, mounted = line.partition(" - ")
        if mounted.split(" ", 1)[0] == "cgroup2":
            top, mount_point = fields.split()[3:5]
            if PurePosixPath(own).is_relative_to(top):
                inside = PurePosixPath(own).relative_to(top)
                return root / mount_point.lstrip("/") / inside
    raise OSError(errno.ENOTSUP, "cgroup v2 is not mounted")


def memory_left(group: Path) -> int | None:
    """Bytes that a process in this group may still use under its limits; None without any."""
    left: list[int] = []
    for each in (group, *group.parents):
        try:
            most = (each / "memory.max").read_text().strip()
            used = int((each / "memory.current").read_text())
        except OSError:
            continue  # the topmost group has neither, nor have directories above it
        if most != "max":
            left.append(max(0, int(most) - used))
    return min(left, default=None)


def _parent_of_workers(own: Path) -> Path:
    if own.name == SERVER_LEAF:  # moved there when the first worker was started
        return own.parent
    if "memory" not in _words(own / "cgroup.controllers"):
        raise OSError(errno.ENOTSUP, f"{own} has no memory controller")
    if "memory" in _words(own / "cgroup.subtree_control"):
        return own
    if _words(own / "cgroup.procs") != [str(os.getpid())]:
        raise OSError(errno.EBUSY, f"other processes share {own}")
    leaf = own / SERVER_LEAF
    leaf.mkdir(exist_ok=True)
    _write(leaf / "cgroup.procs", str(os.getpid()))
    _write(own / "cgroup.subtree_control", "+memory")
    return own


def _words(path: Path) -> list[str]:
    return path.read_text().split()


def _write(path: Path, value: str) -> None:
    # Not write_text: a file that the kernel does not offer must not be asked for.
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(descriptor, value.encode())
    finally:
        os.close(descriptor)


def _removed(path: Path) -> bool:
    try:
        path.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
