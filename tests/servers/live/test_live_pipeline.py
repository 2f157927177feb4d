"""A pipeline that changes its configuration between two frames, within its memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise

import pytest

from kenning_lego.core.errors import KenningLegoError, ModelError, StoreError
from kenning_lego.core.switching import Switched
from kenning_lego.servers.live.goals import SupersededError
from kenning_lego.servers.live.pipeline import LivePipeline
from kenning_lego.servers.live.steps import TransitionError
from tests.servers.live.programs import Artifacts, stages

PATIENCE_S = 30


@pytest.fixture
def pipelines() -> Iterator[list[LivePipeline]]:
    """Closed at the end, so that no thread stays behind."""
    made: list[LivePipeline] = []
    yield made
    for each in made:
        each.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "live-loader"]


class Bench:
    """A pipeline of the configuration 111 with its artifacts."""

    def __init__(
        self,
        made: list[LivePipeline],
        artifacts: Artifacts | None = None,
        memory: int | None = None,
    ) -> None:
        self.artifacts = artifacts or Artifacts()
        self.live = LivePipeline(
            self.artifacts.load, self.artifacts.size, stages("111"), memory_bytes=memory
        )
        made.append(self.live)
        self.ended: list[Switched | KenningLegoError] = []

    def run(self, number: int = 0) -> str:
        """The digits of the variants that ran a frame."""
        self.live.arrays["x"][...] = number
        self.live.frame()
        out = int(self.live.arrays["y"][0])
        assert out // 1000 == number
        return f"{out % 1000:03}"

    def request(self, digits: str, *, may_pause: bool = False) -> None:
        self.live.request(stages(digits), may_pause=may_pause, on_end=self.ended.append)

    def kinds(self) -> list[tuple[str, str]]:
        """Events with what they are about."""
        return [(each.kind, "+".join(each.stages)) for each in self.live.events()]


def test_configuration_changes_between_two_frames(pipelines: list[LivePipeline]) -> None:
    bench = Bench(pipelines)
    assert bench.run(1) == "111"
    switched = bench.live.switch(stages("121"))
    assert bench.run(2) == "121"
    assert switched.frame == 1
    assert (switched.loaded_bytes, switched.evicted_bytes) == (10, 10)
    assert not switched.prepared
    assert bench.live.loaded_bytes == 30
    assert bench.kinds() == [
        ("loaded", "b:2"),
        ("switched", "a:1+b:2+c:1"),
        ("evicted", "b:1"),
    ]


def test_old_configuration_runs_while_the_new_one_is_loaded(
    pipelines: list[LivePipeline],
) -> None:
    bench = Bench(pipelines)
    gate = bench.artifacts.hold("b:2")
    bench.request("121")
    assert bench.artifacts.reached.acquire(timeout=PATIENCE_S)
    assert [bench.run(number) for number in range(5)] == ["111"] * 5
    assert not bench.ended
    gate.set()
    bench.live.settle()
    assert bench.run() == "121"
    (switched,) = bench.ended
    assert isinstance(switched, Switched)
    assert switched.frame == 5


def test_preloaded_configuration_runs_the_next_frame_without_another_thread(
    pipelines: list[LivePipeline],
) -> None:
    bench = Bench(pipelines)
    every = [*stages("111"), *stages("222")]
    preloaded = bench.live.preloaded(every)
    assert preloaded.stages == tuple(every)
    assert preloaded.loaded_bytes == 60
    bench.live.settle()
    for digits in ("222", "121", "212", "111", "222"):
        bench.request(digits)
        assert isinstance(bench.ended[-1], Switched)
        assert bench.ended[-1].prepared
        assert bench.run() == digits
    assert sorted(bench.artifacts.loads) == sorted(every)


def test_preloaded_artifacts_stay_while_there_is_room_the_first_named_longest(
    pipelines: list[LivePipeline],
) -> None:
    bench = Bench(pipelines, memory=50)
    preloaded = bench.live.preloaded(["b:2", "c:2", "a:2"])
    assert preloaded.stages == ("b:2", "c:2")
    bench.live.set_memory(40)
    assert set(bench.live.loaded) == {*stages("111"), "b:2"}
    bench.live.set_memory(30)
    assert set(bench.live.loaded) == set(stages("111"))
    assert bench.run() == "111"


def test_where_memory_is_short_it_goes_block_by_block_and_never_exceeds_it(
    pipelines: list[LivePipeline],
) -> None:
    bench = Bench(pipelines, memory=40)
    seen = []
    load = bench.live._loaded.load

    def watched(name: str) -> object:
        seen.append(bench.live.loaded_bytes + bench.artifacts.size(name))
        return load(name)

    bench.live._loaded.load = watched  # type: ignore[assignment]
    bench.live.switch(stages("222"))
    assert seen == [40, 40, 40]
    switches = [name for kind, name in bench.kinds() if kind == "switched"]
    assert switches == ["a:2+b:1+c:1", "a:2+b:2+c:1", "a:2+b:2+c:2"]
    assert bench.run() == "222"


def test_pause_is_taken_only_where_it_is_allowed_and_no_frame_is_lost(
    pipelines: list[LivePipeline],
) -> None:
    bench = Bench(pipelines, memory=30)
    with pytest.raises(TransitionError, match="may_pause"):
        bench.request("121")
    assert bench.run() == "111"
    gate = bench.artifacts.hold("b:2")
    bench.request("121", may_pause=True)
    assert bench.artifacts.reached.acquire(timeout=PATIENCE_S)
    ran: list[str] = []
    frames = threading.Thread(target=lambda: ran.append(bench.run(7)))
    frames.start()
    gate.set()
    frames.join(PATIENCE_S)
    bench.live.settle()
    assert ran == ["121"]
    assert [kind for kind, _ in bench.kinds()] == ["paused", "evicted", "loaded", "switched"]
    (switched,) = bench.ended
    assert isinstance(switched, Switched)
    assert switched.paused_s > 0
    assert switched.frame == 1


@pytest.mark.parametrize("error", [None, MemoryError("no room"), OSError("gone")])
def test_failed_load_leaves_the_old_configuration_running_and_is_reported(
    pipelines: list[LivePipeline], error: Exception | None
) -> None:
    bench = Bench(pipelines)
    bench.artifacts.fail("c:2", error)
    with pytest.raises(ModelError):
        bench.live.switch(stages("122"))
    bench.live.settle()
    assert bench.run() == "111"
    assert set(bench.live.loaded) == set(stages("111"))
    assert ("failed", "a:1+b:2+c:2") in bench.kinds()
    assert bench.live.switch(stages("121")).frame == 1


def test_failure_half_way_goes_back_to_where_it_began(pipelines: list[LivePipeline]) -> None:
    bench = Bench(pipelines, memory=40)
    bench.artifacts.fail("c:2")
    with pytest.raises(ModelError):
        bench.live.switch(stages("222"))
    bench.live.settle()
    assert bench.run() == "111"
    assert set(bench.live.loaded) == set(stages("111"))


def test_failure_in_a_pause_brings_the_old_configuration_back(
    pipelines: list[LivePipeline],
) -> None:
    bench = Bench(pipelines, memory=30)
    bench.artifacts.fail("b:2")
    with pytest.raises(ModelError, match="not what it says"):
        bench.live.switch(stages("121"), may_pause=True)
    bench.live.settle()
    assert bench.run() == "111"
    assert bench.live.switch(stages("211"), may_pause=True).frame == 1


def test_pipeline_that_cannot_be_brought_back_says_so_at_the_next_frame(
    pipelines: list[LivePipeline],
) -> None:
    bench = Bench(pipelines, memory=30)
    bench.artifacts.fail("b:2")
    bench.artifacts.fail("b:1")
    with pytest.raises(ModelError):
        bench.live.switch(stages("121"), may_pause=True)
    bench.live.settle()
    with pytest.raises(ModelError, match="has lost its artifacts: not what it says"):
        bench.live.frame()
    bench.live.switch(stages("131"), may_pause=True)
    assert bench.run() == "131"


def test_missing_artifact_is_refused_before_anything_is_loaded(
    pipelines: list[LivePipeline],
) -> None:
    bench = Bench(pipelines)
    with pytest.raises(StoreError, match="upload it first"):
        bench.live.request(["a:2", "missing", "c:1"])
    assert bench.artifacts.loads == stages("111")


def test_configuration_with_other_tensors_is_refused(pipelines: list[LivePipeline]) -> None:
    bench = Bench(pipelines)
    with pytest.raises(ModelError, match="the configuration has the tensors"):
        bench.live.switch(["other:1"])
    bench.live.settle()
    assert set(bench.live.loaded) == set(stages("111"))
    bench.live.preloaded(["other:1"])
    with pytest.raises(ModelError, match="the configuration has the tensors"):
        bench.live.request(["other:1"])
    assert bench.run() == "111"


def test_fused_form_is_swapped_in_and_out(pipelines: list[LivePipeline]) -> None:
    bench = Bench(pipelines)
    bench.live.switch(["fused:345"])
    assert bench.run(9) == "345"
    assert bench.live.loaded == ("fused:345",)
    bench.live.switch(stages("222"))
    assert bench.run(8) == "222"


def test_newer_request_supersedes_one_under_way_and_leaves_nothing_of_it_loaded(
    pipelines: list[LivePipeline],
) -> None:
    bench = Bench(pipelines)
    gate = bench.artifacts.hold("b:2")
    bench.request("222")
    assert bench.artifacts.reached.acquire(timeout=PATIENCE_S)  # a:2 is loaded by then
    bench.request("113")
    assert isinstance(bench.ended[0], SupersededError)
    gate.set()
    bench.live.settle()
    assert bench.run() == "113"
    assert set(bench.live.loaded) == set(stages("113"))
    assert "c:2" not in bench.artifacts.loads


def test_going_back_supersedes_at_once(pipelines: list[LivePipeline]) -> None:
    bench = Bench(pipelines)
    gate = bench.artifacts.hold("b:2")
    bench.request("121")
    assert bench.artifacts.reached.acquire(timeout=PATIENCE_S)
    bench.request("111")
    assert isinstance(bench.ended[-1], Switched)
    gate.set()
    bench.live.settle()
    assert set(bench.live.loaded) == set(stages("111"))


def test_request_that_is_refused_leaves_the_one_under_way_alone(
    pipelines: list[LivePipeline],
) -> None:
    bench = Bench(pipelines, Artifacts(fused_345=20), memory=40)
    gate = bench.artifacts.hold("b:2")
    bench.request("121")
    assert bench.artifacts.reached.acquire(timeout=PATIENCE_S)
    with pytest.raises(TransitionError):
        bench.live.request(["fused:345"])
    gate.set()
    bench.live.settle()
    assert bench.run() == "121"


def test_memory_that_shrinks_under_way_is_held_from_then_on(
    pipelines: list[LivePipeline],
) -> None:
    bench = Bench(pipelines, Artifacts(a_2=4, b_2=4, c_2=4), memory=60)
    gate = bench.artifacts.hold("a:2")
    bench.request("222")
    assert bench.artifacts.reached.acquire(timeout=PATIENCE_S)
    bench.live.set_memory(28)
    gate.set()
    bench.live.settle()
    assert bench.run() == "222"
    assert bench.live.loaded_bytes == 12


def test_first_configuration_larger_than_the_memory_is_refused() -> None:
    artifacts = Artifacts()
    with pytest.raises(TransitionError, match="30 bytes of artifacts, the memory budget is 29"):
        LivePipeline(artifacts.load, artifacts.size, stages("111"), memory_bytes=29)
    assert not artifacts.loads


def test_closing_ends_what_is_under_way(pipelines: list[LivePipeline]) -> None:
    bench = Bench(pipelines)
    gate = bench.artifacts.hold("b:2")
    bench.request("121")
    assert bench.artifacts.reached.acquire(timeout=PATIENCE_S)
    closing = threading.Thread(target=bench.live.close)
    closing.start()
    gate.set()
    closing.join(PATIENCE_S)
    assert isinstance(bench.ended[0], SupersededError)
    assert bench.run() == "111"


def test_no_frame_is_lost_or_mixed_while_configurations_change(
    pipelines: list[LivePipeline],
) -> None:
    bench = Bench(pipelines, memory=45)
    wanted = ["222", "111", "121", "333", "212"] * 5
    stop = threading.Event()

    def switch() -> None:
        for digits in wanted:
            bench.live.switch(stages(digits))
        stop.set()

    switching = threading.Thread(target=switch)
    switching.start()
    ran: list[str] = []
    while not stop.is_set():
        ran.append(bench.run(len(ran)))
    switching.join()
    assert bench.live.frames == len(ran)
    switches = [each for each in bench.live.events() if each.kind == "switched"]
    configurations = ["111", *("".join(d[-1] for d in each.stages) for each in switches)]
    starts = [0, *(each.frame for each in switches), len(ran)]
    for digits, (begin, end) in zip(configurations, pairwise(starts), strict=True):
        assert set(ran[begin:end]) <= {digits}
    assert configurations[-1] == wanted[-1]
