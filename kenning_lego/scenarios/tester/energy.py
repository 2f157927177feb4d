"""What an inference of each configuration takes in energy, where the target has a sensor."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence

from kenning_lego.blocks.configuration import MeasurementConfig
from kenning_lego.blocks.latency import stages_of
from kenning_lego.core.engines import Engine
from kenning_lego.core.loads import MAX_QUERIES, LoadPlan
from kenning_lego.core.records import (
    ConfigurationRecord,
    EnergyRecord,
    ScoreRecord,
    SegmentRecord,
)
from kenning_lego.core.target import Target
from kenning_lego.core.telemetry import Telemetry
from kenning_lego.scenarios.tester.configuration import TargetConfig
from kenning_lego.scenarios.tester.measuring import OnProgress
from kenning_lego.stats.energy import InferenceEnergy, energy_per_inference
from kenning_lego.stats.power_domains import domains_of

SETTLE_S = 1.0
"""Left out at the beginning of both intervals: clocks change, and some sensors tell the mean of
the last second."""
LOOK_S = 1.0
"""So often telemetry is asked for while the target is idle: it keeps the lease, and a target in
this process only reads its sensors then."""
_PATIENCE_S = 60.0


def measure_energy(
    target: Target,
    segments: Sequence[SegmentRecord],
    configurations: Sequence[ConfigurationRecord],
    latencies_ms: Mapping[str, float],
    where: TargetConfig,
    config: MeasurementConfig,
    engines: Sequence[Engine],
    on_progress: OnProgress,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[dict[str, InferenceEnergy], str]:
    """Let the target idle, then run a configuration query after query, for each of them.

    Args:
        target: holds all artifacts.
        segments: the chain with all variants.
        configurations: the feasible ones are run.
        latencies_ms: of one inference, by the configuration's name.
        where: engine and threads.
        config: for how long.
        engines: further ones that variants run on.
        on_progress: called for each configuration.
        sleep: waits for so many seconds.

    Returns:
        What was found by the configuration's name, and what to say about it.
    """
    sleep(SETTLE_S)
    telemetry = target.telemetry()
    domains = domains_of(telemetry.columns)
    if not domains:
        return {}, _why_not(telemetry)
    feasible = [each for each in configurations if each.feasible]
    found: dict[str, InferenceEnergy] = {}
    for done, each in enumerate(feasible):
        on_progress(done, len(feasible), each.name)
        idle_from = telemetry.times_s[-1]
        idle_to = _idle(target, idle_from, config.energy_s / 3, sleep)
        plan = LoadPlan(
            stages_of(segments, each.variants),
            runtime=where.runtime,
            threads=where.threads,
            options=where.options,
            engines=tuple(engines),
            warmup_queries=_calls_in(SETTLE_S, latencies_ms[each.name]),
            min_queries=1,
            max_queries=MAX_QUERIES,
            min_seconds=config.energy_s,
            max_seconds=config.energy_s + SETTLE_S + _PATIENCE_S,
            beside_deployments=where.beside_deployments,
        )
        load = target.load(plan)
        sleep(SETTLE_S)
        telemetry = target.telemetry()
        if not load.latencies_ns:
            continue
        energy = energy_per_inference(
            telemetry,
            (idle_from, idle_to),
            (load.begin_ns / 1e9, load.end_ns / 1e9),
            len(load.latencies_ns),
        )
        if energy is not None:
            found[each.name] = energy
    on_progress(len(feasible), len(feasible), "configurations")
    if len(found) < len(feasible):
        missing = len(feasible) - len(found)
        return found, f"too few readings of {' + '.join(domains)} for {missing} of {len(feasible)}"
    return found, f"from {' + '.join(domains)}"


def with_energy(
    configuration: ConfigurationRecord, energies: Mapping[str, InferenceEnergy]
) -> ConfigurationRecord:
    """The configuration with its energy; as it is where there is none."""
    energy = energies.get(configuration.name)
    if energy is None:
        return configuration
    measured = (configuration.measured or ScoreRecord()).model_copy(
        update={
            "energy_mj": energy.joules * 1e3,
            "energy_low_mj": energy.low * 1e3,
            "energy_high_mj": energy.high * 1e3,
            "energy_source": " + ".join(energy.domains),
        }
    )
    found = EnergyRecord(
        idle_s=energy.idle,
        busy_s=energy.busy,
        idle_w=energy.idle_watts,
        busy_w=energy.busy_watts,
        inferences=energy.inferences,
        readings=energy.readings,
    )
    return configuration.model_copy(update={"measured": measured, "energy": found})


def _idle(target: Target, begin_s: float, seconds: float, sleep: Callable[[float], None]) -> float:
    """Leave the target alone for so long; when that ended, on its clock."""
    pieces = max(math.ceil(seconds / LOOK_S), 1)
    end = begin_s
    for _ in range(pieces):
        sleep(seconds / pieces)
        end = target.telemetry().times_s[-1]
    return end


def _calls_in(seconds: float, latency_ms: float) -> int:
    return min(math.ceil(seconds * 1e3 / latency_ms), MAX_QUERIES)


def _why_not(telemetry: Telemetry) -> str:
    rails = [key for key in telemetry.columns if key.startswith("power_mw.")]
    if rails:
        return f"left out: it is not known which of {', '.join(rails)} contain others"
    return "left out: the target tells neither power nor energy; see docs/reference/telemetry.md"
