"""The typed messages between host, server and worker.

A request has an id; the answer carries the same id. Every request ends with exactly one OK or
ERROR; MODEL may be answered by CREDIT before that, and what measures by EVENT. Tensors and samples
travel as raw payload frames behind the header, never inside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any, ClassVar, Protocol

from kenning_lego.core.engines import Engine, Loading, Options
from kenning_lego.core.footprints import FootprintPlan
from kenning_lego.core.loads import MAX_QUERIES, SCENARIOS, LoadPlan
from kenning_lego.core.plans import Plan, Progress
from kenning_lego.protocols.engine_fields import (
    MAX_NAME,
    pack_loading,
    read_engines,
    read_options,
)
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.plans import MAX_STAGES, pack_plan, read_plan

PROTOCOL_VERSION = 2
"""2 has engines' options, several engines in a request, and quantisations in specifications."""

MAX_ARTIFACT_BYTES = 8 << 30
MAX_MEASURING_S = 7 * 86_400.0
MAX_OUTPUTS = 256
"""Tensors that a pipeline may be asked to return."""

CHUNK_BYTES = 1 << 18
"""Of an upload; a link that carries less in the 8 s of a heartbeat counts as broken."""

UPLOAD_CREDITS = 16
"""Chunks that may be under way at once: bounds the memory that an upload takes on both ends."""


class Kind(IntEnum):
    """What a message is; 0 to 6 are those of the classic benchmark dialogue of 2021."""

    OK = 0
    ERROR = 1
    DATA = 2
    MODEL = 3
    PROCESS = 4
    OUTPUT = 5
    STATS = 6
    HELLO = 16
    LEASE = 17
    CHUNK = 18
    CREDIT = 19
    INFER = 20
    COMPOSE = 21
    PLAN = 22
    EVENT = 23
    CANCEL = 24
    BYE = 25
    OBSERVE = 26
    TELEMETRY = 27
    LOAD_TEST = 28
    FOOTPRINT = 29
    SWITCH = 30
    DEPLOY = 31
    UNLOAD = 32
    BUDGET = 33
    RECORD = 34
    PRELOAD = 35
    FORCE = 36
    # Between the server and a deployment's worker only.
    RUN = 64
    BEGIN = 65
    STEER = 66
    REPORT = 67


class Message(Protocol):
    """One kind of message: frozen data that knows its form in a header."""

    kind: ClassVar[Kind]

    def to_body(self) -> Mapping[str, Any]:
        """The fields as msgpack values."""
        ...

    @classmethod
    def from_body(cls, fields: Fields) -> Message:
        """Read what :meth:`to_body` wrote, checking every field.

        Raises:
            ProtocolError: a field is missing or out of bounds.
        """
        ...


class _Empty:
    """A message without fields."""

    __slots__ = ()

    def to_body(self) -> Mapping[str, Any]:
        return {}

    @classmethod
    def from_body(cls, fields: Fields) -> Any:  # noqa: ARG003
        return cls()


@dataclass(frozen=True, slots=True)
class Ok:
    """A request was carried out; the fields depend on the request."""

    kind: ClassVar[Kind] = Kind.OK
    result: Mapping[str, Any]

    def to_body(self) -> Mapping[str, Any]:
        return {"result": self.result}

    @classmethod
    def from_body(cls, fields: Fields) -> Ok:
        """Only the frame of the answer is checked here; the asker knows what to expect in it."""
        result = fields.map("result")
        return cls(result.rest())


@dataclass(frozen=True, slots=True)
class Error:
    """A request was not carried out.

    Args:
        code: for programs, such as ``busy``, ``bad_request``, ``no_pipeline``, ``worker_died``.
        problem: for people: what was wrong.
        remedy: for people: what to do.
    """

    kind: ClassVar[Kind] = Kind.ERROR
    code: str
    problem: str
    remedy: str = ""

    def to_body(self) -> Mapping[str, Any]:
        return {"code": self.code, "problem": self.problem[:4096], "remedy": self.remedy[:4096]}

    @classmethod
    def from_body(cls, fields: Fields) -> Error:
        return cls(fields.text("code", 64), fields.text("problem"), fields.text("remedy"))


