"""Where warm-up ends: where what follows looks alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kenning_lego.stats.intervals import ordered_quantile

WINDOW = 20
"""Values in the two halves together."""


@dataclass(frozen=True, slots=True)
class WarmUp:
    """What a series says about its warm-up.

    Args:
        drop: values at its beginning that are not to be used.
        settled: whether the series had settled by then; if not, it is too short to say, or
            still changes at the cap.
    """

    drop: int
    settled: bool


def warm_up(
    series: Sequence[float], *, window: int = WINDOW, within: float = 0.05, cap: int | None = None
) -> WarmUp:
    """How many values to drop.

    The first place at which the next `window` values split into two halves that agree with each
    other and with how the series ends (its later half). Two sets agree if their quartiles differ
    by at most `within` of the median, as in pyperf's calibration, or by no more than they spread.
    A single outlier does not count, since quartiles do not see it; a slow level that lasts longer
    than the window does not pass for the end of warm-up, since the series goes on faster.

    Args:
        series: of one thing, in order.
        window: values that are looked at together; an even number, at least 4.
        within: share by which the halves' quartiles may differ.
        cap: the most to drop; by default half of the series.
    """
    most = len(series) // 2 if cap is None else min(cap, len(series))
    half = window // 2
    end = series[len(series) // 2 :]
    for start in range(most + 1):
        if start + window > len(series):
            break
        halves = series[start : start + half], series[start + half : start + window]
        if _agree(*halves, within) and all(_agree(each, end, within) for each in halves):
            return WarmUp(start, True)
    return WarmUp(most, False)


def _agree(first: Sequence[float], second: Sequence[float], within: float) -> bool:
    before, after = sorted(first), sorted(second)
    # The smaller of the two: a half with the change in it spreads by the change.
    spread = min(_quartile(half, 0.75) - _quartile(half, 0.25) for half in (before, after))
    allowed = max(within * abs(_quartile(before, 0.5)), spread)
    return all(
        abs(_quartile(before, share) - _quartile(after, share)) <= allowed
        for share in (0.25, 0.5, 0.75)
    )


def _quartile(ascending: Sequence[float], share: float) -> float:
    return ordered_quantile(ascending, share)
