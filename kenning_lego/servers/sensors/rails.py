"""Power of a board's rails, from the INA3221 monitors that a Jetson has.

Sources: NVIDIA's Jetson Linux guide: up to release 32 the driver ina3221x with ``in_powerN_input``
in mW and ``rail_name_N``; later the kernel's own, Documentation/hwmon/ina3221.rst, with
``inN_input`` in mV, ``currN_input`` in mA and ``inN_label``, without power.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from kenning_lego.servers.sensors.base import Readings, Sensor, distinct, place
from kenning_lego.servers.sensors.files import (
    Source,
    file_sensor,
    integer,
    line,
    number,
    numbered,
)

KIND = "rails"
_HIGHEST_MW = 1e6
_NOT_CONNECTED = "NC"


@dataclass(frozen=True, slots=True)
class _Rail:
    name: str
    paths: tuple[Path, ...]


def find_rails(root: Path) -> Sensor:
    """Look for rails in both layouts below `root`."""
    rails = [*_with_power(root), *_with_current(root)]
    keys = distinct(f"power_mw.{rail.name}" for rail in rails)
    sources = [_source(key, rail) for key, rail in zip(keys, rails, strict=True)]
    return file_sensor(KIND, sources, "no INA3221 power monitor")


def _with_power(root: Path) -> Iterator[_Rail]:
    for device in numbered(root, "sys/bus/i2c/drivers/ina3221x/*/iio?device*"):
        for path in numbered(device, "in_power[0-9]*_input"):
            channel = path.name.removeprefix("in_power").removesuffix("_input")
            name = line(device / f"rail_name_{channel}")
            if name != _NOT_CONNECTED:
                yield _Rail(place(name) or f"{device.parent.name}-{channel}", (path,))


def _with_current(root: Path) -> Iterator[_Rail]:
    for device in numbered(root, "sys/bus/i2c/drivers/ina3221/*/hwmon/hwmon[0-9]*"):
        for channel in "123":  # what follows are sums over shunts, not rails
            volts, amperes = device / f"in{channel}_input", device / f"curr{channel}_input"
            name = line(device / f"in{channel}_label")
            if name != _NOT_CONNECTED and volts.exists() and amperes.exists():
                address = device.parents[1].name
                yield _Rail(place(name) or f"{address}-{channel}", (volts, amperes))


def _source(key: str, rail: _Rail) -> Source:
    if len(rail.paths) == 1:
        return number(key, rail.paths[0], low=-_HIGHEST_MW, high=_HIGHEST_MW)

    def power(contents: Sequence[bytes]) -> Readings:
        millivolts, milliamperes = map(integer, contents)
        value = millivolts * milliamperes / 1e3
        if abs(value) > _HIGHEST_MW:
            raise ValueError(f"{value:g} mW")
        return {key: value}

    return Source(key, rail.paths, power)