@dataclass(frozen=True, slots=True)
class Hello:
    """Who speaks. Needs no lease; the answer is a :class:`.results.Welcome`.

    Args:
        name: of the host, for others that find the target busy.
        software: version of kenning-lego there.
        protocols: versions of the protocol that it speaks.
    """

    kind: ClassVar[Kind] = Kind.HELLO
    name: str
    software: str
    protocols: tuple[int, ...] = (PROTOCOL_VERSION,)

    def to_body(self) -> Mapping[str, Any]:
        return {"name": self.name, "software": self.software, "protocols": list(self.protocols)}

    @classmethod
    def from_body(cls, fields: Fields) -> Hello:
        return cls(
            fields.text("name", 256), fields.text("software", 64), fields.versions("protocols")
        )


@dataclass(frozen=True, slots=True)
class Lease:
    """The host wants to measure: everything below needs the lease, which one host has at a time.

    Args:
        wait: wait for it in a queue, with EVENTs of the place there; else busy is an ERROR.
        expected_s: for how long it will be wanted, in seconds; 0 if not known.
    """

    kind: ClassVar[Kind] = Kind.LEASE
    wait: bool = False
    expected_s: float = 0.0

    def to_body(self) -> Mapping[str, Any]:
        return {"wait": self.wait, "expected_s": self.expected_s}

    @classmethod
    def from_body(cls, fields: Fields) -> Lease:
        return cls(fields.flag("wait"), fields.number("expected_s", 0.0, 1e9))


@dataclass(frozen=True, slots=True)
class Observe(_Empty):
    """Ask who measures and how far it is; needs no lease."""

    kind: ClassVar[Kind] = Kind.OBSERVE


@dataclass(frozen=True, slots=True)
class Load:
    """How a chain is to be loaded; see :class:`kenning_lego.core.engines.Loading`."""

    runtime: str
    threads: int
    batch: int
    options: Options = field(default_factory=dict)
    engines: tuple[Engine, ...] = ()

    @classmethod
    def of(cls, loading: Loading) -> Load:
        """What a plan or an offer says about it."""
        return cls(
            loading.runtime, loading.threads, loading.batch, loading.options, loading.engines
        )

    def to_body(self) -> Mapping[str, Any]:
        return pack_loading(self)

    @classmethod
    def from_body(cls, fields: Fields) -> Load:
        return cls(
            fields.text("runtime", MAX_NAME),
            fields.integer("threads", 1, 1024),
            fields.integer("batch", 1, 65_536),
            read_options(fields),
            read_engines(fields),
        )


@dataclass(frozen=True, slots=True)
class Model:
    """An artifact to hold. If the target lacks it, CREDIT says from which byte on to send it.

    Args:
        digest: sha256 of its bytes.
        size: in bytes.
        load: also make it the session's pipeline, as COMPOSE with this one stage would.
    """

    kind: ClassVar[Kind] = Kind.MODEL
    digest: str
    size: int
    load: Load | None = None

    def to_body(self) -> Mapping[str, Any]:
        body: dict[str, Any] = {"digest": self.digest, "size": self.size}
        if self.load:
            body["load"] = self.load.to_body()
        return body

    @classmethod
    def from_body(cls, fields: Fields) -> Model:
        load = read_load(fields) if fields.has("load") else None
        return cls(fields.digest("digest"), fields.integer("size", 1, MAX_ARTIFACT_BYTES), load)


@dataclass(frozen=True, slots=True)
class Chunk:
    """The artifact's next bytes, in one payload frame; carries the id of its MODEL."""

    kind: ClassVar[Kind] = Kind.CHUNK
    offset: int

    def to_body(self) -> Mapping[str, Any]:
        return {"offset": self.offset}

    @classmethod
    def from_body(cls, fields: Fields) -> Chunk:
        return cls(fields.integer("offset", 0, MAX_ARTIFACT_BYTES))


