"""When sensors are read, for how long what they told is kept, and what it may cost."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import pytest

from kenning_lego.servers.sensors.base import Readings
from kenning_lego.servers.telemetry import LARGEST_SHARE, SHOWN_S, SOON_S, Sampler

BEGIN = 1000.0


class FakeSensor:
    """Tells how often it was read."""

    kind = "fake"

    def __init__(self, key: str = "count", absent: Mapping[str, str] | None = None) -> None:
        self.key = key
        self.absent = dict(absent or {})
        self.reads = 0
        self.closed = False

    def read(self) -> Readings:
        assert not self.closed, "read after it was closed"
        self.reads += 1
        return {self.key: float(self.reads)}

    def close(self) -> None:
        self.closed = True


class Bench:
    """A sampler with clocks that stand still unless they are moved."""

    def __init__(self, interval_s: float = 1.0, capacity: int = 8, cost_s: float = 0.0) -> None:
        self.sensors: list[FakeSensor] = []
        self.workers: dict[int, FakeSensor] = {}
        self.now = BEGIN
        self.spent = 0.0
        self.cost_s = cost_s
        self.sampler = Sampler(
            interval_s,
            find=self.find,
            find_worker=self.find_worker,
            capacity=capacity,
            wall=lambda: 1.7e9 + self.now,
            cost=self.cost,
        )

    def find(self) -> list[FakeSensor]:
        self.sensors.append(FakeSensor(absent={"rails": "none"}))
        return self.sensors[-1:]

    def find_worker(self, pid: int) -> FakeSensor:
        self.workers[pid] = FakeSensor("worker")
        return self.workers[pid]

    def cost(self) -> float:
        self.spent += self.cost_s
        return self.spent

    def run(self, seconds: float, worker: int | None = None) -> None:
        """As a server does: wait until something is due, and tick."""
        end = self.now + seconds
        while self.now + self.sampler.wait_s(self.now) <= end:
            self.now += self.sampler.wait_s(self.now)
            self.sampler.tick(self.now, worker)
        self.now = end

    def times(self) -> list[float]:
        telemetry = self.sampler.telemetry(-math.inf, None)
        return [time - BEGIN for time in telemetry.times_s]


def started(interval_s: float = 1.0, capacity: int = 8, cost_s: float = 0.0) -> Bench:
    bench = Bench(interval_s, capacity, cost_s)
    bench.sampler.start(bench.now)
    return bench


def test_nothing_is_looked_for_before_the_start_nor_at_once() -> None:
    bench = Bench()
    bench.sampler.tick(BEGIN + 100, None)
    assert bench.sampler.wait_s(BEGIN) == math.inf
    bench.sampler.start(BEGIN)
    assert bench.sensors == []


def test_samples_are_taken_at_the_interval_after_the_sensors_had_time_to_begin() -> None:
    bench = started()
    bench.run(5)
    assert bench.times() == pytest.approx([2 * SOON_S + n for n in range(5)])


def test_who_looks_on_gets_readings_for_a_while() -> None:
    bench = Bench()
    bench.sampler.show(bench.now)
    bench.run(SHOWN_S / 2)
    assert bench.sampler.latest
    bench.sampler.show(bench.now)
    bench.run(SHOWN_S - SOON_S)
    assert bench.sampler.latest
    bench.run(2.0)
    assert not bench.sampler.latest
    assert bench.sensors[0].closed
    assert bench.sampler.wait_s(bench.now) == math.inf


def test_who_looks_on_changes_nothing_for_who_measures() -> None:
    bench = started()
    bench.sampler.show(bench.now)
    bench.run(2 * SHOWN_S)
    bench.sampler.show(bench.now)
    bench.run(1.0)
    assert len(bench.sensors) == 1
    assert bench.sampler.latest


def test_who_looks_on_gets_none_where_sampling_is_switched_off() -> None:
    bench = Bench(interval_s=0)
    bench.sampler.show(bench.now)
    bench.run(5)
    assert bench.sensors == []


def test_wall_clock_time_is_that_of_the_first_sample() -> None:
    bench = started()
    bench.run(5)
    began = bench.sampler.telemetry(-math.inf, None).began_unix_s
    assert began == pytest.approx(1.7e9 + BEGIN + 2 * SOON_S)


def test_long_leases_get_fewer_samples_in_the_same_memory() -> None:
    bench = started(capacity=8)
    bench.run(100)
    times = bench.times()
    assert 4 <= len(times) < 8
    steps = {round(after - before, 6) for before, after in pairwise(times)}
    assert steps <= {8.0, 16.0, 32.0}
    assert times[-1] >= 100 - 32


def test_sensors_that_cost_much_are_read_less_often() -> None:
    bench = started(cost_s=0.05)
    bench.run(60, None)
    times = bench.times()
    assert all(after - before >= 0.05 / LARGEST_SHARE * 0.99 for before, after in pairwise(times))
    assert len(times) >= 2


def test_worker_is_followed_as_it_comes_goes_and_is_replaced() -> None:
    bench = started(capacity=100)
    bench.run(2)
    bench.run(2, worker=7)
    bench.run(2, worker=8)
    bench.run(2)
    assert list(bench.workers) == [7, 8]
    assert all(worker.closed for worker in bench.workers.values())
    column = bench.sampler.telemetry(-math.inf, None).columns["worker"]
    assert column == (None, None, 1, 2, 1, 2, None, None)


def test_stop_forgets_and_lets_go() -> None:
    bench = started()
    bench.run(3, worker=7)
    assert bench.sampler.latest
    bench.sampler.stop()
    assert bench.sensors[0].closed
    assert bench.workers[7].closed
    assert bench.sampler.latest == {}
    assert bench.sampler.wait_s(bench.now) == math.inf
    assert bench.times() == []


def test_next_lease_begins_anew() -> None:
    bench = started()
    bench.run(3)
    bench.sampler.start(bench.now)
    assert bench.sensors[0].closed
    bench.run(3)
    assert len(bench.sensors) == 2
    assert bench.sampler.telemetry(-math.inf, None).columns["count"] == (1, 2, 3)


def test_who_asks_early_gets_one_sample() -> None:
    bench = started()
    telemetry = bench.sampler.telemetry(BEGIN + 0.01, 7)
    assert telemetry.times_s == (BEGIN + 0.01,)
    assert telemetry.columns == {"count": (1,), "worker": (1,)}
    assert telemetry.absent == {"rails": "none"}


def test_who_asks_gets_what_is_now_and_asking_often_costs_nothing() -> None:
    bench = started()
    bench.run(3.3)
    reads = bench.sensors[0].reads
    for _ in range(50):
        telemetry = bench.sampler.telemetry(bench.now, None)
    assert telemetry.times_s[-1] == bench.now
    assert bench.sensors[0].reads == reads + 1


def test_newest_readings_are_at_hand() -> None:
    bench = started()
    assert bench.sampler.latest == {}
    bench.run(2.5, worker=7)
    assert bench.sampler.latest == {"count": 3, "worker": 3}


def test_switched_off_it_finds_and_reads_nothing_and_says_so() -> None:
    bench = started(interval_s=0.0)
    assert bench.sampler.wait_s(BEGIN) == math.inf
    bench.run(5)
    telemetry = bench.sampler.telemetry(bench.now, 7)
    assert (telemetry.times_s, telemetry.columns) == ((), {})
    assert "--telemetry-interval 0" in telemetry.absent["telemetry"]
    assert bench.sensors == []


def test_late_tick_takes_one_sample_not_all_that_were_missed() -> None:
    bench = started()
    bench.run(2)
    before = bench.sensors[0].reads
    bench.sampler.tick(bench.now + 30, None)
    assert bench.sensors[0].reads == before + 1
    assert bench.sampler.wait_s(bench.now + 30) == 1.0
