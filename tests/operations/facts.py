"""Facts of a machine where nothing is to be improved, to be varied in tests."""

from __future__ import annotations

from typing import Any

from kenning_lego.operations.doctor.facts import (
    Clock,
    Engine,
    Facts,
    FrequencyPolicy,
    Load,
    Machine,
    Memory,
    Power,
    Sensor,
    Software,
    Storage,
)

ENGINE = Engine(
    name="onnxruntime",
    package="onnxruntime",
    version="1.20.0",
    supported=True,
    providers=("CPUExecutionProvider",),
    import_s=0.4,
    problem=None,
)
POLICY = FrequencyPolicy(
    name="policy0",
    cores="0 1 2 3",
    governor="performance",
    governors=("ondemand", "performance"),
    min_khz=1_500_000,
    max_khz=2_400_000,
    current_khz=2_400_000,
    hardware_max_khz=2_400_000,
)

PERFECT = Facts(
    software=Software(
        version="1.0",
        python="3.11.2",
        packages={"pyzmq": "26.0"},
        missing=(),
        curve=True,
        shared_memory=True,
    ),
    machine=Machine(
        architecture="aarch64",
        kernel="6.6.31",
        system="Debian GNU/Linux 12 (bookworm)",
        board="Raspberry Pi 5 Model B Rev 1.0",
        cpu="Cortex-A76",
        cores=4,
        usable_cores=4,
        memory_bytes=8_000_000_000,
        available_bytes=7_000_000_000,
        container=None,
        virtual_machine=None,
    ),
    clock=Clock(
        source="arch_sys_counter", available=("arch_sys_counter",), resolution_ns=18, cost_ns=90
    ),
    frequency=(POLICY,),
    power=Power(
        turbo=None,
        mode=None,
        mode_number=None,
        nvpmodel=False,
        jetson_clocks=False,
        tuned=None,
    ),
    memory=Memory(swap_bytes=0, swap_used_bytes=0, compressed=False),
    load=Load(average=(0.1, 0.1, 0.1), seconds=1.0, others=0.01, busiest=()),
    engines=(ENGINE,),
    accelerators=(),
    sensors=(Sensor(name="temperature_c.cpu-thermal", value=48.3),),
    absent_sensors=(),
    storage=Storage(directory="~/.cache/kenning-lego/store", free_bytes=20_000_000_000),
)


def but(part: str, **changes: Any) -> Facts:
    """The same, except for some fields of a part."""
    changed = getattr(PERFECT, part).model_copy(update=changes)
    return PERFECT.model_copy(update={part: changed})
