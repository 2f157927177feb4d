"""Which sensors are added up: never a part beside the whole that contains it."""

from __future__ import annotations

import pytest

from kenning_lego.stats.power_domains import domains_of


@pytest.mark.parametrize(
    ("keys", "domains"),
    [
        ([], ""),
        (["temperature_c.cpu", "load_1min", "throttled.power"], ""),
        # Jetson TX2, Nano, Xavier NX: what goes into the module, with all that is behind it.
        (
            ["power_mw.VDD_SYS_GPU", "power_mw.VDD_IN", "power_mw.VDD_SYS_CPU"],
            "power_mw.VDD_IN",
        ),
        (
            ["power_mw.POM_5V_GPU", "power_mw.POM_5V_IN", "power_mw.POM_5V_CPU"],
            "power_mw.POM_5V_IN",
        ),
        (["energy_uj.nvidia0", "power_mw.VDD_IN"], "power_mw.VDD_IN"),
        # Jetson AGX Orin and Xavier.
        (
            [
                *("power_mw.VDD_GPU_SOC", "power_mw.VDD_CPU_CV", "power_mw.VIN_SYS_5V0"),
                "power_mw.VDDQ_VDD2_1V8AO",
            ],
            "power_mw.VDD_GPU_SOC power_mw.VDD_CPU_CV power_mw.VIN_SYS_5V0",
        ),
        (
            [f"power_mw.{rail}" for rail in ("GPU", "CPU", "SOC", "CV", "VDDRQ", "SYS5V")],
            "power_mw.GPU power_mw.CPU power_mw.SOC power_mw.CV power_mw.VDDRQ power_mw.SYS5V",
        ),
        # A board that nobody has described.
        (["power_mw.VDD_A", "power_mw.VDD_B"], ""),
        (["power_mw.VDD_A"], "power_mw.VDD_A"),
        # RAPL.
        (
            [
                *("energy_uj.package-0-core", "energy_uj.package-0", "energy_uj.package-0-uncore"),
                *("energy_uj.package-0-dram", "energy_uj.psys"),
            ],
            "energy_uj.package-0",
        ),
        (
            [
                *("energy_uj.package-1", "energy_uj.package-1-dram", "energy_uj.package-10"),
                "energy_uj.package-0",
            ],
            "energy_uj.package-1 energy_uj.package-10 energy_uj.package-0",
        ),
        (
            ["energy_uj.package-0-die-0", "energy_uj.package-0-die-1"],
            "energy_uj.package-0-die-0 energy_uj.package-0-die-1",
        ),
        (["energy_uj.psys"], "energy_uj.psys"),
        # Cards are beside the processor; their counter tells more than their power.
        (
            [
                *("power_mw.nvidia0", "energy_uj.nvidia0", "power_mw.nvidia1"),
                *("energy_uj.package-0", "energy_uj.package-0-core"),
            ],
            "energy_uj.package-0 energy_uj.nvidia0 power_mw.nvidia1",
        ),
    ],
)
def test_what_contains_others_counts_once(keys: list[str], domains: str) -> None:
    assert domains_of(keys) == tuple(domains.split())
