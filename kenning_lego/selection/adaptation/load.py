"""How much slower frames are than predicted, from the frames' own times.

A frame of predicted latency p takes about ``level * p``, and now and then up to ``slack`` more.
The level is what other work leaves of the processor, a trimmed mean of measured over predicted;
dividing by the prediction makes frames of different configurations comparable. The slack is a
time, not a share: it is mostly that of a scheduler's slices, which do not shrink with the frame.

Both come from a window of recent frames. A two-sided CUSUM of the standardised ratios (Page,
"Continuous inspection schemes", Biometrika 1954), each clipped so that no single frame can raise
the alarm, finds that the load has changed; the window then keeps only the frames since.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

_WINDOW = 64
"""Frames: enough for a 97 % quantile, few enough to follow a drift."""
_TRIMMED = 0.1
"""Share of the frames left out of the level at either end."""
_SPREAD = 0.1, 0.9
"""Quantiles whose distance gives the spread; up to a tenth of the frames may be outliers."""
_SPREAD_SIGMAS = 2.563
"""Standard deviations between them in a normal distribution."""
_LEAST_SPREAD = 0.03
"""Share of the level: below it a change is not worth an alarm."""
_CLIP, _DRIFT, _ALARM = 4.0, 0.75, 8.0
"""In standard deviations: three frames far off in a row raise the alarm, two do not."""
_ARMED = 8
"""Frames in the window from which on a change can be told from noise."""
_SLACK_SIGMAS = 2.0
"""Standard deviations of slack where too few frames are known for a quantile."""


@dataclass(frozen=True, slots=True)
class Load:
    """What the frames of late say about the next ones.

    Args:
        level: measured over predicted latency, typically; 1.0 where nothing is known.
        error: standard error of the level, as a share of it.
        slack_ms: time beyond the level that all but a few per cent of the frames stay within.
        frames: that this rests on, all since the load last changed.
    """

    level: float = 1.0
    error: float = 0.0
    slack_ms: float = 0.0
    frames: int = 0

    def expected_ms(self, predicted_ms: float) -> float:
        """Time that all but a few frames of a configuration stay within, in ms."""
        return predicted_ms * self.level + self.slack_ms

    def affordable_ms(self, bound_ms: float, sigmas: float = 0.0) -> float:
        """The largest prediction whose frames stay within a bound, in ms; not below 0.

        Args:
            bound_ms: on the measured latency.
            sigmas: standard errors by which the level may turn out higher.
        """
        return max(0.0, bound_ms - self.slack_ms) / (self.level * (1.0 + sigmas * self.error))


class _Frame(NamedTuple):
    measured: float
    predicted: float

    @property
    def ratio(self) -> float:
        return self.measured / self.predicted


class LoadEstimator:
    """Follows one pipeline's load.

    Args:
        outliers: share of the frames that the slack need not cover.
    """

    def __init__(self, outliers: float) -> None:
        self._outliers = outliers
        self._frames: deque[_Frame] = deque(maxlen=_WINDOW)
        self._rise = _Alarm()
        self._fall = _Alarm()
        self._load: Load | None = Load()
        self._spread = _LEAST_SPREAD
        self.changes = 0
        """How often the load has changed so far."""

    @property
    def load(self) -> Load:
        """The estimate after all frames so far."""
        if self._load is None:
            self._load = self._estimate()
        return self._load

    def observe(self, measured_ms: float, predicted_ms: float) -> None:
        """Take in a frame.

        Args:
            measured_ms: how long it took.
            predicted_ms: what the configuration that ran it takes on an idle target, above 0.
        """
        frame = _Frame(measured_ms, predicted_ms)
        armed = len(self._frames) >= _ARMED
        if armed:
            score = (frame.ratio / self.load.level - 1.0) / self._spread
            score = max(-_CLIP, min(_CLIP, score))
            self._rise.add(score)
            self._fall.add(-score)
        self._frames.append(frame)
        self._load = None
        for alarm in (self._rise, self._fall):
            if alarm.raised:
                self.keep(alarm.length)  # the change began when the alarm last was at rest
                self.changes += 1
                break

    def keep(self, frames: int) -> None:
        """Forget all but the last so many frames."""
        recent = list(self._frames)[-frames:]
        self._frames.clear()
        self._frames.extend(recent)
        self._rise, self._fall = _Alarm(), _Alarm()
        self._load = None

    def _estimate(self) -> Load:
        count = len(self._frames)
        if not count:
            return Load()
        ratios = sorted(frame.ratio for frame in self._frames)
        trimmed = min((count - 1) // 2, math.ceil(_TRIMMED * count))
        middle = ratios[trimmed : count - trimmed]
        level = math.fsum(middle) / len(middle)
        low, high = (ratios[round(share * (count - 1))] for share in _SPREAD)
        spread = max(_LEAST_SPREAD, (high - low) / (_SPREAD_SIGMAS * level))
        self._spread = spread
        return Load(level, spread / math.sqrt(count), self._slack(level, spread), count)

    def _slack(self, level: float, spread: float) -> float:
        """A quantile of what frames took beyond the level; the largest alone counts for nothing."""
        beyond = sorted(frame.measured - level * frame.predicted for frame in self._frames)
        count = len(beyond)
        if count < _ARMED:
            typical = self._frames[-1].predicted * level * spread
            return max(0.0, beyond[-1], _SLACK_SIGMAS * typical)
        index = min(count - 2, math.ceil((1.0 - self._outliers) * count) - 1)
        return max(0.0, beyond[index])


class _Alarm:
    """One side of the CUSUM: its sum, and for how many frames it has been above 0."""

    def __init__(self) -> None:
        self._sum = 0.0
        self.length = 0

    @property
    def raised(self) -> bool:
        return self._sum > _ALARM

    def add(self, score: float) -> None:
        self._sum = max(0.0, self._sum + score - _DRIFT)
        self.length = self.length + 1 if self._sum else 0
