"""What is told of a look at a target: lines, JSON and the screen, in any width."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from kenning_lego.core.deployment_records import DeploymentStatus, Frame
from kenning_lego.core.plans import Observation
from kenning_lego.core.terminals import PLAIN_ERRORS, write_what_can_be_shown
from kenning_lego.scenarios.watcher.readings import rows
from kenning_lego.scenarios.watcher.screen import view
from kenning_lego.scenarios.watcher.seen import KEPT_FRAMES, Memory, SeenPipeline, Sight
from kenning_lego.scenarios.watcher.words import lines, sparkline, to_json
from tests.scenarios.watcher.sights import BOARD, camera, idle, lost, measured

SIGHTS = (measured, idle, lost)


def test_lines_tell_lease_plan_pipelines_and_sensors() -> None:
    told = [line.partition("  ")[2] for line in lines(measured())]
    assert told == [
        "lease: laptop, for 13 min of about 20 min; 1 waiting",
        "PLAN 34 of at most 1,000, 10 to 15 min left at most",
        (
            "pipeline camera: running, 12,345 frames, 30.0 a second, "
            "median 8.245, p95 8.470 ms, 7 missed"
        ),
        "processor: 37 % of all cores, worker 99 % of one, load 1.25",
        "memory: 1.50 of 8.00 GB used, worker 120 MB",
        "temperature: cpu-thermal 61.2 °C",
        "frequency: cpu0 2.40 GHz",
        "power: VDD_IN 5.20 W",
        "throttled: under-voltage now; throttled before; oc1 3 times since boot",
    ]


def test_a_free_target_says_so() -> None:
    (line,) = lines(idle())
    assert line.endswith("  lease: free")


def test_a_lost_target_is_told_with_its_address() -> None:
    (line,) = lines(lost())
    assert line.endswith("lost tcp://127.0.0.1:5570: nothing listens there; trying again")


def test_a_target_that_is_back_is_told_of_once() -> None:
    first, second = lines(replace(idle(), gone_s=4.2))
    assert "reached tcp://127.0.0.1:5570 again after 4 s" in first
    assert second.endswith("lease: free")


@pytest.mark.parametrize("sight", SIGHTS)
def test_programs_get_json(sight: Callable[[], Sight]) -> None:
    told = json.loads(json.dumps(to_json(sight()), allow_nan=False))
    assert told["connected"] is (sight is not lost)
    if sight is measured:
        assert told["observation"]["latest"] == BOARD
        assert told["pipelines"][0]["median_ms"] == pytest.approx(8.245)
        assert told["left_s"] == [600.0, 900.0]


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
@pytest.mark.parametrize("sight", SIGHTS)
def test_the_screen_is_as_wide_as_the_terminal(sight: Callable[[], Sight], width: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width, height=50, force_terminal=True, color_system=None)
    console.print(view(sight(), console))
    shown = out.getvalue().splitlines()
    assert max(map(len, shown)) <= width
    text = " ".join(out.getvalue().split())
    if sight is measured:
        for word in ("laptop", "camera", "PLAN", "61.2 °C", "2 x pruned-0.40", "q ends"):
            assert word in text
    if sight is lost:
        assert "lost: nothing listens there" in text


def test_the_screen_needs_no_more_than_ascii() -> None:
    write_what_can_be_shown()
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii", errors=PLAIN_ERRORS)
    console = Console(file=out, width=80, force_terminal=True)
    console.print(view(measured(), console))
    out.flush()
    assert b"?" not in raw.getvalue()


@given(st.lists(st.integers(0, 10**12), max_size=700), st.integers(1, 80), st.booleans())
def test_sparklines_fit_and_reach_from_bottom_to_top(
    values: list[int], width: int, plain: bool
) -> None:
    bars = sparkline(values, width, plain=plain)
    assert len(bars) <= width
    assert bool(bars) is bool(values)
    if len(values) <= width and len(set(values)) > 1:
        low, high = ("_", "#") if plain else ("▁", "█")
        assert bars[values.index(min(values))] == low
        assert bars[values.index(max(values))] == high


def test_flags_that_are_not_set_are_told_to_be_none() -> None:
    (row,) = rows({"throttled.throttled": 0.0, "throttle_count.core": 0.0})
    assert (row.name, row.text, row.bad) == ("throttled", "no", False)


@given(st.dictionaries(st.sampled_from([*BOARD, "x", "temperature_c.a.b"]), st.floats(0, 1e12)))
def test_any_readings_are_told(latest: dict[str, float]) -> None:
    assert all(row.name and row.text for row in rows(latest))


def frames(first: int, count: int) -> list[Frame]:
    return [Frame(n, 10_000_000 * n, 4_000_000, 0, 0) for n in range(first, first + count)]


def test_pipelines_keep_their_latest_frames_and_their_rate() -> None:
    memory = Memory()
    status = DeploymentStatus("p", "running", frames=5000)
    assert memory.cursor(status) == 5000 - KEPT_FRAMES
    memory.take("p", frames(4400, 600), 5000)
    memory.take("p", frames(5000, 10), 5010)
    seen = memory.pipeline(status)
    assert len(seen.durations_ns) == KEPT_FRAMES
    assert seen.rate == pytest.approx(100.0)
    assert (seen.median_ms, seen.p95_ms) == (4.0, 4.0)


def test_a_pipeline_that_was_deployed_anew_is_followed_from_its_beginning() -> None:
    memory = Memory()
    memory.take("p", frames(0, 50), 50)
    assert memory.cursor(DeploymentStatus("p", "running", frames=3)) == 0
    assert memory.pipeline(DeploymentStatus("p", "running", frames=3)).durations_ns == ()


def test_a_percentile_is_not_told_of_a_few_frames() -> None:
    few = SeenPipeline(camera().status, (1_000_000,) * 5)
    assert few.median_ms == 1.0
    assert few.p95_ms is None


def test_what_is_left_of_a_plan_is_from_its_own_pace() -> None:
    memory = Memory()
    seen = Observation("laptop", doing="PLAN", total=100)
    for done in range(6):
        left = memory.left(replace(seen, done=done), 2.0 * done)
    assert left is not None
    assert left.high_s == pytest.approx(190.0)
    other = Observation("laptop", doing="PLAN", done=1, total=50)
    assert memory.left(other, 20.0) is None
