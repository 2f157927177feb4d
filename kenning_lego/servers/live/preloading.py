"""Which artifacts are to be loaded beside what runs, while there is room."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kenning_lego.core.switching import Preloaded
from kenning_lego.servers.live.goals import OnPreloaded
from kenning_lego.servers.live.loaded import Loaded


class Preloading:
    """What was asked for last, and how far that is.

    Args:
        loaded: what the pipeline has loaded.
        digests: sha256 of the artifacts, the most wanted first.
        on_end: called once all are loaded for which there is room.
    """

    def __init__(
        self, loaded: Loaded, digests: Sequence[str] = (), on_end: OnPreloaded | None = None
    ) -> None:
        self.keep = tuple(dict.fromkeys(digests))
        self._loaded = loaded
        self._left = list(self.keep)
        self._failed: dict[str, str] = {}
        self._on_end = on_end

    def next(self, memory_bytes: int | None) -> str | None:
        """The next artifact that is not loaded and for which there is room."""
        while self._left:
            digest = self._left[0]
            total = self._loaded.bytes + self._loaded.sizes[digest]
            room = memory_bytes is None or total <= memory_bytes
            if room and digest not in self._loaded.digests:
                return digest
            self._left.pop(0)
        return None

    def fail(self, digest: str, reason: str) -> None:
        """This one cannot be loaded, and is not tried again."""
        if digest in self._left:
            self._left.remove(digest)
            self._failed[digest] = reason

    def end(self) -> Callable[[], None] | None:
        """What is to be called now that nothing is left, or somebody asked for others."""
        on_end, self._on_end = self._on_end, None
        if on_end is None:
            return None
        held = tuple(digest for digest in self.keep if digest in self._loaded.digests)
        preloaded = Preloaded(held, self._loaded.bytes, dict(self._failed))
        return lambda: on_end(preloaded)
