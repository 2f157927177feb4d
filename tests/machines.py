"""Machines for tests: trees of /sys, /proc and programs as boards have them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

CPU = "sys/devices/system/cpu"

NVPMODEL = """#!/bin/sh
# Mode 0 has the higher limit; changing the mode changes the limits of the policies.
root=$(cd "$(dirname "$0")/../.." && pwd)
[ -e "$root/hang-nvpmodel" ] && [ "$1" = -m ] && { echo $$ > "$root/hanging"; exec sleep 60; }
[ -e "$root/fail-nvpmodel" ] && [ "$1" = -m ] && { echo "needs a restart"; exit 1; }
case "$1" in
-q) mode=$(cat "$root/mode")
    name="s/.*ID=$mode NAME=\\([A-Z0-9_]*\\) .*/\\1/p"
    echo "NV Power Mode: $(sed -n "$name" "$root/etc/nvpmodel.conf")"
    echo "$mode" ;;
-m) echo "$2" > "$root/mode"
    limit=1510400; [ "$2" = 0 ] && limit=2188800
    for policy in "$root"/sys/devices/system/cpu/cpufreq/policy*; do
      echo $limit > "$policy/scaling_max_freq"
    done ;;
esac
"""

JETSON_CLOCKS = """#!/bin/sh
root=$(cd "$(dirname "$0")/../.." && pwd)
policy="$root/sys/devices/system/cpu/cpufreq/policy0"
case "$1" in
--store) [ -e "$2" ] && { echo "overwrite?"; exit 1; }; cp "$policy/scaling_min_freq" "$2" ;;
--restore) cp "$2" "$policy/scaling_min_freq" ;;
*) [ -e "$root/hang-clocks" ] && { echo $$ > "$root/hanging"; exec sleep 60; }
   [ -e "$root/fail-clocks" ] && { echo "no such clock"; exit 1; }
   cp "$policy/scaling_max_freq" "$policy/scaling_min_freq" ;;
esac
"""


def tree(root: Path, files: Mapping[str, str]) -> Path:
    """Files with their contents; those below usr can be run."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
        if name.startswith("usr/"):
            path.chmod(0o755)
    return root


def policy(number: int, governor: str, low: int = 600_000, high: int = 2_400_000) -> dict[str, str]:
    """The files of one frequency policy."""
    base = f"{CPU}/cpufreq/policy{number}"
    return {
        f"{base}/scaling_governor": f"{governor}\n",
        f"{base}/scaling_available_governors": "conservative ondemand schedutil performance \n",
        f"{base}/scaling_min_freq": f"{low}\n",
        f"{base}/scaling_max_freq": f"{high}\n",
        f"{base}/scaling_cur_freq": f"{low}\n",
        f"{base}/cpuinfo_max_freq": f"{high}\n",
        f"{base}/affected_cpus": f"{number}\n",
    }


def boot(name: str = "first") -> dict[str, str]:
    """What tells one start of the machine from the next."""
    return {"proc/sys/kernel/random/boot_id": f"{name}\n"}


def raspberry_pi(root: Path) -> Path:
    """A Raspberry Pi 5: one policy."""
    return tree(
        root,
        {
            **boot(),
            **policy(0, "ondemand"),
            "proc/device-tree/model": "Raspberry Pi 5 Model B Rev 1.0\0",
            "proc/cpuinfo": "processor\t: 0\nModel\t\t: Raspberry Pi 5 Model B Rev 1.0\n",
            "proc/swaps": (
                "Filename\tType\tSize\tUsed\tPriority\n/var/swap\tfile\t102396\t20480\t-2\n"
            ),
            "etc/os-release": 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n',
            "sys/devices/system/clocksource/clocksource0/current_clocksource": "arch_sys_counter\n",
            "sys/devices/system/clocksource/clocksource0/available_clocksource": (
                "arch_sys_counter \n"
            ),
        },
    )


def jetson(root: Path) -> Path:
    """A Jetson Orin Nano in its mode of 7 W, with fakes of NVIDIA's two programs."""
    return tree(
        root,
        {
            **boot(),
            **policy(0, "schedutil", 729_600, 1_510_400),
            **policy(4, "schedutil", 729_600, 1_510_400),
            "proc/device-tree/model": "NVIDIA Jetson Orin Nano Developer Kit\0",
            "etc/nvpmodel.conf": (
                "< POWER_MODEL ID=0 NAME=MAXN >\nCPU_ONLINE CORE_0 1\n"
                "< POWER_MODEL ID=1 NAME=7W >\n"
            ),
            "mode": "1\n",
            "usr/sbin/nvpmodel": NVPMODEL,
            "usr/bin/jetson_clocks": JETSON_CLOCKS,
        },
    )


def laptop(root: Path) -> Path:
    """Two cores of a laptop with intel_pstate."""
    preference = "energy_performance_preference"
    files = {**boot(), **policy(0, "powersave"), **policy(1, "powersave")}
    for number in (0, 1):
        base = f"{CPU}/cpufreq/policy{number}"
        files[f"{base}/scaling_available_governors"] = "performance powersave\n"
        files[f"{base}/{preference}"] = "balance_performance\n"
    files[f"{CPU}/intel_pstate/no_turbo"] = "0\n"
    return tree(root, files)


def settings(root: Path) -> dict[str, str]:
    """Everything below sys, and the power mode: what must be as before in the end."""
    found = {
        str(path.relative_to(root)): path.read_text()
        for path in (root / "sys").rglob("*")
        if path.is_file()
    }
    mode = root / "mode"
    return {**found, "mode": mode.read_text()} if mode.exists() else found
