"""What became of changing a pipeline while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Switched:
    """A configuration that took over between two frames.

    Args:
        frame: number of the first frame that it runs, counted from 0 since the pipeline began.
        seconds: from the request until it took over.
        prepared: whether all of its artifacts were loaded before the request.
        loaded_bytes: of artifacts that were loaded for it.
        evicted_bytes: of artifacts that were unloaded meanwhile.
        paused_s: for how long frames had to wait for artifacts.
    """

    frame: int
    seconds: float
    prepared: bool
    loaded_bytes: int
    evicted_bytes: int
    paused_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Preloaded:
    """Artifacts that are loaded beside the running configuration.

    Args:
        stages: those, of the ones that were named, that are loaded now.
        loaded_bytes: of all artifacts that the pipeline has loaded now.
        failed: why others cannot be loaded, by stage; for what is in neither was no room.
    """

    stages: tuple[str, ...]
    loaded_bytes: int
    failed: Mapping[str, str] = field(default_factory=dict)
