"""The load average. Source: proc_loadavg(5)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from kenning_lego.servers.sensors.base import Readings, Sensor
from kenning_lego.servers.sensors.files import Source, file_sensor

KIND = "load"


def find_load(root: Path) -> Sensor:
    """Look for the load average below `root`."""
    return file_sensor(KIND, [Source("load_1min", (root / "proc/loadavg",), _parse)], "")


def _parse(contents: Sequence[bytes]) -> Readings:
    words = contents[0].split()
    value = float(words[0]) if words else -1.0
    if not 0 <= value <= 1e9:
        raise ValueError(f"{contents[0][:32]!r} is not a load")
    return {"load_1min": value}
