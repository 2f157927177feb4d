"""What the doctor gathers, from machines as trees of files and from packages that misbehave."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kenning_lego.operations.doctor import engines as engines_module
from kenning_lego.operations.doctor.accelerators import look_for_accelerators
from kenning_lego.operations.doctor.clock import look_at_clock
from kenning_lego.operations.doctor.engines import Package, look_at_engines, read_outcome
from kenning_lego.operations.doctor.gather import gather
from kenning_lego.operations.doctor.load import look_at_load
from kenning_lego.operations.doctor.machine import (
    container,
    look_at_machine,
    look_at_memory,
    virtual_machine,
)
from kenning_lego.operations.doctor.processor import look_at_frequencies, look_at_power
from kenning_lego.tuning.plan import TuneOptions
from kenning_lego.tuning.tune import Place, tune
from tests.machines import jetson, laptop, raspberry_pi, tree


def test_raspberry_pi_is_recognised(tmp_path: Path) -> None:
    root = raspberry_pi(tmp_path)
    machine = look_at_machine(root)
    assert machine.board == "Raspberry Pi 5 Model B Rev 1.0"
    assert machine.system == "Debian GNU/Linux 12 (bookworm)"
    assert machine.container is None
    assert machine.virtual_machine is None
    memory = look_at_memory(root)
    assert memory.swap_bytes == 102396 * 1024
    assert memory.swap_used_bytes == 20480 * 1024
    assert not memory.compressed
    (policy,) = look_at_frequencies(root)
    assert (policy.governor, policy.max_khz, policy.hardware_max_khz) == (
        "ondemand",
        2_400_000,
        2_400_000,
    )
    assert look_at_clock(root).source == "arch_sys_counter"


def test_jetson_tells_its_mode_and_whether_it_is_tuned(tmp_path: Path) -> None:
    root = jetson(tmp_path)
    power = look_at_power(root)
    assert (power.mode, power.mode_number, power.nvpmodel, power.jetson_clocks) == (
        "7W",
        1,
        True,
        True,
    )
    assert power.tuned is None
    (root / "var/lib").mkdir(parents=True)
    tune(Place(root, root / "var/lib/kenning-lego"), TuneOptions(), lambda _: None)
    after = look_at_power(root)
    assert after.mode == "MAXN"
    assert after.tuned is not None


def test_turbo_is_told_where_there_is_a_switch(tmp_path: Path) -> None:
    assert look_at_power(laptop(tmp_path / "laptop")).turbo is True
    assert look_at_power(raspberry_pi(tmp_path / "pi")).turbo is None


def test_machine_that_tells_nothing_has_no_made_up_facts(tmp_path: Path) -> None:
    machine = look_at_machine(tmp_path)
    assert (machine.board, machine.cpu, machine.system) == (None, None, None)
    assert (machine.container, machine.virtual_machine) == (None, None)
    assert look_at_frequencies(tmp_path) == ()
    assert look_for_accelerators(tmp_path) == ()
    assert look_at_memory(tmp_path).swap_bytes == 0
    clock = look_at_clock(tmp_path)
    assert (clock.source, clock.available) == (None, ())


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({".dockerenv": ""}, "docker"),
        ({"run/.containerenv": ""}, "podman"),
        ({"proc/1/cgroup": "0::/kubepods/besteffort/pod1\n"}, "kubepods"),
        ({"proc/1/cgroup": "12:cpu:/lxc/box\n"}, "lxc"),
        ({"proc/1/cgroup": "0::/init.scope\n"}, None),
    ],
)
def test_containers(tmp_path: Path, files: dict[str, str], kind: str | None) -> None:
    assert container(tree(tmp_path, files)) == kind


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ({"sys/class/dmi/id/sys_vendor": "QEMU\n"}, "qemu"),
        ({"sys/class/dmi/id/product_name": "VirtualBox\n"}, "virtualbox"),
        ({"sys/class/dmi/id/product_name": "Google Compute Engine\n"}, "google compute engine"),
        ({"sys/hypervisor/type": "xen\n"}, "xen"),
        ({"proc/cpuinfo": "flags\t\t: fpu hypervisor sse\n"}, "unnamed hypervisor"),
        (
            {
                "proc/cpuinfo": "flags\t\t: fpu hypervisor sse\n",
                "usr/bin/systemd-detect-virt": "#!/bin/sh\necho kvm\n",
            },
            "kvm",
        ),
        ({"sys/class/dmi/id/sys_vendor": "LENOVO\n", "proc/cpuinfo": "flags\t: fpu\n"}, None),
    ],
)
def test_virtual_machines(tmp_path: Path, files: dict[str, str], kind: str | None) -> None:
    assert virtual_machine(tree(tmp_path, files)) == kind


def test_accelerators_are_found_by_what_their_drivers_leave(tmp_path: Path) -> None:
    root = tree(
        tmp_path,
        {
            "proc/driver/nvidia/version": (
                "NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue Mar  5 2024\n"
            ),
            "proc/driver/nvidia/gpus/0000:01:00.0/information": (
                "Model: \t\t NVIDIA GeForce RTX 3060\nGPU UUID: \t GPU-1234\n"
            ),
            "dev/hailo0": "",
            "dev/apex_0": "",
            "sys/bus/usb/devices/1-1/idVendor": "18d1\n",
            "sys/bus/usb/devices/1-1/idProduct": "9302\n",
            "sys/bus/usb/devices/1-2/idVendor": "046d\n",
            "sys/bus/usb/devices/1-2/idProduct": "c52b\n",
            "sys/devices/gpu/uevent": "DRIVER=v3d\nOF_COMPATIBLE_0=brcm,2712-v3d\n",
            "sys/bus/platform/drivers/v3d/bind": "",
        },
    )
    (root / "sys/class/drm/renderD128").mkdir(parents=True)
    (root / "sys/class/drm/renderD128/device").symlink_to(root / "sys/devices/gpu")
    (root / "sys/devices/gpu/driver").symlink_to(root / "sys/bus/platform/drivers/v3d")
    found = {(each.name, each.kind, each.driver) for each in look_for_accelerators(root)}
    assert found == {
        ("NVIDIA GeForce RTX 3060", "gpu", "nvidia 550.54.15"),
        ("brcm,2712-v3d", "gpu", "v3d"),
        ("Hailo", "npu", None),
        ("Coral Edge TPU (PCIe)", "tpu", None),
        ("Coral Edge TPU (USB)", "tpu", None),
    }


def test_coarse_clock_is_measured_as_coarse(tmp_path: Path) -> None:
    clock = look_at_clock(tmp_path, lambda: time.perf_counter_ns() // 10_000_000 * 10_000_000)
    assert clock.resolution_ns is not None
    assert clock.resolution_ns >= 10_000_000
    assert clock.cost_ns > 0


def test_clock_that_does_not_step_has_no_resolution_of_zero(tmp_path: Path) -> None:
    assert look_at_clock(tmp_path, lambda: 5).resolution_ns is None


def test_program_that_takes_time_is_named_without_its_arguments() -> None:
    busy = "secret = 1\nwhile True: pass"
    with subprocess.Popen([sys.executable, "-c", busy]) as process:
        try:
            shown = look_at_load(0.5)
        finally:
            process.kill()
    assert shown.others > 0
    assert any(each.name.startswith("python") for each in shown.busiest)
    assert "secret" not in str(shown)
    assert len(shown.busiest) <= 3


# Engines


@contextmanager
def packages(
    directory: Path, monkeypatch: pytest.MonkeyPatch, **modules: str
) -> Iterator[tuple[Package, ...]]:
    """Installed distributions, each with a module of that source; probed by importing it."""
    found = []
    for name, source in modules.items():
        (directory / f"{name}.py").write_text(source)
        metadata = directory / f"{name}-1.2.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.2\n")
        found.append(
            Package("onnxruntime", name, f'import {name}; print(\'["", ["{name} provider"]]\')')
        )
    with monkeypatch.context() as patched:
        patched.syspath_prepend(directory)
        patched.setenv("PYTHONPATH", str(directory))
        patched.setattr(engines_module, "PACKAGES", tuple(found))
        patched.setattr(
            engines_module, "engine_packages", lambda: dict.fromkeys(modules, "onnxruntime")
        )
        yield tuple(found)


def test_imports_that_crash_hang_or_fail_are_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = {
        "sound": "print('greetings from a library')",
        "crashing": "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
        "failing": "raise ImportError('libcuda.so.1: cannot open')",
        "hanging": "import time; time.sleep(600)",
    }
    with packages(tmp_path, monkeypatch, **sources):
        begin = time.monotonic()
        found = {each.package: each for each in look_at_engines(patience_s=10.0)}
        assert time.monotonic() - begin < 60
    assert found["sound"].problem is None
    assert found["sound"].providers == ("sound provider",)
    assert found["sound"].version == "1.2"
    assert found["sound"].import_s is not None
    assert found["crashing"].problem == "importing it was ended by SIGSEGV"
    assert found["failing"].problem == (
        "importing it fails: ImportError: libcuda.so.1: cannot open"
    )
    assert "takes longer than 10 s" in (found["hanging"].problem or "")


def test_package_that_is_not_installed_is_not_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unknown = Package("onnxruntime", "kenning-lego-no-such-package", "raise SystemExit(1)")
    monkeypatch.setattr(engines_module, "PACKAGES", (unknown,))
    assert look_at_engines() == ()


def test_probe_that_says_nothing_is_no_success() -> None:
    outcome = read_outcome(0, b"", b"", 0.1)
    assert outcome.problem == "importing it prints nothing that we understand"
    assert read_outcome(3, b"", b"", 0.1).problem == "importing it fails: exit code 3"


def test_everything_is_gathered_here_without_importing_an_engine() -> None:
    script = (
        "import sys\nfrom pathlib import Path\n"
        "from kenning_lego.operations.doctor.gather import gather\n"
        "facts = gather(Path('/nonexistent/store'))\n"
        "assert facts.software.packages['pyzmq'] and not facts.software.missing\n"
        "assert facts.software.curve and facts.host_name is None\n"
        "assert facts.storage.free_bytes > 0\n"
        "heavy = {'torch', 'onnxruntime', 'openvino', 'onnx'} & set(sys.modules)\n"
        "sys.exit(f'imports {heavy}' if heavy else 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")


def test_host_name_is_told_when_asked(tmp_path: Path) -> None:
    assert gather(tmp_path, root=tmp_path, host_name=True).host_name == os.uname().nodename
