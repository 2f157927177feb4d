"""Records of a network that came as a file."""

from __future__ import annotations

from collections.abc import Sequence

import onnx

from kenning_lego.compilers.artifact import Gap
from kenning_lego.compilers.onnx_count import count
from kenning_lego.compilers.onnx_cut import with_shapes
from kenning_lego.core.records import (
    ArtifactRecord,
    NetworkRecord,
    SegmentRecord,
    TensorRecord,
    VariantRecord,
)
from kenning_lego.core.specs import IOSpec
from kenning_lego.scenarios.own_files.reading import NetworkFile
from kenning_lego.scenarios.own_files.scoring import Examination

WHOLE = "whole"
"""Name of the measurement of the file in one piece, beside its pieces."""
_ORIGINAL = "original"


def artifact_of(file: NetworkFile, digest: str, gap: Gap | None = None) -> ArtifactRecord:
    """The file as an artifact that no compiler made.

    Args:
        file: as it was given.
        digest: its sha256.
        gap: between its pieces in a row and the file; None where it is not cut.
    """
    return ArtifactRecord(
        digest=digest,
        format=file.format,
        size_bytes=len(file.content),
        compiler="none",
        compiler_version="",
        gap_max_abs=gap.max_abs if gap else 0.0,
        gap_rmse=gap.rmse if gap else None,
        gap_cosine=gap.cosine if gap else None,
        gap_samples=gap.samples if gap else None,
    )


def network_of(
    file: NetworkFile, dataset: str, metric: str, examination: Examination | None
) -> NetworkRecord:
    """The network before its score is known."""
    found = examination
    return NetworkRecord(
        name=file.name,
        parameters=file.size.parameters if file.size else None,
        flops=file.size.flops if file.size else None,
        dataset=dataset,
        metric=metric,
        higher_is_better=found.metric.higher_is_better if found else True,
        samples={"test": len(found.dataset.test)} if found else {},
    )


def one_segment(file: NetworkFile, digest: str, spec: IOSpec) -> SegmentRecord:
    """The whole file as a chain of one, to measure with what measures chains; for no record."""
    return SegmentRecord(
        name=file.name,
        scalable=False,
        inputs=_tensors(spec)[0],
        outputs=_tensors(spec)[1],
        variants=(_variant(file.name, artifact_of(file, digest), 0, 0),),
    )


def segments_of(file: NetworkFile, digests: Sequence[str], gap: Gap) -> list[SegmentRecord]:
    """The pieces as segments of one variant each; their gap is that of all in a row."""
    segments = []
    for number, (piece, digest) in enumerate(zip(file.pieces, digests, strict=True), 1):
        model = with_shapes(onnx.load_model_from_string(piece.content))
        size = count(model)
        artifact = ArtifactRecord(
            digest=digest,
            format="onnx",
            size_bytes=len(piece.content),
            compiler="kenning-lego cut",
            compiler_version=str(onnx.__version__),
            gap_max_abs=gap.max_abs,
            gap_samples=gap.samples,
        )
        name = f"piece-{number}"
        segments.append(
            SegmentRecord(
                name=name,
                scalable=False,
                inputs=tuple(map(_tensor, model.graph.input)),
                outputs=tuple(map(_tensor, model.graph.output)),
                variants=(_variant(name, artifact, size.flops or 0, size.parameters),),
            )
        )
    return segments


def _variant(name: str, artifact: ArtifactRecord, flops: int, parameters: int) -> VariantRecord:
    return VariantRecord(
        name=f"{name}@{_ORIGINAL}",
        kind=_ORIGINAL,
        ratio=0.0,
        ratio_reached=0.0,
        flops=flops,
        parameters=parameters,
        artifact=artifact,
        measurement=f"{name}@{_ORIGINAL}",
    )


def _tensors(spec: IOSpec) -> tuple[tuple[TensorRecord, ...], tuple[TensorRecord, ...]]:
    taken, given = (
        tuple(TensorRecord(name=s.name, shape=s.shape, dtype=s.dtype) for s in each)
        for each in (spec.inputs, spec.outputs)
    )
    return taken, given


def _tensor(value: onnx.ValueInfoProto) -> TensorRecord:
    tensor = value.type.tensor_type
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type)
    shape = tuple(each.dim_param or each.dim_value or "?" for each in tensor.shape.dim)
    return TensorRecord(name=value.name, shape=shape, dtype=str(dtype))
