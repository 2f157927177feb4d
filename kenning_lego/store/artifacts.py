"""Artifacts by the sha256 of their bytes; the host and the target keep theirs alike.

Layout: ``ROOT/<sha256>`` for what is whole and verified, ``ROOT/incoming/<sha256>`` for uploads
under way. Names come from digests alone, so nothing on the wire becomes a path.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import secrets
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from kenning_lego.core.errors import StoreError
from kenning_lego.store.atomic import write_bytes, write_error

_DIGEST = re.compile(r"[0-9a-f]{64}")
_BLOCK = 1 << 20
_INCOMING = "incoming"


def digest_of(content: bytes) -> str:
    """The sha256 of `content` in lower-case hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


class Upload:
    """An artifact that arrives in pieces; continues where an earlier upload broke off.

    Made by :meth:`ArtifactStore.receive`.
    """

    def __init__(self, digest: str, size: int, part: Path, final: Path) -> None:
        self.digest = digest
        self.size = size
        self._part = part
        self._final = final
        self._hash = hashlib.sha256()
        self.offset = 0
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            self._file: BinaryIO = part.open("a+b")
        except OSError as error:
            raise write_error(part, error) from error
        try:
            self._resume()
        except OSError as error:
            self._file.close()
            raise write_error(part, error) from error

    def _resume(self) -> None:
        self._file.seek(0)
        while piece := self._file.read(_BLOCK):
            self._hash.update(piece)
            self.offset += len(piece)
        if self.offset > self.size:
            self._restart()

    def _restart(self) -> None:
        self._file.truncate(0)
        self._hash = hashlib.sha256()
        self.offset = 0

    def append(self, piece: bytes | bytearray | memoryview) -> int:
        """Write the next piece; returns the offset after it.

        Raises:
            StoreError: more than the announced size, or the disk refuses.
        """
        if self.offset + len(piece) > self.size:
            raise StoreError(f"artifact {self.digest[:12]} is longer than its announced size")
        try:
            self._file.write(piece)
            self._file.flush()
        except OSError as error:
            raise write_error(self._part, error) from error
        self._hash.update(piece)
        self.offset += len(piece)
        return self.offset

    def finish(self) -> Path:
        """Verify the bytes and put the artifact in its place.

        Raises:
            StoreError: bytes are missing or do not have the announced sha256; a wrong upload
                is thrown away.
        """
        try:
            self._file.flush()
            if self.offset != self.size:
                raise StoreError(
                    f"artifact {self.digest[:12]} ends at {self.offset} of {self.size}"
                )
            if self._hash.hexdigest() != self.digest:
                self._restart()
                raise StoreError(
                    f"artifact {self.digest[:12]} arrived damaged: its sha256 differs",
                    "send it again",
                )
            # No fsync: it would cost more than the transfer. Should power fail before the bytes
            # are on disk, the artifact's sha256 tells when it is read, and it is sent again.
            self._file.close()
            self._part.replace(self._final)
        except OSError as error:
            raise write_error(self._final, error) from error
        finally:
            self._file.close()
        return self._final

    def suspend(self) -> None:
        """Keep what has arrived, for a later upload to continue."""
        try:
            self._file.close()
        except OSError as error:  # buffered bytes that a full disk refuses
            raise write_error(self._part, error) from error


@dataclass(frozen=True, slots=True)
class _Held:
    used: float
    size: int
    path: Path


