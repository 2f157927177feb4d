"""Looks at targets, for tests of the forms in which they are shown."""

from __future__ import annotations

from kenning_lego.core.bounds import Bounds
from kenning_lego.core.deployment_records import DeploymentStatus
from kenning_lego.core.plans import Observation
from kenning_lego.core.remaining import Left
from kenning_lego.scenarios.watcher.seen import SeenPipeline, Sight

BOARD = {
    "cpu_percent.all": 37.4,
    "worker_cpu_percent": 99.0,
    "load_1min": 1.25,
    "memory_used_bytes": 1.5e9,
    "memory_available_bytes": 6.5e9,
    "worker_rss_bytes": 120e6,
    "temperature_c.cpu-thermal": 61.25,
    "frequency_khz.cpu0": 2.4e6,
    "power_mw.VDD_IN": 5200.0,
    "throttled.under-voltage": 1.0,
    "throttled.throttled": 0.0,
    "throttled_before.throttled": 1.0,
    "throttle_count.oc1": 3.0,
}


def camera(**changed: object) -> SeenPipeline:
    """A pipeline that runs."""
    status = DeploymentStatus(
        "camera",
        "running",
        {"b0": "b0@pruned-0.40", "b1": "b1@pruned-0.40", "b2": "b2@original"},
        frames=12_345,
        missed=7,
        bounds=Bounds(latency_ms=12.0),
    )
    durations = tuple(8_000_000 + 10_000 * (n % 50) for n in range(400))
    return SeenPipeline(status, durations, 29.97)


def measured() -> Sight:
    """A board on which a host measures beside a pipeline."""
    return Sight(
        "tcp://pi5.local:5570",
        1.7e9,
        "Raspberry Pi 5 Model B Rev 1.0, 4 cores; onnxruntime 1.20.1, litert 2.3.0",
        observation=Observation(
            "laptop", 754.0, 1200.0, "PLAN", 34, 1000, 1, BOARD, (camera().status,)
        ),
        left=Left(600.0, 900.0),
        pipelines=(camera(),),
    )


def idle() -> Sight:
    """A target where nothing happens, of which no sensor was read yet."""
    return Sight("tcp://127.0.0.1:5570", 1.7e9, "x86_64, 8 cores; no engine")


def lost() -> Sight:
    """A target that is gone."""
    return Sight(
        "tcp://127.0.0.1:5570", 1.7e9, "x86_64, 8 cores; no engine", trouble="nothing listens there"
    )
