"""A whole self-test: every check in its order, the benchmark, the record."""

from __future__ import annotations

import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from kenning_lego import __version__
from kenning_lego.core.errors import KenningLegoError
from kenning_lego.core.plans import TargetDescription
from kenning_lego.operations.selftest import checks, engine_checks
from kenning_lego.operations.selftest.bench import STORE_MB, Bench
from kenning_lego.operations.selftest.benchmark import run_benchmark
from kenning_lego.operations.selftest.example import ENGINES, load_example
from kenning_lego.operations.selftest.record import (
    BenchmarkRecord,
    CheckRecord,
    EnvironmentRecord,
    Outcome,
    SelftestRecord,
)
from kenning_lego.operations.selftest.server_process import ServerFailedError, ServerProcess

_FAILURES = (
    KenningLegoError,
    OSError,
    ValueError,
    struct.error,
    psutil.Error,
    subprocess.SubprocessError,
)
"""What a check may end with on a machine where something is wrong."""
_GONE = "the server has ended before"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must be so.

    Args:
        name: for people.
        run: returns what was seen, or raises.
        needs: ``engine`` or ``curve``, if the check needs one.
    """

    name: str
    run: Callable[[Bench], str]
    needs: str = ""


CHECKS = (
    Check("the server starts", checks.starts),
    Check("greets", checks.greets),
    Check("survives nonsense", checks.survives_nonsense),
    Check("serves one host at a time", checks.leases),
    Check("takes artifacts", checks.uploads),
    Check("resumes uploads", checks.resumes),
    Check("refuses damaged artifacts", checks.refuses_damaged),
    Check("bounds its store", checks.store_is_bounded),
    Check("loads a network", engine_checks.loads, "engine"),
    Check("answers rightly", engine_checks.answers, "engine"),
    Check("measures", engine_checks.measures, "engine"),
    Check("survives its worker", engine_checks.survives_its_worker, "engine"),
    Check("encrypts", checks.encrypts, "curve"),
)
END = Check("stops and leaves nothing", checks.stops)


@dataclass(frozen=True, slots=True)
class Means:
    """What this machine has to test with.

    Args:
        engine: name of the engine to test, empty if there is none for the example.
        missing: why checks are skipped, by what they need.
    """

    engine: str
    missing: dict[str, str]


def choose_means(engines: dict[str, str], *, curve: bool) -> Means:
    """What can be tested.

    Args:
        engines: versions of those that can be used, by name.
        curve: whether ZeroMQ can encrypt.
    """
    engine = next((name for name in ENGINES if name in engines), "")
    missing = {}
    if not engine:
        found = f"; there is no tiny network for {', '.join(engines)}" if engines else ""
        missing["engine"] = f"no engine is installed: kenning-lego[onnxruntime]{found}"
    if not curve:
        missing["curve"] = "ZeroMQ was built without encryption"
    return Means(engine, missing)


def run_selftest(
    directory: Path, means: Means, tell: Callable[[CheckRecord], None]
) -> SelftestRecord:
    """Run all checks against a server of its own, then the benchmark.

    Args:
        directory: for all files; the server's log stays in it.
        means: what to test with.
        tell: told each check that has ended.
    """
    begin = time.monotonic()
    done: list[CheckRecord] = []
    found = _Found()
    for record in _run(directory, means, found):
        done.append(record)
        tell(record)
    return SelftestRecord(
        created=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        version=__version__,
        seconds=round(time.monotonic() - begin, 2),
        engine=means.engine or None,
        checks=tuple(done),
        environment=found.environment(),
        benchmark=found.benchmark,
    )


@dataclass(slots=True)
class _Found:
    """What comes to light beside the checks."""

    before: TargetDescription | None = None
    after: TargetDescription | None = None
    benchmark: BenchmarkRecord | None = None

    def environment(self) -> EnvironmentRecord | None:
        if self.before is None:
            return None
        after = self.after or TargetDescription()
        return EnvironmentRecord(
            facts=dict(self.before.facts),
            engines=dict(self.before.engines),
            state_before=dict(self.before.state),
            state_after=dict(after.state),
        )


def _run(directory: Path, means: Means, found: _Found) -> Iterator[CheckRecord]:
    begin = time.monotonic()
    try:
        server = ServerProcess(directory, "server", "--store-mb", str(STORE_MB))
    except (ServerFailedError, OSError) as error:
        yield _record(CHECKS[0].name, "failed", begin, str(error))
        for check in (*CHECKS[1:], END):
            yield _record(check.name, "skipped", time.monotonic(), "there is no server")
        return
    bench = Bench(directory, server, means.engine, load_example())
    try:
        for check in CHECKS:
            yield _carry_out(check, bench, means)
        yield _measure(bench, found)
        yield _carry_out(END, bench, means)
    finally:
        server.kill()


def _measure(bench: Bench, found: _Found) -> CheckRecord:
    """The benchmark as one more check: it must come to its end."""
    begin = time.monotonic()
    name = "is benchmarked"
    if not bench.server.running:
        return _record(name, "failed", begin, _GONE)
    try:
        with bench.connect() as target:
            found.before = target.describe()
        found.benchmark = run_benchmark(bench)
        with bench.connect() as target:
            found.after = target.describe()
    except _FAILURES as error:
        return _record(name, "failed", begin, _said(error))
    round_trip = found.benchmark.round_trips["observe"].median_ns / 1e6
    return _record(name, "passed", begin, f"a round trip without engine takes {round_trip:.2f} ms")


def _carry_out(check: Check, bench: Bench, means: Means) -> CheckRecord:
    begin = time.monotonic()
    if check.needs in means.missing:
        return _record(check.name, "skipped", begin, means.missing[check.needs])
    if not bench.server.running:
        return _record(check.name, "failed", begin, _GONE)
    try:
        return _record(check.name, "passed", begin, check.run(bench))
    except _FAILURES as error:
        return _record(check.name, "failed", begin, _said(error))


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__


def _record(name: str, outcome: Outcome, begin: float, detail: str) -> CheckRecord:
    seconds = round(time.monotonic() - begin, 3)
    return CheckRecord(name=name, outcome=outcome, seconds=seconds, detail=detail)
