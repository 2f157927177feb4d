"""What a target's sensors told while it was used: columns over time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MAX_COLUMNS = 1024
"""Keys beyond so many are left out: a server with hundreds of cores is no edge board."""

MAX_SAMPLES = 65_536
"""That telemetry may have; a sampler keeps far fewer."""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Readings of a target's sensors.

    Args:
        began_unix_s: wall-clock time of the first sample there, in seconds since 1970; 0 if there
            is none.
        times_s: when each sample was taken, in seconds on the target's monotonic clock, which its
            timings are taken with.
        columns: one value a sample by key, None where it was absent. A key is
            ``QUANTITY_UNIT.PLACE``; docs/reference/telemetry.md has them all.
        absent: what is not there, and why, for people.
    """

    began_unix_s: float = 0.0
    times_s: tuple[float, ...] = ()
    columns: Mapping[str, tuple[float | None, ...]] = field(default_factory=dict)
    absent: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.times_s)


def quantity_of(key: str) -> str:
    """What a key tells, without the place: ``temperature_c`` of ``temperature_c.cpu-thermal``."""
    return key.partition(".")[0]


def place_of(key: str) -> str:
    """Where, such as ``cpu-thermal``; empty for what there is one of."""
    return key.partition(".")[2]
