"""The machine's pace: what all items of a plan did together, and what is left of each without it.

Other work, clocks and temperature make a whole round slower or faster. In each round the median
over the items of (level / the item's own median) tells by how much; it takes items by the dozen
to move with one of them. Samples divided by it are those at the plan's median pace: medians of
theirs keep their ratios, and are known far more precisely than the machine keeps its pace. How
well it kept it is a figure of the plan, not of an item.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from kenning_lego.stats.rounds import Floats, Rounds

FEWEST_ITEMS = 4
"""Items from which the median over all of them tells what the machine did."""


def relative_levels(items: Sequence[Rounds]) -> Floats | None:
    """Levels of each item over its own median, shape (items, rounds).

    Returns:
        None for fewer than :data:`FEWEST_ITEMS` items, without rounds, if their numbers of rounds
        differ, or if a median is not positive.
    """
    if len(items) < FEWEST_ITEMS or len({item.rounds for item in items}) != 1:
        return None
    levels = np.stack([item.levels() for item in items])
    if not levels.shape[1]:
        return None
    medians = np.median(levels, axis=1, keepdims=True)
    if medians.min() <= 0:
        return None
    relative: Floats = levels / medians
    return relative


def pace(relative: Floats | None) -> Floats | None:
    """How slow the machine was in each round; 1 is the plan's median pace.

    Args:
        relative: from :func:`relative_levels`.

    Returns:
        None if there are none, or if a round's pace is not positive.
    """
    if relative is None:
        return None
    common = np.median(relative, axis=0)
    if common.min() <= 0:
        return None
    slowness: Floats = common / np.median(common)
    return slowness


def at_pace(rounds: Rounds, slowness: Floats | None) -> Rounds:
    """The samples as they would have been at the plan's median pace.

    Args:
        rounds: of an item.
        slowness: of each of these rounds, see :func:`pace`; None leaves them as they are.
    """
    if slowness is None:
        return rounds
    return Rounds(rounds.values / slowness[rounds.labels()], rounds.counts)


def medians_at_pace(items: Mapping[str, Rounds]) -> dict[str, float]:
    """Medians at the plan's median pace; plain medians where :func:`pace` is None."""
    slowness = pace(relative_levels(list(items.values())))
    return {name: float(np.median(at_pace(each, slowness).values)) for name, each in items.items()}
