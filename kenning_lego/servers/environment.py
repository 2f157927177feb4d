"""What kind of machine this is and the state it is in; absent facts are absent, never zero."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from pathlib import Path

from kenning_lego.core.plans import TargetDescription
from kenning_lego.runtimes.lookup import installed_engines
from kenning_lego.runtimes.plugins import NO_RUNTIMES, OfferedRuntime
from kenning_lego.servers.sensors.base import Readings
from kenning_lego.servers.sensors.files import line
from kenning_lego.servers.sensors.find import find_sensors
from kenning_lego.servers.sensors.frequency import find_frequencies, policies
from kenning_lego.servers.sensors.load import find_load
from kenning_lego.servers.sensors.temperature import find_temperatures
from kenning_lego.servers.sensors.throttling import find_throttling

Fact = str | int | float

_STATE = (find_load, find_frequencies, find_temperatures, find_throttling)


def describe(
    root: Path = Path("/"), runtimes: Mapping[str, OfferedRuntime] = NO_RUNTIMES
) -> TargetDescription:
    """Describe this machine.

    Args:
        root: where ``proc`` and ``sys`` are; another directory in tests.
        runtimes: engines of other packages that are offered here.
    """
    return TargetDescription(_facts(root), installed_engines(runtimes), _state(root))


def _facts(root: Path) -> dict[str, Fact]:
    facts: dict[str, Fact] = {
        "machine": platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "cores": os.cpu_count() or 1,
        "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
    }
    board = line(root / "proc/device-tree/model")
    if board:
        facts["board"] = board
    cpu = _cpu_model(root)
    if cpu:
        facts["cpu"] = cpu
    return facts


def _state(root: Path) -> dict[str, Fact]:
    """What changes, in a few words: the sensors' readings themselves are telemetry."""
    readings: dict[str, float] = {}
    for sensor in find_sensors(root, _STATE):
        readings.update(sensor.read())
        sensor.close()
    state: dict[str, Fact] = {}
    if "load_1min" in readings:
        state["load_1min"] = round(readings["load_1min"], 2)
    groups = policies(root).values()
    governors = {governor for each in groups if (governor := line(each / "scaling_governor"))}
    if governors:
        state["governor"] = ", ".join(sorted(governors))
    frequencies = _all(readings, "frequency_khz")
    if frequencies:
        state["frequency_khz_min"] = round(min(frequencies))
        state["frequency_khz_max"] = round(max(frequencies))
    temperatures = _all(readings, "temperature_c")
    if temperatures:
        state["temperature_c_max"] = round(max(temperatures), 3)
    for quantity in ("throttled", "throttled_before"):
        if _all(readings, quantity):
            state[quantity] = _what_is_set(readings, quantity) or "no"
    counts = _all(readings, "throttle_count")
    if counts:
        state["throttle_count"] = round(sum(counts))
    return state


def _all(readings: Readings, quantity: str) -> list[float]:
    return [value for key, value in readings.items() if key.startswith(f"{quantity}.")]


def _what_is_set(readings: Readings, quantity: str) -> str:
    prefix = f"{quantity}."
    return ", ".join(
        key.removeprefix(prefix)
        for key, value in readings.items()
        if key.startswith(prefix) and value
    )


def _cpu_model(root: Path) -> str:
    try:
        text = (root / "proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    for each in text.splitlines():
        key, _, value = each.partition(":")
        if key.strip() in ("model name", "Hardware", "Model"):
            return value.strip()
    return ""
