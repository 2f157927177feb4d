"""What the OK of LOAD_TEST and of FOOTPRINT carries, written by a target and read by a host."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from kenning_lego.core.errors import ProtocolError
from kenning_lego.core.footprints import Footprint, FootprintSample
from kenning_lego.core.loads import MAX_QUERIES, LoadResult
from kenning_lego.protocols.beside import read_beside
from kenning_lego.protocols.codec import Frame, pack_samples, unpack_samples
from kenning_lego.protocols.fields import Fields

_MAX = 2**62


def pack_load_result(result: LoadResult) -> tuple[Mapping[str, Any], tuple[bytes, ...]]:
    """The result of LOAD_TEST, and its payload: latencies, service times and lateness."""
    fields = {
        "count": len(result.latencies_ns),
        "duration_ns": result.duration_ns,
        "samples_per_query": result.samples_per_query,
        "offered": result.offered,
        "span_ns": result.span_ns,
        "stopped": result.stopped,
        "begin_ns": result.begin_ns,
    }
    frames = (result.latencies_ns, result.service_ns, result.lateness_ns)
    return fields, tuple(map(pack_samples, frames))


def read_load_result(fields: Fields, payload: Sequence[Frame]) -> LoadResult:
    """Read what :func:`pack_load_result` wrote.

    Raises:
        ProtocolError: a field is missing or out of bounds, or the payload does not fit it.
    """
    frames = [unpack_samples(frame) for frame in payload]
    count = fields.integer("count", 0, MAX_QUERIES)
    if [len(frame) for frame in frames] != [count] * 3:
        fields.refuse(f"{count} queries with samples of {[len(frame) for frame in frames]}")
    latencies, service, lateness = frames
    result = LoadResult(
        latencies,
        service,
        lateness,
        duration_ns=fields.integer("duration_ns", 0, _MAX),
        samples_per_query=fields.integer("samples_per_query", 1, _MAX),
        offered=fields.integer("offered", count, _MAX),
        span_ns=fields.integer("span_ns", 0, _MAX),
        stopped=fields.text("stopped", 64),
        begin_ns=fields.integer("begin_ns", 0, _MAX),
        deployments=read_beside(fields),
    )
    fields.done()
    return result


def pack_footprint(footprint: Footprint) -> Mapping[str, Any]:
    """The result of FOOTPRINT."""
    samples = [
        {name: value for name, value in asdict(sample).items() if value is not None}
        for sample in footprint.samples
    ]
    return {"file_bytes": footprint.file_bytes, "samples": samples}


def read_footprint(fields: Fields) -> Footprint:
    """Read what :func:`pack_footprint` wrote.

    Raises:
        ProtocolError: a field is missing or out of bounds.
    """
    file_bytes = fields.integer("file_bytes", 0, _MAX)
    samples = tuple(read_footprint_sample(each) for each in fields.maps("samples"))
    deployments = read_beside(fields)
    fields.done()
    if not samples:
        raise ProtocolError("FOOTPRINT answered without samples")
    return Footprint(file_bytes, samples, deployments)


def read_footprint_sample(fields: Fields) -> FootprintSample:
    """Read one sample, as a child process or a target wrote it.

    Raises:
        ProtocolError: a field is missing or out of bounds.
    """
    peak = fields.integer("peak_bytes", 0, _MAX) if fields.has("peak_bytes") else None
    sample = FootprintSample(
        fields.integer("engine_bytes", 0, _MAX),
        fields.integer("load_bytes", 0, _MAX),
        peak,
        fields.flag("peak_is_exact"),
    )
    fields.done()
    return sample
