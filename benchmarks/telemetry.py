"""Telemetry: whether sampling the sensors changes what is measured, and what a sample costs.

``python -m benchmarks.telemetry`` writes ``build/bench/telemetry.json`` and prints it. Two servers,
one that samples once a second and one that does not, time the same blocks in turn; whichever is
not at work is stopped, so that it takes nothing from the other. On a machine that does other
things the ratio is theirs: look at its interval, which is printed beside it.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from benchmarks.artifacts import Artifact, matmul_chain
from benchmarks.bench_record import Metric, table, write_record
from benchmarks.processes import Server, running_server
from benchmarks.samples import median
from kenning_lego.core.plans import Plan, PlanItem
from kenning_lego.protocols.client import TargetClient
from kenning_lego.servers.sensors.find import find_sensors
from kenning_lego.stats.intervals import median_interval

_PRODUCTS = {"short": 10, "middle": 100, "long": 1000}
"""Blocks by name: products of small matrices, about 0.05, 0.5 and 5 ms on a laptop's core."""
_ASKED = 0.005
_ASKED_CPU_MS = 1.0
_INTERVALS = {"with": "1", "without": "0"}


class _Side:
    """One of the two servers, stopped while it has nothing to do."""

    def __init__(self, server: Server, client: TargetClient) -> None:
        self.server = server
        self.client = client
        self._turns = 0

    def turn(self, blocks: dict[str, Artifact], seconds: float) -> dict[str, float]:
        """Time the blocks for so long; their medians in ns."""
        self._turns += 1
        names = {block: f"{block} {self._turns}" for block in blocks}
        plan = Plan(
            tuple(PlanItem(names[block], (each.digest,)) for block, each in blocks.items()),
            warmup_rounds=3,
            max_rounds=1_000_000,
            relative_half_width=0.0,
            max_seconds=seconds,
        )
        os.kill(self.server.pid, signal.SIGCONT)
        self.client.measure(plan)
        told = {each.name: each.samples_ns for each in self.client.statistics().measurements}
        os.kill(self.server.pid, signal.SIGSTOP)
        return {block: median(told[name]) for block, name in names.items()}


def overhead(
    directory: Path, name: str, *, pairs: int, seconds: float, one_core: bool
) -> list[Metric]:
    """Ratios of block medians, with telemetry over without, from turns next to each other."""
    blocks = {block: matmul_chain(directory, count) for block, count in _PRODUCTS.items()}
    ratios: dict[str, list[float]] = {block: [] for block in blocks}
    rng = random.Random(0)
    with ExitStack() as stack:
        sides = {
            side: _side(stack, directory, blocks, interval, one_core=one_core)
            for side, interval in _INTERVALS.items()
        }
        order = list(sides)
        for _ in range(pairs):
            rng.shuffle(order)
            medians = {side: sides[side].turn(blocks, seconds) for side in order}
            for block in blocks:
                ratios[block].append(medians["with"][block] / medians["without"][block])
    every = [ratio for each in ratios.values() for ratio in each]
    print(f"{name}: {median_interval(every)} at 95 %, {pairs} pairs of {seconds:g} s")
    bounds = {"at_least": 1 - _ASKED, "at_most": 1 + _ASKED}
    return [
        Metric(name, median(every), "x", **bounds),
        *(Metric(f"{name}_{block}", median(each), "x") for block, each in ratios.items()),
    ]


def _side(
    stack: ExitStack,
    directory: Path,
    blocks: dict[str, Artifact],
    interval: str,
    *,
    one_core: bool,
) -> _Side:
    flags = ("--telemetry-interval", interval)
    server = stack.enter_context(running_server(directory, *flags, curve=False))
    if one_core:  # before there is a worker, which inherits it
        os.sched_setaffinity(server.pid, {min(os.sched_getaffinity(0))})
    client = stack.enter_context(server.connect())
    stack.callback(os.kill, server.pid, signal.SIGCONT)
    for each in blocks.values():
        client.upload(each.path, each.digest)
    os.kill(server.pid, signal.SIGSTOP)
    return _Side(server, client)


def sample_cost(directory: Path, rounds: int) -> list[Metric]:
    """Processor time of one look at all sensors: of this machine, and of a board with many."""
    return [
        Metric("sample_cpu", _cost_ms(Path("/"), rounds), "ms", at_most=_ASKED_CPU_MS),
        Metric(
            "sample_cpu_board", _cost_ms(_board(directory), rounds), "ms", at_most=_ASKED_CPU_MS
        ),
    ]


def _cost_ms(root: Path, rounds: int) -> float:
    sensors = find_sensors(root)
    costs = []
    for _ in range(rounds):
        begin = time.thread_time_ns()
        for sensor in sensors:
            sensor.read()
        costs.append((time.thread_time_ns() - begin) / 1e6)
        time.sleep(0.01)  # cold, as it is once a second
    for sensor in sensors:
        sensor.close()
    return median(costs)


def _board(root: Path) -> Path:
    """As many files as a large Jetson has: 12 cores, 10 zones, 6 rails; plain files, no drivers."""
    files = {"proc/stat": "cpu0 100 0 0 100 0 0 0 0 0 0\n" * 12, "proc/loadavg": "1 1 1 1/1 1\n"}
    files["proc/meminfo"] = Path("/proc/meminfo").read_text()
    for core in range(12):
        files[f"sys/devices/system/cpu/cpu{core}/cpufreq/scaling_cur_freq"] = "2201600\n"
    for zone in range(10):
        files[f"sys/class/thermal/thermal_zone{zone}/temp"] = "48312\n"
        files[f"sys/class/thermal/cooling_device{zone}/type"] = "cpufreq-cpu\n"
        files[f"sys/class/thermal/cooling_device{zone}/cur_state"] = "0\n"
    for chip in ("1-0040/hwmon/hwmon3", "1-0041/hwmon/hwmon4"):
        for channel in (1, 2, 3):
            base = f"sys/bus/i2c/drivers/ina3221/{chip}"
            files[f"{base}/in{channel}_input"] = "5000\n"
            files[f"{base}/curr{channel}_input"] = "600\n"
    for name, content in files.items():
        path = root / "board" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root / "board"


def main(arguments: Sequence[str]) -> int:
    """Measure, write the record, print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="less of everything; no record")
    options = parser.parse_args(arguments)
    pairs = 6 if options.quick else 40
    with tempfile.TemporaryDirectory(prefix="kenning-lego-bench-") as made:
        directory = Path(made)
        metrics = sample_cost(directory, 20 if options.quick else 200)
        for name, one_core in (
            ("telemetry_overhead", False),
            ("telemetry_overhead_one_core", True),
        ):
            metrics += overhead(directory, name, pairs=pairs, seconds=1.5, one_core=one_core)
    print(table(metrics))
    if not options.quick:
        print(f"written to {write_record('telemetry', metrics)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