class ArtifactStore:
    """A directory of verified artifacts.

    Args:
        root: the directory; made on the first write.
        capacity_bytes: how large it may grow; what was not used for longest makes room.
    """

    def __init__(self, root: Path, capacity_bytes: int | None = None) -> None:
        self.root = root
        self.capacity_bytes = capacity_bytes
        self.pinned: frozenset[str] = frozenset()
        """Artifacts that stay whatever else needs room."""

    def _final(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise StoreError(f"{digest!r} is not a sha256 in lower-case hexadecimal digits")
        return self.root / digest

    def holds(self, digest: str) -> bool:
        """Whether the artifact is here.

        Raises:
            StoreError: the digest is malformed, or the store cannot be looked into.
        """
        try:
            return self._final(digest).is_file()
        except OSError as error:
            raise StoreError(
                f"cannot look into {self.root}: {error.strerror}", "check its permissions"
            ) from error

    def path(self, digest: str) -> Path:
        """Where the artifact lies.

        Raises:
            StoreError: it is not here.
        """
        if not self.holds(digest):
            raise StoreError(f"artifact {digest[:12]} is not in the store", "upload it first")
        return self._final(digest)

    def size(self, digest: str) -> int:
        """The artifact's bytes on disk.

        Raises:
            StoreError: it is not here.
        """
        return self.path(digest).stat().st_size

    def read(self, digest: str) -> bytes:
        """The artifact's bytes, verified; it counts as used now.

        Raises:
            StoreError: it is not here, or was damaged on disk (it is removed then).
        """
        with self.reading(digest) as content:
            return content

    @contextlib.contextmanager
    def reading(self, digest: str) -> Iterator[bytes]:
        """The artifact's bytes; what is done with them counts only once the block has ended.

        They are verified meanwhile, in a thread if they are many.

        Raises:
            StoreError: as in :meth:`read`, at the beginning or at the end.
        """
        path = self.path(digest)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise StoreError(f"cannot read {path}: {error.strerror}", "upload it again") from error
        found: list[str] = []
        thread = threading.Thread(target=lambda: found.append(digest_of(content)))
        if len(content) > _BLOCK:
            thread.start()
        else:
            thread.run()
        try:
            yield content
        finally:
            if thread.ident is not None:
                thread.join()
            if found != [digest]:  # goes before whatever came of the damage
                path.unlink(missing_ok=True)
                raise StoreError(
                    f"artifact {digest[:12]} was damaged on disk and has been removed",
                    "upload it again",
                )
        with contextlib.suppress(OSError):  # a read-only store needs no order of use
            os.utime(path)

    def add(self, content: bytes) -> str:
        """Keep `content`; returns its sha256.

        Raises:
            StoreError: it cannot be written.
        """
        digest = digest_of(content)
        if not self.holds(digest):
            write_bytes(self._final(digest), content)
        return digest

    def receive(self, digest: str, size: int, keep: Collection[str] = ()) -> Upload:
        """Begin or continue an upload of `size` bytes; make room for it if need be.

        Args:
            digest: of the artifact.
            size: of the whole artifact.
            keep: artifacts that must stay.

        Raises:
            StoreError: the digest is malformed, there is no room, or the disk refuses.
        """
        final = self._final(digest)
        part = self.root / _INCOMING / digest
        self.reserve(size, part, keep)
        return Upload(digest, size, part, final)

    def new_part(self) -> Path:
        """Where an upload may lie whose digest nobody knows yet."""
        return self.root / _INCOMING / secrets.token_hex(32)

    def reserve(self, size: int, part: Path, keep: Collection[str] = ()) -> None:
        """Make room, if need be, for an upload of `size` bytes that lies at `part`.

        Raises:
            StoreError: there is no room, or the disk refuses.
        """
        if self.capacity_bytes is None:
            return
        try:
            self._make_room(size, part, keep, self.capacity_bytes)
        except OSError as error:  # also where nothing may be removed
            raise write_error(part, error) from error

    def _make_room(self, size: int, part: Path, keep: Collection[str], capacity: int) -> None:
        held = sorted(self._held(), key=lambda each: each.used)
        self.root.mkdir(parents=True, exist_ok=True)
        disk = _free_bytes(self.root) + sum(each.size for each in held)
        others = [each for each in held if each.path != part]
        # What broke off is not in use, whoever uploads.
        in_use = {self.root / digest for digest in (*keep, *self.pinned)}
        loose = [each for each in others if each.path not in in_use]
        total = sum(each.size for each in loose)
        kept = sum(each.size for each in others) - total
        if kept + size > min(capacity, disk):
            raise _no_room(size, kept, capacity, disk)
        for each in loose:
            if kept + total + size <= min(capacity, disk):
                return
            each.path.unlink(missing_ok=True)
            total -= each.size

    def _held(self) -> Iterator[_Held]:
        """Artifacts and uploads that broke off."""
        for directory in (self.root, self.root / _INCOMING):
            if not directory.is_dir():
                continue
            for path in directory.iterdir():
                # A worker that finds an artifact damaged removes it, perhaps just now.
                with contextlib.suppress(FileNotFoundError):
                    if _DIGEST.fullmatch(path.name):
                        status = path.stat()
                        yield _Held(status.st_mtime, status.st_size, path)


def _free_bytes(directory: Path) -> int:
    # Not shutil, whose decompressors the server would keep in memory.
    disk = os.statvfs(directory)
    return disk.f_bavail * disk.f_frsize


def _no_room(size: int, kept: int, capacity: int, disk: int) -> StoreError:
    if disk < capacity:
        return StoreError(
            f"the disk of the store has no room for {size / 1e6:.3g} MB: "
            f"at most {max(0, disk - kept) / 1e6:.3g} MB can be had",
            "free some space there, or measure fewer variants at a time",
        )
    return StoreError(
        f"the store of {capacity / 1e6:.0f} MB has no room for {size / 1e6:.1f} MB more: "
        f"{kept / 1e6:.1f} MB are in use",
        "serve with a larger --store-mb, or measure fewer variants at a time",
    )
