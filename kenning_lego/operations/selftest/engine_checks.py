"""Checks that need an engine: loading, answering, measuring, surviving a worker's death."""

from __future__ import annotations

from kenning_lego.core.errors import RemoteError
from kenning_lego.core.plans import Plan, PlanItem, Progress
from kenning_lego.operations.selftest.bench import Bench, require

SAMPLES = 300


def loads(bench: Bench) -> str:
    """The engine loads the network and tells its tensors."""
    with bench.connect() as target:
        target.upload(bench.example.path, bench.example.digest)
        spec = target.compose([bench.example.digest], runtime=bench.engine).spec
    require([t.sizes for t in spec.inputs] == [(1, 3, 16, 16)], f"its inputs are {spec}")
    require([t.sizes for t in spec.outputs] == [(1, 10)], f"its outputs are {spec}")
    return str(spec)


def answers(bench: Bench) -> str:
    """It computes what it must, in every way of asking."""
    example, gaps = bench.example, []
    with bench.connect() as target:
        bench.compose(target)
        for _ in range(3):
            (fused,), duration_ns = target.infer([example.input])
            (pipelined,), _ = target.pipelined([example.input])
            target.data([example.input])
            target.process()
            (stepwise,) = target.output()
            gaps += [example.gap(output) for output in (fused, pipelined, stepwise)]
            require(duration_ns > 0, "the engine took no time")
        require(all(example.is_right(each) for each in (fused, pipelined, stepwise)), _off(gaps))
        (zeros,), _ = target.infer([bytes(len(example.input))])
        require(not example.is_right(zeros), "another input has the same answer")
    require(max(gaps) < 1, _off(gaps))
    return f"within {max(gaps):.1e} of the known answer"


def measures(bench: Bench) -> str:
    """A plan gives as many samples as it was asked for, of every item."""
    items = tuple(PlanItem(name, (bench.example.digest,)) for name in ("first", "second"))
    plan = Plan(
        items, bench.engine, warmup_rounds=5, min_rounds=SAMPLES, max_rounds=SAMPLES, max_seconds=10
    )
    heard: list[Progress] = []
    with bench.connect() as target:
        target.upload(bench.example.path, bench.example.digest)
        target.measure(plan, heard.append)
        statistics = target.statistics()
    found = {each.name: each for each in statistics.measurements}
    require(set(found) == {"first", "second"}, f"it measured {', '.join(found)}")
    for name, measurement in found.items():
        count = len(measurement.samples_ns)
        late = measurement.stopped == "max_seconds"
        require(count == SAMPLES or (late and count > 0), f"{count} samples of {name}")
        require(min(measurement.samples_ns) > 0, f"{name} took no time")
    require(bool(heard), "it did not tell how far it was")
    used = ", ".join(f"{name} {value}" for name, value in statistics.used.items())
    return f"2 x {len(found['first'].samples_ns)} samples; {used}"


def survives_its_worker(bench: Bench) -> str:
    """A worker that is killed is told about, and the next one serves."""
    item = PlanItem("endless", (bench.example.digest,))
    plan = Plan(
        (item,), bench.engine, min_rounds=10**6, max_rounds=10**6, max_seconds=60, warmup_rounds=1
    )
    killed: list[int] = []

    def strike(progress: Progress) -> None:
        if progress.phase == "measure" and not killed:
            for worker in bench.server.workers():
                worker.kill()
                killed.append(worker.pid)

    with bench.connect() as target:
        target.upload(bench.example.path, bench.example.digest)
        try:
            target.measure(plan, strike)
        except RemoteError as error:
            require(error.code == "worker_died", f"told as {error.code}: {error}")
            told = error.problem
        else:
            require(False, "the plan ended as if nothing had happened")
        bench.compose(target)
        (output,), _ = target.infer([bench.example.input])
        require(bench.example.is_right(output), "the next worker answers wrongly")
    return f"told: {told}; the next worker serves"


def _off(gaps: list[float]) -> str:
    return f"the answer is off by {max(gaps):g}"
