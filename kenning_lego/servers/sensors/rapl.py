"""Energy counters of Intel's and AMD's processors.

Source: the kernel's Documentation/power/powercap/powercap.rst: ``energy_uj`` counts microjoules up
to ``max_energy_range_uj`` and begins again at zero. Since Linux 5.10 only root may read it
(CVE-2020-8694).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kenning_lego.servers.sensors.base import Absent, Readings, Sensor, distinct, place
from kenning_lego.servers.sensors.files import FileSensor, Source, integer, line, numbered

KIND = "energy"


def find_energy(root: Path) -> Sensor:
    """Look for energy counters below `root`; they are read as energy since they were found."""
    zones = numbered(root, "sys/class/powercap/intel-rapl:*")
    if not zones:
        return Absent(KIND, "no energy counter (RAPL) below /sys/class/powercap")
    absent: dict[str, str] = {}
    sources = []
    keys = distinct(f"energy_uj.{_name(zone)}" for zone in zones)
    for key, zone in zip(keys, zones, strict=True):
        limit = line(zone / "max_energy_range_uj")
        if limit.isdigit() and int(limit) > 0:
            sources.append(Source(key, (zone / "energy_uj",), _Counter(key, int(limit))))
        else:
            absent[key] = f"{zone / 'max_energy_range_uj'} does not say where the counter wraps"
    return FileSensor(KIND, sources, absent, "only root may read it since Linux 5.10")


def _name(zone: Path) -> str:
    """Such as ``package-0``, or ``package-0-core`` for a part of it."""
    own = place(line(zone / "name")) or place(zone.name)
    package, _, part = zone.name.rpartition(":")
    if part.isdigit() and package.count(":") == 1:
        whole = place(line(zone.parent / package / "name"))
        return f"{whole}-{own}" if whole else own
    return own


class _Counter:
    """Undoes the counter's wraps; between two readings there is at most one."""

    def __init__(self, key: str, limit: int) -> None:
        self._key = key
        self._limit = limit
        self._last: int | None = None
        self._total = 0

    def __call__(self, contents: Sequence[bytes]) -> Readings:
        now = integer(contents[0])
        if not 0 <= now <= self._limit:
            raise ValueError(f"{now} is beyond the counter's range")
        if self._last is not None:
            self._total += (now - self._last) % (self._limit + 1)
        self._last = now
        return {self._key: float(self._total)}
