"""Temperatures: thermal zones, and processors' own sensors below hwmon.

Sources: the kernel's Documentation/ABI/testing/sysfs-class-thermal and Documentation/hwmon/
sysfs-interface.rst; both give thousandths of a degree Celsius.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from kenning_lego.servers.sensors.base import Sensor, distinct, place
from kenning_lego.servers.sensors.files import Source, file_sensor, line, number, numbered

KIND = "temperature"

_COLDEST_C, _HOTTEST_C = -60.0, 200.0
"""A unit that is switched off may tell -256 degrees, one that is broken 255."""

_NOT_MEASURED = frozenset({"PMIC-Die"})
"""Zones that only know whether a limit is exceeded and tell a fixed value: NVIDIA's PMIC, 100."""

_PROCESSORS = frozenset({"coretemp", "k10temp", "zenpower", "rp1_adc"})
"""Drivers that are asked. Others are not of the processor, and some, those of disks, have to send
their device a command, which takes milliseconds and keeps it awake."""


def find_temperatures(root: Path) -> Sensor:
    """Look for thermal zones and processors' sensors below `root`."""
    named = [*_zones(root), *_processors(root)]
    keys = distinct(f"temperature_c.{name}" for name, _ in named)
    sources = (_temperature(key, path) for key, (_, path) in zip(keys, named, strict=True))
    return file_sensor(
        KIND, sources, "no thermal zone and no processor's sensor (a virtual machine has none)"
    )


def _temperature(key: str, path: Path) -> Source:
    return number(key, path, scale=1e-3, low=_COLDEST_C, high=_HOTTEST_C)


def _zones(root: Path) -> Iterator[tuple[str, Path]]:
    for zone in numbered(root, "sys/class/thermal/thermal_zone[0-9]*"):
        name = line(zone / "type") or zone.name
        if name not in _NOT_MEASURED:
            yield place(name) or zone.name, zone / "temp"


def _processors(root: Path) -> Iterator[tuple[str, Path]]:
    for device in numbered(root, "sys/class/hwmon/hwmon[0-9]*"):
        driver = line(device / "name")
        if driver not in _PROCESSORS:
            continue
        for path in numbered(device, "temp[0-9]*_input"):
            channel = path.name.removesuffix("_input")
            label = line(device / f"{channel}_label") or channel
            yield place(f"{driver}-{label}") or driver, path
