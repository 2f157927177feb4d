"""The tester's energy, from a board in simulated time with real sensors on a tree of files."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from pydantic import ValidationError

from kenning_lego.blocks.configuration import MeasurementConfig
from kenning_lego.core.loads import LoadPlan, LoadResult
from kenning_lego.core.records import ConfigurationRecord
from kenning_lego.core.target import Target
from kenning_lego.core.telemetry import Telemetry
from kenning_lego.scenarios.tester.configuration import TargetConfig
from kenning_lego.scenarios.tester.energy import measure_energy, with_energy
from kenning_lego.servers.sensors.find import find_sensors
from kenning_lego.servers.telemetry import Sampler
from kenning_lego.stats.energy import InferenceEnergy
from tests.reports.records import resnet_record
from tests.servers.trees import COMMON, tree

RECORD = resnet_record()
SENSORS = "sys/class/powercap/intel-rapl:"
RAILS = "sys/bus/i2c/drivers/ina3221x/0-0041/iio:device1"
IDLE_W, BUSY_W = 2.5, 7.0
WRAP_UJ = 30_000_000  # every few seconds


class Board:
    """A target whose clock, power and sensors are simulated; the rest of it is not there."""

    def __init__(self, root: Path, noise_w: float = 0.0, busy_w: float = BUSY_W) -> None:
        self.root = root
        self.noise_w = noise_w
        self.busy_w = busy_w
        self.now = 5000.0
        self.used_uj = 0.0
        self.rng = random.Random(1)
        self.plans: list[LoadPlan] = []
        self.sampler = Sampler(
            1.0,
            find=lambda: find_sensors(root),
            wall=lambda: self.now,
            cost=lambda: 0.0,
        )
        self.sampler.start(self.now)
        self.sleep(2.0)

    def sleep(self, seconds: float) -> None:
        self.run(seconds, IDLE_W)

    def run(self, seconds: float, watts: float) -> None:
        end = self.now + seconds
        while self.now < end:
            step = min(0.05, end - self.now)
            self.now += step
            drawn = watts + self.rng.gauss(0, self.noise_w)
            self.used_uj += drawn * step * 1e6
            self.tell(drawn)
            self.sampler.tick(self.now, None)

    def tell(self, watts: float) -> None:
        package = self.root / f"{SENSORS}0/energy_uj"
        if package.exists():
            package.write_text(f"{int(self.used_uj) % (WRAP_UJ + 1)}\n")
            (self.root / f"{SENSORS}0:0/energy_uj").write_text(f"{int(self.used_uj) // 2}\n")
        rail = self.root / RAILS / "in_power0_input"
        if rail.exists():
            rail.write_text(f"{round(watts * 1e3)}\n")

    def load(
        self, plan: LoadPlan, on_progress: Callable[[object], None] | None = None
    ) -> LoadResult:
        self.plans.append(plan)
        each_s = 0.005
        self.run(plan.warmup_queries * each_s, self.busy_w)
        begin = self.now
        count = math.ceil(plan.min_seconds / each_s)
        self.run(count * each_s, self.busy_w)
        ns = (round(each_s * 1e9),) * count
        return LoadResult(
            ns, ns, (0,) * count, sum(ns), 1, count, 0, "complete", round(begin * 1e9)
        )

    def telemetry(self) -> Telemetry:
        return self.sampler.telemetry(self.now, None)


def rapl(root: Path) -> Path:
    return tree(
        root,
        {
            **COMMON,
            f"{SENSORS}0/name": "package-0\n",
            f"{SENSORS}0/energy_uj": "0\n",
            f"{SENSORS}0/max_energy_range_uj": f"{WRAP_UJ}\n",
            f"{SENSORS}0:0/name": "core\n",
            f"{SENSORS}0:0/energy_uj": "0\n",
            f"{SENSORS}0:0/max_energy_range_uj": f"{10**12}\n",
        },
    )


def jetson(root: Path) -> Path:
    return tree(
        root,
        {
            **COMMON,
            f"{RAILS}/rail_name_0": "VDD_IN\n",
            f"{RAILS}/in_power0_input": "0\n",
            f"{RAILS}/rail_name_1": "VDD_SYS_CPU\n",
            f"{RAILS}/in_power1_input": "900\n",
        },
    )


def measured(board: Board, energy_s: float = 10.0) -> tuple[dict[str, InferenceEnergy], str]:
    return measure_energy(
        cast(Target, board),
        RECORD.segments,
        RECORD.configurations,
        dict.fromkeys((each.name for each in RECORD.configurations), 5.0),
        TargetConfig(),
        MeasurementConfig(energy_s=energy_s),
        (),
        lambda *_: None,
        board.sleep,
    )


@pytest.mark.parametrize(
    ("make", "domain"), [(rapl, "energy_uj.package-0"), (jetson, "power_mw.VDD_IN")]
)
def test_each_feasible_configuration_gets_what_it_used(
    tmp_path: Path, make: Callable[[Path], Path], domain: str
) -> None:
    board = Board(make(tmp_path))
    found, note = measured(board)
    assert list(found) == [each.name for each in RECORD.configurations if each.feasible]
    assert note == f"from {domain}"
    for each in found.values():
        assert each.domains == (domain,)
        assert each.joules == pytest.approx((BUSY_W - IDLE_W) * 0.005, rel=0.01)
        assert 8 <= each.readings <= 12
    assert {plan.scenario for plan in board.plans} == {"single_stream"}
    assert {plan.warmup_queries for plan in board.plans} == {200}  # a second of 5 ms each
    assert len({plan.stages for plan in board.plans}) == len(found)


def test_ten_readings_leave_a_doubt_that_is_told_and_longer_loads_lessen_it(tmp_path: Path) -> None:
    board = Board(jetson(tmp_path), noise_w=1.0)
    short, _ = measured(board, 10.0)
    long, _ = measured(board, 90.0)
    truth = (BUSY_W - IDLE_W) * 0.005
    for name, each in short.items():
        assert each.high - each.low > 0.2 * truth
        assert each.low < truth < each.high
        assert long[name].high - long[name].low < each.high - each.low


def test_load_that_cannot_be_told_from_idle_says_so_by_its_bounds(tmp_path: Path) -> None:
    found, _ = measured(Board(jetson(tmp_path), noise_w=0.5, busy_w=IDLE_W))
    assert all(each.low < 0 < each.high for each in found.values())


def test_target_without_a_sensor_runs_nothing_and_has_no_figure(tmp_path: Path) -> None:
    board = Board(tree(tmp_path, COMMON))
    found, note = measured(board)
    assert found == {}
    assert note.startswith("left out: the target tells neither power nor energy")
    assert board.plans == []
    configuration = RECORD.configurations[0]
    assert with_energy(configuration, found) is configuration
    assert configuration.measured is not None
    assert configuration.measured.energy_mj is None


def test_rails_of_which_nobody_knows_what_contains_what_are_left_out(tmp_path: Path) -> None:
    root = jetson(tmp_path)
    (root / RAILS / "rail_name_0").write_text("VDD_MYSTERY\n")
    board = Board(root)
    found, note = measured(board)
    assert (found, board.plans) == ({}, [])
    assert note == (
        "left out: it is not known which of power_mw.VDD_MYSTERY, power_mw.VDD_SYS_CPU "
        "contain others"
    )


def test_sensor_that_is_read_too_seldom_gives_no_figure(tmp_path: Path) -> None:
    board = Board(rapl(tmp_path))
    board.sampler = Sampler(
        60.0, find=lambda: find_sensors(tmp_path), wall=lambda: 0.0, cost=lambda: 0.0
    )
    board.sampler.start(board.now)
    found, note = measured(board)
    assert found == {}
    assert note == "too few readings of energy_uj.package-0 for 3 of 3"


def test_figure_goes_into_the_record_with_its_source() -> None:
    domains = ("energy_uj.a", "energy_uj.b")
    energy = InferenceEnergy(
        0.02, 0.015, 0.025, 2.0, 6.0, 10, domains, idle=(1.0, 3.0), busy=(4.0, 9.0), inferences=700
    )
    name = RECORD.configurations[0].name
    configuration: ConfigurationRecord = with_energy(RECORD.configurations[0], {name: energy})
    score = configuration.measured
    assert score is not None
    assert (score.energy_mj, score.energy_low_mj, score.energy_high_mj) == (20.0, 15.0, 25.0)
    assert score.energy_source == "energy_uj.a + energy_uj.b"
    assert configuration.energy is not None
    assert (configuration.energy.idle_s, configuration.energy.busy_s) == ((1.0, 3.0), (4.0, 9.0))
    assert (configuration.energy.idle_w, configuration.energy.inferences) == (2.0, 700)
    assert RECORD.configurations[0].measured is not None
    assert score.latency_ms == RECORD.configurations[0].measured.latency_ms


def test_times_that_no_sensor_can_fill_are_refused() -> None:
    with pytest.raises(ValidationError, match="too short for sensors"):
        MeasurementConfig(energy_s=1.0)
