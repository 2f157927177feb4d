"""What is wrong with a series, in words and figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kenning_lego.stats.drift import (
    ENOUGH_ROUNDS,
    Step,
    Trend,
    find_bursts,
    find_step,
    find_trend,
    together,
)
from kenning_lego.stats.rounds import Floats

TESTS = 4
_COLD = 0.25
"""A level that falls within the first quarter and stays was warm-up."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What was found in one series.

    Args:
        drift: the trend or step that matters, in words; empty if there is none.
        slower: whether that made it slower.
        cold: whether it looks like warm-up that had not ended.
        bursts: in words; empty if there are none that matter.
        figures: of all tests, by name.
    """

    drift: str = ""
    slower: bool = False
    cold: bool = False
    bursts: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)


def examine(levels: Floats, asked: float, alarms: float, items: Floats | None = None) -> Findings:
    """Look for trends, steps and bursts.

    A trend or step matters from the asked share on, since then the medians of two halves of the
    run lie farther apart than the interval says. Bursts matter if they move the mean by half of
    it. Each must also be beyond chance.

    Args:
        levels: one positive value a round.
        asked: share of the median that matters.
        alarms: share of quiet series in which anything is found, at most.
        items: if the series is the median over several items, theirs, shape (items, rounds):
            rounds in which all are off together are bursts in any order.
    """
    if len(levels) < ENOUGH_ROUNDS:
        return Findings()
    level = alarms / TESTS
    trend, step = find_trend(levels), find_step(levels)
    found: Trend | Step | None = None
    fits: tuple[Trend | Step, ...] = (trend, step)
    for each in sorted(fits, key=lambda fit: fit.rest, reverse=True):
        if each.p_value < level and abs(each.change) >= asked:
            found = each
    bursts = find_bursts(levels if found is None else levels / found.fit, asked)
    unlikely = bursts.p_value
    if items is not None:
        unlikely = min(unlikely, together(items, bursts.off))
    matter = unlikely < level and abs(bursts.lost) >= asked / 2
    return Findings(
        drift=_in_words(found),
        slower=found is not None and found.change > 0,
        cold=isinstance(found, Step) and found.change < 0 and found.at <= _COLD,
        bursts=f"{bursts.share:.0%} of the rounds were {_faster_or_slower(bursts.change)}"
        if matter
        else "",
        figures={
            "trend": trend.change,
            "trend_p": trend.p_value,
            "step": step.change,
            "step_p": step.p_value,
            "step_at": step.at,
            "burst_share": bursts.share,
            "burst": bursts.change,
            "burst_p": unlikely,
        },
    )


def _in_words(found: Trend | Step | None) -> str:
    match found:
        case Trend():
            return f"became {_faster_or_slower(found.change)} from the first to the last round"
        case Step():
            return (
                f"became {_faster_or_slower(found.change)} after {found.at:.0%} of the rounds "
                "and stayed so"
            )
        case None:
            return ""


def _faster_or_slower(change: float) -> str:
    return f"{abs(change):.1%} {'slower' if change > 0 else 'faster'}"
