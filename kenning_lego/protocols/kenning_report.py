"""The statistics that a target reports to Kenning's hosts.

Names and units are those that their reports read: ``target_inference_step`` goes before the
host's own ``protocol_inference_step``, durations and timestamps are in seconds, utilisation in
percent.
"""

from __future__ import annotations

import json
from array import array
from collections import deque
from dataclasses import dataclass

MAX_INFERENCES = 65_536
"""Inferences that are reported: the most recent."""

MAX_SAMPLES = 3_600
"""Samples of the utilisation, likewise."""


@dataclass(frozen=True, slots=True)
class Utilisation:
    """How busy a machine is.

    Args:
        at: seconds on its monotonic clock.
        cpus_percent: of each processor since the sample before.
        memory_percent: that cannot be had any more.
    """

    at: float
    cpus_percent: tuple[float, ...]
    memory_percent: float


class Recorder:
    """Collects one session's measurements."""

    def __init__(self) -> None:
        self._ended_s = array("d")
        self._took_s = array("d")
        self._samples: deque[Utilisation] = deque(maxlen=MAX_SAMPLES)

    def inference(self, now: float, duration_ns: int) -> None:
        """Note what the engine took for an inference that ended at `now` seconds."""
        if len(self._took_s) >= 2 * MAX_INFERENCES:
            del self._ended_s[:MAX_INFERENCES], self._took_s[:MAX_INFERENCES]
        self._ended_s.append(now)
        self._took_s.append(duration_ns / 1e9)

    def utilisation(self, sample: Utilisation) -> None:
        """Note how busy the machine was."""
        self._samples.append(sample)

    def report(self) -> bytes:
        """The payload of the answer to STATS; what was not measured is absent."""
        measured: dict[str, list[object]] = {}
        if self._took_s:
            measured["target_inference_step"] = list(self._took_s[-MAX_INFERENCES:])
            measured["target_inference_step_timestamp"] = list(self._ended_s[-MAX_INFERENCES:])
        if self._samples:
            measured["session_utilization_cpus_percent"] = [s.cpus_percent for s in self._samples]
            measured["session_utilization_mem_percent"] = [s.memory_percent for s in self._samples]
            measured["session_utilization_timestamp"] = [s.at for s in self._samples]
        return json.dumps(measured).encode()
