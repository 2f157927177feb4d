"""Deployments of all kinds, for property tests."""

from __future__ import annotations

from hypothesis import strategies as st

from kenning_lego.core.bounds import (
    MAX_FIGURE,
    MAX_MEMORY_BYTES,
    Bounds,
    Schedule,
    ScheduledBounds,
)
from kenning_lego.core.deployments import (
    MAX_KEPT_FRAMES,
    MAX_KEPT_OUTPUTS_BYTES,
    MAX_RATE_FPS,
    Deployment,
)
from kenning_lego.core.frame_sources import (
    COLOUR_ORDERS,
    LAYOUTS,
    CameraFrames,
    ImagePreparation,
    NullFrames,
    RandomFrames,
    StoredFrames,
    VideoFrames,
)
from kenning_lego.core.offers import Offer, OfferedSegment, OfferedVariant
from tests.protocols.strategies import digests, engines, options, texts

names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
figures = st.floats(0, MAX_FIGURE)
memories = st.integers(0, MAX_MEMORY_BYTES)
bounds = st.builds(Bounds, st.none() | figures, st.none() | memories, st.none() | figures)
preparations = st.builds(
    ImagePreparation,
    st.sampled_from(COLOUR_ORDERS),
    st.sampled_from(LAYOUTS),
    st.floats(-10, 10),
    st.tuples(st.floats(-10, 10)),
    st.tuples(st.floats(0.1, 10)),
)
frame_sources = st.one_of(
    st.just(NullFrames()),
    st.builds(RandomFrames, st.integers(0, 2**62)),
    st.builds(StoredFrames, digests, st.booleans()),
    st.builds(VideoFrames, names, st.booleans(), preparations),
    st.builds(CameraFrames, st.integers(0, 9), preparations),
)
schedules = st.builds(
    lambda steps, repeat: Schedule(
        tuple(ScheduledBounds(float(at), each) for at, each in enumerate(steps)),
        len(steps) + 1.0 if repeat else None,
    ),
    st.lists(bounds, min_size=1, max_size=3),
    st.booleans(),
)


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    energies = figures if draw(st.booleans()) else st.none()
    further = draw(engines)
    variants = st.builds(
        OfferedVariant,
        texts(20),
        digests,
        st.floats(-MAX_FIGURE, MAX_FIGURE),
        figures,
        memories,
        energies,
        st.integers(0, len(further)),
    )
    several = st.lists(variants, min_size=1, max_size=3, unique_by=lambda each: each.name)
    segments = st.builds(OfferedSegment, texts(20), several.map(tuple))
    return Offer(
        tuple(draw(st.lists(segments, min_size=1, max_size=3, unique_by=lambda each: each.name))),
        draw(texts(64)),
        draw(st.integers(1, 1024)),
        draw(st.integers(1, 65_536)),
        tuple(draw(st.lists(texts(20), max_size=2))),
        draw(options),
        further,
    )


@st.composite
def _deployments(draw: st.DrawFn) -> Deployment:
    offer = draw(offers())
    begun = draw(st.booleans())
    return Deployment(
        name=draw(names),
        offer=offer,
        source=draw(frame_sources),
        rate_fps=draw(st.none() | st.floats(0.001, MAX_RATE_FPS)),
        variants={each.name: each.variants[0].name for each in offer.segments} if begun else {},
        adaptive=draw(st.booleans()),
        bounds=draw(bounds) if offer.knows_energy else Bounds(draw(st.none() | figures)),
        schedule=draw(st.none() | schedules) if offer.knows_energy else None,
        weight=draw(st.floats(0.001, 1000)),
        preload=draw(st.booleans()),
        keep_frames=draw(st.integers(0, MAX_KEPT_FRAMES)),
        keep_outputs_bytes=draw(st.integers(0, MAX_KEPT_OUTPUTS_BYTES)),
    )


deployments = _deployments()
