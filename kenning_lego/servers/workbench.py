"""Where artifacts are loaded, run and timed: the inside of a worker, without its pipes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from kenning_lego.core.engines import Loading, digest_of
from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.loads import LoadPlan, LoadResult
from kenning_lego.core.plans import (
    Composed,
    Measurement,
    Plan,
    PlanItem,
    PlanLog,
    Progress,
    Statistics,
    TargetDescription,
)
from kenning_lego.core.specs import IOSpec
from kenning_lego.runtimes.base import Arrays, Program, allocate
from kenning_lego.runtimes.offers import Offers
from kenning_lego.servers.affinity import pinned
from kenning_lego.servers.buffers import chain_arrays, chains_of, shared_arrays
from kenning_lego.servers.cooling import CoolDown
from kenning_lego.servers.engines import Engines, StageLoader
from kenning_lego.servers.environment import describe
from kenning_lego.servers.journal import Column, Journal, recover
from kenning_lego.servers.live.pipeline import LivePipeline
from kenning_lego.servers.load_runs import check_batch, run_load
from kenning_lego.servers.pipeline import (
    bind_chain,
    chain_spec,
    randomise,
    tensors_of,
)
from kenning_lego.servers.recent import RecentSamples
from kenning_lego.servers.rounds import Bench, run_rounds
from kenning_lego.servers.schedule import Cohort, RoundOrder, cohorts
from kenning_lego.servers.sensors.temperature import find_temperatures
from kenning_lego.servers.short_calls import repeat_if_short
from kenning_lego.stats.loops import observe_clock
from kenning_lego.store.artifacts import ArtifactStore

REQUEST_SAMPLES = 65_536
"""Of single requests, as many as are kept: the most recent."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Which part of a session's measuring this is, and for how long at most."""

    plan: int
    cohort: int
    seconds: float


