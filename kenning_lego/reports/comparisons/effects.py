"""What each change did: records that differ from the first one in a single setting.

Where several settings differ at once, their effects cannot be told apart; where none does, the
difference is what a repetition alone brings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kenning_lego.reports.comparisons.comparison import Comparison, Comparisons
from kenning_lego.reports.comparisons.settings import Change, Setting, change_between


@dataclass(frozen=True, slots=True)
class Effect:
    """One record against the first.

    Args:
        pair: with the figures of both.
        change: what is different.
    """

    pair: Comparison
    change: Change

    @property
    def kind(self) -> Literal["single", "repetition", "together"]:
        """How much of the difference can be put down to one setting."""
        if not self.change.families:
            return "repetition"
        return "single" if len(self.change.families) == 1 else "together"

    @property
    def said(self) -> str:
        """What was changed, in words."""
        return self.change.said() or "nothing: a repetition"


def effects_of(comparisons: Comparisons, settings: Sequence[Setting]) -> tuple[Effect, ...]:
    """All records but the first: single changes before others, the fastest of each first."""
    found = [
        Effect(pair, change_between(settings, number))
        for number, pair in enumerate(comparisons.pairs, 1)
    ]
    order = ("single", "together", "repetition")

    def key(each: Effect) -> tuple[int, float]:
        overall = each.pair.overall
        return order.index(each.kind), overall.change if overall is not None else 0.0

    return tuple(sorted(found, key=key))
