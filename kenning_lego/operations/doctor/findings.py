"""What the facts mean for measuring: pure functions from facts to findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from kenning_lego.operations.doctor.facts import Engine, Facts, Finding, Severity

SEVERITIES: tuple[Severity, ...] = ("ok", "info", "improve", "problem")
"""Mildest first."""

COARSE_NS = 1_000
"""Steps of the clock that are no small part of a short layer's time."""
DEAR_NS = 1_000
"""A reading of the clock that takes longer is one that the kernel has to be asked for."""
OTHERS_SHARE = 0.05
"""Of a core: what other programs may take before it shows in a latency's tail."""
UNSEEN_CORES = 0.5
"""Less may be the kernel's own, or ours."""
SCARCE_MEMORY = 256_000_000
SCARCE_DISK = 500_000_000

_TUNE = 'sudo "$(command -v kenning-lego)" tune'
_TELLING = ("temperature", "throttling")
_SLOW_CLOCKS = ("hpet", "acpi_pm", "jiffies", "refined-jiffies", "pit")


def find(facts: Facts) -> tuple[Finding, ...]:
    """Everything that was looked at, area by area."""
    return tuple(finding for check in _CHECKS for finding in check(facts))


def verdict(findings: Sequence[Finding]) -> Severity:
    """The most severe one's severity."""
    return max((each.severity for each in findings), key=SEVERITIES.index, default="ok")


def _software(facts: Facts) -> Iterator[Finding]:
    software = facts.software
    if software.missing:
        yield Finding(
            area="software",
            severity="problem",
            what=f"packages are missing: {', '.join(software.missing)}",
            remedy=f"pip install {' '.join(software.missing)}",
        )
    if not software.shared_memory:
        yield Finding(
            area="software",
            severity="problem",
            what="the kernel has no anonymous shared files (memfd), which the server needs",
            remedy="Linux 3.17 or newer, and a Python built for it",
        )
    if software.curve is None:
        yield Finding(
            area="software",
            severity="problem",
            what="ZeroMQ cannot be imported",
            remedy="pip install --force-reinstall pyzmq",
        )
    elif not software.curve:
        yield Finding(
            area="software",
            severity="improve",
            what="ZeroMQ was built without encryption; hosts reach this board through ssh only",
            remedy="pip install --force-reinstall --only-binary :all: pyzmq",
        )
    if not software.missing:
        yield Finding(
            area="software",
            severity="ok",
            what=f"kenning-lego {software.version}, Python {software.python}",
        )


def _engines(facts: Facts) -> Iterator[Finding]:
    usable = [each for each in facts.engines if each.supported and not each.problem]
    for engine in facts.engines:
        yield _engine(engine)
    if not usable:
        yield Finding(
            area="engine",
            severity="problem",
            what="no engine is installed that artifacts can run on",
            remedy="pip install 'kenning-lego[onnxruntime]', or the board vendor's own wheel",
        )
    several = [each.package for each in facts.engines if each.name == "onnxruntime"]
    if len(several) > 1:
        yield Finding(
            area="engine",
            severity="improve",
            what=f"{' and '.join(several)} share one folder; what is imported is chance",
            remedy=f"pip uninstall {' '.join(several)}, then install the one that you need",
        )


def _engine(engine: Engine) -> Finding:
    name = f"{engine.package} {engine.version}"
    if engine.problem:
        return Finding(
            area="engine",
            severity="problem" if engine.supported else "info",
            what=f"{name}: {engine.problem}",
            remedy=f"pip install --force-reinstall {engine.package}" if engine.supported else "",
        )
    on = f": {', '.join(engine.providers)}" if engine.providers else ""
    slow = f" (imported in {engine.import_s:.1f} s)" if engine.import_s else ""
    if not engine.supported:
        return Finding(
            area="engine", severity="info", what=f"{name}{on}; artifacts do not run on it"
        )
    return Finding(area="engine", severity="ok", what=f"{name}{on}{slow}")


def _machine(facts: Facts) -> Iterator[Finding]:
    machine = facts.machine
    if machine.container:
        yield Finding(
            area="machine",
            severity="info",
            what=f"runs in a container ({machine.container}): settings and some sensors are "
            "those of the machine below",
        )
    if machine.virtual_machine:
        yield Finding(
            area="machine",
            severity="improve",
            what=f"runs in a virtual machine ({machine.virtual_machine}): others take time from "
            "it unseen",
            remedy="measure on the machine itself",
        )
    if machine.usable_cores < machine.cores:
        yield Finding(
            area="machine",
            severity="info",
            what=f"{machine.usable_cores} of {machine.cores} cores may be used from here",
        )


def _clock(facts: Facts) -> Iterator[Finding]:
    clock = facts.clock
    step = clock.resolution_ns
    steps = "no step was seen" if step is None else f"steps of {step} ns"
    said = f"{clock.source or 'unnamed source'}: {steps}, {clock.cost_ns:g} ns a reading"
    faster = [each for each in clock.available if each not in (*_SLOW_CLOCKS, clock.source)]
    slow = clock.source in _SLOW_CLOCKS
    if slow or step is None or step > COARSE_NS or clock.cost_ns > DEAR_NS:
        remedy = f"boot with clocksource={faster[0]}" if slow and faster else "see the kernel's log"
        yield Finding(area="clock", severity="improve", what=said, remedy=remedy)
    else:
        yield Finding(area="clock", severity="ok", what=said)


