"""From an offer to its exact front, and the configuration to begin with."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from kenning_lego.core.bounds import Bounds
from kenning_lego.core.offers import Offer
from kenning_lego.selection.front import Front, pareto_front
from kenning_lego.selection.problem import Block, Budget, Option, Problem

MOST_POINTS = 100_000
"""Of a front: tens of MB. A larger one is thinned out, with its gap told."""


def front_of(offer: Offer) -> Front:
    """The configurations of which none is better in all respects.

    Raises:
        UsageError: the figures are too large to be added exactly, or nothing is to be chosen.
    """
    blocks = tuple(
        Block(
            segment.name,
            tuple(
                Option(
                    each.name,
                    each.accuracy_cost,
                    each.latency_ms,
                    each.memory_bytes,
                    each.energy_mj,
                )
                for each in segment.variants
            ),
        )
        for segment in offer.choosable
    )
    fixed = [segment.variants[0] for segment in offer.segments if len(segment.variants) == 1]
    problem = Problem(
        blocks,
        sum(each.latency_ms for each in fixed),
        sum(each.memory_bytes for each in fixed),
        sum(each.energy_mj or 0.0 for each in fixed) if offer.knows_energy else None,
    )
    return pareto_front(problem, max_points=MOST_POINTS)


def budget_of(bounds: Bounds) -> Budget:
    """The same bounds as selection has them."""
    return Budget(bounds.latency_ms, bounds.memory_bytes, bounds.energy_mj)


def first_choice(front: Front, bounds: Bounds) -> Mapping[str, str]:
    """The configuration of least accuracy cost within bounds, before anything is known of the load.

    If none is within them, the one that takes least memory of those that keep the memory, or of
    all: what follows is the controller's to decide, and to say.

    Raises:
        UsageError: energy is bounded and not known.
    """
    point = front.best(budget_of(bounds))
    if point is None:
        point = front.best(Budget(memory_bytes=bounds.memory_bytes))
    if point is None:
        point = int(np.argmin(front.memories))
    return front[point].variants
