"""What a target is asked to time and what it answers: plans, measurements, environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kenning_lego.core.deployment_records import DeploymentStatus
from kenning_lego.core.engines import Engine, Options
from kenning_lego.core.specs import IOSpec


@dataclass(frozen=True, slots=True)
class PlanItem:
    """One thing to time: a chain of one or more artifacts, run back to back.

    Args:
        name: identifies the item's measurement; unique in its plan.
        stages: see :mod:`kenning_lego.core.engines`, in the order in which they run.
        position: items at one position are alternatives of each other (variants of a
            block). A pass runs one item of every position in order, as the composed
            network does, so that caches are as warm as they will be there.
    """

    name: str
    stages: tuple[str, ...]
    position: int = 0


@dataclass(frozen=True, slots=True)
class Conditions:
    """Under which a plan runs.

    Args:
        cpus: the only ones that the worker may run on meanwhile; empty for those it has.
        cool_below_c: before a round, wait until the hottest sensor shows less; None does not.
        cool_max_s: how long all these waits may take together.
        preheat_s: run unrecorded for at least so long before the first round, so that a board
            has the temperature and the clock of sustained work.
    """

    cpus: tuple[int, ...] = ()
    cool_below_c: float | None = None
    cool_max_s: float = 60.0
    preheat_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Plan:
    """Items to time on the target, with the network out of the loop.

    Args:
        items: what to time.
        runtime: the engine's name.
        threads: threads that the engine may use.
        batch: size of symbolic batch dimensions.
        reference: name of the item that is also run between any two passes, to see drift;
            empty for none.
        inputs: sha256 of the raw bytes of tensors, by name; other tensors that no artifact
            gives are random.
        memory_bytes: of artifacts that may be loaded at a time; more run in cohorts, one
            after the other. None is no bound.
        warmup_rounds: rounds run unrecorded, at most; fewer once they agree.
        min_rounds: rounds recorded before the stop rule is looked at.
        max_rounds: rounds after which the plan ends in any case.
        relative_half_width: the plan ends when the 95 % interval of every item's median is
            within this share of the median.
        max_seconds: wall time after which no further round is started.
        seed: of the random order and of the random input.
        conditions: under which it runs.
        beside_deployments: measure even while deployments run on the target, which slow it.
        options: of `runtime`.
        engines: further ones that stages name.
    """

    items: tuple[PlanItem, ...]
    runtime: str = "onnxruntime"
    threads: int = 1
    batch: int = 1
    reference: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)
    memory_bytes: int | None = None
    warmup_rounds: int = 20
    min_rounds: int = 30
    max_rounds: int = 1000
    relative_half_width: float = 0.01
    max_seconds: float = 120.0
    seed: int = 0
    conditions: Conditions = field(default_factory=Conditions)
    beside_deployments: bool = False
    options: Options = field(default_factory=dict)
    engines: tuple[Engine, ...] = ()


@dataclass(frozen=True, slots=True)
class Measurement:
    """Raw samples of one item.

    Args:
        name: the plan item's name, or ``process`` for single requests.
        samples_ns: one duration a run, in the order of the rounds, in ns on the target's
            monotonic clock, around the engine's call alone.
        stopped: why the plan ended: ``precise``, ``max_rounds``, ``max_seconds``, ``cancelled``
            or ``worker_died``; ``requests`` for single requests.
        per_round: samples in each round; 0 for single requests, which have no rounds.
        loops: calls in a row that each sample is the mean of; more than 1 only for what the
            clock cannot resolve.
        cohort: of artifacts that were loaded together, counted from 0 within the plan.
        plan: of the session, counted from 0.
    """

    name: str
    samples_ns: tuple[int, ...]
    stopped: str
    per_round: int = 1
    loops: int = 1
    cohort: int = 0
    plan: int = 0


@dataclass(frozen=True, slots=True)
class PlanLog:
    """How one cohort of a plan went.

    Args:
        plan: of the session, counted from 0.
        cohort: counted from 0 within the plan.
        stopped: why it ended; see :class:`Measurement`.
        warmup_rounds: rounds that were run unrecorded.
        warm: whether they agreed in the end; else their number's cap was reached.
        cooled_s: for how long it waited for the board to cool down.
        reference_ns: samples of the reference, one a pass.
        per_round: samples of the reference in each round.
        round_ends_ns: when each round ended, on the target's monotonic clock.
    """

    plan: int
    cohort: int
    stopped: str
    warmup_rounds: int
    warm: bool
    cooled_s: float
    reference_ns: tuple[int, ...]
    per_round: int
    round_ends_ns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class TargetDescription:
    """Who the target is and in what state it was.

    Args:
        facts: board, CPU, kernel, memory, Python; absent facts are absent.
        engines: engine name to version, for the engines that are installed.
        state: what changes: governors, frequencies, temperatures, load; absent when unknown.
        delegates: names of those that its server offers to LiteRT.
    """

    facts: Mapping[str, str | int | float] = field(default_factory=dict)
    engines: Mapping[str, str] = field(default_factory=dict)
    state: Mapping[str, str | int | float] = field(default_factory=dict)
    delegates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Statistics:
    """What STATS returns: everything timed since the session began, and on what.

    Args:
        measurements: one for each plan item, and one named ``process`` for single requests.
        used: what really ran (engine, version, provider, threads).
        before: the target's description when the timing began.
        after: the same when it ended.
        plans: how each plan went.
        deployments: names of those that ran while something of this was timed.
    """

    measurements: tuple[Measurement, ...]
    used: Mapping[str, str | int | float]
    before: TargetDescription
    after: TargetDescription
    plans: tuple[PlanLog, ...] = ()
    deployments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a plan is: rounds done of at most so many, after so many seconds."""

    done: int
    total: int
    elapsed_s: float
    phase: str = "measure"


@dataclass(frozen=True, slots=True)
class Composed:
    """A pipeline that is ready to run on the target, and the tensors that it takes and gives."""

    spec: IOSpec


@dataclass(frozen=True, slots=True)
class Observation:
    """What a target is doing just now.

    Args:
        holder: name of the host that has the lease; empty if it is free.
        held_s: for how long it has had it.
        expected_s: for how long it said that it wants it; 0 if it did not say.
        doing: the request that the worker carries out, such as ``PLAN``; empty if none.
        done: rounds of the plan under way that are done.
        total: rounds that there will be at most.
        waiting: hosts in the queue.
        latest: the sensors' newest readings while a host has the lease; see
            :class:`kenning_lego.core.telemetry.Telemetry` for the keys.
        deployments: that the target owns.
    """

    holder: str = ""
    held_s: float = 0.0
    expected_s: float = 0.0
    doing: str = ""
    done: int = 0
    total: int = 0
    waiting: int = 0
    latest: Mapping[str, float] = field(default_factory=dict)
    deployments: tuple[DeploymentStatus, ...] = ()
