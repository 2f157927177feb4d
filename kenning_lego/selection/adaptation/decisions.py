"""What the controller decides, with the figures that it went by."""

from __future__ import annotations

from dataclasses import dataclass

from kenning_lego.selection.adaptation.load import Load

REASONS = {
    "start": "nothing runs yet",
    "latency": "the bound on latency is below what the configuration is expected to take",
    "memory": "the configuration takes more memory than there may be",
    "energy": "the configuration takes more energy than the bound",
    "missed": "too many of the last frames took longer than the bound on latency",
    "heat": "the target is hot",
    "gain": "a better configuration has room",
    "bounds": "no configuration keeps the bounds",
}
"""By the word for it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A configuration for a pipeline.

    Args:
        name: of the pipeline.
        point: of its front. The one that it runs if `reason` is ``bounds``: then there is nothing
            to switch to, but it is said, once, that the bounds are not kept.
        reason: a key of :data:`REASONS`.
        kept: whether all bounds are expected to be kept; else `point` is the nearest to them.
        accuracy_cost: of the point.
        predicted_ms: latency of the point on an idle target.
        expected_ms: time that its frames but for a few are expected to stay within.
        moved_bytes: of the variants that it has and the running one has not.
        memory_bytes: most that the pipeline may hold until the switch is done, what it leaves
            included; None is no bound.
        load: the estimate that it rests on.
    """

    name: str
    point: int
    reason: str
    kept: bool
    accuracy_cost: float
    predicted_ms: float
    expected_ms: float
    moved_bytes: int
    memory_bytes: int | None
    load: Load

    def __str__(self) -> str:
        nearest = "" if self.kept else ", and none keeps all bounds: this is the nearest"
        return (
            f"{self.name}: {REASONS[self.reason]}{nearest}; accuracy cost "
            f"{self.accuracy_cost:.4g}, {self.expected_ms:.4g} ms expected under "
            f"{self.load.level:.3g} times the idle latency, {self.moved_bytes:,} bytes to load"
        )
