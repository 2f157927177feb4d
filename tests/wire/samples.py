"""One message of each kind, and one answer of each request, with every field that there may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from kenning_lego.core.bounds import Bounds, Schedule, ScheduledBounds
from kenning_lego.core.deployment_records import (
    DeploymentEvent,
    DeploymentRecord,
    DeploymentStatus,
    Frame,
    FrameOutputs,
)
from kenning_lego.core.deployments import Deployment
from kenning_lego.core.engines import Engine
from kenning_lego.core.footprints import Footprint, FootprintPlan, FootprintSample
from kenning_lego.core.frame_sources import (
    CameraFrames,
    FrameSource,
    NullFrames,
    RandomFrames,
    StoredFrames,
    VideoFrames,
)
from kenning_lego.core.loads import LoadPlan, LoadResult
from kenning_lego.core.offers import Offer, OfferedSegment, OfferedVariant
from kenning_lego.core.plans import (
    Composed,
    Conditions,
    Measurement,
    Observation,
    Plan,
    PlanItem,
    PlanLog,
    Progress,
    Statistics,
    TargetDescription,
)
from kenning_lego.core.specs import IOSpec, Quantisation, TensorSpec
from kenning_lego.core.switching import Preloaded, Switched
from kenning_lego.core.telemetry import Telemetry
from kenning_lego.protocols import messages as m
from kenning_lego.protocols.codec import pack_numbers, unpack_numbers
from kenning_lego.protocols.deployment_messages import (
    AskRecord,
    Deploy,
    ForceConfiguration,
    SetBounds,
    Unload,
)
from kenning_lego.protocols.deployment_results import pack_record, read_record, rows_to_bytes
from kenning_lego.protocols.fields import Fields
from kenning_lego.protocols.live_messages import Preload, SwitchTo
from kenning_lego.protocols.live_results import (
    pack_preloaded,
    pack_switched,
    read_preloaded,
    read_switched,
)
from kenning_lego.protocols.load_results import (
    pack_footprint,
    pack_load_result,
    read_footprint,
    read_load_result,
)
from kenning_lego.protocols.results import (
    Welcome,
    pack_composed,
    pack_observation,
    pack_statistics,
    pack_telemetry,
    read_composed,
    read_duration_ns,
    read_observation,
    read_statistics,
    read_telemetry,
)

DIGEST = "ab" * 32
STAGES = (DIGEST, f"{DIGEST}:1")
ENGINES = (Engine("litert", {"float_io": True}),)
OPTIONS = {"provider": "cpu"}
BOUNDS = Bounds(10.0, 1_000_000, 5.0)
LOAD = m.Load("onnxruntime", 1, 1, OPTIONS, ENGINES)
SPEC = IOSpec((TensorSpec("x", (1, 4), "int8", Quantisation(0.5, 3)),), (TensorSpec("y", (1, 2)),))
DESCRIPTION = TargetDescription(
    {"cores": 4}, {"onnxruntime": "1.20.0"}, {"load_1min": 0.5}, ("npu",)
)
STATUS = DeploymentStatus("camera", "running", {"block-1": "half"}, STAGES, bounds=BOUNDS)
SOURCES: tuple[FrameSource, ...] = (
    NullFrames(),
    RandomFrames(1),
    StoredFrames(DIGEST),
    VideoFrames("door"),
    CameraFrames(0),
)
DEPLOYMENT = Deployment(
    "camera",
    Offer(
        (OfferedSegment("block-1", (OfferedVariant("half", DIGEST, 0.1, 2.0, 1000, 3.0, 1),)),),
        options=OPTIONS,
        engines=ENGINES,
    ),
    rate_fps=30.0,
    schedule=Schedule((ScheduledBounds(0.0, BOUNDS),), 60.0),
    bounds=BOUNDS,
)
MESSAGES: tuple[m.Message, ...] = (
    m.Ok({}),
    m.Error("busy", "the target is busy", "try again later"),
    m.Data(),
    m.Model(DIGEST, 1000, LOAD),
    m.Process(),
    m.Output(),
    m.Stats(),
    m.Hello("laptop", "0.1"),
    m.Lease(),
    m.Chunk(0),
    m.Credit(0, 16),
    m.Infer(),
    m.Compose(STAGES, LOAD, ("y",)),
    m.RunPlan(
        Plan(
            (PlanItem("whole", STAGES),),
            inputs={"x": DIGEST},
            memory_bytes=1000,
            conditions=Conditions((0,), 60.0),
            options=OPTIONS,
            engines=ENGINES,
        )
    ),
    m.Event(Progress(1, 2, 0.5)),
    m.Cancel(),
    m.Bye(),
    m.Observe(),
    m.AskTelemetry(),
    m.RunLoadTest(LoadPlan(STAGES, options=OPTIONS, engines=ENGINES)),
    m.MeasureFootprint(FootprintPlan(STAGES, options=OPTIONS, engines=ENGINES)),
    SwitchTo(STAGES, memory_bytes=1000),
    *(Deploy(replace(DEPLOYMENT, source=source)) for source in SOURCES),
    Unload("camera"),
    SetBounds("camera", BOUNDS),
    AskRecord("camera"),
    Preload(STAGES, 1000),
    ForceConfiguration("camera", STAGES),
)
"""Every kind that crosses the wire; DEPLOY once for each source of frames."""


@dataclass(frozen=True)
class Answer:
    """What an OK carries.

    Args:
        result: its fields.
        read: the host's reader of them.
        payload: its payload frames.
    """

    result: Mapping[str, Any]
    read: Callable[[Fields], object]
    payload: tuple[bytes | bytearray | memoryview, ...] = ()


def _statistics() -> Answer:
    log = PlanLog(0, 0, "precise", 3, True, 0.0, (1, 2), 1, (5, 9))
    measurement = Measurement("whole", (1, 2), "precise")
    result, payload = pack_statistics(
        Statistics((measurement,), {"engine": "x"}, DESCRIPTION, DESCRIPTION, (log,))
    )
    result = {**result, "deployments": ["camera"]}
    return Answer(result, lambda fields: read_statistics(fields, payload), payload)


def _telemetry() -> Answer:
    readings = Telemetry(1.0, (0.5,), {"load_1min": (0.1,)}, {"temperature_c": "no sensor"})
    payload = tuple(map(pack_numbers, (readings.times_s, *readings.columns.values())))
    numbers = list(map(unpack_numbers, payload))
    result = pack_telemetry(readings)
    return Answer(result, lambda fields: read_telemetry(fields, numbers), payload)


def _load_result() -> Answer:
    result, payload = pack_load_result(LoadResult((9,), (8,), (1,), 9, 1, 1, 0, "complete", 5))
    result = {**result, "deployments": ["camera"]}
    return Answer(result, lambda fields: read_load_result(fields, payload), payload)


def _record() -> Answer:
    event = DeploymentEvent(0, 1, "began", "host", 0, "it began", {"latency_ms": 1.0})
    outputs = (FrameOutputs(0, (b"1234",)),)
    record = DeploymentRecord(STATUS, SPEC, (), {0: STAGES}, 0, (event,), 0, outputs, 1, 1)
    result, payload = pack_record(record, rows_to_bytes([Frame(0, 1, 2, 0, 0)]))
    return Answer(result, lambda fields: read_record(fields, payload), payload)


_footprint = {
    **pack_footprint(Footprint(1000, (FootprintSample(1, 2, 3, True),))),
    "deployments": ["camera"],
}
_spec = Answer(pack_composed(Composed(SPEC)), read_composed)
_duration = Answer({"duration_ns": 1000}, read_duration_ns)
_switched = Answer(pack_switched(Switched(1, 0.1, True, 0, 0)), read_switched)
ANSWERS: Mapping[str, Answer] = {
    "HELLO": Answer(
        Welcome(m.PROTOCOL_VERSION, "0.1", ("plan",), DESCRIPTION).to_result(), Welcome.from_result
    ),
    "OBSERVE": Answer(
        pack_observation(Observation(latest={"load_1min": 1.0}, deployments=(STATUS,))),
        read_observation,
    ),
    "COMPOSE": _spec,
    "PROCESS": _duration,
    "INFER": _duration,
    "STATS": _statistics(),
    "TELEMETRY": _telemetry(),
    "LOAD_TEST": _load_result(),
    "FOOTPRINT": Answer(_footprint, read_footprint),
    "SWITCH": _switched,
    "FORCE": _switched,
    "PRELOAD": Answer(pack_preloaded(Preloaded(STAGES, 1000, {DIGEST: "damaged"})), read_preloaded),
    "RECORD": _record(),
}
"""By request; MODEL's is told in words, and those of others are empty."""
