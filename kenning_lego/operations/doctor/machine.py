"""What this machine is, and whether it is a machine at all."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from pathlib import Path

import psutil

from kenning_lego.core.kernel_files import read_text
from kenning_lego.operations.doctor.facts import Machine, Memory
from kenning_lego.servers.environment import describe
from kenning_lego.servers.limits_config import available_memory

_CONTAINER_FILES = {".dockerenv": "docker", "run/.containerenv": "podman"}
_CONTAINER_GROUPS = re.compile(r"docker|kubepods|containerd|libpod|lxc|garden")
_PATIENCE_S = 5.0
_FIRMWARE = {
    "KVM": "kvm",
    "QEMU": "qemu",
    "VMware": "vmware",
    "VirtualBox": "virtualbox",
    "innotek": "virtualbox",
    "Xen": "xen",
    "Parallels": "parallels",
    "Amazon EC2": "amazon ec2",
    "Google Compute Engine": "google compute engine",
    "Virtual Machine": "hyper-v",
}


def look_at_machine(root: Path) -> Machine:
    """Board, processor, memory, system, and what it is that this is not a real machine."""
    described = describe(root).facts
    return Machine(
        architecture=platform.machine(),
        kernel=platform.release(),
        system=_system(root),
        board=str(described["board"]) if "board" in described else None,
        cpu=str(described["cpu"]) if "cpu" in described else None,
        cores=os.cpu_count() or 1,
        usable_cores=len(os.sched_getaffinity(0)),
        memory_bytes=int(psutil.virtual_memory().total),
        available_bytes=available_memory(root),
        container=container(root),
        virtual_machine=virtual_machine(root),
    )


def look_at_memory(root: Path) -> Memory:
    """Swap, from /proc/swaps: a heading, then name, type, size and use in KiB, priority."""
    rows = [line.split() for line in read_text(root / "proc/swaps").splitlines()[1:]]
    rows = [row for row in rows if len(row) >= 4 and row[2].isdigit() and row[3].isdigit()]
    return Memory(
        swap_bytes=sum(int(row[2]) for row in rows) * 1024,
        swap_used_bytes=sum(int(row[3]) for row in rows) * 1024,
        compressed=bool(rows) and all("zram" in row[0] for row in rows),
    )


def container(root: Path) -> str | None:
    """The kind of container that this runs in, from the files that each leaves; None if none."""
    for name, kind in _CONTAINER_FILES.items():
        if (root / name).exists():
            return kind
    found = _CONTAINER_GROUPS.search(read_text(root / "proc/1/cgroup"))
    return found.group() if found else None


def virtual_machine(root: Path) -> str | None:
    """The hypervisor, from the firmware's names or the processor's flags; None if none is seen."""
    firmware = root / "sys/class/dmi/id"
    names = " ".join(read_text(firmware / name) for name in ("sys_vendor", "product_name"))
    for mark, kind in _FIRMWARE.items():
        if mark in names:
            return kind
    kind = read_text(root / "sys/hypervisor/type") or read_text(
        root / "proc/device-tree/hypervisor/compatible"
    )
    if kind:
        return kind
    flags = re.search(r"^flags\s*:.*\bhypervisor\b", read_text(root / "proc/cpuinfo"), re.MULTILINE)
    return (_ask_systemd(root) or "unnamed hypervisor") if flags else None


def _ask_systemd(root: Path) -> str | None:
    """What systemd makes of it, which knows many more by instructions of the processor."""
    try:
        done = subprocess.run(
            [str(root / "usr/bin/systemd-detect-virt"), "--vm"],
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
            text=True,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    kind = done.stdout.strip()
    return kind if kind.isalnum() and kind != "none" else None


def _system(root: Path) -> str | None:
    found = re.search(r'^PRETTY_NAME="?([^"\n]*)', read_text(root / "etc/os-release"), re.MULTILINE)
    return found.group(1) if found else None
