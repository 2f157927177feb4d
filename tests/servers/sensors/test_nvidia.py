"""Graphics cards through an NVML that is played: no machine here has one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from kenning_lego.servers.sensors.nvidia import find_nvidia_gpus


class NVMLError(Exception):
    pass


class GpuIsLostError(NVMLError):
    pass


class FakeNvml(ModuleType):
    """As much of nvidia-ml-py as is used, with cards that can refuse, break and vanish."""

    NVMLError = NVMLError
    NVMLError_GpuIsLost = GpuIsLostError

    def __init__(self, cards: int = 1) -> None:
        super().__init__("pynvml")
        self.cards = cards
        self.refused: set[str] = set()
        self.lost: set[int] = set()
        self.energy_mj = 5000
        self.reasons = 0
        self.open = 0

    def _answer(self, name: str, handle: int) -> None:
        if handle in self.lost:
            raise GpuIsLostError("GPU is lost")
        if name in self.refused:
            raise NVMLError("Not Supported")

    def nvmlInit(self) -> None:  # noqa: N802
        self._answer("init", -1)
        self.open += 1

    def nvmlShutdown(self) -> None:  # noqa: N802
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802
        return self.cards

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802
        self._answer("handle", index)
        return index

    def __getattr__(self, name: str) -> Callable[..., object]:
        values: dict[str, object] = {
            "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=87, memory=40),
            "nvmlDeviceGetMemoryInfo": SimpleNamespace(used=3 << 30),
            "nvmlDeviceGetTemperature": 63,
            "nvmlDeviceGetClockInfo": 1980,
            "nvmlDeviceGetPowerUsage": 350_250,
            "nvmlDeviceGetTotalEnergyConsumption": self.__dict__.get("energy_mj"),
            "nvmlDeviceGetCurrentClocksThrottleReasons": self.__dict__.get("reasons"),
        }
        if name not in values:
            raise AttributeError(name)

        def call(handle: int, *_: object) -> object:
            self._answer(name, handle)
            return values[name]

        return call


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    fake = FakeNvml()
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    return fake


@pytest.fixture
def driver(tmp_path: Path) -> Path:
    (tmp_path / "proc/driver/nvidia").mkdir(parents=True)
    return tmp_path


def test_card_tells_everything(nvml: FakeNvml, driver: Path) -> None:
    nvml.reasons = 0x4 | 0x40
    sensor = find_nvidia_gpus(driver)
    nvml.energy_mj = 5250
    assert sensor.read() == {
        "gpu_percent.nvidia0": 87,
        "gpu_memory_used_bytes.nvidia0": 3 << 30,
        "temperature_c.nvidia0": 63,
        "frequency_khz.nvidia0": 1_980_000,
        "power_mw.nvidia0": 350_250,
        "energy_uj.nvidia0": 250_000,
        "throttled.nvidia0-power": 1,
        "throttled.nvidia0-thermal": 1,
        "throttled.nvidia0-hardware": 0,
    }
    assert not sensor.absent
    sensor.close()
    assert nvml.open == 0


def test_no_driver_means_that_the_package_is_not_even_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "pynvml", raising=False)
    sensor = find_nvidia_gpus(tmp_path)
    assert sensor.read() == {}
    assert sensor.absent == {"nvidia-gpu": "no NVIDIA driver is loaded"}
    assert "pynvml" not in sys.modules


def test_device_file_is_a_driver_too(nvml: FakeNvml, tmp_path: Path) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "dev/nvidia0").touch()
    sensor = find_nvidia_gpus(tmp_path)
    assert "power_mw.nvidia0" in sensor.read()
    sensor.close()


def test_missing_package_is_named(driver: Path) -> None:
    sensor = find_nvidia_gpus(driver, "there_is_no_such_package")
    assert sensor.read() == {}
    assert "pip install nvidia-ml-py" in sensor.absent["nvidia-gpu"]


def test_library_that_refuses_is_told(nvml: FakeNvml, driver: Path) -> None:
    nvml.refused.add("init")
    sensor = find_nvidia_gpus(driver)
    assert sensor.read() == {}
    assert sensor.absent == {"nvidia-gpu": "NVML refuses: Not Supported"}


def test_driver_without_a_card(nvml: FakeNvml, driver: Path) -> None:
    nvml.cards = 0
    sensor = find_nvidia_gpus(driver)
    assert sensor.read() == {}
    assert sensor.absent == {"nvidia-gpu": "NVML knows no card"}
    sensor.close()


def test_what_a_card_does_not_support_is_absent_and_the_rest_is_there(
    nvml: FakeNvml, driver: Path
) -> None:
    nvml.refused |= {"nvmlDeviceGetPowerUsage", "nvmlDeviceGetTotalEnergyConsumption"}
    sensor = find_nvidia_gpus(driver)
    readings = sensor.read()
    assert "temperature_c.nvidia0" in readings
    assert not {"power_mw.nvidia0", "energy_uj.nvidia0"} & set(readings)
    assert sensor.absent["power_mw.nvidia0"] == "NVML refuses: Not Supported"
    sensor.close()


def test_denied_card_takes_no_other_along(nvml: FakeNvml, driver: Path) -> None:
    nvml.cards = 2
    nvml.lost.add(0)
    sensor = find_nvidia_gpus(driver)
    assert sensor.read()["temperature_c.nvidia1"] == 63
    assert "lost" in sensor.absent["nvidia0"]
    sensor.close()


def test_card_that_is_lost_in_the_middle(nvml: FakeNvml, driver: Path) -> None:
    nvml.cards = 2
    sensor = find_nvidia_gpus(driver)
    assert "power_mw.nvidia0" in sensor.read()
    nvml.lost.add(0)
    readings = sensor.read()
    assert not [key for key in readings if "nvidia0" in key]
    assert readings["power_mw.nvidia1"] == 350_250
    assert sensor.absent["nvidia0"] == "gone: GPU is lost"
    sensor.close()


def test_reading_that_fails_once_comes_back(nvml: FakeNvml, driver: Path) -> None:
    sensor = find_nvidia_gpus(driver)
    nvml.refused.add("nvmlDeviceGetPowerUsage")
    assert "power_mw.nvidia0" not in sensor.read()
    nvml.refused.clear()
    assert sensor.read()["power_mw.nvidia0"] == 350_250
    sensor.close()
