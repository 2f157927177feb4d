"""From an offer to its front, and to the configuration to begin with."""

from __future__ import annotations

from collections.abc import Mapping

from kenning_lego.core.bounds import Bounds
from kenning_lego.core.offers import Offer
from kenning_lego.selection.front import Front, pareto_front
from kenning_lego.selection.problem import Block, Budget, Option, Problem
from kenning_lego.selection.search import best_choice

MOST_POINTS = 20_000
"""Of a front: some MB. A larger one is thinned out to what differs in accuracy cost by its gap."""


def problem_of(offer: Offer) -> Problem:
    """What there is to choose among.

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
    return Problem(
        blocks,
        sum(each.latency_ms for each in fixed),
        sum(each.memory_bytes for each in fixed),
        sum(each.energy_mj or 0.0 for each in fixed) if offer.knows_energy else None,
    )


def front_of(offer: Offer) -> Front:
    """The configurations of which none is better in all respects.

    Raises:
        UsageError: as of :func:`problem_of`.
    """
    return pareto_front(problem_of(offer), max_points=MOST_POINTS)


def budget_of(bounds: Bounds) -> Budget:
    """The same bounds as selection has them."""
    return Budget(bounds.latency_ms, bounds.memory_bytes, bounds.energy_mj)


def first_choice(offer: Offer, bounds: Bounds) -> Mapping[str, str]:
    """The configuration of least accuracy cost within bounds, before anything is known of the load.

    If none is within them, the best of those that keep the memory, or else the one that takes
    least: what follows is the controller's to decide, and to say.

    Raises:
        UsageError: as of :func:`problem_of`, or energy is bounded and not known.
    """
    problem = problem_of(offer)
    choice = best_choice(problem, budget_of(bounds))
    if choice is None:
        choice = best_choice(problem, Budget(memory_bytes=bounds.memory_bytes))
    if choice is not None:
        return choice.variants
    return {
        segment.name: min(
            segment.variants, key=lambda each: (each.memory_bytes, each.accuracy_cost)
        ).name
        for segment in offer.choosable
    }
