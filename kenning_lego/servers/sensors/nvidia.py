"""NVIDIA's graphics cards, through NVML (nvidia-ml-py), if there is a driver and the package.

Source: NVIDIA's NVML API reference: temperatures in degrees Celsius, power in mW, clocks in MHz,
energy in mJ since the driver was loaded, throttle reasons as bits.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from kenning_lego.servers.sensors.base import Absent, Readings, Sensor

KIND = "nvidia-gpu"
_TEMPERATURE_GPU = 0
_CLOCK_SM = 1

_POWER_REASONS = 0x04 | 0x80
"""The software's power cap and the hardware's power brake."""
_THERMAL_REASONS = 0x20 | 0x40
"""Software's and hardware's thermal slowdown."""
_HARDWARE_REASONS = 0x08
"""The hardware's slowdown, all that older cards tell: it is thermal or a power brake."""


def find_nvidia_gpus(root: Path, package: str = "pynvml") -> Sensor:
    """Look for a driver below `root`, then for the package, then for cards.

    Args:
        root: where ``proc`` and ``dev`` are.
        package: what to import, once there is a driver.
    """
    if not ((root / "proc/driver/nvidia").exists() or (root / "dev/nvidia0").exists()):
        return Absent(KIND, "no NVIDIA driver is loaded")
    try:
        nvml = importlib.import_module(package)
    except ImportError:
        return Absent(
            KIND,
            "an NVIDIA driver is loaded, but nvidia-ml-py is missing: pip install nvidia-ml-py",
        )
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        return Absent(KIND, f"NVML refuses: {error}")
    return NvidiaGpus(nvml)


@dataclass(frozen=True, slots=True)
class _Gauge:
    key: str
    call: Callable[[], Readings]


class NvidiaGpus:
    """All cards that NVML knows.

    Args:
        nvml: the module, initialised; shut down by :meth:`close`.
    """

    def __init__(self, nvml: ModuleType | Any) -> None:
        self.kind = KIND
        self.absent: dict[str, str] = {}
        self._nvml = nvml
        self._cards: dict[str, list[_Gauge]] = {}
        try:
            count = nvml.nvmlDeviceGetCount()
        except nvml.NVMLError as error:
            self.absent[KIND] = f"NVML refuses: {error}"
            return
        for index in range(count):
            self._add(f"nvidia{index}", index)
        if not count:
            self.absent[KIND] = "NVML knows no card"

    def _add(self, name: str, index: int) -> None:
        try:
            handle = self._nvml.nvmlDeviceGetHandleByIndex(index)
        except self._nvml.NVMLError as error:
            self.absent[name] = f"NVML refuses: {error}"
            return
        gauges = []
        for gauge in _gauges(self._nvml, handle, name):
            try:
                gauge.call()
            except self._nvml.NVMLError as error:
                self.absent[gauge.key] = f"NVML refuses: {error}"
            else:
                gauges.append(gauge)
        self._cards[name] = gauges

    def read(self) -> Readings:
        """The present values by key."""
        readings: dict[str, float] = {}
        for name, gauges in list(self._cards.items()):
            for gauge in gauges:
                try:
                    readings.update(gauge.call())
                except self._nvml.NVMLError_GpuIsLost as error:
                    self.absent[name] = f"gone: {error}"
                    del self._cards[name]
                    break
                except self._nvml.NVMLError:
                    continue  # this time
        return readings

    def close(self) -> None:
        """Let NVML go."""
        self._cards = {}
        try:
            self._nvml.nvmlShutdown()
        except self._nvml.NVMLError:
            return  # there is nothing left to let go


def _gauges(nvml: Any, handle: Any, name: str) -> list[_Gauge]:
    since = _Since()

    def energy() -> float:
        return since(nvml.nvmlDeviceGetTotalEnergyConsumption(handle)) * 1e3

    def throttled() -> Mapping[str, float]:
        reasons = nvml.nvmlDeviceGetCurrentClocksThrottleReasons(handle)
        return {
            f"throttled.{name}-power": float(bool(reasons & _POWER_REASONS)),
            f"throttled.{name}-thermal": float(bool(reasons & _THERMAL_REASONS)),
            f"throttled.{name}-hardware": float(bool(reasons & _HARDWARE_REASONS)),
        }

    values: dict[str, Callable[[], float]] = {
        f"gpu_percent.{name}": lambda: nvml.nvmlDeviceGetUtilizationRates(handle).gpu,
        f"gpu_memory_used_bytes.{name}": lambda: nvml.nvmlDeviceGetMemoryInfo(handle).used,
        f"temperature_c.{name}": lambda: nvml.nvmlDeviceGetTemperature(handle, _TEMPERATURE_GPU),
        f"frequency_khz.{name}": lambda: nvml.nvmlDeviceGetClockInfo(handle, _CLOCK_SM) * 1e3,
        f"power_mw.{name}": lambda: nvml.nvmlDeviceGetPowerUsage(handle),
        f"energy_uj.{name}": energy,
    }
    single = [_Gauge(key, _reading(key, value)) for key, value in values.items()]
    return [*single, _Gauge(f"throttled.{name}", throttled)]


def _reading(key: str, value: Callable[[], float]) -> Callable[[], Readings]:
    return lambda: {key: float(value())}


class _Since:
    """A counter that begins at zero."""

    def __init__(self) -> None:
        self._first: int | None = None

    def __call__(self, value: int) -> int:
        if self._first is None:
            self._first = value
        return value - self._first
