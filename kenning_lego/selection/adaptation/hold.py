"""How long to wait before anything grows again."""

from __future__ import annotations

from kenning_lego.selection.adaptation.settings import AdaptationSettings


class Hold:
    """For how long nothing grows: longer with each reason that comes soon after the last."""

    def __init__(self, settings: AdaptationSettings) -> None:
        self._settings = settings
        self.lift()

    def active(self, now: float) -> bool:
        """Whether nothing may grow."""
        return now < self._until

    def begin(self, now: float) -> None:
        """Something grew too far, or what it rests on has shrunk."""
        settings = self._settings
        soon = now - self._begun < settings.longest_dwell_s
        self._dwell = min(settings.longest_dwell_s, self._dwell * 2) if soon else settings.dwell_s
        self._begun, self._until = now, now + self._dwell

    def lift(self) -> None:
        """Forget it all: the bounds are others."""
        self._dwell = self._settings.dwell_s
        self._begun = self._until = float("-inf")
