"""The processor's present frequencies, from cpufreq.

Source: the kernel's Documentation/admin-guide/pm/cpufreq.rst; frequencies are in kHz.
"""

from __future__ import annotations

from pathlib import Path

from kenning_lego.servers.sensors.base import Sensor
from kenning_lego.servers.sensors.files import file_sensor, number, numbered

KIND = "frequency"
_HIGHEST_KHZ = 1e8


def policies(root: Path) -> dict[str, Path]:
    """The cpufreq directory of each group of cores that share a clock, by its first core's name."""
    groups: dict[Path, str] = {}
    for directory in numbered(root, "sys/devices/system/cpu/cpu[0-9]*/cpufreq"):
        groups.setdefault(directory.resolve(), directory.parent.name)
    return {name: directory for directory, name in groups.items()}


def find_frequencies(root: Path) -> Sensor:
    """Look for cpufreq below `root`."""
    sources = (
        number(f"frequency_khz.{name}", directory / "scaling_cur_freq", low=1, high=_HIGHEST_KHZ)
        for name, directory in policies(root).items()
    )
    return file_sensor(KIND, sources, "no cpufreq (a virtual machine has none)")
