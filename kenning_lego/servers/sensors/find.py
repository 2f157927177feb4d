"""Every kind of sensor that is known, looked for on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from kenning_lego.servers.sensors.base import Sensor
from kenning_lego.servers.sensors.cpu import find_cpu
from kenning_lego.servers.sensors.frequency import find_frequencies
from kenning_lego.servers.sensors.gpu import find_integrated_gpu
from kenning_lego.servers.sensors.load import find_load
from kenning_lego.servers.sensors.memory import find_memory
from kenning_lego.servers.sensors.nvidia import find_nvidia_gpus
from kenning_lego.servers.sensors.rails import find_rails
from kenning_lego.servers.sensors.rapl import find_energy
from kenning_lego.servers.sensors.temperature import find_temperatures
from kenning_lego.servers.sensors.throttling import find_throttling

Find = Callable[[Path], Sensor]

FINDERS: tuple[Find, ...] = (
    find_cpu,
    find_load,
    find_memory,
    find_frequencies,
    find_temperatures,
    find_throttling,
    find_integrated_gpu,
    find_nvidia_gpus,
    find_rails,
    find_energy,
)


def find_sensors(root: Path = Path("/"), finders: Sequence[Find] = FINDERS) -> tuple[Sensor, ...]:
    """One sensor for each kind; what a kind lacks, and why, is in its `absent`.

    Args:
        root: where ``proc``, ``sys`` and ``dev`` are; another directory in tests.
        finders: of the kinds that are wanted.
    """
    return tuple(find(root) for find in finders)
