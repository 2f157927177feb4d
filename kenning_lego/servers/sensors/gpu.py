"""A GPU beside the processor on one chip, as on a Jetson: its load and its frequency.

Sources: NVIDIA's Jetson Linux guide (``load`` in tenths of a per cent; where it lies depends on
the release); the kernel's Documentation/ABI/testing/sysfs-class-devfreq (``cur_freq`` in Hz).
"""

from __future__ import annotations

from pathlib import Path

from kenning_lego.servers.sensors.base import Sensor
from kenning_lego.servers.sensors.files import file_sensor, number, numbered

KIND = "integrated-gpu"

_LOADS = (
    "sys/devices/gpu.0/load",
    "sys/devices/platform/gpu.0/load",
    "sys/devices/platform/17000000.g*/load",
    "sys/devices/platform/bus@0/17000000.gpu/load",
)
_FREQUENCIES = tuple(
    f"sys/class/devfreq/*.{name}/cur_freq" for name in ("gpu", "gm20b", "gp10b", "gv11b", "ga10b")
)
"""By the chip's name: Nano, TX2, Xavier, Orin; other vendors' and newer ones are plain ``gpu``."""


def find_integrated_gpu(root: Path) -> Sensor:
    """Look for such a GPU below `root`."""
    sources = []
    if load := _first(root, _LOADS):
        sources.append(number("gpu_percent.gpu", load, scale=0.1, low=0, high=100))
    if frequency := _first(root, _FREQUENCIES):
        sources.append(number("frequency_khz.gpu", frequency, scale=1e-3, low=0, high=1e8))
    return file_sensor(KIND, sources, "no GPU beside the processor that tells of itself")


def _first(root: Path, patterns: tuple[str, ...]) -> Path | None:
    return next((path for pattern in patterns for path in numbered(root, pattern)), None)
