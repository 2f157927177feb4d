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
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

_WINDOW, _LONG_WINDOW = 64, 256
"""Frames that the level rests on, few enough to follow a drift, and the slack, a quantile."""
_TRIMMED = 0.1
"""Share of the frames left out of the level at either end."""
_SPREAD = 0.1, 0.9
"""Quantiles whose distance gives the spread; up to a tenth of the frames may be outliers."""
_SPREAD_SIGMAS = 2.563
"""Standard deviations between them in a normal distribution."""
_UNSURE = 8.0
"""The spread of so few frames may be twice what they show."""
_LEAST_SPREAD = 0.03
"""Share of the level: below it a change is not worth an alarm."""
_CLIP, _DRIFT, _REST, _ALARM = 4.0, 0.75, 1.0, 8.0
"""In standard deviations: three frames far off in a row raise the alarm, two do not."""
_ARMED = 8
"""Frames in the window from which on a change can be told from noise."""
_SLACK_SIGMAS = 2.0
"""Standard deviations that the slack is at least while few frames are known."""


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


class LoadEstimator:
    """Follows one pipeline's load.

    Args:
        outliers: share of the frames that the slack need not cover.
    """

    def __init__(self, outliers: float) -> None:
        self._outliers = outliers
        self._frames = _Frames()
        self._rise = _Alarm()
        self._fall = _Alarm()
        self._load: Load | None = Load()
        self._spread = _LEAST_SPREAD
        self._usual: tuple[float, float] | None = None
        """Level and spread before the first frame that a change is suspected from."""
        self.changes = 0
        """How often the load has changed so far."""

    @property
    def load(self) -> Load:
        """The estimate after all frames so far."""
        if self._load is None:
            self._load = self._estimate()
        return self._load

    def attainable(self, bound_ms: float, least_ms: float) -> Load:
        """The estimate, its slack only as large as it is of use.

        Some frames may take longer than the bound whatever runs: where other work takes the
        processor for longer than the fastest configuration leaves. Nobody can keep them, so a
        slower configuration is not blamed for them; of the others it is to lose as few as ever.

        Args:
            bound_ms: on the measured latency.
            least_ms: prediction of the fastest configuration.
        """
        load = self.load
        if load.expected_ms(least_ms) <= bound_ms:
            return load
        measured, predicted = self._frames.last(_LONG_WINDOW)
        beyond = np.sort(measured - load.level * predicted)
        kept = beyond[beyond <= bound_ms - load.level * least_ms]
        if not len(kept):
            return load
        index = math.ceil((1.0 - self._outliers) * len(kept)) - 1
        return replace(load, slack_ms=max(0.0, float(kept[max(0, index)])))

    def observe(self, measured_ms: float, predicted_ms: float) -> None:
        """Take in a frame.

        Args:
            measured_ms: how long it took.
            predicted_ms: what the configuration that ran it takes on an idle target, above 0.
        """
        ratio = measured_ms / predicted_ms
        self._frames.add(measured_ms, predicted_ms)
        self._load = None
        if self._usual is not None:
            self._watch(ratio, *self._usual)
        if self._frames.count >= _ARMED and not (self._rise.length or self._fall.length):
            unsure = 1.0 + _UNSURE / self._frames.count
            self._usual = self.load.level, self._spread * unsure

    def _watch(self, ratio: float, level: float, spread: float) -> None:
        """Compare a frame with how it was before any suspicion, and start anew if that is over."""
        score = max(-_CLIP, min(_CLIP, (ratio / level - 1.0) / spread))
        self._rise.add(score)
        self._fall.add(-score)
        for alarm in (self._rise, self._fall):
            if alarm.raised:
                self._frames.keep(alarm.length)  # it began when the alarm last was at rest
                self._rise, self._fall, self._usual = _Alarm(), _Alarm(), None
                self.changes += 1
                break

    def _estimate(self) -> Load:
        measured, predicted = self._frames.last(_WINDOW)
        count = len(measured)
        if not count:
            return Load()
        ratios = np.sort(measured / predicted)
        trimmed = min((count - 1) // 2, math.ceil(_TRIMMED * count))
        level = float(ratios[trimmed : count - trimmed].mean())
        low, high = (ratios[round(share * (count - 1))] for share in _SPREAD)
        self._spread = max(_LEAST_SPREAD, float(high - low) / (_SPREAD_SIGMAS * level))
        error = self._spread / math.sqrt(count)
        return Load(level, error, self._slack(level), self._frames.count)

    def _slack(self, level: float) -> float:
        """A quantile of what frames took beyond the level; the largest alone counts for nothing."""
        measured, predicted = self._frames.last(_LONG_WINDOW)
        beyond = np.sort(measured - level * predicted)
        count = len(beyond)
        index = max(0, min(count - 2, math.ceil((1.0 - self._outliers) * count) - 1))
        slack = float(beyond[index])
        if count < _WINDOW:
            slack = max(slack, _SLACK_SIGMAS * self._spread * level * float(predicted[-1]))
        return max(0.0, slack)


class _Frames:
    """Measured and predicted times of frames, the latest last."""

    def __init__(self) -> None:
        self._times = np.empty((2, 2 * _LONG_WINDOW))
        self._end = 0
        self.count = 0
        """Frames that are kept, at most the long window's."""

    def add(self, measured: float, predicted: float) -> None:
        if self._end == self._times.shape[1]:
            self._times[:, : self.count] = self._times[:, self._end - self.count :]
            self._end = self.count
        self._times[:, self._end] = measured, predicted
        self._end += 1
        self.count = min(self.count + 1, _LONG_WINDOW)

    def keep(self, count: int) -> None:
        self.count = min(self.count, count)

    def last(self, count: int) -> NDArray[np.float64]:
        return self._times[:, self._end - min(count, self.count) : self._end]


class _Alarm:
    """One side of the CUSUM: its sum, and for how many frames it has not been at rest."""

    def __init__(self) -> None:
        self._sum = 0.0
        self.length = 0

    @property
    def raised(self) -> bool:
        return self._sum > _ALARM

    def add(self, score: float) -> None:
        self._sum = max(0.0, self._sum + score - _DRIFT)
        self.length = self.length + 1 if self._sum > _REST else 0
