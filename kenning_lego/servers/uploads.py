"""Carrying out what the session wants of uploads; outcomes are events for it."""

from __future__ import annotations

import logging
from collections.abc import Collection

from kenning_lego.core.errors import KenningLegoError
from kenning_lego.protocols.dialogue import UploadAt, UploadFailed
from kenning_lego.store.artifacts import ArtifactStore, Upload

log = logging.getLogger("kenning_lego.server")


class UploadDesk:
    """At most one upload at a time into a store."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._upload: Upload | None = None

    def open(self, digest: str, size: int, keep: Collection[str]) -> UploadAt | UploadFailed:
        """Begin or continue an upload, unless the store holds the artifact."""
        try:
            if self._store.holds(digest):
                return UploadAt(size, held=True)
            self._upload = self._store.receive(digest, size, keep)
            return self._state(self._upload)
        except KenningLegoError as error:
            self.suspend()
            return UploadFailed(error)

    def write(self, piece: bytes | bytearray | memoryview) -> UploadAt | UploadFailed | None:
        """Append to the open upload."""
        if self._upload is None:
            return None
        try:
            self._upload.append(piece)
            return self._state(self._upload)
        except KenningLegoError as error:
            self.suspend()
            return UploadFailed(error)

    def suspend(self) -> None:
        """Close the open upload; what has arrived stays."""
        upload, self._upload = self._upload, None
        if upload:
            try:
                upload.suspend()
            except KenningLegoError as error:
                log.warning("%s", error)

    def _state(self, upload: Upload) -> UploadAt:
        if upload.offset < upload.size:
            return UploadAt(upload.offset)
        self._upload = None
        upload.finish()
        log.debug("holds artifact %s of %d bytes", upload.digest[:12], upload.size)
        return UploadAt(upload.size, held=True)
