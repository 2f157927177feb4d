"""The steps from one configuration to another."""

from __future__ import annotations

from dataclasses import dataclass

from kenning_lego.core.errors import KenningLegoError


class TransitionError(KenningLegoError):
    """No way leads from one configuration to the other within the memory."""


@dataclass(frozen=True, slots=True)
class Load:
    """Load an artifact beside what runs."""

    digest: str


@dataclass(frozen=True, slots=True)
class Evict:
    """Unload an artifact that nothing uses."""

    digest: str


@dataclass(frozen=True, slots=True)
class Switch:
    """Run these loaded artifacts from the next frame on."""

    stages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Replace:
    """Let frames wait, unload artifacts in use, load others, and run `stages` from then on."""

    evicted: tuple[str, ...]
    loaded: tuple[str, ...]
    stages: tuple[str, ...]


Step = Load | Evict | Switch | Replace


@dataclass(frozen=True, slots=True)
class TransitionPlan:
    """The steps to a configuration.

    Args:
        stages: sha256 of its artifacts in order.
        steps: in their order.
        loaded_bytes: of all artifacts that are loaded.
        evicted_bytes: of all that are unloaded.
        peak_bytes: of all that are loaded at a time, at most.
    """

    stages: tuple[str, ...]
    steps: tuple[Step, ...]
    loaded_bytes: int
    evicted_bytes: int
    peak_bytes: int

    @property
    def prepared(self) -> bool:
        """Whether all of it is loaded already."""
        return not any(isinstance(step, Load | Replace) for step in self.steps)

    @property
    def pauses(self) -> bool:
        """Whether frames have to wait for artifacts."""
        return any(isinstance(step, Replace) for step in self.steps)
