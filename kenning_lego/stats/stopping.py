"""When a plan has measured enough, and which of its items are the reason if not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kenning_lego.stats.bootstrap import median_of_rounds
from kenning_lego.stats.intervals import Estimate
from kenning_lego.stats.rounds import Rounds

Reason = Literal["", "precise", "max_rounds", "max_seconds"]


@dataclass(frozen=True, slots=True)
class StopRule:
    """What is asked of a plan, and what it may spend.

    Args:
        relative_half_width: share of its median that the interval of every item's median may
            reach to either side.
        confidence: of the intervals.
        min_rounds: rounds before the intervals are looked at.
        max_rounds: rounds after which the plan ends in any case.
        max_seconds: wall time after which no further round is started.
    """

    relative_half_width: float = 0.01
    confidence: float = 0.95
    min_rounds: int = 30
    max_rounds: int = 300
    max_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Stop:
    """Whether to stop, and why.

    Args:
        reason: ``precise`` if every interval is as narrow as asked; ``max_rounds`` or
            ``max_seconds`` if the budget is spent; empty to go on.
        estimates: the items' medians with their intervals, in the items' order; None where
            there are too few samples. Empty if they were not looked at.
        widest: index of the item whose interval is the widest; None if they were not looked at.
        half_width: of that item, as a share of its median; infinite with too few samples.
    """

    reason: Reason
    estimates: tuple[Estimate | None, ...] = ()
    widest: int | None = None
    half_width: float = math.inf

    def __bool__(self) -> bool:
        return self.reason != ""


def judge_stop(items: Sequence[Rounds], rule: StopRule, *, elapsed_s: float, seed: int = 0) -> Stop:
    """Apply the stop rule after a round.

    Every look costs about a millisecond an item, so a plan looks rarely. Looking often also
    makes it stop a little too early, when an interval happens to be narrow.

    Args:
        items: at least one; samples so far.
        rule: what is asked.
        elapsed_s: wall time spent.
        seed: of the intervals' drawing.
    """
    done = max(item.rounds for item in items)
    spent: Reason = ""
    if elapsed_s >= rule.max_seconds:
        spent = "max_seconds"
    elif done >= rule.max_rounds:
        spent = "max_rounds"
    if done < rule.min_rounds and not spent:
        return Stop("")
    estimates = tuple(median_of_rounds(item, rule.confidence, seed) for item in items)
    widths = [math.inf if each is None else each.relative_half_width for each in estimates]
    widest = max(range(len(widths)), key=widths.__getitem__)
    precise = widths[widest] <= rule.relative_half_width and done >= rule.min_rounds
    return Stop("precise" if precise else spent, estimates, widest, widths[widest])
