"""In which order a plan's items run, and which of them are loaded together."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from kenning_lego.core.plans import Plan, PlanItem


@dataclass(frozen=True, slots=True)
class Cohort:
    """Items whose artifacts are loaded together.

    Args:
        items: of the plan, by index; they cover as many positions as fit.
        recorded: those of them whose samples count; the others stand in for positions whose
            alternatives belong to other cohorts.
    """

    items: tuple[int, ...]
    recorded: frozenset[int]


class RoundOrder:
    """Draws the order of each round of some items of a plan.

    A round is a number of passes. A pass runs one alternative of every position, positions in
    order, as the composed network would; which alternative comes in which pass is random. So
    caches are as warm as in the real chain, and drift hits all alternatives alike. (Timing each
    block in a loop of its own instead made the sum of blocks 20 % too low in our measurements.)
    Positions with fewer alternatives, such as fixed segments, repeat them in later passes.

    Args:
        items: the plan's.
        indices: of the items that are run.
        seed: of the order.
    """

    def __init__(self, items: Sequence[PlanItem], indices: Sequence[int], seed: int) -> None:
        positions: dict[int, list[int]] = {}
        for index in indices:
            positions.setdefault(items[index].position, []).append(index)
        self._columns = [positions[position] for position in sorted(positions)]
        self.passes = max(map(len, self._columns), default=0)
        self.per_round = {
            index: self.passes // len(column) for column in self._columns for index in column
        }
        """How many samples of each item a round gives: the same in every round. What passes are
        left over, an item may run in, but is not sampled."""
        self._rng = random.Random(seed)  # noqa: S311 - an order, not a secret

    def draw(self) -> list[list[tuple[int, bool]]]:
        """The passes of the next round: indices in order, and whether they are sampled."""
        for column in self._columns:
            self._rng.shuffle(column)
        return [
            [
                (column[turn % len(column)], turn < self.passes - self.passes % len(column))
                for column in self._columns
            ]
            for turn in range(self.passes)
        ]


def cohorts(items: Sequence[PlanItem], sizes: Sequence[int], limit: int | None) -> list[Cohort]:
    """Split items so that the artifacts of each cohort stay within a limit.

    Every cohort runs all positions where that fits, so that blocks are timed in passes of the
    whole network. Where one alternative of each position is too much already, cohorts take as
    many neighbouring positions as fit.

    Args:
        items: the plan's.
        sizes: bytes of each item's artifacts.
        limit: bytes; None is no bound. An item that alone exceeds it gets a cohort of its own.
    """
    everything = tuple(range(len(items)))
    if limit is None or sum(sizes) <= limit:
        return [Cohort(everything, frozenset(everything))]
    columns: dict[int, list[int]] = {}
    for index, item in enumerate(items):
        columns.setdefault(item.position, []).append(index)
    ordered = [columns[position] for position in sorted(columns)]
    found: list[Cohort] = []
    recorded: set[int] = set()
    for turn in range(max(map(len, ordered))):
        row = [column[turn % len(column)] for column in ordered]
        for part in _parts(row, sizes, limit):
            new = [index for index in part if index not in recorded]
            if not new:
                continue
            recorded.update(new)
            if found and sum(sizes[i] for i in {*found[-1].items, *part}) <= limit:
                last = found.pop()
                part = [*last.items, *(i for i in part if i not in last.items)]
                new = [*last.recorded, *new]
            found.append(Cohort(tuple(part), frozenset(new)))
    return found


def _parts(row: Sequence[int], sizes: Sequence[int], limit: int) -> list[list[int]]:
    """A pass cut into pieces that fit."""
    parts: list[list[int]] = [[]]
    for index in row:
        if parts[-1] and sum(sizes[i] for i in parts[-1]) + sizes[index] > limit:
            parts.append([])
        parts[-1].append(index)
    return parts


def next_check(done: int, plan: Plan) -> int:
    """The round after which the stop rule is looked at next; rarely, since that takes time."""
    if done < plan.min_rounds:
        return min(plan.min_rounds, plan.max_rounds)
    return min(plan.max_rounds, done + max(10, done // 4))
