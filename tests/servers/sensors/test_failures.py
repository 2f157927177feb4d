"""Every kind of sensor: there, absent, denied, talking nonsense, unplugged in the middle."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kenning_lego.servers.sensors.base import Sensor
from kenning_lego.servers.sensors.cpu import find_cpu
from kenning_lego.servers.sensors.frequency import find_frequencies
from kenning_lego.servers.sensors.gpu import find_integrated_gpu
from kenning_lego.servers.sensors.load import find_load
from kenning_lego.servers.sensors.memory import find_memory
from kenning_lego.servers.sensors.rails import find_rails
from kenning_lego.servers.sensors.rapl import find_energy
from kenning_lego.servers.sensors.temperature import find_temperatures
from kenning_lego.servers.sensors.throttling import find_throttling
from kenning_lego.servers.sensors.worker import find_worker
from tests.servers.trees import (
    CPU,
    HWMON,
    LATER_STAT,
    THERMAL,
    Kernel,
    Link,
    hwmon,
    tree,
    zones,
)

RAPL = "sys/class/powercap"
TX2_RAIL = "sys/bus/i2c/drivers/ina3221x/0-0041/iio:device1"
ORIN_RAIL = "sys/bus/i2c/drivers/ina3221/1-0040/hwmon/hwmon3"
PI_THROTTLED = "sys/devices/platform/soc/soc:firmware/get_throttled"


@dataclass(frozen=True)
class Case:
    """A sensor, its files with values, what else it needs, and what the values give."""

    find: Callable[[Path], Sensor]
    values: dict[str, str]
    others: dict[str, str | Link]
    readings: dict[str, float]
    later: dict[str, str] | None = None
    """What the files hold at the second reading, where only a change is told."""


def _worker(root: Path) -> Sensor:
    seconds = iter([100.0, 102.0, 104.0, 106.0, 108.0, 110.0])
    return find_worker(42, root, lambda: next(seconds))


def _stat(ticks: int) -> str:
    return f"42 (a) b) c) S 1 42 42 0 -1 4194304 9 0 0 0 {ticks} {ticks} 0 0 20 0 4 0 9 9\n"


TICK = os.sysconf("SC_CLK_TCK")

CASES = {
    "cpu": Case(
        find_cpu,
        {"proc/stat": "cpu0 100 0 0 100 0 0 0 0 0 0\n"},
        {},
        {"cpu_percent.0": 25.0},
        {"proc/stat": "cpu0 125 0 0 175 0 0 0 0 0 0\n"},
    ),
    "load": Case(find_load, {"proc/loadavg": "1.25 0 0 1/1 1\n"}, {}, {"load_1min": 1.25}),
    "memory": Case(
        find_memory,
        {"proc/meminfo": "MemTotal: 4 kB\nMemAvailable: 1 kB\n"},
        {},
        {"memory_available_bytes": 1024, "memory_used_bytes": 3072},
    ),
    "frequency": Case(
        find_frequencies,
        {f"{CPU}/cpu0/cpufreq/scaling_cur_freq": "600000\n"},
        {},
        {"frequency_khz.cpu0": 600000},
    ),
    "thermal zone": Case(
        find_temperatures,
        {f"{THERMAL}/thermal_zone0/temp": "-1500\n"},
        {f"{THERMAL}/thermal_zone0/type": "soc thermal\n"},
        {"temperature_c.soc-thermal": -1.5},
    ),
    "processor's hwmon": Case(
        find_temperatures,
        {f"{HWMON}/hwmon0/temp1_input": "41000\n"},
        hwmon(0, "k10temp"),
        {"temperature_c.k10temp-temp1": 41},
    ),
    "throttling, Raspberry Pi": Case(
        find_throttling,
        {PI_THROTTLED: "80000\n"},
        {},
        {
            **{
                f"{quantity}.{flag}": 0
                for quantity in ("throttled", "throttled_before")
                for flag in ("under-voltage", "frequency-capped", "throttled")
            },
            "throttled.soft-temperature-limit": 0,
            "throttled_before.soft-temperature-limit": 1,
        },
    ),
    "throttling, alarm": Case(
        find_throttling,
        {f"{HWMON}/hwmon0/in0_lcrit_alarm": "1\n"},
        hwmon(0, "rpi_volt"),
        {"throttled_before.under-voltage": 1},
    ),
    "throttling, Intel": Case(
        find_throttling,
        {f"{CPU}/cpu0/thermal_throttle/core_throttle_count": "17\n"},
        {},
        {"throttle_count.core": 17},
    ),
    "throttling, cooling": Case(
        find_throttling,
        {f"{THERMAL}/cooling_device0/cur_state": "2\n"},
        {f"{THERMAL}/cooling_device0/type": "thermal-cpufreq-0\n"},
        {"throttled.thermal-cpufreq-0": 1},
    ),
    "throttling, over-current": Case(
        find_throttling, {f"{HWMON}/hwmon0/oc1_event_cnt": "4\n"}, {}, {"throttle_count.oc1": 4}
    ),
    "GPU's load": Case(
        find_integrated_gpu,
        {"sys/devices/platform/gpu.0/load": "125\n"},
        {},
        {"gpu_percent.gpu": 12.5},
    ),
    "GPU's frequency": Case(
        find_integrated_gpu,
        {"sys/class/devfreq/17000000.gv11b/cur_freq": "318750000\n"},
        {},
        {"frequency_khz.gpu": 318750},
    ),
    "rails, power": Case(
        find_rails,
        {f"{TX2_RAIL}/in_power0_input": "3014\n"},
        {f"{TX2_RAIL}/rail_name_0": "VDD_IN\n"},
        {"power_mw.VDD_IN": 3014},
    ),
    "rails, volts and amperes": Case(
        find_rails,
        {f"{ORIN_RAIL}/in1_input": "5000\n", f"{ORIN_RAIL}/curr1_input": "600\n"},
        {},
        {"power_mw.1-0040-1": 3000},
    ),
    "energy": Case(
        find_energy,
        {f"{RAPL}/intel-rapl:0/energy_uj": "1000\n"},
        {
            f"{RAPL}/intel-rapl:0/name": "package-0\n",
            f"{RAPL}/intel-rapl:0/max_energy_range_uj": "99999\n",
        },
        {"energy_uj.package-0": 0},
    ),
    "worker's memory": Case(
        _worker,
        {"proc/42/status": "Name:\tx\nVmHWM:\t 20 kB\nVmRSS:\t 10 kB\n"},
        {},
        {"worker_rss_bytes": 10240, "worker_peak_bytes": 20480},
    ),
    "worker's time": Case(
        _worker,
        {"proc/42/stat": _stat(10 * TICK)},
        {},
        {"worker_cpu_percent": 200.0},  # two seconds of user's, two of kernel's, in two seconds
        {"proc/42/stat": _stat(12 * TICK)},
    ),
}

every = pytest.mark.parametrize("case", CASES.values(), ids=list(CASES))
Garbage = (
    b"",
    b"\n",
    b"unknown\n",
    b"-\n",
    b"\0\xff\xfe",
    b"<unsupported>",
    b"9" * 400,
    b"nan",
    b"+1e999",
    b"cpu0 1 2\n",
    b"cpu0 x y z w v\n",
    b"Mem kB\n",
    b"VmRSS: x kB\n",
)


def there(case: Case, root: Path) -> Path:
    return tree(root, {**case.others, **case.values})


def write(root: Path, name: str, content: bytes) -> None:
    (root / name).write_bytes(content)


def reasons(sensor: Sensor) -> str:
    return "\n".join(sensor.absent.values())


@every
def test_there(case: Case, tmp_path: Path) -> None:
    sensor = case.find(there(case, tmp_path))
    for name, content in (case.later or {}).items():
        write(tmp_path, name, content.encode())
    assert sensor.read() == case.readings
    sensor.close()


@every
def test_absent(case: Case, tmp_path: Path) -> None:
    sensor = case.find(tmp_path)
    assert sensor.read() == {}
    assert sensor.absent
    assert all(sensor.absent.values())
    sensor.close()


@every
def test_denied(case: Case, tmp_path: Path, kernel: Kernel) -> None:
    there(case, tmp_path)
    for name in case.values:
        kernel.deny(tmp_path / name)
    sensor = case.find(tmp_path)
    assert sensor.read() == {}
    assert "Permission denied" in reasons(sensor)
    assert str(tmp_path / next(iter(case.values))) in reasons(sensor)
    sensor.close()


@every
@pytest.mark.parametrize("garbage", Garbage, ids=lambda each: repr(each[:12]))
def test_nonsense_from_the_beginning(case: Case, garbage: bytes, tmp_path: Path) -> None:
    there(case, tmp_path)
    for name in case.values:
        write(tmp_path, name, garbage)
    sensor = case.find(tmp_path)
    assert sensor.read() == {}
    sensor.close()


@every
@pytest.mark.parametrize("garbage", Garbage, ids=lambda each: repr(each[:12]))
def test_nonsense_for_a_while(case: Case, garbage: bytes, tmp_path: Path) -> None:
    sensor = case.find(there(case, tmp_path))
    for name in case.values:
        write(tmp_path, name, garbage)
    assert sensor.read() == {}
    for name, content in {**case.values, **(case.later or {})}.items():
        write(tmp_path, name, content.encode())
    assert set(sensor.read()) == set(case.readings)
    sensor.close()


@every
@pytest.mark.parametrize("error", [errno.ENODEV, errno.ENOENT, errno.ENXIO, errno.ESRCH])
def test_unplugged_in_the_middle(case: Case, error: int, tmp_path: Path, kernel: Kernel) -> None:
    sensor = case.find(there(case, tmp_path))
    sensor.read()
    kernel.unplug(tmp_path, error)
    assert sensor.read() == {}
    assert "gone" in reasons(sensor)
    kernel.plug_in(tmp_path)
    assert sensor.read() == {}  # another device may be there by now
    sensor.close()


@every
def test_part_that_sleeps_is_absent_until_it_wakes(
    case: Case, tmp_path: Path, kernel: Kernel
) -> None:
    there(case, tmp_path)
    kernel.unplug(tmp_path, errno.EAGAIN)
    sensor = case.find(tmp_path)
    assert sensor.read() == {}
    kernel.plug_in(tmp_path)
    if case.later:
        sensor.read()
    for name, content in (case.later or {}).items():
        write(tmp_path, name, content.encode())
    assert set(sensor.read()) == set(case.readings)
    sensor.close()


@every
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(contents=st.lists(st.binary(max_size=200), min_size=2, max_size=2))
def test_whatever_the_files_hold_reading_never_fails(
    case: Case, contents: list[bytes], tmp_path: Path
) -> None:
    there_is = [*case.others, *case.values]
    for name in there_is:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        write(tmp_path, name, contents[0])
    sensor = case.find(tmp_path)
    for name in there_is:
        write(tmp_path, name, contents[1])
    assert all(isinstance(value, (int, float)) for value in sensor.read().values())
    sensor.close()


def test_what_is_unplugged_takes_nothing_else_along(tmp_path: Path, kernel: Kernel) -> None:
    root = tree(tmp_path, zones(("a", "40000"), ("b", "50000")))
    sensor = find_temperatures(root)
    kernel.unplug(root / THERMAL / "thermal_zone0")
    assert sensor.read() == {"temperature_c.b": 50}
    assert set(sensor.absent) == {"temperature_c.a"}
    sensor.close()


def test_what_is_denied_takes_nothing_else_along(tmp_path: Path, kernel: Kernel) -> None:
    root = tree(tmp_path, zones(("a", "40000"), ("b", "50000")))
    kernel.deny(root / THERMAL / "thermal_zone1")
    sensor = find_temperatures(root)
    assert sensor.read() == {"temperature_c.a": 40}
    assert "thermal_zone1/temp: Permission denied" in sensor.absent["temperature_c.b"]
    sensor.close()


def test_denied_energy_counter_says_who_may_read_it(tmp_path: Path, kernel: Kernel) -> None:
    root = there(CASES["energy"], tmp_path)
    kernel.deny(root / RAPL)
    sensor = find_energy(root)
    assert "only root may read it since Linux 5.10" in sensor.absent["energy_uj.package-0"]
    sensor.close()


def test_energy_counter_that_does_not_say_where_it_wraps_is_absent(tmp_path: Path) -> None:
    root = there(CASES["energy"], tmp_path)
    (root / RAPL / "intel-rapl:0/max_energy_range_uj").write_text("?\n")
    sensor = find_energy(root)
    assert sensor.read() == {}
    assert "where the counter wraps" in sensor.absent["energy_uj.package-0"]
    sensor.close()


def test_rail_whose_current_is_gone_has_no_power(tmp_path: Path, kernel: Kernel) -> None:
    root = there(CASES["rails, volts and amperes"], tmp_path)
    sensor = find_rails(root)
    kernel.unplug(root / ORIN_RAIL / "curr1_input")
    assert sensor.read() == {}
    sensor.close()


def test_file_that_is_a_directory_is_absent(tmp_path: Path) -> None:
    (tmp_path / THERMAL / "thermal_zone0/temp").mkdir(parents=True)
    sensor = find_temperatures(tmp_path)
    assert sensor.read() == {}
    assert "Is a directory" in reasons(sensor)
    sensor.close()


def test_real_process_that_ends_takes_its_readings_along() -> None:
    child = os.fork()
    if not child:
        os.read(os.pipe()[0], 1)  # until it is killed
    sensor = find_worker(child)
    assert sensor.read()["worker_rss_bytes"] > 0
    os.kill(child, 9)
    os.waitpid(child, 0)
    assert sensor.read() == {}
    assert "gone" in reasons(sensor)
    sensor.close()


def test_machine_without_swap_uses_none_of_it(tmp_path: Path) -> None:
    root = tree(tmp_path, {"proc/meminfo": "SwapTotal: 0 kB\nSwapFree: 0 kB\n"})
    sensor = find_memory(root)
    assert sensor.read() == {"swap_used_bytes": 0}
    sensor.close()


def test_real_stat_survives_its_real_length(tmp_path: Path) -> None:
    cores = "".join(f"cpu{core} 1 2 3 4 5 6 7 8 9 10\n" for core in range(16))
    root = tree(tmp_path, {"proc/stat": cores + "intr" + " 0" * 50_000 + "\n"})
    sensor = find_cpu(root)
    assert not sensor.absent
    (root / "proc/stat").write_text(LATER_STAT)
    assert "cpu_percent.0" in sensor.read()
    sensor.close()
