"""Facts of a machine from its /proc and /sys: what is not there is absent, never zero."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.results import Welcome
from kenning_lego.servers.environment import describe
from tests.servers.trees import CPU, Link, tree


def test_raspberry_pi_is_recognised(tmp_path: Path) -> None:
    cores: dict[str, str | Link] = {
        f"{CPU}/cpu{n}/cpufreq/{name}": value
        for n in range(4)
        for name, value in (
            ("scaling_governor", "ondemand\n"),
            ("scaling_cur_freq", f"{600_000 + n * 300_000}\n"),
        )
    }
    root = tree(
        tmp_path,
        {
            "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
            "proc/cpuinfo": (
                "processor\t: 0\nBogoMIPS\t: 108.00\nCPU part\t: 0xd08\n\n"
                "Hardware\t: BCM2835\nRevision\t: c03114\n"
                "Model\t\t: Raspberry Pi 4 Model B Rev 1.4\n"
            ),
            "sys/class/thermal/thermal_zone0/temp": "48312\n",
            "sys/class/thermal/thermal_zone0/type": "cpu-thermal\n",
            f"{CPU}/cpufreq/policy0/scaling_governor": "not a core\n",
            **cores,
        },
    )
    description = describe(root)
    assert description.facts["board"] == "Raspberry Pi 4 Model B Rev 1.4"
    assert description.facts["cpu"] == "BCM2835"
    assert description.state["governor"] == "ondemand"
    assert description.state["frequency_khz_min"] == 600_000
    assert description.state["frequency_khz_max"] == 1_500_000
    assert description.state["temperature_c_max"] == 48.312


def test_jetson_with_several_zones_and_governors_is_described(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/device-tree/model": "NVIDIA Jetson Orin Nano Developer Kit\0",
            "proc/cpuinfo": "processor\t: 0\nmodel name\t: ARMv8 Processor rev 1 (v8l)\n",
            "sys/class/thermal/thermal_zone0/temp": "51250\n",
            "sys/class/thermal/thermal_zone1/temp": "52718\n",
            "sys/class/thermal/thermal_zone2/temp": "-256000\n",  # of a unit that is off
            f"{CPU}/cpu0/cpufreq/scaling_governor": "schedutil\n",
            f"{CPU}/cpu0/cpufreq/scaling_cur_freq": "1510400\n",
            f"{CPU}/cpu11/cpufreq/scaling_governor": "performance\n",
            f"{CPU}/cpu11/cpufreq/scaling_cur_freq": "729600\n",
        },
    )
    (root / "sys/class/thermal/thermal_zone3/temp").mkdir(parents=True)  # refuses to be read
    description = describe(root)
    assert description.facts["board"] == "NVIDIA Jetson Orin Nano Developer Kit"
    assert description.facts["cpu"] == "ARMv8 Processor rev 1 (v8l)"
    assert description.state["governor"] == "performance, schedutil"
    assert description.state["frequency_khz_min"] == 729_600
    assert description.state["frequency_khz_max"] == 1_510_400
    assert description.state["temperature_c_max"] == 52.718


def test_machine_that_tells_nothing_has_no_made_up_facts(tmp_path: Path) -> None:
    description = describe(tmp_path)
    assert not description.state
    assert set(description.facts) == {"machine", "kernel", "python", "cores", "memory_bytes"}
    assert description.facts["cores"] == os.cpu_count()


@pytest.mark.parametrize("text", ["", "\n", "unknown\n", "-\n", "4.5\n", "\0\xff"])
def test_sensor_that_talks_nonsense_is_absent(tmp_path: Path, text: str) -> None:
    root = tree(
        tmp_path,
        {
            "sys/class/thermal/thermal_zone0/temp": text,
            f"{CPU}/cpu0/cpufreq/scaling_cur_freq": text,
            "proc/cpuinfo": text,
        },
    )
    description = describe(root)
    assert not {"temperature_c_max", "frequency_khz_min", "frequency_khz_max"} & set(
        description.state
    )
    assert "cpu" not in description.facts


def test_frost_is_below_zero(tmp_path: Path) -> None:
    root = tree(tmp_path, {"sys/class/thermal/thermal_zone0/temp": "-1500\n"})
    assert describe(root).state["temperature_c_max"] == -1.5


def test_model_that_is_not_utf8_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    path = tmp_path / "proc/device-tree/model"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"Board \xff\0")
    assert describe(tmp_path).facts["board"] == "Board \N{REPLACEMENT CHARACTER}"


def test_description_of_this_machine_survives_the_wire() -> None:
    welcome = Welcome(1, "1", ("plan",), describe())
    assert Welcome.from_result(Fields(dict(welcome.to_result()), "OK")) == welcome


def test_describing_imports_no_engine() -> None:
    engines = describe().engines
    assert all(isinstance(version, str) and version for version in engines.values())