@dataclass(frozen=True, slots=True)
class Credit:
    """Bytes up to `offset` are written; `chunks` more may be sent."""

    kind: ClassVar[Kind] = Kind.CREDIT
    offset: int
    chunks: int

    def to_body(self) -> Mapping[str, Any]:
        return {"offset": self.offset, "chunks": self.chunks}

    @classmethod
    def from_body(cls, fields: Fields) -> Credit:
        return cls(
            fields.integer("offset", 0, MAX_ARTIFACT_BYTES), fields.integer("chunks", 0, 1024)
        )


@dataclass(frozen=True, slots=True)
class Compose:
    """Load a chain of held artifacts as the session's pipeline; they are wired by tensor names.

    Args:
        stages: in order; see :mod:`kenning_lego.core.engines`.
        load: how.
        outputs: names of the tensors that it returns, of any stages; none for the last one's.
    """

    kind: ClassVar[Kind] = Kind.COMPOSE
    stages: tuple[str, ...]
    load: Load
    outputs: tuple[str, ...] = ()

    def to_body(self) -> Mapping[str, Any]:
        body = {"stages": list(self.stages), "load": self.load.to_body()}
        return {**body, "outputs": list(self.outputs)} if self.outputs else body

    @classmethod
    def from_body(cls, fields: Fields) -> Compose:
        load = read_load(fields)
        stages = fields.stages("stages", MAX_STAGES)
        has = fields.has("outputs")
        return cls(stages, load, fields.names("outputs", MAX_OUTPUTS, 256) if has else ())


@dataclass(frozen=True, slots=True)
class Data(_Empty):
    """The pipeline's inputs, one payload frame a tensor, in the order of its specification."""

    kind: ClassVar[Kind] = Kind.DATA


@dataclass(frozen=True, slots=True)
class Process:
    """Run the pipeline once on the last DATA; the answer has the engine's time.

    Args:
        acknowledge: also send an EVENT when it starts, as the classic dialogue does, so that
            the host can time between the two answers.
    """

    kind: ClassVar[Kind] = Kind.PROCESS
    acknowledge: bool = False

    def to_body(self) -> Mapping[str, Any]:
        return {"acknowledge": self.acknowledge}

    @classmethod
    def from_body(cls, fields: Fields) -> Process:
        return cls(fields.flag("acknowledge"))


@dataclass(frozen=True, slots=True)
class Output(_Empty):
    """Ask for the outputs of the last PROCESS, one payload frame a tensor."""

    kind: ClassVar[Kind] = Kind.OUTPUT


@dataclass(frozen=True, slots=True)
class Infer(_Empty):
    """DATA, PROCESS and OUTPUT in one round trip."""

    kind: ClassVar[Kind] = Kind.INFER


@dataclass(frozen=True, slots=True)
class Stats(_Empty):
    """Ask for everything timed in this session; samples come as payload frames."""

    kind: ClassVar[Kind] = Kind.STATS


@dataclass(frozen=True, slots=True)
class AskTelemetry(_Empty):
    """Ask what the sensors told since the lease was given; answered at once, beside a plan too.

    The times of the samples come as the first payload frame, each column as one more.
    """

    kind: ClassVar[Kind] = Kind.TELEMETRY


@dataclass(frozen=True, slots=True)
class Cancel(_Empty):
    """End what measures just now after its present round or query; what it measured stays."""

    kind: ClassVar[Kind] = Kind.CANCEL


@dataclass(frozen=True, slots=True)
class Bye(_Empty):
    """End the session; the target forgets its models and samples."""

    kind: ClassVar[Kind] = Kind.BYE


@dataclass(frozen=True, slots=True)
class RunPlan:
    """Time a plan on the target; EVENTs tell how far it is."""

    kind: ClassVar[Kind] = Kind.PLAN
    plan: Plan

    def to_body(self) -> Mapping[str, Any]:
        return {"load": pack_loading(self.plan), **pack_plan(self.plan)}

    @classmethod
    def from_body(cls, fields: Fields) -> RunPlan:
        return cls(read_plan(fields, read_load(fields)))


