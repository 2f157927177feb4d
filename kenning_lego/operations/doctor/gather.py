"""All facts about this machine at once."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kenning_lego import __version__
from kenning_lego.operations.doctor.accelerators import look_for_accelerators
from kenning_lego.operations.doctor.clock import look_at_clock
from kenning_lego.operations.doctor.engines import installed_version, look_at_engines
from kenning_lego.operations.doctor.facts import (
    AbsentSensor,
    Facts,
    Sensor,
    Software,
    Storage,
)
from kenning_lego.operations.doctor.load import look_at_load
from kenning_lego.operations.doctor.machine import look_at_machine, look_at_memory
from kenning_lego.operations.doctor.processor import look_at_frequencies, look_at_power
from kenning_lego.servers.child import child_environment
from kenning_lego.servers.sensors import base
from kenning_lego.servers.sensors.find import find_sensors

_CURVE = "import zmq; print(zmq.has('curve'))"
_CURVE_PATIENCE_S = 20.0


def gather(store: Path, *, root: Path = Path("/"), host_name: bool = False) -> Facts:
    """Look at everything; takes a second or two, and longer where engines import slowly.

    Args:
        store: where artifacts are kept; need not exist.
        root: where ``proc``, ``sys`` and ``dev`` are.
        host_name: tell this machine's name too.
    """
    with _open_sensors(root) as opened:
        _read(opened)  # shares of time are told from the second reading on
        load = look_at_load()  # while nothing of ours runs
        sensors = _read(opened)
        absent = tuple(
            AbsentSensor(name=name, why=why)
            for sensor in opened
            for name, why in sensor.absent.items()
        )
    return Facts(
        software=_software(),
        machine=look_at_machine(root),
        clock=look_at_clock(root),
        frequency=look_at_frequencies(root),
        power=look_at_power(root),
        memory=look_at_memory(root),
        load=load,
        engines=look_at_engines(),
        accelerators=look_for_accelerators(root),
        sensors=sensors,
        absent_sensors=absent,
        storage=_storage(store),
        host_name=platform.node() if host_name else None,
    )


def _software() -> Software:
    needed = [
        name.strip().split(">")[0].split("<")[0].split("=")[0].split("~")[0].strip()
        for name in importlib.metadata.requires("kenning-lego") or ()
        if ";" not in name
    ]
    versions = {name: installed_version(name) for name in needed}
    return Software(
        version=__version__,
        python=platform.python_version(),
        packages={name: version for name, version in versions.items() if version},
        missing=tuple(name for name, version in versions.items() if not version),
        curve=_curve(),
        shared_memory=hasattr(os, "memfd_create"),
    )


def _curve() -> bool | None:
    try:
        done = subprocess.run(
            [sys.executable, "-c", _CURVE],
            capture_output=True,
            timeout=_CURVE_PATIENCE_S,
            cwd="/",
            env=child_environment(),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    return {b"True": True, b"False": False}.get(done.stdout.strip())


@contextmanager
def _open_sensors(root: Path) -> Iterator[tuple[base.Sensor, ...]]:
    opened = find_sensors(root)
    try:
        yield opened
    finally:
        for sensor in opened:
            sensor.close()


def _read(opened: tuple[base.Sensor, ...]) -> tuple[Sensor, ...]:
    return tuple(
        Sensor(name=key, value=value) for each in opened for key, value in each.read().items()
    )


def _storage(store: Path) -> Storage | None:
    for directory in (store, *store.parents):
        if directory.is_dir():
            disk = os.statvfs(directory)
            return Storage(directory=str(store), free_bytes=disk.f_bavail * disk.f_frsize)
    return None
