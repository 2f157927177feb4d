"""Which pieces of a graph can become blocks, and which of them to take: pure, without torch.

In a depth-first post-order that starts at the output, every region with a single entry and a
single exit is a contiguous interval: all its nodes depend on the entry, so the entry and what it
needs come before; nodes other than the exit are used inside only, so they are reached through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from kenning_lego.blocks.capture.graph import Graph


@dataclass(frozen=True, slots=True)
class Region:
    """Positions `first` to `exit`, both included: reads `entry` alone, is read at `exit` alone."""

    entry: int
    first: int
    exit: int


@dataclass(frozen=True, slots=True)
class Candidate:
    """A region that may become a block.

    Args:
        region: where it is.
        gain: FLOPs that scaling the block can reduce; positive.
        neatness: decides between choices of equal gain; more is better.
    """

    region: Region
    gain: int
    neatness: int = 0


_Choice = tuple[tuple[int, int], tuple[Candidate, ...]]
"""Gain and neatness of candidates; then these."""

_GIVEN_UP = 0.05
"""Share of the largest gain that more blocks may cost."""


def find_regions(graph: Graph) -> tuple[Region, ...]:
    """All regions with a single entry and a single exit, by exit, smallest first."""
    last_uses = graph.last_uses
    found = []
    for leave in range(len(graph)):
        outside: set[int] = set()
        for first in range(leave, -1, -1):
            # What is used behind the exit stays in every larger interval, so this ends the search.
            if first in graph.sources or (first < leave and last_uses[first] > leave):
                break
            outside.discard(first)
            outside.update(graph.reads[first])
            if leave not in graph.opaque and len(outside) == 1 and not outside & graph.opaque:
                found.append(Region(next(iter(outside)), first, leave))
    return tuple(found)


def find_candidates(
    regions: Iterable[Region],
    gain: Callable[[Region], int],
    neatness: Callable[[Region], int],
    *,
    small: Callable[[Region], bool],
) -> tuple[Candidate, ...]:
    """The regions that are worth to be blocks.

    A region must have a gain that no smaller one with the same exit has, and must be small
    enough or impossible to split into two regions that both have a gain.

    Args:
        regions: as :func:`find_regions` returns them.
        gain: FLOPs of a region that scaling can reduce; 0 for none.
        neatness: see :class:`Candidate`.
        small: whether a region is within the size that is wanted.
    """
    gains = {region: gain(region) for region in regions}
    ends: dict[int, list[Region]] = {}
    starts: dict[tuple[int, int], Region] = {}
    found = []
    for region in gains:
        siblings = ends.setdefault(region.exit, [])
        needless = any(gains[each] >= gains[region] for each in siblings)
        siblings.append(region)
        starts[region.first, region.exit] = region
        if needless or gains[region] == 0:
            continue
        if small(region) or not _splits(region, gains, ends, starts):
            found.append(Candidate(region, gains[region], neatness(region)))
    return tuple(found)


def _splits(
    region: Region,
    gains: dict[Region, int],
    ends: dict[int, list[Region]],
    starts: dict[tuple[int, int], Region],
) -> bool:
    for back in ends[region.exit]:
        front = starts.get((region.first, back.first - 1))
        if front is not None and gains[front] > 0 and gains[back] > 0:
            return True
    return False


def choose(
    candidates: Sequence[Candidate], count: int, enough: int | None = None
) -> tuple[Candidate, ...]:
    """Disjoint candidates, at most `count`, in order, that have a large gain together.

    As many as can be had for a few percent of the largest gain, since more blocks give more
    configurations; of so many those with the largest gain, then the most neatness.

    Args:
        candidates: what to choose from.
        count: how many to take at most.
        enough: take the fewest that gain so much together, if any do.
    """
    possible = _best_of_each_count(candidates, count)
    if enough is not None:
        fewest = next((chosen for (gain, _), chosen in possible if gain >= enough), None)
        if fewest is not None:
            return fewest
    most = (1 - _GIVEN_UP) * max(gain for (gain, _), _ in possible)
    return [chosen for (gain, _), chosen in possible if gain >= most][-1]


def _best_of_each_count(candidates: Sequence[Candidate], count: int) -> list[_Choice]:
    length = max((each.region.exit + 1 for each in candidates), default=0)
    by_exit: list[list[Candidate]] = [[] for _ in range(length)]
    for each in candidates:
        by_exit[each.region.exit].append(each)
    # best[p]: the best choice of exactly so many candidates that end before position p, if any
    best: list[_Choice | None] = [((0, 0), ())] * (length + 1)
    choices = [best[-1]]
    for _ in range(count):
        longer: list[_Choice | None] = [None]
        for ending in by_exit:
            top = longer[-1]
            for each in ending:
                before = best[each.region.first]
                if before is not None:
                    top = _better(top, before, each)
            longer.append(top)
        best = longer
        choices.append(best[-1])
    return [each for each in choices if each is not None]


def _better(top: _Choice | None, before: _Choice, candidate: Candidate) -> _Choice:
    (gain, neatness), chosen = before
    score = (gain + candidate.gain, neatness + candidate.neatness)
    return top if top is not None and top[0] >= score else (score, (*chosen, candidate))