@dataclass(frozen=True, slots=True)
class RunLoadTest:
    """Send queries to a chain on the target itself; EVENTs tell how far it is."""

    kind: ClassVar[Kind] = Kind.LOAD_TEST
    plan: LoadPlan

    def to_body(self) -> Mapping[str, Any]:
        plan = self.plan
        return {
            "stages": list(plan.stages),
            "load": pack_loading(plan),
            "scenario": plan.scenario,
            "samples_per_query": plan.samples_per_query,
            "rate_per_s": plan.rate_per_s,
            "warmup_queries": plan.warmup_queries,
            "min_queries": plan.min_queries,
            "max_queries": plan.max_queries,
            "min_seconds": plan.min_seconds,
            "max_seconds": plan.max_seconds,
            "seed": plan.seed,
            "beside_deployments": plan.beside_deployments,
        }

    @classmethod
    def from_body(cls, fields: Fields) -> RunLoadTest:
        load = read_load(fields)
        return cls(
            LoadPlan(
                fields.stages("stages", MAX_STAGES),
                fields.word("scenario", SCENARIOS),
                load.runtime,
                load.threads,
                load.batch,
                fields.integer("samples_per_query", 1, 1_000_000),
                fields.number("rate_per_s", 0.0, 1e6),
                fields.integer("warmup_queries", 0, MAX_QUERIES),
                fields.integer("min_queries", 1, MAX_QUERIES),
                fields.integer("max_queries", 1, MAX_QUERIES),
                fields.number("min_seconds", 0.0, MAX_MEASURING_S),
                fields.number("max_seconds", 0.0, MAX_MEASURING_S),
                fields.integer("seed", 0, 2**63 - 1),
                fields.flag("beside_deployments"),
                load.options,
                load.engines,
            )
        )


@dataclass(frozen=True, slots=True)
class MeasureFootprint:
    """See what a chain costs in memory, in fresh processes; EVENTs tell how far it is."""

    kind: ClassVar[Kind] = Kind.FOOTPRINT
    plan: FootprintPlan

    def to_body(self) -> Mapping[str, Any]:
        plan = self.plan
        return {
            "stages": list(plan.stages),
            "load": pack_loading(plan),
            "runs": plan.runs,
            "repeats": plan.repeats,
            "max_seconds": plan.max_seconds,
            "beside_deployments": plan.beside_deployments,
        }

    @classmethod
    def from_body(cls, fields: Fields) -> MeasureFootprint:
        load = read_load(fields)
        return cls(
            FootprintPlan(
                fields.stages("stages", MAX_STAGES),
                load.runtime,
                load.threads,
                load.batch,
                fields.integer("runs", 0, 100_000),
                fields.integer("repeats", 1, 1000),
                fields.number("max_seconds", 0.0, MAX_MEASURING_S),
                fields.flag("beside_deployments"),
                load.options,
                load.engines,
            )
        )


Measuring = RunPlan | RunLoadTest | MeasureFootprint
"""Requests that take a time of their own (`plan.max_seconds`), tell progress, and can be cancelled.
"""


def read_load(fields: Fields) -> Load:
    """How the chain of a request is to be loaded."""
    inner = fields.map("load")
    load = Load.from_body(inner)
    inner.done()
    return load


@dataclass(frozen=True, slots=True)
class Event:
    """How far a request is."""

    kind: ClassVar[Kind] = Kind.EVENT
    progress: Progress

    def to_body(self) -> Mapping[str, Any]:
        p = self.progress
        return {"phase": p.phase, "done": p.done, "total": p.total, "elapsed_s": p.elapsed_s}

    @classmethod
    def from_body(cls, fields: Fields) -> Event:
        return cls(
            Progress(
                phase=fields.text("phase", 64),
                done=fields.integer("done", 0, 2**53),
                total=fields.integer("total", 0, 2**53),
                elapsed_s=fields.number("elapsed_s", 0.0, 1e9),
            )
        )


REQUESTS = (
    Hello,
    Observe,
    Lease,
    Model,
    Chunk,
    Compose,
    Data,
    Process,
    Output,
    Infer,
    RunPlan,
    RunLoadTest,
    MeasureFootprint,
    Cancel,
    Stats,
    AskTelemetry,
    Bye,
)
"""What a host sends."""

ANSWERS = (Ok, Error, Credit, Event)
"""What a target sends."""
