"""Sampling the sensors while the target is used, outside the timed path and the worker."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from kenning_lego.core.telemetry import Telemetry
from kenning_lego.servers.sensors.base import Readings, Sensor
from kenning_lego.servers.sensors.find import find_sensors
from kenning_lego.servers.sensors.worker import find_worker
from kenning_lego.servers.series import Series

DEFAULT_INTERVAL_S = 1.0

CAPACITY = 600
"""Samples that are kept: ten minutes at one a second, twenty at one in two."""

LARGEST_SHARE = 0.002
"""Of a core's time that sampling may take; slow sensors are read less often."""

SHOWN_S = 10.0
"""For how long to sample after somebody looked on who holds no lease."""

SOON_S = 0.2
"""From the start until the sensors are looked for, from then until they are read first, and at
least between two samples: some compare with their last reading."""


class Sampler:
    """Reads sensors again and again and keeps what they told.

    It has no thread: its owner calls :meth:`tick` between other things. Times given to its methods
    are on one monotonic clock, in seconds.

    Args:
        interval_s: between samples; 0 for none at all.
        find: looks for the sensors, once after each start.
        find_worker: makes the sensor of the process that runs the models.
        capacity: samples that are kept; beyond that the resolution is halved.
        wall: the wall clock.
        cost: a clock of the processor time that this thread has used.
    """

    def __init__(
        self,
        interval_s: float,
        *,
        find: Callable[[], Sequence[Sensor]] = find_sensors,
        find_worker: Callable[[int], Sensor] = find_worker,
        capacity: int = CAPACITY,
        wall: Callable[[], float] = time.time,
        cost: Callable[[], float] = time.thread_time,
    ) -> None:
        self._interval = interval_s
        self._find = find
        self._find_worker = find_worker
        self._capacity = capacity
        self._wall = wall
        self._cost = cost
        self._sensors: tuple[Sensor, ...] | None = None
        self._worker: Sensor | None = None
        self._worker_pid: int | None = None
        self._series = Series(capacity)
        self._began = 0.0
        self._sampled = -math.inf
        self._due = self._until = math.inf
        self.latest: Readings = {}
        """The newest readings; empty before the first."""

    def start(self, now: float, until: float = math.inf) -> None:
        """Sample from soon on until then, beginning anew."""
        self.stop()
        if self._interval > 0:
            self._due, self._until = now + min(SOON_S, self._interval), until

    def show(self, now: float) -> None:
        """Sample for a while, unless it does so anyway: somebody looks on."""
        if math.isinf(self._due):
            self.start(now, now + SHOWN_S)
        elif not math.isinf(self._until):
            self._until = now + SHOWN_S

    def stop(self) -> None:
        """Sample no more, let the sensors go, and forget what they told."""
        for sensor in (*(self._sensors or ()), *([self._worker] if self._worker else ())):
            sensor.close()
        self._sensors = self._worker = self._worker_pid = None
        self._series = Series(self._capacity)
        self._sampled, self._due, self._until = -math.inf, math.inf, math.inf
        self.latest = {}

    def wait_s(self, now: float) -> float:
        """How long until :meth:`tick` has something to do; infinite while stopped."""
        return max(self._due - now, 0.0)

    def tick(self, now: float, worker: int | None) -> None:
        """Take a sample if one is due.

        Args:
            now: the time.
            worker: process id of the process that runs the models, if there is one.
        """
        if now >= self._until:
            self.stop()
        if now < self._due:
            return
        if self._sensors is None:
            self._look()
            self._follow(worker)
            self._due = now + min(SOON_S, self._interval)
        else:
            self._sample(now, worker)

    def telemetry(self, now: float, worker: int | None) -> Telemetry:
        """Everything sampled since the start, up to now.

        Args:
            now: the time.
            worker: see :meth:`tick`.
        """
        if not self._interval:
            return Telemetry(absent={"telemetry": "switched off by --telemetry-interval 0"})
        if now - self._sampled >= min(SOON_S, self._interval):
            self._sample(now, worker)
        absent: dict[str, str] = {}
        for sensor in self._sensors or ():
            absent.update(sensor.absent)
        return Telemetry(self._began, self._series.times(), self._series.columns(), absent)

    def _look(self) -> tuple[Sensor, ...]:
        if self._sensors is None:
            self._sensors = tuple(self._find())
        return self._sensors

    def _sample(self, now: float, worker: int | None) -> None:
        begin = self._cost()
        sensors = self._look()
        self._follow(worker)
        readings: dict[str, float] = {}
        for sensor in sensors:
            readings.update(sensor.read())
        if self._worker:
            readings.update(self._worker.read())
        if not len(self._series):
            self._began = max(self._wall(), 0.0)
        self._series.append(now, readings)
        self._sampled, self.latest = now, readings
        interval = self._interval * 2**self._series.halvings
        self._due = now + max(interval, (self._cost() - begin) / LARGEST_SHARE)

    def _follow(self, worker: int | None) -> None:
        if worker == self._worker_pid:
            return
        if self._worker:
            self._worker.close()
        self._worker = None if worker is None else self._find_worker(worker)
        self._worker_pid = worker
