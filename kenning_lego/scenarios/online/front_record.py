"""A front as a run's record keeps it."""

from __future__ import annotations

import numpy as np

from kenning_lego.core.records import FrontRecord
from kenning_lego.selection.front import Front

MOST_CARRIED = 20_000
"""Points beyond which a front is not computed exactly for a report."""
MOST_KEPT = 2_000
"""Points of a front in a record."""


def record_front(front: Front) -> FrontRecord:
    """The front, or an even choice of its points with both ends."""
    chosen = np.unique(np.linspace(0, len(front) - 1, min(len(front), MOST_KEPT)).round())
    indices = chosen.astype(np.int64)
    return FrontRecord(
        points=len(front),
        gap=front.gap,
        costs=tuple(front.costs[indices].tolist()),
        latencies_ps=tuple(front.latencies[indices].tolist()),
        memory_bytes=tuple(front.memories[indices].tolist()),
    )
