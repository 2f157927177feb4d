"""What a target is given to run by itself: a pipeline with its variants, frames and bounds.

A deployment is owned by the server: it outlives the host that asked for it, and runs until it is
stopped by name or replaced. Its offer has the figures of all variants, so that the target can
choose among them without a host.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from kenning_lego.core.bounds import MAX_FIGURE, NO_BOUNDS, Bounds, Schedule
from kenning_lego.core.frame_sources import (
    CameraFrames,
    FrameSource,
    RandomFrames,
    StoredFrames,
    VideoFrames,
)
from kenning_lego.core.offers import Offer

MAX_KEPT_FRAMES = 250_000
MAX_KEPT_OUTPUTS_BYTES = 64 << 20
MAX_RATE_FPS = 100_000.0

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_RANDOM = RandomFrames()


def name_problem(name: str) -> str | None:
    """Why a deployment cannot have this name, or None."""
    if _NAME.fullmatch(name):
        return None
    return f"the name {name[:80]!r} is not 1 to 64 letters, digits, dots, dashes or underscores"


@dataclass(frozen=True, slots=True)
class Deployment:
    """A pipeline that a server owns.

    Args:
        name: by which it is stopped, replaced and asked about; unique on a target.
        offer: the network and its variants.
        source: where its frames come from.
        rate_fps: frames that are begun in a second; None as fast as they go.
        variants: of the configuration to begin with, by segment; empty to choose by the bounds.
        adaptive: choose anew when budgets or load change; else only a host's SWITCH does.
        bounds: what it may take, as far as the host says; others may say less (see
            :mod:`kenning_lego.servers.deployments.budgets`).
        schedule: bounds that change with time; None for none.
        preload: keep variants that do not run loaded too, as far as its own memory bound allows, so
            that they take over at once.
        weight: of its accuracy cost against those of other deployments on this target.
        keep_frames: how many of the latest frames stay in its record.
        keep_outputs_bytes: of the latest outputs that stay in its record; 0 keeps none.
    """

    name: str
    offer: Offer
    source: FrameSource = _RANDOM
    rate_fps: float | None = None
    variants: Mapping[str, str] = field(default_factory=dict)
    adaptive: bool = True
    bounds: Bounds = NO_BOUNDS
    schedule: Schedule | None = None
    preload: bool = False
    weight: float = 1.0
    keep_frames: int = 20_000
    keep_outputs_bytes: int = 0

    def artifacts(self) -> frozenset[str]:
        """All that the store has to hold for it."""
        if isinstance(self.source, StoredFrames):
            return self.offer.digests() | {self.source.digest}
        return self.offer.digests()

    def problem(self) -> str | None:
        """What is wrong or does not fit together, or None."""
        return (
            name_problem(self.name)
            or self.offer.problem()
            or (self.offer.choice_problem(self.variants) if self.variants else None)
            or self.bounds.problem()
            or (self.schedule.problem() if self.schedule else None)
            or self._energy_problem()
            or self._figures_problem()
        )

    def _energy_problem(self) -> str | None:
        steps = self.schedule.steps if self.schedule else ()
        bounds = (self.bounds, *(step.bounds for step in steps))
        bounded = any(each.energy_mj is not None for each in bounds)
        if bounded and not self.offer.knows_energy:
            return "the energy is bounded, and not known of the variants"
        return None

    def _figures_problem(self) -> str | None:
        if self.rate_fps is not None and not 0 < self.rate_fps <= MAX_RATE_FPS:
            return f"a rate of {self.rate_fps!r} frames a second"
        if not 0 < self.weight <= MAX_FIGURE:
            return f"a weight of {self.weight!r}"
        if not 0 <= self.keep_frames <= MAX_KEPT_FRAMES:
            return f"{self.keep_frames} frames are more than a target keeps: {MAX_KEPT_FRAMES}"
        if not 0 <= self.keep_outputs_bytes <= MAX_KEPT_OUTPUTS_BYTES:
            return f"a target keeps at most {MAX_KEPT_OUTPUTS_BYTES} bytes of outputs"
        if isinstance(self.source, (VideoFrames, CameraFrames)):
            return self.source.preparation.problem()
        return None