def _frequency(facts: Facts) -> Iterator[Finding]:
    changing = sorted({p.governor for p in facts.frequency if p.governor != "performance"})
    if not facts.frequency:
        yield Finding(
            area="frequency",
            severity="info",
            what="the kernel does not control frequencies here, so they cannot be fixed or told",
        )
    elif changing:
        yield Finding(
            area="frequency",
            severity="improve",
            what=f"governor {', '.join(changing)}: frequencies change while you measure",
            remedy=_TUNE,
        )
    else:
        yield Finding(area="frequency", severity="ok", what="governor performance on all cores")
    for policy in facts.frequency:
        limit, most = policy.max_khz, policy.hardware_max_khz
        if limit and most and limit < most:
            yield Finding(
                area="frequency",
                severity="info",
                what=f"{policy.name} is limited to {limit / 1e6:.2f} of {most / 1e6:.2f} GHz",
            )


def _power(facts: Facts) -> Iterator[Finding]:
    power = facts.power
    if power.turbo:
        yield Finding(
            area="power",
            severity="info",
            what="turbo frequencies are allowed: they depend on heat and on what other cores do",
            remedy=f"{_TUNE} --no-turbo",
        )
    if power.mode is not None:
        full = power.mode.startswith("MAXN")
        yield Finding(
            area="power",
            severity="ok" if full else "improve",
            what=f"power mode {power.mode}" + ("" if full else " has a budget that throttles"),
            remedy="" if full else _TUNE,
        )
    elif power.nvpmodel:
        yield Finding(area="power", severity="info", what="nvpmodel does not tell the power mode")
    if power.tuned:
        yield Finding(
            area="power",
            severity="info",
            what=f"`kenning-lego tune` holds settings since {power.tuned}",
            remedy="kenning-lego tune --reset, once you have measured",
        )


def _memory(facts: Facts) -> Iterator[Finding]:
    memory, available = facts.memory, facts.machine.available_bytes
    if available < SCARCE_MEMORY:
        yield Finding(
            area="memory",
            severity="improve",
            what=f"only {available / 1e6:.0f} MB of memory are available",
            remedy="end what else runs, such as a desktop",
        )
    else:
        yield Finding(
            area="memory",
            severity="ok",
            what=f"{available / 1e9:.1f} of {facts.machine.memory_bytes / 1e9:.1f} GB available",
        )
    if memory.swap_used_bytes:
        yield Finding(
            area="memory",
            severity="improve",
            what=f"{memory.swap_used_bytes / 1e6:.0f} MB are swapped out"
            + (" (compressed, in memory)" if memory.compressed else ""),
            remedy="sudo swapoff -a for the measurement, if memory suffices",
        )


def _load(facts: Facts) -> Iterator[Finding]:
    load = facts.load
    busiest = ", ".join(f"{each.name} {each.share:.0%}" for each in load.busiest)
    if load.others > OTHERS_SHARE:
        yield Finding(
            area="load",
            severity="improve",
            what=f"other programs take {load.others:.0%} of a core: {busiest}",
            remedy="end them, or wait until they are done",
        )
    elif _unseen_cores(facts) > UNSEEN_CORES:
        yield Finding(
            area="load",
            severity="improve",
            what=f"{_unseen_cores(facts):.1f} cores are busy with what cannot be seen from here",
            remedy="look outside of this container",
        )
    else:
        yield Finding(
            area="load",
            severity="ok",
            what=f"idle; load average {load.average[0]:.2f}",
        )


def _unseen_cores(facts: Facts) -> float:
    """How many cores are busy beyond what the processes account for."""
    shares = [each.value for each in facts.sensors if each.name == "cpu_percent.all"]
    return sum(shares) / 100 * facts.machine.cores - facts.load.others


def _accelerators(facts: Facts) -> Iterator[Finding]:
    for each in facts.accelerators:
        driver = f", driver {each.driver}" if each.driver else ""
        yield Finding(area="accelerator", severity="info", what=f"{each.name}{driver}")
    if not facts.accelerators:
        yield Finding(area="accelerator", severity="info", what="none was found")


def _storage(facts: Facts) -> Iterator[Finding]:
    if facts.storage is None:
        return
    free = facts.storage.free_bytes
    scarce = free < SCARCE_DISK
    yield Finding(
        area="storage",
        severity="improve" if scarce else "ok",
        what=f"{free / 1e9:.1f} GB free for artifacts in {facts.storage.directory}",
        remedy="free some, or serve with --store on another disk" if scarce else "",
    )


def _sensors(facts: Facts) -> Iterator[Finding]:
    missing = [each.name for each in facts.absent_sensors if each.name in _TELLING]
    if missing:
        yield Finding(
            area="sensors",
            severity="info",
            what=f"no {' and no '.join(missing)}: nobody will know whether heat slowed it down",
        )
    for sensor in facts.sensors:
        if sensor.name.startswith("throttled") and sensor.value:
            yield Finding(
                area="sensors",
                severity="improve",
                what=f"the board throttles or has done so: {sensor.name} is {sensor.value:g}",
                remedy="a better power supply, or better cooling",
            )


_CHECKS: tuple[Callable[[Facts], Iterator[Finding]], ...] = (
    _software,
    _engines,
    _machine,
    _clock,
    _frequency,
    _power,
    _memory,
    _load,
    _accelerators,
    _sensors,
    _storage,
)
