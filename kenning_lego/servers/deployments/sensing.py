"""The readings that bear on what deployments may do: free memory and the hottest temperature."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kenning_lego.servers.sensors.base import Sensor
from kenning_lego.servers.sensors.memory import find_memory
from kenning_lego.servers.sensors.temperature import find_temperatures

INTERVAL_S = 1.0
"""Between readings: memory and heat do not change much faster."""


def find_sensors(root: Path = Path("/")) -> tuple[Sensor, ...]:
    """The sensors of memory and temperature on this machine."""
    return find_memory(root), find_temperatures(root)


def readings(sensors: Sequence[Sensor]) -> dict[str, float]:
    """``free_memory_bytes`` and ``temperature_c``, as far as they are told."""
    told: dict[str, float] = {}
    for sensor in sensors:
        told.update(sensor.read())
    result = {}
    if "memory_available_bytes" in told:
        result["free_memory_bytes"] = told["memory_available_bytes"]
    celsius = [value for key, value in told.items() if key.startswith("temperature_c.")]
    if celsius:
        result["temperature_c"] = max(celsius)
    return result
