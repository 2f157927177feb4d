"""The artifacts that a pipeline has loaded: their programs, sizes, and how they are wired."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from kenning_lego.core.specs import IOSpec
from kenning_lego.runtimes.base import Arrays, Program
from kenning_lego.servers.live.wiring import Call, Wiring
from kenning_lego.servers.pipeline import chain_spec


class Loaded:
    """What a pipeline has in memory.

    Args:
        load: loads an artifact by its sha256; called without any lock.
        size: its bytes.
        stages: sha256 of the first configuration's artifacts, which are loaded at once.
        outputs: names of the tensors that the pipeline returns.
        place: gives the arrays of its inputs and outputs.

    Raises:
        KenningLegoError: an artifact cannot be loaded, or they do not fit together.
    """

    def __init__(
        self,
        load: Callable[[str], Program],
        size: Callable[[str], int],
        stages: Sequence[str],
        outputs: Sequence[str],
        place: Callable[[IOSpec], Arrays],
    ) -> None:
        self.load = load
        self._size = size
        self.sizes: dict[str, int] = {}
        self.know(stages)
        programs = {digest: load(digest) for digest in dict.fromkeys(stages)}
        self.spec = chain_spec([programs[digest] for digest in stages], outputs)
        self.arrays = place(self.spec)
        self._wiring = Wiring(self.spec, outputs, self.arrays)
        for digest, program in programs.items():
            self.add(digest, program)

    @property
    def digests(self) -> tuple[str, ...]:
        """Of all that is loaded, in the order in which it was."""
        return self._wiring.digests

    @property
    def bytes(self) -> int:
        """Of all that is loaded."""
        return sum(self.sizes[digest] for digest in self._wiring.digests)

    def know(self, digests: Iterable[str]) -> None:
        """Note artifacts' sizes.

        Raises:
            StoreError: one is not held.
        """
        for digest in digests:
            if digest not in self.sizes:
                self.sizes[digest] = self._size(digest)

    def check(self, stages: Sequence[str]) -> None:
        """Refuse a configuration that does not fit, as far as its artifacts are loaded.

        Raises:
            ModelError: it cannot stand in for the one that runs.
        """
        if set(stages) <= set(self._wiring.digests):
            self._wiring.bind(stages)

    def bind(self, stages: Sequence[str]) -> Call:
        """A call that runs loaded artifacts in order.

        Raises:
            ModelError: they do not fit together, or cannot stand in for what runs.
        """
        return self._wiring.bind(stages)

    def add(self, digest: str, program: Program) -> None:
        """Keep what was loaded, ready to run."""
        self._wiring.add(digest, program)

    def remove(self, digest: str) -> None:
        """Unload what nothing uses."""
        self._wiring.remove(digest)
