"""How long a piece of work still takes, from how fast it went so far in this run.

A pure estimator: it is told what is done and when, and reads no clock. What was done before it was
told for the first time, such as work found in the workspace, is free and says nothing of the pace.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

_MOST_STRETCHES = 32
_FEWEST_STRETCHES = 2
_DEVIATIONS = 3.0
"""Not two: what takes long now does so for a while, so that errors are larger than they look."""
_VAGUE = 8.0
"""A range of which the end is so many times its begin says nothing."""


@dataclass(frozen=True, slots=True)
class Left:
    """What is left, between two times in seconds."""

    low_s: float
    high_s: float

    def __str__(self) -> str:
        low, high = _rounded(self.low_s), _rounded(self.high_s)
        return f"about {high}" if low == high else f"{_without_unit(low, high)} to {high}"


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Work between two reports: how much, and how long it took."""

    work: float
    seconds: float


class Remaining:
    """Estimates how long work still takes.

    The pace is that of all work of this run, and that of its last third; the range spans both,
    and three standard errors of each as a ratio estimator (Cochran, Sampling Techniques, 3rd ed.,
    section 6.3). While a stretch takes longer than the pace has it, the pace falls continuously, so
    that the estimate does not jump once the stretch is over.
    """

    def __init__(self) -> None:
        self._stretches: list[_Stretch] = []
        self._done = 0.0
        self._total = 0.0
        self._at: float | None = None
        self._merged = 1
        self._last_step = 0.0
        self._open: _Stretch | None = None
        self._in_open = 0

    def note(self, done: float, total: float, now: float) -> None:
        """So much of the total is done at this time, in seconds of any steady clock."""
        self._total = total
        if self._at is None or done < self._done:
            self._stretches, self._merged = [], 1
            self._open, self._in_open = None, 0
            self._done, self._at = done, now
            return
        if done == self._done:
            return
        self._last_step = done - self._done
        self._take(_Stretch(self._last_step, now - self._at))
        self._done, self._at = done, now

    def left(self, now: float) -> Left | None:
        """What is left at this time; None as long as nobody can know."""
        stretches = [*self._stretches, *([self._open] if self._open else [])]
        undone = self._total - self._done
        if self._at is None or len(stretches) < _FEWEST_STRETCHES or undone <= 0:
            return None
        age = max(0.0, now - self._at)
        recent = stretches[-max(_FEWEST_STRETCHES, math.ceil(len(stretches) / 3)) :]
        found = [self._of(part, undone, age) for part in (stretches, recent)]
        low, high = min(each.low_s for each in found), max(each.high_s for each in found)
        return None if high > _VAGUE * max(low, 1.0) else Left(low, high)

    def _of(self, stretches: Sequence[_Stretch], undone: float, age: float) -> Left:
        work = sum(each.work for each in stretches)
        seconds = sum(each.seconds for each in stretches)
        step = min(self._last_step, undone)
        # Should the present step end now, the pace would be this.
        pace = max(seconds / work, (seconds + age) / (work + step))
        after = pace * (undone - step)
        whole = after + max(0.0, pace * step - age)
        error = _DEVIATIONS * _relative_error(stretches, work, seconds)
        return Left(whole / (1 + error), whole * (1 + error))

    def _take(self, stretch: _Stretch) -> None:
        """Keep a stretch; beyond a number of them, neighbours become one."""
        before = self._open or _Stretch(0.0, 0.0)
        self._open = _Stretch(before.work + stretch.work, before.seconds + stretch.seconds)
        self._in_open += 1
        if self._in_open < self._merged:
            return
        self._stretches.append(self._open)
        self._open, self._in_open = None, 0
        if len(self._stretches) >= _MOST_STRETCHES:
            pairs = zip(self._stretches[::2], self._stretches[1::2], strict=True)
            self._stretches = [_Stretch(a.work + b.work, a.seconds + b.seconds) for a, b in pairs]
            self._merged *= 2


def _relative_error(stretches: Sequence[_Stretch], work: float, seconds: float) -> float:
    """Standard error of the pace, as a share of it."""
    count, pace = len(stretches), seconds / work
    if not seconds or count < _FEWEST_STRETCHES:
        return 0.0
    squares = sum((each.seconds - pace * each.work) ** 2 for each in stretches)
    return math.sqrt(count / (count - 1) * squares) / seconds


def _rounded(seconds: float) -> str:
    """In no more digits than an estimate has: ``20 s``, ``12 min``, ``3.5 h``."""
    if seconds < 57.5:
        return f"{max(5, 5 * round(seconds / 5))} s" if seconds >= 10 else f"{math.ceil(seconds)} s"
    minutes = seconds / 60
    if minutes < 90:
        step = 1 if minutes < 20 else 5
        return f"{step * round(minutes / step)} min"
    return f"{minutes / 60:.1f} h"


def _without_unit(low: str, high: str) -> str:
    number, unit = low.split()
    return number if unit == high.split()[1] else low
