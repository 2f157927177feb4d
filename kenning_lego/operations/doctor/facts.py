"""What the doctor gathers, as plain values; absent facts are None or absent, never zero."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION: Final = 1

Severity = Literal["ok", "info", "improve", "problem"]


class Fact(BaseModel):
    """Base of all parts of a report: frozen, strict about names."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Software(Fact):
    """What kenning-lego needs of this installation."""

    version: str
    python: str
    packages: dict[str, str]
    """Name to version of the packages that a target needs."""
    missing: tuple[str, ...]
    """Those that are not installed."""
    curve: bool | None
    """Whether ZeroMQ can encrypt; None where it cannot be imported."""
    shared_memory: bool
    """Whether the kernel has anonymous shared files, which server and worker talk through."""


class Machine(Fact):
    """What this machine is."""

    architecture: str
    kernel: str
    system: str | None
    """The distribution, as it names itself."""
    board: str | None
    cpu: str | None
    cores: int
    usable_cores: int
    """Those that this process may run on."""
    memory_bytes: int
    available_bytes: int
    container: str | None
    virtual_machine: str | None


class Clock(Fact):
    """The clock that measurements are taken with."""

    source: str | None
    available: tuple[str, ...]
    resolution_ns: int | None
    """The smallest step that was seen between two readings; None if none was seen."""
    cost_ns: float
    """Median time that one reading takes."""


class FrequencyPolicy(Fact):
    """Cores that share a frequency; in kHz."""

    name: str
    cores: str
    governor: str
    governors: tuple[str, ...]
    min_khz: int | None
    max_khz: int | None
    current_khz: int | None
    hardware_max_khz: int | None


class Power(Fact):
    """What decides about frequencies beside the governors."""

    turbo: bool | None
    """Whether cores may exceed their base frequency; None where that cannot be told."""
    mode: str | None
    """The board's power mode (nvpmodel)."""
    mode_number: int | None
    nvpmodel: bool
    jetson_clocks: bool
    tuned: str | None
    """Since when `kenning-lego tune` holds settings; None when it does not."""


class Memory(Fact):
    """Swap."""

    swap_bytes: int
    swap_used_bytes: int
    compressed: bool
    """Whether swap is in memory itself (zram)."""


class BusyProcess(Fact):
    """A program that takes a share of one core."""

    name: str
    share: float


class Load(Fact):
    """What else runs."""

    average: tuple[float, float, float]
    """Over 1, 5 and 15 minutes."""
    seconds: float
    """How long processes were watched."""
    others: float
    """Cores' worth of time that other processes took meanwhile."""
    busiest: tuple[BusyProcess, ...]


class Engine(Fact):
    """A package that can run networks."""

    name: str
    package: str
    version: str
    supported: bool
    """Whether kenning-lego can run artifacts on it."""
    providers: tuple[str, ...]
    """What it can run on, as it names it."""
    import_s: float | None
    problem: str | None
    """Why it cannot be used."""


class Accelerator(Fact):
    """A device that is no CPU."""

    name: str
    kind: str
    driver: str | None


class Sensor(Fact):
    """Something that can be read here, and what it says now."""

    name: str
    """Quantity and unit, and the place where there are several: temperature_c.cpu-thermal."""
    value: float


class AbsentSensor(Fact):
    """Something that cannot be read here."""

    name: str
    why: str


class Storage(Fact):
    """Where artifacts are kept."""

    directory: str
    free_bytes: int


class Facts(Fact):
    """Everything that was found."""

    software: Software
    machine: Machine
    clock: Clock
    frequency: tuple[FrequencyPolicy, ...]
    power: Power
    memory: Memory
    load: Load
    engines: tuple[Engine, ...]
    accelerators: tuple[Accelerator, ...]
    sensors: tuple[Sensor, ...]
    absent_sensors: tuple[AbsentSensor, ...]
    storage: Storage | None
    host_name: str | None = None
    """Only when asked for."""


class Finding(Fact):
    """One thing that was looked at."""

    area: str
    severity: Severity
    what: str
    remedy: str = ""


class DoctorReport(Fact):
    """What ``kenning-lego doctor`` says."""

    schema_version: Literal[1] = SCHEMA_VERSION
    kind: Literal["doctor"] = "doctor"
    created: str
    """ISO 8601, UTC."""
    verdict: Severity
    """The most severe finding's."""
    facts: Facts
    findings: tuple[Finding, ...]
