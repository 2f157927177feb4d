"""The latest of what comes without end, as much as there is room for."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from kenning_lego.core.deployment_records import FrameOutputs
from kenning_lego.protocols.codec import Frame as PayloadFrame
from kenning_lego.protocols.deployment_results import ROW_BYTES


class RecentFrames:
    """The rows of the latest frames, whose numbers have no gaps.

    Args:
        most: rows that are kept.
        first: the number of the first frame.
    """

    def __init__(self, most: int, first: int = 0) -> None:
        self._most = most
        self._rows = bytearray()
        self._first = first

    @property
    def next(self) -> int:
        """The number of the next frame."""
        return self._first + len(self._rows) // ROW_BYTES

    def extend(self, rows: PayloadFrame) -> None:
        """Keep rows; the oldest make room."""
        self._rows += rows
        surplus = len(self._rows) // ROW_BYTES - self._most
        if surplus > 0:
            del self._rows[: surplus * ROW_BYTES]
            self._first += surplus

    def between(self, first: int, count: int) -> tuple[bytes, int]:
        """At most `count` rows from frame `first` on, and the number of the first of them."""
        first = max(first, self._first)
        begin = (first - self._first) * ROW_BYTES
        return bytes(self._rows[begin : begin + count * ROW_BYTES]), first

    def keep(self, most: int) -> None:
        """Change how many are kept."""
        self._most = most
        self.extend(b"")


class RecentOutputs:
    """The latest outputs, as many as fit into so many bytes."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._kept: deque[FrameOutputs] = deque()
        self._bytes = 0

    def append(self, outputs: FrameOutputs) -> None:
        """Keep a frame's outputs; the oldest make room."""
        self._kept.append(outputs)
        self._bytes += _size(outputs)
        self._make_room()

    def keep(self, most_bytes: int) -> None:
        """Change how much is kept."""
        self._most = most_bytes
        self._make_room()

    def take(self) -> Sequence[FrameOutputs]:
        """All that is kept, which is forgotten here."""
        kept, self._kept, self._bytes = tuple(self._kept), deque(), 0
        return kept

    @property
    def tensors(self) -> int:
        """How many are kept."""
        return len(self._kept) * len(self._kept[0].tensors) if self._kept else 0

    def between(
        self, first: int, end: int, most_tensors: int, most_bytes: int
    ) -> tuple[FrameOutputs, ...]:
        """Those of frames from `first` on and before `end`, the first of them if they are many."""
        found: list[FrameOutputs] = []
        for each in self._kept:
            if not first <= each.frame < end:
                continue
            most_tensors -= len(each.tensors)
            most_bytes -= _size(each)
            if found and (most_tensors < 0 or most_bytes < 0):
                break
            found.append(each)
        return tuple(found)

    def reach(self, frame: int, end: int) -> bool:
        """Whether nothing is kept of frames after `frame` and before `end`."""
        return not any(frame < each.frame < end for each in self._kept)

    def _make_room(self) -> None:
        while self._bytes > self._most:
            self._bytes -= _size(self._kept.popleft())


def _size(outputs: FrameOutputs) -> int:
    return sum(map(len, outputs.tensors))
