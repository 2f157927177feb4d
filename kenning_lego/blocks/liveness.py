"""The most memory that a sequence of operations holds at once: pure arithmetic."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True, slots=True)
class Buffer:
    """Memory that is held from one step to another, both included.

    Args:
        size: in bytes.
        first: step that fills it.
        last: step that reads it last.
    """

    size: int
    first: int
    last: int


def peak_bytes(buffers: Iterable[Buffer]) -> int:
    """The largest sum of sizes over buffers that are held in the same step."""
    changes: dict[int, int] = {}
    for each in buffers:
        changes[each.first] = changes.get(each.first, 0) + each.size
        changes[each.last + 1] = changes.get(each.last + 1, 0) - each.size
    return max(accumulate(changes[step] for step in sorted(changes)), default=0)
