"""The machine's memory. Source: proc_meminfo(5), whose kB are 1024 bytes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kenning_lego.servers.sensors.base import Readings, Sensor
from kenning_lego.servers.sensors.files import Source, file_sensor, integer

KIND = "memory"


def find_memory(root: Path) -> Sensor:
    """Look for the machine's memory below `root`."""
    return file_sensor(KIND, [Source(KIND, (root / "proc/meminfo",), _parse)], "")


def _parse(contents: Sequence[bytes]) -> Readings:
    sizes = sizes_in(contents[0])
    readings: dict[str, float] = {}
    if "MemAvailable" in sizes:
        readings["memory_available_bytes"] = sizes["MemAvailable"]
        if "MemTotal" in sizes:
            readings["memory_used_bytes"] = sizes["MemTotal"] - sizes["MemAvailable"]
    if "SwapTotal" in sizes and "SwapFree" in sizes:
        readings["swap_used_bytes"] = sizes["SwapTotal"] - sizes["SwapFree"]
    if not readings:
        raise ValueError("it tells no memory")
    return readings


def sizes_in(content: bytes) -> dict[str, int]:
    """The sizes in lines such as ``MemTotal:  24684084 kB``, in bytes by name."""
    sizes = {}
    for line in content.splitlines():
        name, _, size = line.partition(b":")
        words = size.split()
        if len(words) == 2 and words[1] == b"kB" and words[0].isdigit():
            sizes[name.decode("ascii", "replace")] = integer(words[0]) * 1024
    return sizes
