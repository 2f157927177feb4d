"""Devices that are no CPU, from what their drivers leave below /dev, /proc and /sys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from kenning_lego.core.kernel_files import numbered, read_text
from kenning_lego.operations.doctor.facts import Accelerator

_DEVICES: Mapping[str, tuple[str, str]] = {
    "dev/apex_[0-9]*": ("Coral Edge TPU (PCIe)", "tpu"),
    "dev/hailo[0-9]*": ("Hailo", "npu"),
    "dev/ethosu[0-9]*": ("Arm Ethos-U", "npu"),
    "dev/rknpu": ("Rockchip NPU", "npu"),
    "dev/nvhost-nvdla0": ("NVIDIA DLA", "npu"),
}
"""Files of drivers that serve one kind of device."""

_USB: Mapping[tuple[str, str], tuple[str, str]] = {
    ("1a6e", "089a"): ("Coral Edge TPU (USB)", "tpu"),
    ("18d1", "9302"): ("Coral Edge TPU (USB)", "tpu"),
    ("03e7", "2485"): ("Intel Movidius Myriad X (USB)", "npu"),
}
"""By vendor and product; a Coral device changes its own once it has been used."""

_INTEGRATED = ("nvgpu", "gp10b", "gv11b", "ga10b", "tegra")


def look_for_accelerators(root: Path) -> tuple[Accelerator, ...]:
    """All that is found, without running any vendor's program."""
    return (
        *_nvidia(root),
        *_rendering(root),
        *_computing(root),
        *_devices(root),
        *_usb(root),
    )


def _nvidia(root: Path) -> Iterator[Accelerator]:
    version = re.search(
        r"Kernel Module.*?\s([0-9]+\.[0-9.]+)\s", read_text(root / "proc/driver/nvidia/version")
    )
    driver = f"nvidia {version.group(1)}" if version else "nvidia"
    for path in sorted((root / "proc/driver/nvidia/gpus").glob("*/information")):
        model = re.search(r"^Model:\s*(.+)$", read_text(path), re.MULTILINE)
        yield Accelerator(
            name=model.group(1).strip() if model else "NVIDIA GPU", kind="gpu", driver=driver
        )


def _rendering(root: Path) -> Iterator[Accelerator]:
    """GPUs with a driver for the kernel's graphics interface, which NVIDIA's own is not always."""
    for path in numbered(root / "sys/class/drm", "renderD[0-9]*"):
        device = path / "device"
        driver = _driver(device)
        if driver == "nvidia":
            continue
        kind = "integrated GPU" if driver in _INTEGRATED else "GPU"
        compatible = re.search(
            r"^OF_COMPATIBLE_0=(.+)$", read_text(device / "uevent"), re.MULTILINE
        )
        name = compatible.group(1) if compatible else f"{driver or 'unknown'} {kind}"
        yield Accelerator(name=name, kind="gpu", driver=driver)


def _computing(root: Path) -> Iterator[Accelerator]:
    for path in numbered(root / "sys/class/accel", "accel[0-9]*"):
        driver = _driver(path / "device")
        yield Accelerator(name=f"{driver or 'unknown'} accelerator", kind="npu", driver=driver)


def _devices(root: Path) -> Iterator[Accelerator]:
    for pattern, (name, kind) in _DEVICES.items():
        for _ in root.glob(pattern):
            yield Accelerator(name=name, kind=kind, driver=None)


def _usb(root: Path) -> Iterator[Accelerator]:
    for path in sorted((root / "sys/bus/usb/devices").glob("*/idVendor")):
        numbers = read_text(path), read_text(path.with_name("idProduct"))
        if numbers in _USB:
            name, kind = _USB[numbers]
            yield Accelerator(name=name, kind=kind, driver=None)


def _driver(device: Path) -> str | None:
    try:
        return (device / "driver").resolve(strict=True).name
    except OSError:
        return None
