"""Every message that there is, for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from kenning_lego.core.deployments import (
    MAX_KEPT_FRAMES,
    MAX_KEPT_OUTPUTS_BYTES,
    MAX_RATE_FPS,
)
from kenning_lego.core.footprints import FootprintPlan
from kenning_lego.core.loads import MAX_QUERIES, SCENARIOS, LoadPlan
from kenning_lego.core.plans import Conditions, Plan, PlanItem, Progress
from kenning_lego.core.specs import ITEM_BYTES, IOSpec, Quantisation, TensorSpec
from kenning_lego.protocols import messages
from kenning_lego.protocols.codec import Envelope
from kenning_lego.protocols.deployment_messages import (
    AskRecord,
    Deploy,
    ForceConfiguration,
    SetBounds,
    Unload,
)
from kenning_lego.protocols.live_messages import MAX_MEMORY_BYTES, Preload, SwitchTo
from kenning_lego.protocols.plans import MAX_CPUS, MAX_PLAN_ITEMS
from kenning_lego.protocols.worker_messages import Begin, Happened, Report, RunPipeline, Steer
from tests.protocols.deployed import bounds, deployments, figures, frame_sources, memories, names
from tests.protocols.strategies import digests, engines, options, texts
from tests.protocols.strategies import stages as any_stage

ids = st.integers(0, 2**63 - 1)


def stages(most: int = 4) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(any_stage, min_size=1, max_size=most).map(tuple)


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | texts(40)
    | st.binary(max_size=20)
)
values: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts(10), inner, max_size=3),
    max_leaves=8,
)
facts = st.dictionaries(
    texts(20),
    texts(40) | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False),
    max_size=4,
)

counts = st.integers(0, 2**62)
numbers = st.dictionaries(texts(20), st.floats(allow_nan=False, allow_infinity=False), max_size=3)
loads = st.builds(
    messages.Load,
    texts(64),
    threads=st.integers(1, 1024),
    batch=st.integers(1, 65_536),
    options=options,
    engines=engines,
)
plans = st.builds(
    Plan,
    items=st.lists(
        st.builds(PlanItem, texts(256), stages(), st.integers(0, MAX_PLAN_ITEMS)),
        max_size=4,
    ).map(tuple),
    runtime=texts(64),
    threads=st.integers(1, 1024),
    batch=st.integers(1, 65_536),
    reference=texts(256),
    inputs=st.dictionaries(texts(20), digests, max_size=3),
    memory_bytes=st.none() | st.integers(0, 2**53),
    warmup_rounds=st.integers(0, 100_000),
    min_rounds=st.integers(1, 1_000_000),
    max_rounds=st.integers(1, 1_000_000),
    relative_half_width=st.floats(0, 1),
    max_seconds=st.floats(0, 7 * 86_400),
    seed=st.integers(0, 2**62),
    conditions=st.builds(
        Conditions,
        st.lists(st.integers(0, MAX_CPUS - 1), max_size=4).map(tuple),
        st.none() | st.floats(-100, 300),
        st.floats(0, 86_400),
        st.floats(0, 86_400),
    ),
    beside_deployments=st.booleans(),
    options=options,
    engines=engines,
)
load_plans = st.builds(
    LoadPlan,
    stages=stages(),
    scenario=st.sampled_from(SCENARIOS),
    runtime=texts(64),
    threads=st.integers(1, 1024),
    batch=st.integers(1, 65_536),
    samples_per_query=st.integers(1, 1_000_000),
    rate_per_s=st.floats(0, 1e6),
    warmup_queries=st.integers(0, MAX_QUERIES),
    min_queries=st.integers(1, MAX_QUERIES),
    max_queries=st.integers(1, MAX_QUERIES),
    min_seconds=st.floats(0, 7 * 86_400),
    max_seconds=st.floats(0, 7 * 86_400),
    seed=st.integers(0, 2**63 - 1),
    beside_deployments=st.booleans(),
    options=options,
    engines=engines,
)
footprint_plans = st.builds(
    FootprintPlan,
    stages=stages(),
    runtime=texts(64),
    threads=st.integers(1, 1024),
    batch=st.integers(1, 65_536),
    runs=st.integers(0, 100_000),
    repeats=st.integers(1, 1000),
    max_seconds=st.floats(0, 7 * 86_400),
    beside_deployments=st.booleans(),
    options=options,
    engines=engines,
)
tensors = st.builds(
    TensorSpec,
    texts(256),
    st.tuples(st.one_of(st.integers(1, 2**40), texts(8)), *[st.integers(1, 9)] * 2) | st.just(()),
    st.sampled_from(sorted(ITEM_BYTES)),
    st.none() | st.builds(Quantisation, st.floats(1e-30, 1e30), st.integers(-(2**31), 2**31)),
)
io_specs = st.builds(
    IOSpec,
    st.lists(tensors, max_size=3).map(tuple),
    st.lists(tensors, max_size=3).map(tuple),
)

sizes = st.integers(1, messages.MAX_ARTIFACT_BYTES)
offsets = st.integers(0, messages.MAX_ARTIFACT_BYTES)

by_type: dict[type[Any], st.SearchStrategy[Any]] = {
    messages.Ok: st.builds(messages.Ok, st.dictionaries(texts(20), values, max_size=4)),
    messages.Error: st.builds(messages.Error, texts(64), texts(4096), texts(4096)),
    messages.Hello: st.builds(
        messages.Hello,
        texts(256),
        texts(64),
        st.lists(st.integers(1, 255), min_size=1, max_size=4).map(tuple),
    ),
    messages.Observe: st.builds(messages.Observe),
    messages.Lease: st.builds(messages.Lease, st.booleans(), st.floats(0, 1e9)),
    messages.Model: st.builds(messages.Model, digests, sizes, st.none() | loads),
    messages.Chunk: st.builds(messages.Chunk, offsets),
    messages.Credit: st.builds(messages.Credit, offsets, st.integers(0, 1024)),
    messages.Compose: st.builds(
        messages.Compose, stages(), loads, st.lists(texts(256), max_size=3).map(tuple)
    ),
    messages.Data: st.builds(messages.Data),
    messages.Process: st.builds(messages.Process, st.booleans()),
    messages.Output: st.builds(messages.Output),
    messages.Infer: st.builds(messages.Infer),
    messages.Stats: st.builds(messages.Stats),
    messages.AskTelemetry: st.builds(messages.AskTelemetry),
    messages.Cancel: st.builds(messages.Cancel),
    messages.Bye: st.builds(messages.Bye),
    messages.RunPlan: st.builds(messages.RunPlan, plans),
    messages.RunLoadTest: st.builds(messages.RunLoadTest, load_plans),
    messages.MeasureFootprint: st.builds(messages.MeasureFootprint, footprint_plans),
    SwitchTo: st.builds(
        SwitchTo, stages(), st.booleans(), st.none() | st.integers(0, MAX_MEMORY_BYTES)
    ),
    Preload: st.builds(
        Preload, stages() | st.just(()), st.none() | st.integers(0, MAX_MEMORY_BYTES)
    ),
    messages.Event: st.builds(
        messages.Event,
        st.builds(
            Progress,
            st.integers(0, 2**53),
            st.integers(0, 2**53),
            st.floats(0, 1e9),
            texts(64),
        ),
    ),
    Deploy: st.builds(Deploy, deployments),
    Unload: st.builds(Unload, names),
    SetBounds: st.builds(SetBounds, names, bounds),
    AskRecord: st.builds(
        AskRecord, names, counts, counts, st.integers(0, MAX_KEPT_FRAMES), st.booleans()
    ),
    ForceConfiguration: st.builds(
        ForceConfiguration, names, stages(), stages() | st.just(()), st.booleans()
    ),
    RunPipeline: st.builds(
        RunPipeline,
        stages(),
        loads,
        st.lists(texts(256), max_size=3).map(tuple),
        frame_sources,
        st.none() | st.floats(0, MAX_RATE_FPS),
        st.none() | memories,
        st.none() | figures,
        st.integers(0, MAX_KEPT_OUTPUTS_BYTES),
        stages() | st.just(()),
        counts,
    ),
    Begin: st.builds(Begin, counts, counts),
    Steer: st.builds(Steer, stages(), st.none() | memories, st.none() | figures, st.booleans()),
    Report: st.builds(
        Report,
        st.dictionaries(counts, stages(), max_size=3),
        st.lists(
            st.builds(
                Happened,
                texts(64),
                counts,
                counts,
                texts(4096),
                numbers,
                stages() | st.just(()),
            ),
            max_size=3,
        ).map(tuple),
        memories,
        counts,
        st.lists(counts, max_size=3).map(tuple),
        st.booleans(),
    ),
}
"""A strategy for each type of message."""


def envelopes_of(kind: type[Any]) -> st.SearchStrategy[Envelope]:
    payload = st.lists(st.binary(max_size=64), max_size=3).map(tuple)
    return st.builds(Envelope, ids, by_type[kind], payload)


envelopes = st.one_of([envelopes_of(kind) for kind in by_type])
