"""Running the rounds of a plan's cohort against the clock."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from kenning_lego.core.plans import Plan, Progress
from kenning_lego.servers.quiet import no_garbage_collection
from kenning_lego.servers.schedule import RoundOrder, next_check
from kenning_lego.stats.rounds import Rounds
from kenning_lego.stats.stopping import StopRule, judge_stop
from kenning_lego.stats.warmup import warm_up

Call = Callable[[], object]
PROGRESS_INTERVAL_S = 0.25
WARMUP_WINDOW = 8
"""Rounds whose two halves must agree before samples count."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What is to be run, ready to be called.

    Args:
        calls: by index in the plan; each runs its item `loops` times.
        recorded: the items whose samples count.
        loops: by index.
        reference: is run after each pass; None for no reference.
    """

    calls: Mapping[int, Call]
    recorded: frozenset[int]
    loops: Mapping[int, int]
    reference: Call | None = None


@dataclass(slots=True)
class Timed:
    """What came of a cohort's rounds: whole rounds only.

    Args:
        samples: in ns, by index in the plan, in the order of the rounds.
        reference: its samples in ns, one a pass.
        round_ends_ns: on the monotonic clock.
        stopped: see :class:`kenning_lego.core.plans.Measurement`.
        warmup_rounds: rounds that were dropped.
        warm: whether they agreed at the end; else the cap was reached, or the plan's end.
    """

    samples: dict[int, list[int]]
    reference: list[int] = field(default_factory=list)
    round_ends_ns: list[int] = field(default_factory=list)
    stopped: str = ""
    warmup_rounds: int = 0
    warm: bool = False

    def cut(self, rounds: slice, per_round: Mapping[int, int], passes: int) -> None:
        """Delete rounds with their samples."""
        for index, values in self.samples.items():
            count = per_round[index]
            del values[_times(rounds, count)]
        del self.reference[_times(rounds, passes)]
        del self.round_ends_ns[rounds]


def _times(rounds: slice, count: int) -> slice:
    return slice(rounds.start * count, None if rounds.stop is None else rounds.stop * count)


def run_rounds(
    plan: Plan,
    order: RoundOrder,
    bench: Bench,
    *,
    max_seconds: float,
    on_progress: Callable[[Progress], None],
    cancelled: Callable[[], bool],
    settle: Callable[[], bool] = lambda: False,
    on_rounds: Callable[[Timed], None] = lambda _: None,
) -> Timed:
    """Warm up, then run rounds until the plan's stop rule holds.

    Rounds before the first in which two halves of a window agree are dropped, at most
    `plan.warmup_rounds` of them, and always the first if any may be.

    Args:
        plan: gives the stop rule.
        order: of the rounds.
        bench: what runs.
        max_seconds: wall time after which no further pass is started. A first round is
            finished in any case, unless cancelled.
        on_progress: called between passes, a few times a second.
        cancelled: asked between passes.
        settle: called before each round; waits until the board is fit for it, and says whether
            it had to.
        on_rounds: called after each round that counts, with all rounds so far.
    """
    report = _Reporter(on_progress)
    return _Run(plan, order, bench, max_seconds, report, cancelled, settle, on_rounds).run()


class _Run:
    def __init__(
        self,
        plan: Plan,
        order: RoundOrder,
        bench: Bench,
        max_seconds: float,
        report: _Reporter,
        cancelled: Callable[[], bool],
        settle: Callable[[], bool],
        on_rounds: Callable[[Timed], None],
    ) -> None:
        self._plan = plan
        self._order = order
        self._bench = bench
        self._max_seconds = max_seconds
        self._report = report
        self._cancelled = cancelled
        self._settle = settle
        self._on_rounds = on_rounds
        self._timed = Timed({index: [] for index in bench.recorded})
        self._rule = StopRule(
            plan.relative_half_width,
            min_rounds=plan.min_rounds,
            max_rounds=plan.max_rounds,
            max_seconds=max_seconds,
        )

    def run(self) -> Timed:
        timed = self._timed
        with no_garbage_collection():
            timed.stopped = self._preheat() or self._rounds()
        self._report("measure", len(timed.round_ends_ns), self._plan.max_rounds, always=True)
        return timed

    def _preheat(self) -> str:
        """Run unrecorded for as long as asked; why the plan must end then, if it must."""
        until = self._plan.conditions.preheat_s
        while self._report.elapsed() < until:
            for turns in self._passes(recording=False):
                _time(turns)
                self._report("preheat", 0, self._plan.max_rounds)
                if reason := self._must_end():
                    return reason
        return ""

    def _rounds(self) -> str:
        timed, plan = self._timed, self._plan
        warming = plan.warmup_rounds > 0
        timed.warm = not warming
        totals: list[int] = []
        check = 0
        while True:
            if self._settle():
                _time(self._passes(recording=False)[0])  # what went cold in the meantime
            begin = time.perf_counter_ns()
            ended = self._round("warm-up" if warming else "measure")
            done = len(timed.round_ends_ns)
            if ended:
                if warming:
                    self._drop_warm_up(min(plan.warmup_rounds, max(0, done - 1)), warm=False)
                return ended
            if warming:
                totals.append(time.perf_counter_ns() - begin)
                found = warm_up(totals, window=WARMUP_WINDOW, cap=plan.warmup_rounds)
                if not found.settled and done < plan.warmup_rounds + WARMUP_WINDOW:
                    continue
                warming = False
                self._drop_warm_up(max(1, found.drop), warm=found.settled)
                done = len(timed.round_ends_ns)
                check = next_check(0, plan)
            elif not check:
                check = next_check(0, plan)
            self._on_rounds(timed)
            if done >= check:
                reason = self._judge()
                if reason:
                    return reason
                check = next_check(done, plan)

    def _round(self, phase: str) -> str:
        """One recorded round, kept whole or not at all; why it was the last, if it was."""
        timed, plan = self._timed, self._plan
        done = len(timed.round_ends_ns)
        reason = ""
        for turns in self._passes(recording=True):
            if reason == "cancelled" or (reason and done):  # a first round is finished
                timed.cut(slice(done, None), self._order.per_round, self._order.passes)
                return reason
            _time(turns)
            self._report(phase, done, plan.max_rounds)
            reason = self._must_end()
        timed.round_ends_ns.append(time.monotonic_ns())
        return reason

    def _must_end(self) -> str:
        if self._cancelled():
            return "cancelled"
        return "max_seconds" if self._report.elapsed() >= self._max_seconds else ""

    def _drop_warm_up(self, rounds: int, *, warm: bool) -> None:
        self._timed.cut(slice(0, rounds), self._order.per_round, self._order.passes)
        self._timed.warmup_rounds, self._timed.warm = rounds, warm

    def _judge(self) -> str:
        items = [
            Rounds.of(values, [self._order.per_round[index]] * len(self._timed.round_ends_ns))
            for index, values in self._timed.samples.items()
        ]
        return judge_stop(items, self._rule, elapsed_s=self._report.elapsed()).reason

    def _passes(self, *, recording: bool) -> list[list[_Turn]]:
        bench, timed = self._bench, self._timed
        nowhere: list[int] = []
        passes = []
        for drawn in self._order.draw():
            turns: list[_Turn] = [
                (
                    bench.calls[index],
                    timed.samples[index]
                    if recording and sampled and index in timed.samples
                    else nowhere,
                    bench.loops[index],
                )
                for index, sampled in drawn
            ]
            if bench.reference:
                turns.append((bench.reference, timed.reference if recording else nowhere, 1))
            passes.append(turns)
        return passes


_Turn = tuple[Call, list[int], int]


def _time(turns: Sequence[_Turn]) -> None:
    clock = time.perf_counter_ns
    for call, samples, loops in turns:
        begin = clock()
        call()
        end = clock()
        samples.append((end - begin) // loops)


class _Reporter:
    """Passes progress on, a few times a second and at the end."""

    def __init__(self, on_progress: Callable[[Progress], None]) -> None:
        self._on_progress = on_progress
        self._begin = time.monotonic()
        self._next = 0.0

    def elapsed(self) -> float:
        return time.monotonic() - self._begin

    def __call__(self, phase: str, done: int, total: int, *, always: bool = False) -> None:
        elapsed = self.elapsed()
        if always or elapsed >= self._next:
            self._next = elapsed + PROGRESS_INTERVAL_S
            self._on_progress(Progress(done, total, elapsed, phase))
