"""What kind of machine this is and the state it is in; absent facts are absent, never zero."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator
from pathlib import Path

from kenning_lego.core.plans import TargetDescription
from kenning_lego.runtimes.lookup import installed_engines

Fact = str | int | float


def describe(root: Path = Path("/")) -> TargetDescription:
    """Describe this machine.

    Args:
        root: where ``proc`` and ``sys`` are; another directory in tests.
    """
    return TargetDescription(_facts(root), installed_engines(), _state(root))


def _facts(root: Path) -> dict[str, Fact]:
    facts: dict[str, Fact] = {
        "machine": platform.machine(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "cores": os.cpu_count() or 1,
        "memory_bytes": os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
    }
    board = _text(root / "proc/device-tree/model")
    if board:
        facts["board"] = board.rstrip("\0")
    cpu = _cpu_model(root)
    if cpu:
        facts["cpu"] = cpu
    return facts


def _state(root: Path) -> dict[str, Fact]:
    state: dict[str, Fact] = {"load_1min": round(os.getloadavg()[0], 2)}
    governors = {
        text
        for path in root.glob("sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_governor")
        if (text := _text(path))
    }
    if governors:
        state["governor"] = ", ".join(sorted(governors))
    frequencies = list(_integers(root, "sys/devices/system/cpu/cpu[0-9]*/cpufreq/scaling_cur_freq"))
    if frequencies:
        state["frequency_khz_min"] = min(frequencies)
        state["frequency_khz_max"] = max(frequencies)
    temperatures = list(_integers(root, "sys/class/thermal/thermal_zone*/temp"))
    if temperatures:
        state["temperature_c_max"] = max(temperatures) / 1000
    return state


def _integers(root: Path, pattern: str) -> Iterator[int]:
    for path in root.glob(pattern):
        text = _text(path)
        if text and text.lstrip("-").isdigit():
            yield int(text)


def _cpu_model(root: Path) -> str:
    for line in _text(root / "proc/cpuinfo").splitlines():
        key, _, value = line.partition(":")
        if key.strip() in ("model name", "Hardware", "Model"):
            return value.strip()
    return ""


def _text(path: Path) -> str:
    # Files below /sys may exist and still refuse to be read.
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
