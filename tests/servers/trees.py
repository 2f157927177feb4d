"""Trees of /proc and /sys as boards have them, and files that turn against their reader."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

CPU = "sys/devices/system/cpu"
THERMAL = "sys/class/thermal"
HWMON = "sys/class/hwmon"


@dataclass(frozen=True)
class Link:
    """A symbolic link, relative to where it lies."""

    to: str


def tree(root: Path, files: Mapping[str, str | Link]) -> Path:
    """Lay out files below a directory."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.to)
        else:
            path.write_text(content, encoding="utf-8")
    return root


@dataclass
class Kernel:
    """Makes files refuse: below which paths, and with which error."""

    denied: set[Path] = field(default_factory=set)
    failing: dict[Path, int] = field(default_factory=dict)

    def deny(self, path: Path) -> None:
        self.denied.add(path)

    def unplug(self, path: Path, error: int = errno.ENODEV) -> None:
        self.failing[path] = error

    def plug_in(self, path: Path) -> None:
        del self.failing[path]


def install(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the kernel between the sensors and their files."""
    real_open, real_pread = os.open, os.pread

    def opened(path: str | Path, flags: int, *rest: int) -> int:
        if any(Path(path).is_relative_to(each) for each in kernel.denied):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return real_open(path, flags, *rest)

    def read(descriptor: int, size: int, offset: int) -> bytes:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        for each, error in kernel.failing.items():
            if path.is_relative_to(each):
                raise OSError(error, os.strerror(error))
        return real_pread(descriptor, size, offset)

    monkeypatch.setattr(os, "open", opened)
    monkeypatch.setattr(os, "pread", read)


def zones(*named: tuple[str, str]) -> dict[str, str | Link]:
    """Thermal zones by type and temperature in thousandths."""
    files: dict[str, str | Link] = {}
    for index, (kind, temperature) in enumerate(named):
        files[f"{THERMAL}/thermal_zone{index}/type"] = f"{kind}\n"
        files[f"{THERMAL}/thermal_zone{index}/temp"] = f"{temperature}\n"
    return files


def hwmon(index: int, name: str, **files: str) -> dict[str, str | Link]:
    """A device below hwmon."""
    directory = f"{HWMON}/hwmon{index}"
    return {f"{directory}/{file}": f"{each}\n" for file, each in {"name": name, **files}.items()}


def clocks(*groups: tuple[range, int]) -> dict[str, str | Link]:
    """cpufreq as the kernel lays it out: a policy for each group of cores, linked to by each."""
    files: dict[str, str | Link] = {}
    for cores, khz in groups:
        policy = f"policy{cores[0]}"
        files[f"{CPU}/cpufreq/{policy}/scaling_cur_freq"] = f"{khz}\n"
        files[f"{CPU}/cpufreq/{policy}/scaling_governor"] = "schedutil\n"
        for core in cores:
            files[f"{CPU}/cpu{core}/online"] = "1\n"
            files[f"{CPU}/cpu{core}/cpufreq"] = Link(f"../cpufreq/{policy}")
    return files


STAT = """cpu  400 0 100 1400 100 0 0 0 0 0
cpu0 300 0 50 600 50 0 0 0 0 0
cpu1 100 0 50 800 50 0 0 0 0 0
intr 12345 0 1
ctxt 6789
"""
LATER_STAT = """cpu  500 0 150 1550 100 0 0 0 0 0
cpu0 400 0 50 600 50 0 0 0 0 0
cpu1 100 0 100 950 50 0 0 0 0 0
intr 22345 0 1
ctxt 7789
"""
MEMINFO = """MemTotal:        8000000 kB
MemFree:         1000000 kB
MemAvailable:    6000000 kB
SwapTotal:        500000 kB
SwapFree:         400000 kB
HugePages_Total:       0
"""
COMMON: dict[str, str | Link] = {
    "proc/stat": STAT,
    "proc/meminfo": MEMINFO,
    "proc/loadavg": "0.52 0.58 0.59 1/257 4242\n",
}


def _rails_with_power() -> dict[str, str | Link]:
    rails = {
        "0-0040/iio:device0": {"VDD_SYS_GPU": 152, "VDD_SYS_SOC": 457, "VDD_4V0_WIFI": 19},
        "0-0041/iio:device1": {"VDD_IN": 3014, "VDD_SYS_CPU": 305, "VDD_SYS_DDR": 611},
    }
    files: dict[str, str | Link] = {}
    for device, channels in rails.items():
        directory = f"sys/bus/i2c/drivers/ina3221x/{device}"
        for index, (name, milliwatts) in enumerate(channels.items()):
            files[f"{directory}/rail_name_{index}"] = f"{name}\n"
            files[f"{directory}/in_power{index}_input"] = f"{milliwatts}\n"
            files[f"{directory}/in_voltage{index}_input"] = "19000\n"
            files[f"{directory}/in_current{index}_input"] = "16\n"
    return files


def _rails_with_current() -> dict[str, str | Link]:
    chips: dict[str, tuple[tuple[str, int, int], ...]] = {
        "1-0040/hwmon/hwmon3": (
            ("VDD_GPU_SOC", 20008, 80),
            ("VDD_CPU_CV", 20008, 40),
            ("VIN_SYS_5V0", 4976, 640),
        ),
        "1-0041/hwmon/hwmon4": (("NC", 0, 0), ("VDDQ_VDD2_1V8AO", 4976, 80), ("NC", 0, 0)),
    }
    files: dict[str, str | Link] = {}
    for chip, channels in chips.items():
        directory = f"sys/bus/i2c/drivers/ina3221/{chip}"
        for index, (name, millivolts, milliamperes) in enumerate(channels, 1):
            files[f"{directory}/in{index}_label"] = f"{name}\n"
            files[f"{directory}/in{index}_input"] = f"{millivolts}\n"
            files[f"{directory}/curr{index}_input"] = f"{milliamperes}\n"
        files[f"{directory}/in7_label"] = "sum of shunt voltages\n"
        files[f"{directory}/in7_input"] = "1\n"
        files[f"{directory}/curr4_input"] = "120\n"
    return files


JETSON_TX2 = {
    **COMMON,
    **zones(
        ("BCPU-therm", "34000"),
        ("MCPU-therm", "34500"),
        ("GPU-therm", "32500"),
        ("PLL-therm", "34000"),
        ("Tboard_tegra", "29000"),
        ("Tdiode_tegra", "31250"),
        ("PMIC-Die", "100000"),
        ("thermal-fan-est", "33500"),
    ),
    **clocks((range(1), 2035200), (range(1, 3), 345600), (range(3, 6), 2035200)),
    **_rails_with_power(),
    "proc/device-tree/model": "NVIDIA Jetson TX2 Developer Kit\0",
    "sys/devices/gpu.0/load": "347\n",
    "sys/class/devfreq/17000000.gp10b/cur_freq": "1300500000\n",
}
"""Jetson Linux 32: kernel 4.9, rails through iio."""

JETSON_ORIN = {
    **COMMON,
    **zones(
        ("cpu-thermal", "49312"),
        ("gpu-thermal", "46031"),
        ("cv0-thermal", "-256000"),
        ("soc0-thermal", "46968"),
        ("tj-thermal", "49312"),
    ),
    **clocks((range(4), 1510400), (range(4, 6), 729600)),
    **_rails_with_current(),
    **hwmon(0, "cpu_thermal", temp1_input="49312"),
    **hwmon(1, "soctherm_oc", oc1_event_cnt="0", oc3_event_cnt="7"),
    "proc/device-tree/model": "NVIDIA Jetson Orin Nano Developer Kit\0",
    "sys/devices/platform/gpu.0/load": "1000\n",
    "sys/class/devfreq/17000000.gpu/cur_freq": "624750000\n",
    f"{THERMAL}/cooling_device0/type": "pwm-fan\n",
    f"{THERMAL}/cooling_device0/cur_state": "2\n",
    f"{THERMAL}/cooling_device1/type": "cpufreq-cpu0\n",
    f"{THERMAL}/cooling_device1/cur_state": "3\n",
    f"{THERMAL}/cooling_device2/type": "devfreq-17000000.gpu\n",
    f"{THERMAL}/cooling_device2/cur_state": "0\n",
}
"""Jetson Linux 36: kernel 5.15, rails through hwmon."""

RASPBERRY_PI_4 = {
    **COMMON,
    **zones(("cpu-thermal", "48312")),
    **clocks((range(4), 1800000)),
    "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
    "sys/devices/platform/soc/soc:firmware/get_throttled": "50005\n",
}

RASPBERRY_PI_5 = {
    **COMMON,
    **zones(("cpu-thermal", "55100")),
    **clocks((range(4), 2400000)),
    **hwmon(0, "cpu_thermal", temp1_input="55100"),
    **hwmon(1, "rp1_adc", temp1_input="51234", in1_input="1470"),
    **hwmon(2, "rpi_volt", in0_lcrit_alarm="0"),
    "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
    "sys/devices/platform/soc@107c000000/soc@107c000000:firmware/get_throttled": "0\n",
}


def _rapl(zone: str, name: str, energy: int, limit: int = 262143328850) -> dict[str, str | Link]:
    directory = f"sys/class/powercap/{zone}"
    return {
        f"{directory}/name": f"{name}\n",
        f"{directory}/energy_uj": f"{energy}\n",
        f"{directory}/max_energy_range_uj": f"{limit}\n",
    }


INTEL = {
    **COMMON,
    **zones(("acpitz", "27800"), ("acpitz", "29800"), ("x86_pkg_temp", "41000")),
    **clocks(*((range(core, core + 1), 800000 + 100 * core) for core in range(4))),
    **hwmon(0, "nvme", temp1_input="38850"),
    **hwmon(
        1,
        "coretemp",
        temp1_input="41000",
        temp1_label="Package id 0",
        temp2_input="39000",
        temp2_label="Core 0",
        temp10_input="40000",
        temp10_label="Core 8",
    ),
    **_rapl("intel-rapl:0", "package-0", 262143000000),
    **_rapl("intel-rapl:0:0", "core", 1000),
    **_rapl("intel-rapl:1", "psys", 5000),
    **{f"{CPU}/cpu{core}/thermal_throttle/core_throttle_count": "3\n" for core in range(4)},
    **{f"{CPU}/cpu{core}/thermal_throttle/package_throttle_count": "5\n" for core in range(4)},
    **{f"{CPU}/cpu{core}/topology/physical_package_id": "0\n" for core in range(4)},
}

BOARDS = {
    "Jetson TX2": JETSON_TX2,
    "Jetson Orin": JETSON_ORIN,
    "Raspberry Pi 4": RASPBERRY_PI_4,
    "Raspberry Pi 5": RASPBERRY_PI_5,
    "Intel": INTEL,
}