class Workbench:
    """Loads artifacts from a store, runs and times them; one a session.

    Args:
        store: where the artifacts lie.
        journal: descriptor of the file in which finished rounds outlive this process, and in
            which those of an earlier one may be; None to keep them here alone.
        offers: what hosts may choose by name.
    """

    def __init__(
        self, store: ArtifactStore, journal: int | None = None, offers: Offers | None = None
    ) -> None:
        self._store = store
        self._engines = Engines(store, offers)
        self._journal = journal
        self._pipeline: LivePipeline | None = None
        self._measurements: dict[str, Measurement] = {}
        self._requests_ns = RecentSamples(REQUEST_SAMPLES)
        self._plans: list[PlanLog] = []
        self._loader: StageLoader | None = None
        self._before: TargetDescription | None = None
        if journal is not None:
            measurements, self._plans = recover(journal)
            self._measurements = {each.name: each for each in measurements}

    def compose(
        self,
        stages: Sequence[str],
        loading: Loading,
        *,
        outputs: Sequence[str] = (),
        place: Callable[[IOSpec], Arrays] = allocate,
    ) -> Composed:
        """Load a chain as the pipeline that :meth:`process` runs.

        Args:
            stages: in order; see :mod:`kenning_lego.core.engines`.
            loading: the engines, of these stages and of those that are switched to later.
            outputs: names of the tensors to return, of any stages; none for the last one's.
            place: gives the arrays of the pipeline's own inputs and outputs.

        Raises:
            KenningLegoError: an artifact is missing or cannot be loaded, or they do not fit
                together; the pipeline is as before.
        """
        loader = StageLoader(self._engines, loading)
        pipeline = LivePipeline(loader.load, loader.size, stages, outputs=outputs, place=place)
        self._loader = loader
        self.close()
        self._pipeline = pipeline
        self._requests_ns.clear()
        return Composed(pipeline.spec)

    @property
    def pipeline(self) -> LivePipeline:
        """The one that was composed.

        Raises:
            ProtocolError: none was.
        """
        if self._pipeline is None:
            raise ProtocolError("no pipeline is loaded", "send COMPOSE, or MODEL with `load`")
        return self._pipeline

    def close(self) -> None:
        """Have no pipeline any more; what changes it just now ends."""
        pipeline, self._pipeline = self._pipeline, None
        if pipeline is not None:
            pipeline.close()

    def process(self) -> int:
        """Run the pipeline once; the engine's time in ns."""
        duration = self.pipeline.frame()
        self._requests_ns.append(duration)
        return duration

    def infer(self, inputs: Sequence[bytes]) -> tuple[list[bytes], int]:
        """Run the pipeline once on raw tensors; the raw outputs and the engine's time in ns.

        Raises:
            ProtocolError: the inputs are not what the pipeline takes.
        """
        pipeline = self.pipeline
        pipeline.spec.check_inputs(inputs)
        for spec, frame in zip(pipeline.spec.inputs, inputs, strict=True):
            array = pipeline.arrays[spec.name]
            array[...] = np.frombuffer(frame, dtype=spec.dtype).reshape(spec.sizes)
        duration = self.process()
        return [pipeline.arrays[s.name].tobytes() for s in pipeline.spec.outputs], duration

    def measure(
        self,
        plan: Plan,
        on_progress: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> None:
        """Time a plan; see :class:`kenning_lego.core.plans.Plan` for its order and stop rule.

        Args:
            plan: what to time.
            on_progress: called between rounds, a few times a second.
            cancelled: asked between rounds; the rounds that were finished are kept.

        Raises:
            KenningLegoError: an artifact is missing or cannot be loaded, or they do not fit
                together.
        """
        _check(plan)
        self._before = self._before or self._describe()
        number = 1 + max((log.plan for log in self._plans), default=-1)
        sizes = [sum(self._store.size(digest_of(s)) for s in item.stages) for item in plan.items]
        parts = cohorts(plan.items, sizes, plan.memory_bytes)
        begin = time.monotonic()
        with pinned(plan.conditions.cpus):
            for index, cohort in enumerate(parts):
                left = plan.max_seconds - (time.monotonic() - begin)
                place = _Place(number, index, left / (len(parts) - index))
                self._measure_cohort(plan, cohort, place, on_progress, cancelled)
                if self._plans[-1].stopped == "cancelled":
                    break

    def _measure_cohort(
        self,
        plan: Plan,
        cohort: Cohort,
        place: _Place,
        on_progress: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> None:
        items = {index: plan.items[index] for index in cohort.items}
        reference = next((i for i in plan.items if i.name == plan.reference), None)
        chains = [*items.values(), *([reference] if reference else [])]
        programs = self._load([stage for item in chains for stage in item.stages], plan)
        specs = {stage: program.spec for stage, program in programs.items()}
        tensors = tensors_of(programs.values())
        arrays = shared_arrays(tensors, chains_of(items.values(), specs), plan.inputs)
        randomise(arrays, plan.seed)
        self._fill(arrays, plan.inputs)

        def bind(item: PlanItem) -> Callable[[], object]:
            return bind_chain([programs[stage] for stage in item.stages], arrays)

        clock = observe_clock(time.perf_counter_ns)
        calls, loops = {}, {}
        for index, item in items.items():
            calls[index], loops[index] = repeat_if_short(bind(item), clock)
        order = RoundOrder(plan.items, cohort.items, plan.seed + place.cohort)
        log = PlanLog(place.plan, place.cohort, "", 0, False, 0.0, (), order.passes, ())
        columns = [
            Column(index, plan.items[index].name, order.per_round[index], loops[index])
            for index in sorted(cohort.recorded)
        ]
        journal = Journal(self._journal, columns, log) if self._journal is not None else None
        with closing(find_temperatures(Path("/"))) as thermometer:
            cool_down = CoolDown(
                plan.conditions.cool_below_c,
                plan.conditions.cool_max_s,
                lambda: max(thermometer.read().values(), default=None),
                lambda: _say_cooling(on_progress, cancelled),
            )
            timed = run_rounds(
                plan,
                order,
                Bench(calls, cohort.recorded, loops, bind(reference) if reference else None),
                max_seconds=place.seconds,
                on_progress=on_progress,
                cancelled=cancelled,
                settle=cool_down,
                on_rounds=journal.note if journal else lambda _: None,
            )
        log = replace(
            log,
            stopped=timed.stopped,
            warmup_rounds=timed.warmup_rounds,
            warm=timed.warm,
            cooled_s=cool_down.waited_s,
            reference_ns=tuple(timed.reference),
            round_ends_ns=tuple(timed.round_ends_ns),
        )
        if journal:
            journal.end(timed, log)
        for each in columns:
            samples = tuple(timed.samples[each.index])
            self._measurements[each.name] = Measurement(
                each.name, samples, log.stopped, each.per_round, each.loops, log.cohort, log.plan
            )
        self._plans.append(log)

    def _fill(self, arrays: Arrays, inputs: Mapping[str, str]) -> None:
        """Put the contents of held files into tensors."""
        for name, digest in inputs.items():
            array = arrays.get(name)
            if array is None:
                raise ProtocolError(f"the plan has inputs for {name!r}, which no artifact takes")
            content = self._store.read(digest)
            if len(content) != array.nbytes:
                raise ProtocolError(
                    f"inputs of {len(content)} bytes for {name!r}, which has {array.nbytes}"
                )
            array[...] = np.frombuffer(content, array.dtype).reshape(array.shape)

    def load(
        self,
        plan: LoadPlan,
        on_progress: Callable[[Progress], None],
        cancelled: Callable[[], bool],
    ) -> LoadResult:
        """Send queries to a chain; see :class:`kenning_lego.core.loads.LoadPlan`.

        Args:
            plan: which queries.
            on_progress: called a few times a second.
            cancelled: asked as often; the queries that were answered are kept.

        Raises:
            KenningLegoError: the plan does not fit together, or an artifact is missing, cannot be
                loaded, or does not run in batches of that size.
        """
        problem = plan.problem()
        if problem:
            raise ProtocolError(f"no load test: {problem}")
        self._before = self._before or self._describe()
        programs = self._load(plan.stages, plan)
        chain = [programs[stage] for stage in plan.stages]
        check_batch(chain_spec(chain), plan.batch)
        call = bind_chain(chain, chain_arrays(chain, plan.seed))
        return run_load(plan, call, on_progress, cancelled)

    def statistics(self) -> Statistics:
        """Everything timed so far."""
        measurements = list(self._measurements.values())
        requests = self._requests_ns.values()
        if requests:
            measurements.append(Measurement("process", requests, "requests", per_round=0))
        now = self._describe()
        used = self._loader.used() if self._loader else {}
        return Statistics(tuple(measurements), used, self._before or now, now, tuple(self._plans))

    def _describe(self) -> TargetDescription:
        return describe(runtimes=self._engines.offers.runtimes)

    def _load(self, stages: Sequence[str], loading: Loading) -> dict[str, Program]:
        loader = StageLoader(self._engines, loading)
        programs = {stage: loader.load(stage) for stage in dict.fromkeys(stages)}
        self._loader = loader
        return programs


def _check(plan: Plan) -> None:
    names = {item.name for item in plan.items}
    if not names or len(names) != len(plan.items):
        raise ProtocolError("a plan without items, or with two of one name")
    if plan.reference and plan.reference not in names:
        raise ProtocolError(f"the plan's reference {plan.reference!r} is none of its items")


def _say_cooling(on_progress: Callable[[Progress], None], cancelled: Callable[[], bool]) -> bool:
    on_progress(Progress(0, 0, 0.0, "cool-down"))
    return cancelled()
