"""When deployments switch, as flags."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from kenning_lego.core.configuration import Component
from kenning_lego.selection.adaptation.settings import AdaptationSettings

_DEFAULTS = AdaptationSettings()


class AdaptationConfig(Component):
    """When deployments that adapt go over to another configuration."""

    reserve_mb: float | None = Field(default=None, ge=0)
    """Free memory in MB to leave to others; by default nobody looks at it."""
    hot_c: float | None = None
    """From this temperature on, in degrees Celsius, compute less and less; with --cool-c."""
    cool_c: float | None = None
    """Below this temperature compute more again."""
    margin: float = Field(default=_DEFAULTS.margin, ge=0, lt=1)
    """Share of the bound on latency that must be left over for a slower configuration."""
    dwell_s: float = Field(default=_DEFAULTS.dwell_s, ge=0)
    """After a miss nothing becomes slower for so long, and longer after further ones."""
    least_gain: float = Field(default=_DEFAULTS.least_gain, ge=0)
    """Accuracy cost that a switch must save."""
    gain_per_mb: float = Field(default=_DEFAULTS.gain_per_mb, ge=0)
    """And so much more for each MB that it loads."""
    goal: Literal["sum", "max-min"] = _DEFAULTS.goal
    """Of several deployments: the least sum of accuracy costs, or the least worst one."""

    def settings(self) -> AdaptationSettings:
        """The same for the controller.

        Raises:
            UsageError: the two temperatures do not fit together.
        """
        reserve = None if self.reserve_mb is None else int(self.reserve_mb * 1e6)
        return AdaptationSettings(
            margin=self.margin,
            dwell_s=self.dwell_s,
            longest_dwell_s=max(_DEFAULTS.longest_dwell_s, self.dwell_s),
            least_gain=self.least_gain,
            gain_per_mb=self.gain_per_mb,
            memory_reserve_bytes=reserve,
            hot_c=self.hot_c,
            cool_c=self.cool_c,
            goal=self.goal,
        )
