"""What the sensors tell of boards whose /proc and /sys are laid out as documented."""

from __future__ import annotations

from pathlib import Path

import pytest

from kenning_lego.servers.environment import describe
from kenning_lego.servers.sensors.find import FINDERS, find_sensors
from tests.servers.trees import (
    BOARDS,
    INTEL,
    JETSON_ORIN,
    JETSON_TX2,
    LATER_STAT,
    RASPBERRY_PI_4,
    RASPBERRY_PI_5,
    Link,
    tree,
)


def readings_of(root: Path) -> dict[str, float]:
    readings: dict[str, float] = {}
    for sensor in find_sensors(root):
        readings.update(sensor.read())
        sensor.close()
    return readings


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def only(readings: dict[str, float], *quantities: str) -> dict[str, float]:
    return {key: value for key, value in readings.items() if key.partition(".")[0] in quantities}


def test_jetson_tx2(tmp_path: Path) -> None:
    readings = readings_of(tree(tmp_path, JETSON_TX2))
    assert only(readings, "power_mw") == {
        "power_mw.VDD_SYS_GPU": 152,
        "power_mw.VDD_SYS_SOC": 457,
        "power_mw.VDD_4V0_WIFI": 19,
        "power_mw.VDD_IN": 3014,
        "power_mw.VDD_SYS_CPU": 305,
        "power_mw.VDD_SYS_DDR": 611,
    }
    assert only(readings, "gpu_percent") == {"gpu_percent.gpu": pytest.approx(34.7)}
    assert only(readings, "frequency_khz") == {
        "frequency_khz.cpu0": 2035200,
        "frequency_khz.cpu1": 345600,
        "frequency_khz.cpu3": 2035200,
        "frequency_khz.gpu": 1300500,
    }
    temperatures = only(readings, "temperature_c")
    assert temperatures["temperature_c.MCPU-therm"] == 34.5
    assert temperatures["temperature_c.Tdiode_tegra"] == 31.25
    assert "temperature_c.PMIC-Die" not in temperatures  # always tells 100 degrees
    assert len(temperatures) == 7


def test_jetson_orin(tmp_path: Path) -> None:
    root = tree(tmp_path, JETSON_ORIN)
    readings = readings_of(root)
    assert only(readings, "power_mw") == pytest.approx(
        {
            "power_mw.VDD_GPU_SOC": 20.008 * 80,
            "power_mw.VDD_CPU_CV": 20.008 * 40,
            "power_mw.VIN_SYS_5V0": 4.976 * 640,
            "power_mw.VDDQ_VDD2_1V8AO": 4.976 * 80,
        }
    )
    assert only(readings, "gpu_percent") == {"gpu_percent.gpu": 100}
    assert only(readings, "frequency_khz") == {
        "frequency_khz.cpu0": 1510400,
        "frequency_khz.cpu4": 729600,
        "frequency_khz.gpu": 624750,
    }
    assert only(readings, "throttled", "throttle_count") == {
        "throttled.cpufreq-cpu0": 1,
        "throttled.devfreq-17000000-gpu": 0,
        "throttle_count.oc1": 0,
        "throttle_count.oc3": 7,
    }
    # The unit that is switched off is absent, and hwmon does not tell the zones a second time.
    assert set(only(readings, "temperature_c")) == {
        "temperature_c.cpu-thermal",
        "temperature_c.gpu-thermal",
        "temperature_c.soc0-thermal",
        "temperature_c.tj-thermal",
    }
    state = describe(root).state
    assert state["throttled"] == "cpufreq-cpu0"
    assert state["throttle_count"] == 7


def test_raspberry_pi_4_with_a_weak_supply(tmp_path: Path) -> None:
    root = tree(tmp_path, RASPBERRY_PI_4)
    readings = readings_of(root)
    # 0x50005: under-voltage and throttled, both now and before.
    assert only(readings, "throttled", "throttled_before") == {
        "throttled.under-voltage": 1,
        "throttled.frequency-capped": 0,
        "throttled.throttled": 1,
        "throttled.soft-temperature-limit": 0,
        "throttled_before.under-voltage": 1,
        "throttled_before.frequency-capped": 0,
        "throttled_before.throttled": 1,
        "throttled_before.soft-temperature-limit": 0,
    }
    assert only(readings, "frequency_khz") == {"frequency_khz.cpu0": 1800000}
    assert describe(root).state["throttled"] == "under-voltage, throttled"


def test_raspberry_pi_5(tmp_path: Path) -> None:
    root = tree(tmp_path, RASPBERRY_PI_5)
    readings = readings_of(root)
    assert only(readings, "temperature_c") == pytest.approx(
        {"temperature_c.cpu-thermal": 55.1, "temperature_c.rp1_adc-temp1": 51.234}
    )
    flags = only(readings, "throttled", "throttled_before")
    assert len(flags) == 8
    assert not any(flags.values())
    state = describe(root).state
    assert (state["throttled"], state["throttled_before"]) == ("no", "no")


def test_raspberry_pi_whose_kernel_has_only_the_alarm(tmp_path: Path) -> None:
    files = {name: each for name, each in RASPBERRY_PI_5.items() if "get_throttled" not in name}
    files["sys/class/hwmon/hwmon2/in0_lcrit_alarm"] = "1\n"
    readings = readings_of(tree(tmp_path, files))
    assert only(readings, "throttled", "throttled_before") == {"throttled_before.under-voltage": 1}


