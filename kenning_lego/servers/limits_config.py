"""A worker's limits as flags."""

from __future__ import annotations

from pathlib import Path

import psutil
from pydantic import Field

from kenning_lego.core.configuration import Component
from kenning_lego.servers.control_group import memory_left, own_group
from kenning_lego.servers.limits import WorkerLimits

MEMORY_SHARE = 0.8
"""Of the available memory that a worker may use by default; the rest is the system's to breathe."""


class WorkerLimitsConfig(Component):
    """What a worker may use before the server ends it."""

    memory_mb: float | None = Field(default=None, gt=0)
    """Memory in MB; by default 80 % of what is available when the server starts."""
    request_seconds: float = Field(default=60.0, gt=0)
    """A request other than a plan that takes longer hangs."""
    plan_grace_seconds: float = Field(default=60.0, gt=0)
    """A plan hangs that tells no progress for so long, or goes on so long after its own time."""
    open_files: int = Field(default=256, ge=32)
    """File descriptors that it may have open."""

    def limits(self) -> WorkerLimits:
        """The limits on this machine as it is now."""
        memory = (
            MEMORY_SHARE * available_memory() if self.memory_mb is None else self.memory_mb * 1e6
        )
        return WorkerLimits(
            memory_bytes=int(memory),
            request_seconds=self.request_seconds,
            plan_grace_seconds=self.plan_grace_seconds,
            open_files=self.open_files,
        )


def available_memory(root: Path = Path("/")) -> int:
    """Bytes that can be had without swapping: the machine's, or less where a group limits us."""
    available = int(psutil.virtual_memory().available)
    try:
        left = memory_left(own_group(root))
    except OSError:
        return available
    return available if left is None else min(available, left)
