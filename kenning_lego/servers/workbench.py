"""Where artifacts are loaded, run and timed: the inside of a worker, without its pipes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.loads import LoadPlan, LoadResult
from kenning_lego.core.plans import (
    Composed,
    Measurement,
    Plan,
    Progress,
    Statistics,
    TargetDescription,
)
from kenning_lego.core.specs import IOSpec
from kenning_lego.runtimes.base import Program, allocate
from kenning_lego.runtimes.lookup import make_runtime
from kenning_lego.servers.environment import describe
from kenning_lego.servers.load_runs import check_batch, run_load
from kenning_lego.servers.pipeline import (
    Arrays,
    bind_chain,
    chain_spec,
    random_arrays,
    tensors_of,
)
from kenning_lego.servers.recent import RecentSamples
from kenning_lego.servers.rounds import run_rounds
from kenning_lego.store.artifacts import ArtifactStore

REQUEST_SAMPLES = 65_536
"""Of single requests, as many as are kept: the most recent."""


@dataclass(frozen=True, slots=True)
class _Pipeline:
    spec: IOSpec
    arrays: Arrays
    run: Callable[[], object]


class Workbench:
    """Loads artifacts from a store, runs and times them; one a session.

    Args:
        store: where the artifacts lie.
    """

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store
        self._pipeline: _Pipeline | None = None
        self._measurements: dict[str, Measurement] = {}
        self._requests_ns = RecentSamples(REQUEST_SAMPLES)
        self._used: dict[str, str | int | float] = {}
        self._before: TargetDescription | None = None

    def compose(
        self,
        stages: Sequence[str],
        *,
        runtime: str,
        threads: int,
        batch: int,
        place: Callable[[IOSpec], Arrays] = allocate,
    ) -> Composed:
        """Load a chain as the pipeline that :meth:`process` runs.

        Args:
            stages: sha256 of each artifact in order.
            runtime: the engine's name.
            threads: that the engine may use.
            batch: size of symbolic batch dimensions.
            place: gives the arrays of the pipeline's own inputs and outputs.

        Raises:
            KenningLegoError: an artifact is missing or cannot be loaded, or they do not fit
                together; the pipeline is as before.
        """
        programs = self._load(stages, runtime, threads, batch)
        chain = [programs[digest] for digest in stages]
        spec = chain_spec(chain)
        inner = tensors_of(chain)
        arrays = place(spec)
        arrays.update(
            allocate(IOSpec((), tuple(t for name, t in inner.items() if name not in arrays)))
        )
        self._pipeline = _Pipeline(spec, arrays, bind_chain(chain, arrays))
        self._requests_ns.clear()
        return Composed(spec)

    def process(self) -> int:
        """Run the pipeline once; the engine's time in ns."""
        pipeline = self._composed()
        begin = time.perf_counter_ns()
        pipeline.run()
        duration = time.perf_counter_ns() - begin
        self._requests_ns.append(duration)
        return duration

    def infer(self, inputs: Sequence[bytes]) -> tuple[list[bytes], int]:
        """Run the pipeline once on raw tensors; the raw outputs and the engine's time in ns.

        Raises:
            ProtocolError: the inputs are not what the pipeline takes.
        """
        pipeline = self._composed()
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
        names = [item.name for item in plan.items]
        if not names or len(set(names)) != len(names):
            raise ProtocolError("a plan without items, or with two of one name")
        self._before = self._before or describe()
        programs = self._load(
            [digest for item in plan.items for digest in item.stages],
            plan.runtime,
            plan.threads,
            plan.batch,
        )
        arrays = random_arrays(tensors_of(programs.values()), plan.seed)
        calls = [bind_chain([programs[d] for d in item.stages], arrays) for item in plan.items]
        samples, stopped = run_rounds(plan, calls, on_progress, cancelled)
        for item, values in zip(plan.items, samples, strict=True):
            self._measurements[item.name] = Measurement(item.name, tuple(values), stopped)

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
        self._before = self._before or describe()
        programs = self._load(plan.stages, plan.runtime, plan.threads, plan.batch)
        chain = [programs[digest] for digest in plan.stages]
        check_batch(chain_spec(chain), plan.batch)
        arrays = random_arrays(tensors_of(chain), plan.seed)
        return run_load(plan, bind_chain(chain, arrays), on_progress, cancelled)

    def statistics(self) -> Statistics:
        """Everything timed so far."""
        measurements = list(self._measurements.values())
        requests = self._requests_ns.values()
        if requests:
            measurements.append(Measurement("process", requests, "requests"))
        now = describe()
        return Statistics(tuple(measurements), self._used, self._before or now, now)

    def _composed(self) -> _Pipeline:
        if self._pipeline is None:
            raise ProtocolError("no pipeline is loaded", "send COMPOSE, or MODEL with `load`")
        return self._pipeline

    def _load(
        self, digests: Sequence[str], runtime: str, threads: int, batch: int
    ) -> dict[str, Program]:
        engine = make_runtime(runtime, threads)
        programs = {
            digest: engine.load(self._store.read(digest), batch)
            for digest in dict.fromkeys(digests)
        }
        self._used = dict(engine.used())
        return programs
