"""An upload whose size and sha256 are known only once all of it is there."""

from __future__ import annotations

import contextlib
import hashlib

from kenning_lego.core.errors import StoreError
from kenning_lego.store.artifacts import ArtifactStore
from kenning_lego.store.atomic import write_error

_STEP = 16 << 20
"""Room is made in steps: to look through a large store takes a while."""


class Spool:
    """An artifact that arrives in pieces under no name; it cannot be continued later.

    Args:
        store: that will keep it.

    Raises:
        StoreError: the disk refuses.
    """

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._part = store.new_part()
        self._hash = hashlib.sha256()
        self._size = self._reserved = 0
        try:
            self._part.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: pieces are large.
            self._file = self._part.open("xb", buffering=0)
        except OSError as error:
            raise write_error(self._part, error) from error

    def append(self, piece: bytes | bytearray | memoryview) -> None:
        """Write the next piece.

        Raises:
            StoreError: there is no room, or the disk refuses.
        """
        self._reserve(self._size + len(piece))
        left = memoryview(piece)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            raise write_error(self._part, error) from error
        self._hash.update(piece)
        self._size += len(piece)

    def finish(self) -> tuple[str, int]:
        """Put the artifact in its place; its sha256 and its size in bytes.

        Raises:
            StoreError: the disk refuses.
        """
        digest = self._hash.hexdigest()
        try:
            self._file.close()
            self._part.replace(self._store.root / digest)
        except OSError as error:
            raise write_error(self._part, error) from error
        return digest, self._size

    def discard(self) -> None:
        """Throw away what has come."""
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _reserve(self, size: int) -> None:
        if size <= self._reserved:
            return
        wanted = size + _STEP
        try:
            self._store.reserve(wanted, self._part)
        except StoreError:  # the last of the room
            wanted = size
            self._store.reserve(wanted, self._part)
        self._reserved = wanted