def test_intel_host(tmp_path: Path) -> None:
    root = tree(tmp_path, INTEL)
    readings = readings_of(root)
    assert only(readings, "temperature_c") == pytest.approx(
        {
            "temperature_c.acpitz": 27.8,
            "temperature_c.acpitz-2": 29.8,
            "temperature_c.x86_pkg_temp": 41,
            "temperature_c.coretemp-Package-id-0": 41,
            "temperature_c.coretemp-Core-0": 39,
            "temperature_c.coretemp-Core-8": 40,
        }
    )
    assert only(readings, "throttle_count") == {
        "throttle_count.core": 12,
        "throttle_count.package": 5,
    }
    assert set(only(readings, "energy_uj")) == {
        "energy_uj.package-0",
        "energy_uj.package-0-core",
        "energy_uj.psys",
    }
    assert len(only(readings, "frequency_khz")) == 4


def test_energy_counter_that_begins_again_goes_on(tmp_path: Path) -> None:
    root = tree(tmp_path, INTEL)
    (energy,) = (each for each in find_sensors(root) if each.kind == "energy")
    assert energy.read()["energy_uj.package-0"] == 0
    counter = root / "sys/class/powercap/intel-rapl:0/energy_uj"
    for value, total in (
        (262143328850, 328850),
        (149, 329000),  # it wrapped: zero comes after the largest value
        (1149, 330000),
    ):
        counter.write_text(f"{value}\n")
        assert energy.read()["energy_uj.package-0"] == total
    energy.close()


def test_cores_shares_are_of_the_time_since_the_last_reading(tmp_path: Path) -> None:
    root = tree(tmp_path, INTEL)
    (cpu,) = (each for each in find_sensors(root) if each.kind == "cpu")
    assert cpu.read() == {}  # no time has passed
    (root / "proc/stat").write_text(LATER_STAT)
    assert cpu.read() == {"cpu_percent.all": 50, "cpu_percent.0": 100, "cpu_percent.1": 25}
    assert cpu.read() == {}
    cpu.close()


def test_counter_of_idle_time_that_goes_back_gives_no_nonsense(tmp_path: Path) -> None:
    root = tree(tmp_path, {"proc/stat": "cpu0 100 0 0 1000 0 0 0 0 0 0\n"})
    (cpu,) = (each for each in find_sensors(root) if each.kind == "cpu")
    (root / "proc/stat").write_text("cpu0 150 0 0 990 0 0 0 0 0 0\n")
    assert cpu.read() == {"cpu_percent.0": 100}
    (root / "proc/stat").write_text("cpu0 10 0 0 20 0 0 0 0 0 0\n")  # hot-plugged: counts anew
    assert cpu.read() == {}
    (root / "proc/stat").write_text("cpu0 20 0 0 50 0 0 0 0 0 0\n")
    assert cpu.read() == {"cpu_percent.0": 25}
    cpu.close()


def test_memory_and_load(tmp_path: Path) -> None:
    readings = readings_of(tree(tmp_path, INTEL))
    assert readings["memory_available_bytes"] == 6_000_000 * 1024
    assert readings["memory_used_bytes"] == 2_000_000 * 1024
    assert readings["swap_used_bytes"] == 100_000 * 1024
    assert readings["load_1min"] == 0.52


@pytest.mark.parametrize("board", BOARDS)
def test_board_has_a_sensor_of_every_kind_and_says_why_one_has_nothing(
    tmp_path: Path, board: str
) -> None:
    sensors = find_sensors(tree(tmp_path, BOARDS[board]))
    assert len({each.kind for each in sensors}) == len(FINDERS)
    for each in sensors:
        primed = each.kind == "cpu"
        assert each.read() or (all(each.absent.values()) and (each.absent or primed))
        each.close()


@pytest.mark.parametrize("board", BOARDS)
def test_keys_are_a_quantity_with_its_unit_and_a_plain_place(tmp_path: Path, board: str) -> None:
    for key in readings_of(tree(tmp_path, BOARDS[board])):
        quantity, _, place = key.partition(".")
        assert quantity.replace("_", "").isalnum()
        assert not set(place) - set(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@:+-"
        )


def test_sensors_give_their_files_back(tmp_path: Path) -> None:
    root = tree(tmp_path, INTEL)
    before = open_files()
    sensors = find_sensors(root)
    assert open_files() > before
    for each in sensors:
        each.close()
        assert each.read() == {}
    assert open_files() == before


def test_machine_without_anything_has_a_reason_for_every_kind(tmp_path: Path) -> None:
    for each in find_sensors(tmp_path):
        assert each.read() == {}
        assert each.absent
        assert all(each.absent.values())


def test_cores_that_share_a_clock_are_read_once(tmp_path: Path) -> None:
    files: dict[str, str | Link] = {
        name: each for name, each in RASPBERRY_PI_4.items() if "cpufreq" in name
    }
    (frequency,) = (
        each for each in find_sensors(tree(tmp_path, files)) if each.kind == "frequency"
    )
    assert frequency.read() == {"frequency_khz.cpu0": 1800000}
    frequency.close()
