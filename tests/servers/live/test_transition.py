"""Plans from one configuration to another: the memory holds after every step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kenning_lego.servers.live.steps import (
    Evict,
    Load,
    Replace,
    Step,
    Switch,
    TransitionError,
)
from kenning_lego.servers.live.transition import evictions, plan_transition


@dataclass(frozen=True)
class Case:
    """A pipeline of blocks, what is loaded beside it, and where it is to go."""

    running: tuple[str, ...]
    wanted: tuple[str, ...]
    loaded: tuple[str, ...]
    sizes: dict[str, int]
    keep: tuple[str, ...]
    memory: int
    may_pause: bool

    def plan(self) -> tuple[Step, ...]:
        return plan_transition(
            self.running,
            self.wanted,
            loaded=self.loaded,
            sizes=self.sizes,
            memory_bytes=self.memory,
            keep=self.keep,
            may_pause=self.may_pause,
        ).steps


@st.composite
def cases(draw: st.DrawFn) -> Case:
    blocks = draw(st.integers(1, 5))
    names = [[f"{block}{variant}" for variant in "abc"] for block in range(blocks)]
    every = [name for each in names for name in each]
    sizes = {name: draw(st.integers(1, 9)) for name in every}
    running = tuple(draw(st.sampled_from(each)) for each in names)
    wanted: Sequence[str] = [draw(st.sampled_from(each)) for each in names]
    fused = draw(st.sampled_from(["", "", "", "to", "from"]))
    sizes["fused"] = draw(st.integers(1, 30))
    running, wanted = (
        ("fused",) if fused == "from" else running,
        ("fused",) if fused == "to" else tuple(wanted),
    )
    beside = draw(st.lists(st.sampled_from(every), unique=True, max_size=4))
    loaded = tuple(dict.fromkeys([*beside, *running]))
    keep = tuple(draw(st.lists(st.sampled_from(every), unique=True, max_size=4)))
    total = sum(sizes[name] for name in loaded)
    memory = draw(st.integers(1, total + 20))
    return Case(running, tuple(wanted), loaded, sizes, keep, memory, draw(st.booleans()))


class Walker:
    """Carries steps out and refuses those that make no sense."""

    def __init__(self, case: Case) -> None:
        self.sizes = case.sizes
        self.loaded = set(case.loaded)
        self.stages = case.running
        self.ever_loaded: set[str] = set()
        self.totals = [self.total]

    @property
    def total(self) -> int:
        return sum(self.sizes[name] for name in self.loaded)

    def load(self, name: str) -> None:
        assert name not in self.loaded
        assert name not in self.ever_loaded
        self.ever_loaded.add(name)
        self.loaded.add(name)
        self.totals.append(self.total)

    def evict(self, name: str) -> None:
        assert name in self.loaded
        assert name not in self.ever_loaded
        self.loaded.remove(name)
        self.totals.append(self.total)

    def walk(self, step: Step) -> None:
        match step:
            case Load(name):
                self.load(name)
            case Evict(name):
                assert name not in self.stages
                self.evict(name)
            case Switch(stages):
                assert set(stages) <= self.loaded
                self.stages = stages
            case Replace(evicted, loaded, stages):
                assert evicted
                assert set(evicted) <= set(self.stages)
                for name in evicted:
                    self.evict(name)
                for name in loaded:
                    self.load(name)
                assert set(stages) <= self.loaded
                self.stages = stages


def first_held(totals: Sequence[int], memory: int) -> int:
    return next(index for index, total in enumerate(totals) if total <= memory)


@given(cases())
def test_every_step_holds_the_memory_and_the_last_arrives(case: Case) -> None:
    needed = sum(case.sizes[name] for name in case.wanted)
    try:
        steps = case.plan()
    except TransitionError:
        assert needed > case.memory or not case.may_pause
        return
    walker = Walker(case)
    for step in steps:
        walker.walk(step)
    assert walker.stages == case.wanted
    assert walker.ever_loaded == set(case.wanted) - set(case.loaded)
    assert walker.loaded - set(case.wanted) <= set(case.keep)
    held = first_held(walker.totals, case.memory)
    assert all(total <= case.memory for total in walker.totals[held:])
    if case.may_pause:  # nothing is loaded before it holds
        assert walker.totals[:held] == sorted(walker.totals[:held], reverse=True)


@given(cases())
def test_a_way_planned_anew_after_each_step_is_the_same(case: Case) -> None:
    try:
        steps = case.plan()
    except TransitionError:
        return
    walker = Walker(case)
    for step in steps:
        left = Case(
            walker.stages,
            case.wanted,
            tuple(name for name in [*case.loaded, *case.wanted] if name in walker.loaded),
            case.sizes,
            case.keep,
            case.memory,
            case.may_pause,
        ).plan()
        assert left[:1] == (step,)
        walker.walk(step)


@given(cases())
def test_a_pause_is_planned_only_where_no_order_of_blocks_holds_the_memory(case: Case) -> None:
    running = sum(case.sizes[name] for name in case.running)
    needed = sum(case.sizes[name] for name in case.wanted)
    if len(case.running) != len(case.wanted) or max(running, needed) > case.memory:
        return
    try:
        steps = case.plan()
        pauses = any(isinstance(step, Replace) for step in steps)
    except TransitionError:
        pauses = True
    ready = [b if b in case.loaded else a for a, b in zip(case.running, case.wanted, strict=True)]
    base = sum(case.sizes[name] for name in ready)
    changes = [
        (case.sizes[a], case.sizes[b]) for a, b in zip(ready, case.wanted, strict=True) if a != b
    ]
    assert pauses == (not any(_holds(base, order, case.memory) for order in permutations(changes)))


def _holds(total: int, order: Sequence[tuple[int, int]], memory: int) -> bool:
    for old, new in order:
        if total + new > memory:
            return False
        total += new - old
    return True


SIZES = {"a0": 10, "a1": 4, "b0": 10, "b1": 6, "f": 12}


def test_what_fits_at_once_is_loaded_before_one_switch() -> None:
    plan = plan_transition(
        ["a0", "b0"], ["a1", "b1"], loaded=["a0", "b0"], sizes=SIZES, memory_bytes=30
    )
    assert plan.steps == (
        *(Load("a1"), Load("b1")),
        Switch(("a1", "b1")),
        *(Evict("a0"), Evict("b0")),
    )
    assert (plan.loaded_bytes, plan.evicted_bytes, plan.peak_bytes) == (10, 20, 30)
    assert not plan.prepared
    assert not plan.pauses


def test_loaded_variants_switch_at_once() -> None:
    loaded = ["a0", "b0", "a1", "b1"]
    plan = plan_transition(
        ["a0", "b0"], ["a1", "b1"], loaded=loaded, sizes=SIZES, memory_bytes=None, keep=loaded
    )
    assert plan.steps == (Switch(("a1", "b1")),)
    assert plan.prepared


def test_where_both_do_not_fit_it_goes_block_by_block_the_smallest_first() -> None:
    plan = plan_transition(
        ["a0", "b0"], ["a1", "b1"], loaded=["a0", "b0"], sizes=SIZES, memory_bytes=24
    )
    assert plan.steps == (
        *(Load("a1"), Switch(("a1", "b0")), Evict("a0")),
        *(Load("b1"), Switch(("a1", "b1")), Evict("b0")),
    )
    assert plan.peak_bytes == 24


def test_growing_frees_the_largest_first() -> None:
    plan = plan_transition(
        ["a1", "b1"], ["a0", "b0"], loaded=["a1", "b1"], sizes=SIZES, memory_bytes=24
    )
    switches = [step.stages for step in plan.steps if isinstance(step, Switch)]
    assert switches == [("a1", "b0"), ("a0", "b0")]


def test_what_needs_a_pause_is_refused_with_figures_unless_it_is_allowed() -> None:
    def plan(*, may_pause: bool) -> tuple[Step, ...]:
        return plan_transition(
            ["a0", "b0"],
            ["a1", "b1"],
            loaded=["a0", "b0"],
            sizes=SIZES,
            memory_bytes=22,
            may_pause=may_pause,
        ).steps

    with pytest.raises(TransitionError, match=r"24 bytes .* memory budget is 22 .*may_pause"):
        plan(may_pause=False)
    assert plan(may_pause=True) == (
        Replace(("a0",), ("a1",), ("a1", "b0")),
        *(Load("b1"), Switch(("a1", "b1")), Evict("b0")),
    )


def test_configuration_larger_than_the_memory_is_refused_with_figures() -> None:
    with pytest.raises(TransitionError, match="20 bytes of artifacts, the memory budget is 19"):
        plan_transition(
            ["a1", "b1"],
            ["a0", "b0"],
            loaded=["a1", "b1"],
            sizes=SIZES,
            memory_bytes=19,
            may_pause=True,
        )


def test_fused_form_is_switched_to_in_one_and_needs_room_for_both() -> None:
    def plan(memory: int, *, may_pause: bool = False) -> tuple[Step, ...]:
        return plan_transition(
            ["a0", "b0"],
            ["f"],
            loaded=["a0", "b0"],
            sizes=SIZES,
            memory_bytes=memory,
            may_pause=may_pause,
        ).steps

    assert plan(32) == (Load("f"), Switch(("f",)), Evict("a0"), Evict("b0"))
    with pytest.raises(TransitionError, match="32 bytes"):
        plan(31)
    assert plan(31, may_pause=True) == (Replace(("a0", "b0"), ("f",), ("f",)),)


def test_memory_that_shrank_below_what_runs_is_got_under_with_the_fewest_bytes_loaded() -> None:
    sizes = {"a0": 100, "a1": 1, "b0": 10, "b1": 5, "c0": 10, "c1": 9}
    plan = plan_transition(
        ["a0", "b0", "c0"],
        ["a1", "b1", "c1"],
        loaded=["spare", "a0", "b0", "c0"],
        sizes={**sizes, "spare": 7},
        memory_bytes=60,
    )
    assert plan.steps[:4] == (
        *(Evict("spare"), Load("a1")),
        *(Switch(("a1", "b0", "c0")), Evict("a0")),
    )
    paused = plan_transition(
        ["a0", "b0", "c0"],
        ["a1", "b1", "c1"],
        loaded=["a0", "b0", "c0"],
        sizes=sizes,
        memory_bytes=60,
        may_pause=True,
    )
    assert paused.steps[0] == Replace(("a0",), ("a1",), ("a1", "b0", "c0"))
    assert paused.peak_bytes == 120


def test_of_what_is_kept_the_last_named_makes_room_first() -> None:
    sizes = dict.fromkeys("xyzr", 10)
    steps = evictions(
        ["r"], loaded=["x", "y", "z", "r"], sizes=sizes, memory_bytes=25, keep=["y", "x"]
    )
    assert steps == (Evict("z"), Evict("x"))


def test_configuration_that_names_an_artifact_twice_is_refused() -> None:
    with pytest.raises(TransitionError, match="names an artifact twice"):
        plan_transition(
            ["a0", "b0"], ["a1", "a1"], loaded=["a0", "b0"], sizes=SIZES, memory_bytes=None
        )
