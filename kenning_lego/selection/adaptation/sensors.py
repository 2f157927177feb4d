"""What readings of the target's sensors allow: memory above a reserve, and work while it is hot."""

from __future__ import annotations

from kenning_lego.selection.adaptation.hold import Hold
from kenning_lego.selection.adaptation.settings import AdaptationSettings

FREE_MEMORY = "free_memory_bytes"
TEMPERATURE = "temperature_c"
"""The names of the readings that count; others are passed over."""

_BAND = 0.25
"""Share of the reserve that must be free beyond it before anything grows."""
_COOLING = 0.8
"""Share of the work above the least that each step leaves."""
_LEAST_WORK = 0.05
"""Share of the work above the least below which there is none."""


class FreeMemory:
    """How much memory the pipelines may have together for a reserve to stay free.

    The limit is set when a reading is taken: what the pipelines hold and what is free belong
    together.
    """

    def __init__(self, settings: AdaptationSettings) -> None:
        self._reserve = settings.memory_reserve_bytes
        self._hold = Hold(settings)
        self._short = False
        self.limit: int | None = None
        """In bytes; None where nothing limits it."""

    def read(self, free_bytes: float, used_bytes: int, now: float) -> None:
        """Take in a reading.

        Args:
            free_bytes: free now.
            used_bytes: that the pipelines hold now.
            now: in seconds.
        """
        if self._reserve is None:
            return
        short = free_bytes < self._reserve
        if short and not self._short:
            self._hold.missed(now)
        self._short = short
        if short:
            self.limit = max(0, used_bytes + int(free_bytes) - self._reserve)
        else:
            spare = int(free_bytes - self._reserve * (1 + _BAND))
            self.limit = used_bytes + (0 if self._hold.active(now) else max(0, spare))


class Heat:
    """Which share of its work a pipeline may do: less and less while hot, and the way back."""

    def __init__(self, settings: AdaptationSettings, now: float) -> None:
        self._settings = settings
        self._stepped = now - settings.heat_step_s
        self.share = 1.0
        """Of what the most work takes above the least."""

    def read(self, celsius: float, now: float) -> None:
        """Take in a reading; between the two marks everything stays as it is."""
        if now - self._stepped < self._settings.heat_step_s:
            return
        if celsius >= self._settings.hottest:
            share = self.share * _COOLING
            self._step(share if share >= _LEAST_WORK else 0.0, now)
        elif celsius < self._settings.coolest and self.share < 1.0:
            self._step(min(1.0, max(self.share, _LEAST_WORK) / _COOLING), now)

    def _step(self, share: float, now: float) -> None:
        self.share, self._stepped = share, now
