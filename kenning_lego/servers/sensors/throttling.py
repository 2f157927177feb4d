"""Whether the machine holds its clocks back, and how often it has.

Sources: Raspberry Pi's firmware property GET_THROTTLED (documentation of ``vcgencmd
get_throttled``) and its drivers firmware/raspberrypi.c and hwmon/raspberrypi-hwmon.c; the kernel's
Documentation/ABI/testing/sysfs-devices-system-cpu (thermal_throttle) and sysfs-class-thermal
(cooling devices); NVIDIA's Jetson Linux guide (over-current events).

``vcgencmd`` itself is not called: it needs the same driver as the file, and a process a second is
no way to leave a small board alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
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

KIND = "throttling"

_PI_FLAGS = ("under-voltage", "frequency-capped", "throttled", "soft-temperature-limit")
"""Bits 0 to 3 of the firmware's answer, and 16 to 19 for what was so before."""

_HEXADECIMAL = re.compile(rb"\s*(0[xX])?[0-9a-fA-F]{1,8}\s*")
_COOLING = ("cpufreq", "thermal-cpufreq", "devfreq", "thermal-devfreq")


def find_throttling(root: Path) -> Sensor:
    """Look for all that tells of throttling below `root`."""
    sources = [*_raspberry_pi(root), *_intel(root), *_over_current(root), *_cooling(root)]
    return file_sensor(KIND, sources, "nothing here tells of throttling")


def _raspberry_pi(root: Path) -> Iterator[Source]:
    found = numbered(root, "sys/devices/platform/soc*/soc*:firmware/get_throttled")
    for path in found[:1]:
        yield Source("throttled", (path,), _pi_flags)
    if found:
        return
    for device in numbered(root, "sys/class/hwmon/hwmon[0-9]*"):
        if line(device / "name") == "rpi_volt":
            yield _flag("throttled_before.under-voltage", device / "in0_lcrit_alarm")


def _pi_flags(contents: Sequence[bytes]) -> Readings:
    if not _HEXADECIMAL.fullmatch(contents[0]):
        raise ValueError(f"{contents[0][:32]!r} is not hexadecimal")
    bits = int(contents[0], 16)
    now = {f"throttled.{name}": float(bits >> bit & 1) for bit, name in enumerate(_PI_FLAGS)}
    before = {
        f"throttled_before.{name}": float(bits >> bit & 1)
        for bit, name in enumerate(_PI_FLAGS, start=16)
    }
    return {**now, **before}


def _intel(root: Path) -> Iterator[Source]:
    cores = numbered(root, "sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/core_throttle_count")
    if cores:
        yield _sum("throttle_count.core", cores)
    # Each core tells of its whole package; one of each package is asked.
    packages: dict[str, Path] = {}
    for path in numbered(
        root, "sys/devices/system/cpu/cpu[0-9]*/thermal_throttle/package_throttle_count"
    ):
        packages.setdefault(line(path.parents[1] / "topology/physical_package_id"), path)
    if packages:
        yield _sum("throttle_count.package", list(packages.values()))


def _over_current(root: Path) -> Iterator[Source]:
    paths = numbered(root, "sys/class/hwmon/hwmon[0-9]*/oc[0-9]*_event_cnt")
    keys = distinct(f"throttle_count.{path.name.removesuffix('_event_cnt')}" for path in paths)
    for key, path in zip(keys, paths, strict=True):
        yield number(key, path, low=0)


def _cooling(root: Path) -> Iterator[Source]:
    """Devices by which the kernel's thermal governor lowers clocks: on or off."""
    found = [
        (place(name), device / "cur_state")
        for device in numbered(root, "sys/class/thermal/cooling_device[0-9]*")
        if (name := line(device / "type")).startswith(_COOLING)
    ]
    keys = distinct(f"throttled.{name}" for name, _ in found)
    for key, (_, path) in zip(keys, found, strict=True):
        yield _flag(key, path)


def _flag(key: str, path: Path) -> Source:
    return Source(key, (path,), lambda contents: {key: float(integer(contents[0]) > 0)})


def _sum(key: str, paths: Sequence[Path]) -> Source:
    return Source(key, tuple(paths), lambda contents: {key: float(sum(map(integer, contents)))})
