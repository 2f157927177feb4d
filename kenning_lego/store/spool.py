"""An upload whose size and sha256 are known only once all of it is there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
from queue import SimpleQueue

from kenning_lego.core.errors import StoreError
from kenning_lego.store.artifacts import ArtifactStore
from kenning_lego.store.atomic import write_error

_STEP = 16 << 20
"""Room is made in steps: to look through a large store takes a while."""

_BLOCK = 1 << 20
"""Of what is read for the sha256 at once; what is smaller is not worth a thread."""


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
        self._digest: _Digest | None = None
        self._size = self._reserved = self._told = 0
        try:
            self._part.parent.mkdir(parents=True, exist_ok=True)
            # Unbuffered: pieces are large.
            self._file = self._part.open("x+b", buffering=0)
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
        self._size += len(piece)
        if self._size > _BLOCK and self._digest is None:
            self._digest = _Digest(self._file.fileno())
            self._digest.start()
        if self._digest and self._size - self._told >= _BLOCK:
            self._told = self._size
            self._digest.follow(self._size)

    def finish(self) -> tuple[str, int]:
        """Put the artifact in its place; its sha256 and its size in bytes.

        Raises:
            StoreError: the disk refuses.
        """
        try:
            digest = self._end_digest()
            self._file.close()
            self._part.replace(self._store.root / digest)
        except OSError as error:
            raise write_error(self._part, error) from error
        return digest, self._size

    def discard(self) -> None:
        """Throw away what has come."""
        with contextlib.suppress(OSError):
            if not self._file.closed:
                self._end_digest()
            self._file.close()
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)

    def _end_digest(self) -> str:
        following = self._digest or _Digest(self._file.fileno())
        self._digest = None
        following.follow(self._size)
        return following.end()

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


class _Digest(threading.Thread):
    """The sha256 of a growing file, computed beside its growth where there is a second core.

    Not of the pieces themselves, which would have to be copied: their memory is used again.

    Args:
        descriptor: of the file.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(name="spool-sha256", daemon=True)
        self._descriptor = descriptor
        self._sizes: SimpleQueue[int | None] = SimpleQueue()
        self._hash = hashlib.sha256()
        self._at = 0
        self._error: OSError | None = None

    def follow(self, size: int) -> None:
        """The file has grown to `size` bytes."""
        self._sizes.put(size)

    def end(self) -> str:
        """The sha256 of all that it was told of.

        Raises:
            OSError: the file cannot be read.
        """
        self._sizes.put(None)
        if self.ident is None:
            self.run()
        else:
            self.join()
        if self._error:
            raise self._error
        return self._hash.hexdigest()

    def run(self) -> None:
        """Follow until the end."""
        buffer = memoryview(bytearray(_BLOCK))
        while (size := self._sizes.get()) is not None:
            try:
                self._read_to(size, buffer)
            except OSError as error:
                self._error = error

    def _read_to(self, size: int, buffer: memoryview) -> None:
        while self._at < size:
            count = os.preadv(self._descriptor, [buffer[: size - self._at]], self._at)
            if not count:
                raise OSError(None, "the file has become shorter")
            self._hash.update(buffer[:count])
            self._at += count
