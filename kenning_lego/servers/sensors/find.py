"""Every kind of sensor that is known, looked for on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from kenning_lego.servers.sensors.base import Sensor
from kenning_lego.servers.sensors.frequency import find_frequencies
from kenning_lego.servers.sensors.load import find_load
from kenning_lego.servers.sensors.temperature import find_temperatures

Find = Callable[[Path], Sensor]

FINDERS: tuple[Find, ...] = (find_load, find_frequencies, find_temperatures)


def find_sensors(root: Path = Path("/")) -> tuple[Sensor, ...]:
    """One sensor for each kind; what a kind lacks, and why, is in its `absent`.

    Args:
        root: where ``proc``, ``sys`` and ``dev`` are; another directory in tests.
    """
    return tuple(find(root) for find in FINDERS)
