"""How long to wait before anything grows again."""

from __future__ import annotations

import math

from kenning_lego.selection.adaptation.settings import AdaptationSettings


class Hold:
    """A time for which nothing grows: after a miss, and after a gain unless the load changes.

    Each further miss, or gain, that comes soon after the last one doubles the time. So what is
    noise causes ever fewer switches, and a load that goes away is still followed at once.

    Args:
        settings: how long.
    """

    def __init__(self, settings: AdaptationSettings) -> None:
        self._misses = _Backoff(settings)
        self._gains = _Backoff(settings)

    def active(self, now: float) -> bool:
        """Whether nothing may grow."""
        return now < max(self._misses.until, self._gains.until)

    def gained(self, now: float) -> None:
        """Something has just grown, though no bound was changed."""
        self._gains.lengthen(now)

    def missed(self, now: float) -> None:
        """Something had grown too far, or what it rests on has shrunk."""
        self._misses.lengthen(now)

    def ease(self) -> None:
        """The load is another: what was gained under the last one does not matter."""
        self._gains.lift()

    def lift(self) -> None:
        """The bounds are others: nothing matters that was before."""
        self._misses.lift()
        self._gains.lift()


class _Backoff:
    def __init__(self, settings: AdaptationSettings) -> None:
        self._settings = settings
        self._dwell = settings.dwell_s
        self._last = self.until = -math.inf

    def lengthen(self, now: float) -> None:
        settings = self._settings
        soon = now - self._last < settings.longest_dwell_s
        self._dwell = min(settings.longest_dwell_s, self._dwell * 2) if soon else settings.dwell_s
        self._last, self.until = now, now + self._dwell

    def lift(self) -> None:
        self._dwell = self._settings.dwell_s
        self._last = self.until = -math.inf
